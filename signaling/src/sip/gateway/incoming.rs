//! Calls from telephones, up to the call that they become.

use std::net::SocketAddr;

use super::arrive::Source;
use super::dial::{From, line_card};
use super::line::{Arriving, Identity, Leg, Line, LineId, Media, Phase};
use super::outgoing::SOUND;
use super::record::Begin;
use super::requests::Asked;
use super::step::Step;
use super::{Gateway, Owner};
use crate::call::CallRequest;
use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::{Direction, LegKind};
use crate::sip::config::Fallback;
use crate::sip::dialog::{Incoming, LegId};
use crate::sip::message::Request;
use crate::sip::port::Target;
use crate::sip::sdp::{Negotiation, Profile};
use crate::sip::trunk::{Caller, TrunkId};
use crate::wire::call::{EndReason, PersonCard};

/// Name of a caller who shows none and no number.
const WITHHELD: &str = "—";

/// Who calls, and how.
struct Calling {
    session: SessionId,
    own_session: bool,
    card: PersonCard,
    device: String,
    profile: Profile,
}

impl Gateway {
    /// The dialogs have taken in an INVITE.
    pub(super) fn incoming(&mut self, step: &mut Step<'_>, leg: LegId, incoming: Incoming) {
        let Some(source) = self.arrivals.remove(&leg) else { return };
        let called = match &source {
            Source::Trunk(trunk) => self.trunks.called(*trunk, &incoming.request),
            Source::Phone(_) => incoming.request.uri.user.clone(),
        };
        let called = called.unwrap_or_default();
        let id = LineId(self.fresh());
        let caller = self.caller(step, &source, &incoming);
        self.admit(step, id, leg, &source, &caller, &incoming, &called);
        if let Err(error) = self.usable(&caller.profile, incoming.offer.as_deref()) {
            tracing::info!(?leg, %error, "a call with an offer that cannot be answered");
            return self.refuse_line(step, id, 488, EndReason::Failed);
        }
        // What a member of staff dials at a telephone counts where it leads to a trunk.
        match self.limits.begin(step.now, None, source.trunk()) {
            Ok(permit) => self.legs.entry(leg).and_modify(|leg| leg.permit = Some(permit)),
            Err(refusal) => {
                tracing::warn!(?leg, %refusal, "a call is refused");
                return self.refuse_line(step, id, 503, EndReason::Busy);
            }
        };
        match incoming.replaces {
            Some(replaced) => self.replace(step, id, replaced, caller.card, &source),
            None => self.begin(step, id, &source, &called, caller.card),
        }
    }

    /// Asks the call core for the call.
    fn begin(&mut self, step: &mut Step<'_>, id: LineId, source: &Source, called: &str, from: PersonCard) {
        let origin = if source.trunk().is_some() { From::Trunk } else { From::Phone };
        let identity = Identity::of(&from);
        let place = self.place(called, origin, true);
        match place.and_then(|place| self.callee(step, place, from.person, &identity)) {
            Ok(to) => self.start(step, id, from, to),
            Err(error) => {
                tracing::info!(line = id.0, code = ?error.code, "a telephone dialled what is not to be had");
                let status = super::reasons::status_for(error.code);
                self.refuse_line(step, id, status, EndReason::NumberUnknown);
            }
        }
    }

    fn start(&mut self, step: &mut Step<'_>, id: LineId, from: PersonCard, to: PersonCard) {
        let call = CallId(self.random.id(step.wall_ms));
        let Some(session) = self.lines.get(&id).map(|line| line.session) else { return };
        let request = CallRequest::Start { call, from, to: vec![to.person], cards: vec![to], sources: SOUND };
        self.ask(step, session, Asked::Begin(id), request);
    }

    /// Nobody could be reached: to the configured number instead. False: there is none.
    pub(super) fn forward(&mut self, step: &mut Step<'_>, id: LineId) -> bool {
        let Fallback::Forward(number) = self.config.fallback.clone() else { return false };
        let Some(line) = self.lines.get_mut(&id) else { return false };
        let (session, own, call, peer) = (line.session, line.own_session, line.call, line.peer);
        let Phase::Arriving(arriving) = &mut line.phase else { return false };
        if !own || std::mem::replace(&mut arriving.forwarded, true) {
            return false;
        }
        let from = arriving.card.clone();
        let identity = Identity::of(&from);
        let place = self.place(&number, From::App, true);
        let Ok(to) = place.and_then(|place| self.callee(step, place, from.person, &identity)) else {
            return false;
        };
        tracing::info!(line = id.0, "nobody is there: the call is forwarded");
        if let Some(call) = call {
            self.by_call.remove(&(session, call));
        }
        if let Some(peer) = peer {
            self.by_peer.remove(&peer);
        }
        if let Some(line) = self.lines.get_mut(&id) {
            (line.call, line.peer, line.view, line.media) = (None, None, None, Media::default());
            if let Phase::Arriving(arriving) = &mut line.phase {
                arriving.ours = None;
            }
        }
        self.start(step, id, from, to);
        true
    }

    /// The line of an INVITE, with its record.
    #[expect(clippy::too_many_arguments, reason = "all of it goes into one line and its leg")]
    fn admit(
        &mut self,
        step: &mut Step<'_>,
        id: LineId,
        leg: LegId,
        source: &Source,
        caller: &Calling,
        incoming: &Incoming,
        called: &str,
    ) {
        let from = Identity::of(&caller.card);
        let begin = Begin {
            kind: if source.trunk().is_some() { LegKind::Trunk } else { LegKind::Phone },
            direction: Direction::In,
            person: Some(caller.card.person).filter(|_| !caller.card.line),
            via: caller.device.clone(),
            from: from.text(),
            to: called.to_owned(),
        };
        let record = self.begin_record(step, begin);
        self.legs.insert(leg, Leg { line: id, trunk: source.trunk(), record, permit: None });
        let arriving = Arriving {
            leg,
            hop: incoming.from_hop,
            offer: incoming.offer.clone(),
            profile: caller.profile.clone(),
            ours: None,
            rung: (false, false),
            forwarded: false,
            card: caller.card.clone(),
        };
        let mut line =
            Line::new(caller.session, caller.card.person, caller.own_session, Phase::Arriving(arriving));
        line.open = 1;
        self.lines.insert(id, line);
        self.own_lamp(step, caller.session);
    }

    /// Who calls: a member of staff at a telephone of ours, or a line.
    fn caller(&mut self, step: &mut Step<'_>, source: &Source, incoming: &Incoming) -> Calling {
        let target = Target::Hop(incoming.from_hop);
        match source {
            Source::Phone(account) => {
                let (session, person) = self.phone(step, account);
                let card = match account.person {
                    Some(person) => self.card_of(account, person),
                    None => line_card(person, account.name.clone(), Some(account.extension.clone())),
                };
                let (profile, device) = (self.phone_profile(&target), account.user.clone());
                Calling { session, own_session: false, card, device, profile }
            }
            Source::Trunk(trunk) => {
                let device = self.trunk_name(*trunk);
                let person = PersonId(self.random.id(step.wall_ms));
                let session = SessionId(self.random.id(step.wall_ms));
                let card = self.outside_card(*trunk, person, &incoming.request);
                self.sessions.insert(session, Owner::Number);
                Gateway::session_up(step, session, person, device.clone());
                let profile = self.trunk_profile(*trunk);
                Calling { session, own_session: true, card, device, profile }
            }
        }
    }

    /// Card of a caller behind a trunk: by the directory when the number is one of its extensions, else as the trunk says.
    fn outside_card(&self, trunk: TrunkId, person: PersonId, request: &Request) -> PersonCard {
        let Caller { name, number } = self.trunks.caller(trunk, request);
        let number = number.map(|number| self.own_form(&number));
        if let Some(card) = number.as_deref().and_then(|number| self.numbers.by_extension(number)) {
            return PersonCard { person, line: true, extension: number, ..card };
        }
        let name = name.or_else(|| number.clone()).unwrap_or_else(|| WITHHELD.to_owned());
        line_card(person, name, number)
    }

    /// A number from a trunk in the form that it has here.
    fn own_form(&self, number: &str) -> String {
        self.plan
            .parse(number)
            .map_or_else(|_| number.to_owned(), |number| self.plan.canonical(&number).to_string())
    }

    /// Whether an offer could be answered, before anybody is disturbed.
    fn usable(&self, profile: &Profile, offer: Option<&str>) -> Result<(), crate::sip::sdp::SdpError> {
        let Some(offer) = offer else { return Ok(()) };
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        Negotiation::new(profile.clone(), nowhere, 1, [0; crate::sip::sdp::KEY_BYTES])
            .answer(offer)
            .map(|_| ())
    }
}

impl Source {
    pub(super) fn trunk(&self) -> Option<TrunkId> {
        match self {
            Source::Trunk(trunk) => Some(*trunk),
            Source::Phone(_) => None,
        }
    }
}
