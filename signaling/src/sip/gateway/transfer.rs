//! Transfers: asked for by a telephone (REFER, Replaces), or done to it.

use media::control::PhoneCommand;
use media::ids::PeerId;

use super::Gateway;
use super::arrive::Source;
use super::dial::From;
use super::line::{Identity, LineId, Phase, Refer};
use super::reasons::refusal;
use super::requests::Asked;
use super::step::Step;
use crate::call::CallRequest;
use crate::ids::{CallId, PersonId, SessionId};
use crate::sip::dialog::{DialogInput, LegId, ReferTarget};
use crate::wire::call::{EndReason, LegState, PersonCard};

impl Gateway {
    /// The telephone's user hands the call on.
    pub(super) fn referred(&mut self, step: &mut Step<'_>, leg: LegId, target: &ReferTarget) {
        let id = self.legs.get(&leg).map(|leg| leg.line);
        let line = id.and_then(|id| self.lines.get(&id)).filter(|line| line.up().is_some());
        let (Some(id), Some((line, call))) = (id, line.and_then(|line| Some((line, line.call?)))) else {
            return step.dialog(DialogInput::ReferProgress { leg, status: 481 });
        };
        if line.refer.is_some() {
            return step.dialog(DialogInput::ReferProgress { leg, status: 491 });
        }
        let (session, person) = (line.session, line.person);
        let trunk = self.legs.get(&leg).and_then(|leg| leg.trunk);
        let request = match (&target.replaces, target.replaces_leg) {
            (Some(_), Some(other)) => self.attended(leg, call, other),
            (Some(_), None) => Err(501),
            (None, _) => {
                // Staff may be handed to whatever they might dial themselves; two outsiders are not brought together through us.
                let outside = line.others().any(|party| party.card.line);
                let origin = if trunk.is_some() && outside { From::Trunk } else { From::Phone };
                let number = target.uri.user.clone().unwrap_or_default();
                let number = trunk.map_or(number.clone(), |trunk| self.trunks.inbound(trunk, &number));
                // The new telephone shows who it will talk to.
                let others: Vec<Identity> = line.others().map(|party| Identity::of(&party.card)).collect();
                let from = others.into_iter().next().unwrap_or_default();
                let place = self.place(&number, origin, false);
                let to = place.and_then(|place| self.callee(step, place, person, &from));
                to.map(|to| (CallRequest::Transfer { call, to: to.clone() }, Some(to.person)))
                    .map_err(|error| super::reasons::status_for(error.code))
            }
        };
        match request {
            Ok((request, to)) => {
                if let Some(line) = self.lines.get_mut(&id) {
                    line.refer = Some(Refer { leg, told: 100, to });
                }
                self.ask(step, session, Asked::Transfer(leg), request);
            }
            Err(status) => {
                tracing::info!(?leg, status, "a transfer is refused");
                step.dialog(DialogInput::ReferProgress { leg, status });
            }
        }
    }

    /// Both calls are this telephone's: the far ends are joined. Behind a trunk it stands in them as two lines.
    fn attended(
        &self,
        leg: LegId,
        call: CallId,
        other: LegId,
    ) -> Result<(CallRequest, Option<PersonId>), u16> {
        let (one, other) = (self.legs.get(&leg).ok_or(481_u16)?, self.legs.get(&other).ok_or(481_u16)?);
        let (line, far) =
            (self.lines.get(&one.line).ok_or(481_u16)?, self.lines.get(&other.line).ok_or(481_u16)?);
        let with = far.call.filter(|with| *with != call).ok_or(481_u16)?;
        let same = line.session == far.session || (one.trunk.is_some() && one.trunk == other.trunk);
        if !same {
            return Err(603);
        }
        Ok((CallRequest::Connect { call, with, own: far.person }, None))
    }

    /// Tells a telephone how the transfer that it asked for gets on.
    pub(super) fn watch_transfer(&mut self, step: &mut Step<'_>, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(refer) = &mut line.refer else { return };
        let Some(to) = refer.to else { return };
        let party =
            line.view.as_ref().and_then(|view| view.parties.iter().find(|party| party.card.person == to));
        let Some(party) = party else { return };
        let leg = refer.leg;
        match (party.state, party.reason) {
            (LegState::Ringing, _) if refer.told < 180 => {
                refer.told = 180;
                step.dialog(DialogInput::ReferProgress { leg, status: 180 });
            }
            (LegState::Left, reason) => {
                let status = refusal(reason.unwrap_or(EndReason::Failed));
                self.transfer_failed(step, leg, status);
            }
            _ => {}
        }
    }

    pub(super) fn transfer_failed(&mut self, step: &mut Step<'_>, leg: LegId, status: u16) {
        let id = self.legs.get(&leg).map(|leg| leg.line);
        if let Some(line) = id.and_then(|id| self.lines.get_mut(&id)) {
            line.refer = None;
        }
        step.dialog(DialogInput::ReferProgress { leg, status });
    }

    /// The call of a telephone that asked for a transfer is over: it has worked, or can work no more.
    pub(super) fn transfer_over(&mut self, step: &mut Step<'_>, id: LineId, reason: EndReason) {
        let Some(refer) = self.lines.get_mut(&id).and_then(|line| line.refer.take()) else { return };
        let status = if reason == EndReason::Transferred { 200 } else { refusal(reason) };
        step.dialog(DialogInput::ReferProgress { leg: refer.leg, status });
    }

    /// An INVITE takes the place of a telephone that is up (RFC 3891). Only from where that one is, or from one of ours.
    pub(super) fn replace(
        &mut self,
        step: &mut Step<'_>,
        id: LineId,
        replaced: LegId,
        by: PersonCard,
        source: &Source,
    ) {
        let leg = self.legs.get(&replaced);
        let allowed = leg.is_some_and(|leg| source.trunk().is_none() || leg.trunk == source.trunk());
        let line =
            leg.and_then(|leg| self.lines.get(&leg.line)).filter(|line| allowed && line.up().is_some());
        let replaced = line.and_then(|line| Some((line.session, line.call?)));
        let own = self.lines.get(&id).map(|line| line.session);
        let (Some((session, call)), Some(own)) = (replaced, own) else {
            return self.refuse_line(step, id, 481, EndReason::Failed);
        };
        self.ask(step, own, Asked::Begin(id), CallRequest::Replace { call, session, by });
    }

    /// The media leg of a telephone goes on as another peer in another room.
    pub(super) fn moved(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        from: (CallId, PeerId),
        to: (CallId, PeerId),
    ) {
        let Some(id) = self.by_call.remove(&(session, from.0)) else { return };
        self.media(step, id, PhoneCommand::Move { to: to.0.room(), peer: to.1 });
        self.by_peer.remove(&from.1);
        self.by_peer.insert(to.1, id);
        self.by_call.insert((session, to.0), id);
        let Some(line) = self.lines.get_mut(&id) else { return };
        (line.call, line.peer, line.view) = (Some(to.0), Some(to.1), None);
        if let Phase::Arriving(_) = line.phase {
            debug_assert!(false, "only who is in a call is moved");
        }
    }
}
