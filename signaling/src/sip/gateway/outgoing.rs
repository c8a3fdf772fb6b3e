//! Calls to telephones: one trunk after the other, or all places of an account at once; the first to answer has it.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::Gateway;
use super::line::{Calling, Identity, Leg, Line, LineId, Phase, Route};
use super::reasons::{reason_header, reason_of};
use super::record::Begin;
use super::requests::Asked;
use super::step::Step;
use crate::call::CallRequest;
use crate::ids::SessionId;
use crate::ports::{Direction, LegKind};
use crate::sip::config::Srtp;
use crate::sip::dialog::{Dial, DialogInput, Ending, LegId};
use crate::sip::message::NameAddr;
use crate::sip::sdp::{Negotiation, Profile};
use crate::wire::call::{CallView, EndReason, Sources};
use crate::wire::client::CurrentCall;

/// Most places of one account that ring at once.
const MAX_FORKS: usize = 8;

/// A telephone has a microphone and nothing else.
pub(super) const SOUND: Sources = Sources { mic: true, camera: false, screen: false };

impl Gateway {
    /// The call core rings a session of ours: a line comes into being, and its media leg is opened.
    pub(super) fn call_out(&mut self, step: &mut Step<'_>, session: SessionId, view: Box<CallView>) {
        let Some(peer) = view.me.peer else { return };
        let call = view.call;
        let (person, routes, from, own_session, by, emergency) = match self.dialled.remove(&session) {
            Some(dialled) => {
                (dialled.person, dialled.routes, dialled.from, true, dialled.by, dialled.emergency)
            }
            None => {
                let Some(phone) = self.phone_of(session) else { return };
                let from = caller(&view, phone.person);
                let routes = VecDeque::from([Route::Phone(phone.account.user.clone())]);
                (phone.person, routes, from, false, None, false)
            }
        };
        let id = LineId(self.fresh());
        let calling = Calling {
            routes,
            forks: BTreeMap::new(),
            from,
            redirected: false,
            encrypted: false,
            failed: None,
            rang: false,
        };
        let mut line = Line::new(session, person, own_session, Phase::Calling(calling));
        (line.call, line.peer, line.view, line.dialled_by) = (Some(call), Some(peer), Some(view), by);
        line.emergency = emergency;
        self.lines.insert(id, line);
        self.by_call.insert((session, call), id);
        self.by_peer.insert(peer, id);
        self.open_media(step, id);
        self.own_lamp(step, session);
    }

    /// Tries the next way; without one the call core hears why nothing worked.
    pub(super) fn try_next(&mut self, step: &mut Step<'_>, id: LineId) {
        loop {
            let Some(line) = self.lines.get_mut(&id) else { return };
            let Phase::Calling(calling) = &mut line.phase else { return };
            if !calling.forks.is_empty() {
                return;
            }
            match calling.routes.pop_front() {
                Some(Route::Trunk(trunk, number)) => {
                    let from = calling.from.clone();
                    self.dial_trunk(step, id, trunk, &number, &from);
                }
                Some(Route::Phone(user)) => {
                    let from = calling.from.clone();
                    self.dial_phone(step, id, &user, &from);
                }
                None => {
                    let reason = calling.failed.unwrap_or(EndReason::LineDown);
                    return self.give_up(step, id, reason);
                }
            }
        }
    }

    /// Sends one INVITE.
    pub(super) fn dial_leg(
        &mut self,
        step: &mut Step<'_>,
        id: LineId,
        mut profile: Profile,
        mut dial: Dial,
        begin: Leg,
    ) {
        let random = (self.random.number() as u32, self.random.bytes());
        let address = (self.media_address)(&dial.target);
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (Phase::Calling(calling), Some(local)) = (&mut line.phase, line.media.local) else { return };
        let local = SocketAddr::new(address, local.port());
        if calling.encrypted && profile.srtp == Srtp::Optional {
            profile.srtp = Srtp::Required;
        }
        let mut negotiation = Negotiation::new(profile, local, random.0, random.1);
        dial.offer = negotiation.offer(false);
        let leg = LegId(self.next);
        self.next += 1;
        calling.forks.insert(leg, negotiation);
        line.open += 1;
        self.legs.insert(leg, begin);
        step.dialog(DialogInput::Dial { leg, dial: Box::new(dial) });
    }

    fn dial_phone(&mut self, step: &mut Step<'_>, id: LineId, user: &str, from: &Identity) {
        let Some(account) = self.numbers.account(user) else {
            return self.note_failure(id, EndReason::Unreachable);
        };
        let bindings = self.registrar.bindings(user);
        if bindings.is_empty() {
            return self.note_failure(id, EndReason::Unreachable);
        }
        for binding in bindings.into_iter().take(MAX_FORKS) {
            let record = self.begin_record(
                step,
                Begin {
                    kind: LegKind::Phone,
                    direction: Direction::Out,
                    person: account.person,
                    via: user.to_owned(),
                    from: from.text(),
                    to: account.extension.clone(),
                },
            );
            let leg = Leg { line: id, trunk: None, record, permit: None };
            let profile = self.phone_profile(&binding.target);
            let mut dial = self.phone_dial(binding.uri, binding.target, from);
            dial.route = binding.route;
            self.dial_leg(step, id, profile, dial, leg);
        }
    }

    /// 180 or 183 came.
    pub(super) fn progress(&mut self, step: &mut Step<'_>, leg: LegId, status: u16, sdp: Option<String>) {
        let Some(id) = self.legs.get(&leg).map(|leg| leg.line) else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Phase::Calling(calling) = &mut line.phase else { return };
        let Some(negotiation) = calling.forks.get_mut(&leg) else { return };
        let early = sdp.and_then(|sdp| negotiation.answered(&sdp).ok());
        if status == 180 || early.is_some() {
            calling.rang = true;
        }
        let alerting = status == 180 || early.is_some();
        let mut said = line.alerting;
        // Of several that ring, the first one with a tone of its own is heard.
        if let Some(remote) = early.filter(|_| !said.1) {
            said.1 = true;
            self.set_media(step, id, remote);
        }
        if alerting {
            said.0 = true;
            self.note_ringing(step, leg);
        }
        self.say_alerting(step, id, said);
    }

    /// Tells the call core that the telephone alerts, when that is news.
    fn say_alerting(&mut self, step: &mut Step<'_>, id: LineId, said: (bool, bool)) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        if std::mem::replace(&mut line.alerting, said) == said {
            return;
        }
        let (session, Some(call)) = (line.session, line.call) else { return };
        let request = CallRequest::Alerting { call, early_media: said.1 };
        self.ask(step, session, Asked::Nothing, request);
    }

    /// 200 came: this leg has the call, the other forks are let go.
    pub(super) fn answered(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<String>) {
        let Some(id) = self.legs.get(&leg).map(|leg| leg.line) else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Phase::Calling(calling) = &mut line.phase else {
            // It was cancelled while the answer was on its way.
            return step.dialog(DialogInput::HangUp { leg, reason: None });
        };
        let Some(mut negotiation) = calling.forks.remove(&leg) else { return };
        let remote = match sdp {
            Some(sdp) => negotiation.answered(&sdp).inspect_err(|error| {
                tracing::warn!(?leg, %error, "the answer of a telephone cannot be used");
            }),
            None => negotiation.agreed().cloned().ok_or(crate::sip::sdp::SdpError::Broken),
        };
        let Ok(remote) = remote else {
            calling.forks.insert(leg, negotiation);
            line.reason = Some(EndReason::Failed);
            return step.dialog(DialogInput::HangUp { leg, reason: None });
        };
        let others = std::mem::take(&mut calling.forks);
        line.shown = Some(calling.from.clone());
        line.phase = Phase::Up(leg);
        line.answered_leg = Some(leg);
        line.media.negotiation = Some(negotiation);
        let (session, call) = (line.session, line.call);
        for other in others.into_keys() {
            let reason = reason_header(EndReason::AnsweredElsewhere);
            step.dialog(DialogInput::HangUp { leg: other, reason });
        }
        self.note_answered(step, leg);
        self.set_media(step, id, remote);
        self.own_lamp(step, session);
        if let Some(call) = call {
            let request = CallRequest::Answer { call, sources: SOUND, current: CurrentCall::Hold };
            self.ask(step, session, Asked::Answer(id), request);
        }
    }

    /// An INVITE of ours that went this way was refused, or reached nobody.
    pub(super) fn fork_ended(
        &mut self,
        step: &mut Step<'_>,
        id: LineId,
        leg: LegId,
        way: Route,
        ending: &Ending,
    ) {
        let trunk = matches!(way, Route::Trunk(..));
        let fails_over = trunk && self.trunks.fails_over(ending);
        let Some(line) = self.lines.get_mut(&id) else { return };
        let reason = line.reason.take_if(|_| *ending == Ending::Ours);
        let Phase::Calling(calling) = &mut line.phase else { return };
        let optional = calling.forks.remove(&leg).is_some_and(|fork| fork.offers_choice());
        if let Ending::Rejected { status: 415 | 488 | 606, .. } = ending
            && optional
            && !std::mem::replace(&mut calling.encrypted, true)
        {
            calling.routes.push_front(way);
            return self.try_next(step, id);
        }
        calling.failed = Some(worse(calling.failed, reason.unwrap_or(reason_of(ending))));
        if let Ending::Rejected { status: 300..=399, contacts, .. } = ending
            && !std::mem::replace(&mut calling.redirected, true)
        {
            return self.redirect(step, id, contacts);
        }
        if trunk && (!fails_over || calling.rang) {
            calling.routes.clear();
        }
        self.try_next(step, id);
    }

    /// Nothing worked.
    fn give_up(&mut self, step: &mut Step<'_>, id: LineId, reason: EndReason) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.reason.get_or_insert(reason);
        let (session, Some(call)) = (line.session, line.call) else { return };
        self.ask(step, session, Asked::Nothing, CallRequest::Decline { call, reason });
        self.end_line(step, id, crate::call::Farewell::Bye);
    }

    pub(super) fn note_failure(&mut self, id: LineId, reason: EndReason) {
        if let Some(Phase::Calling(calling)) = self.lines.get_mut(&id).map(|line| &mut line.phase) {
            calling.failed = Some(worse(calling.failed, reason));
        }
    }

    /// Who calls, as it is written in `From`.
    pub(super) fn address_of(&self, identity: &Identity) -> NameAddr {
        let user = identity.number.as_deref().unwrap_or("anonymous");
        let mut address = NameAddr::new(crate::sip::message::Uri::sip(Some(user), &self.config.domain, None));
        address.display = Some(identity.name.clone()).filter(|name| !name.is_empty());
        address
    }
}

/// Of two reasons the one that says more.
fn worse(one: Option<EndReason>, other: EndReason) -> EndReason {
    let rank = |reason: EndReason| match reason {
        EndReason::Declined => 6,
        EndReason::Busy => 5,
        EndReason::NumberUnknown => 4,
        EndReason::NoAnswer => 3,
        EndReason::Unreachable => 2,
        EndReason::LineDown => 1,
        _ => 0,
    };
    match one {
        Some(one) if rank(one) >= rank(other) => one,
        _ => other,
    }
}

/// Who calls this person, by the picture.
fn caller(view: &CallView, person: crate::ids::PersonId) -> Identity {
    let others = || view.parties.iter().filter(|party| party.card.person != person);
    let starter = others().find(|party| party.card.person == view.starter);
    starter.or_else(|| others().next()).map(|party| Identity::of(&party.card)).unwrap_or_default()
}
