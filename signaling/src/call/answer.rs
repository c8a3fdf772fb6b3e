//! Answering and joining: exactly one device enters, the person's other call makes way.

use media::ids::PeerId;

use super::exchange::Exchange;
use super::leg::{Leg, Live, Phase, Seat};
use super::limits::{CONNECT_TIME, MAX_LIVE, MAX_PARTIES, RESUME_TIME};
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::JournalEntry;
use crate::wire::call::{CallKind, EndReason, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

impl Exchange {
    /// `call.answer`. The first device gets the call; the others are silenced.
    pub(super) fn answer(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        sources: Sources,
        current: CurrentCall,
    ) -> Result<Answer, ErrorCode> {
        let leg = self.call(id)?.leg(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        let card = leg.card.clone();
        let ring = leg.ring().ok_or(ErrorCode::WrongState)?.clone();
        self.make_way(step, asker.person, id, current)?;
        for session in ring.devices.keys().filter(|session| **session != asker.session) {
            step.part(id, *session, EndReason::AnsweredElsewhere);
        }
        let warm = ring.devices.get(&asker.session).map(|device| (device.peer, device.media_up));
        self.enter(step, id, card, asker.session, warm, sources);
        self.answered(step, id, asker.person);
        self.handed_on(step, id, asker.person);
        Ok(Answer::Call(id))
    }

    /// `call.join`: enters a running group call that one did not answer, or has left; but not one that was handed on.
    pub(super) fn join(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        sources: Sources,
        current: CurrentCall,
    ) -> Result<Answer, ErrorCode> {
        let call = self.call(id)?;
        let full = call.present_count() >= MAX_PARTIES;
        let group = call.kind == CallKind::Group;
        let leg = call.leg(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        match leg.phase {
            Phase::Ringing(_) => return self.answer(step, asker, id, sources, current),
            Phase::Left(reason) if group && reason != EndReason::Transferred => {}
            _ => return Err(ErrorCode::WrongState),
        }
        if full {
            return Err(ErrorCode::CallFull);
        }
        let card = leg.card.clone();
        self.make_way(step, asker.person, id, current)?;
        self.write_invited(step, id, &card, asker.person);
        self.enter(step, id, card, asker.session, None, sources);
        self.answered(step, id, asker.person);
        Ok(Answer::Call(id))
    }

    /// Seats a person at a device, with its warmed-up media if it has any: `(peer, media is up)`.
    pub(super) fn enter(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        card: PersonCard,
        session: SessionId,
        warm: Option<(PeerId, bool)>,
        sources: Sources,
    ) {
        let seat = self.seat(session, warm, sources);
        let mut live = Live::entered(seat);
        if !self.is_connected(session) {
            live.socket_by = Some(step.now + RESUME_TIME);
        }
        self.put_leg(step, id, Leg { card, phase: Phase::Live(live) });
    }

    /// A seat at this device.
    pub(super) fn seat(
        &mut self,
        session: SessionId,
        warm: Option<(PeerId, bool)>,
        sources: Sources,
    ) -> Seat {
        let (peer, media_up) = warm.unwrap_or_else(|| (self.fresh_peer(), false));
        let known = self.sessions.get(&session);
        let device = known.map(|device| device.name.clone()).unwrap_or_default();
        let phone = known.is_some_and(|device| device.phone);
        Seat { session, device, peer, phone, sources, media_up, was_up: media_up }
    }

    /// The record of an answer. With the first one the call is answered, for its starter too.
    pub(super) fn answered(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId) {
        let at = step.wall_ms;
        let Ok(call) = self.call(id) else { return };
        let starter = call.starter;
        let first = call.answered_at.is_none();
        call.answered_at.get_or_insert(at);
        for who in [starter, person] {
            if let Some(live) = call.live_mut(who)
                && !live.seat.media_up
            {
                live.media_by.get_or_insert(step.now + CONNECT_TIME);
            }
        }
        if first && starter != person {
            self.write(step, JournalEntry::Answered { call: id, person: starter, at });
        }
        self.write(step, JournalEntry::Answered { call: id, person, at });
        step.touch(id);
    }

    /// What becomes of the call that the person is in when it enters another.
    pub(super) fn make_way(
        &mut self,
        step: &mut Step<'_>,
        person: PersonId,
        id: CallId,
        current: CurrentCall,
    ) -> Result<(), ErrorCode> {
        let live = self.live_calls(person, id);
        let stay = live.iter().filter(|(_, held)| *held || current == CurrentCall::Hold).count();
        if stay >= MAX_LIVE {
            return Err(ErrorCode::CallFull);
        }
        match current {
            CurrentCall::Hold => self.hold_others(step, person, id),
            CurrentCall::Leave => {
                for (other, _) in live.into_iter().filter(|(_, held)| !held) {
                    self.hang_up(step, other, person, EndReason::Ended);
                }
            }
        }
        Ok(())
    }
}
