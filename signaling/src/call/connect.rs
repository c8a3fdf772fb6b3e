//! Handing a direct call on after a word with the new one: attended transfer, and one telephone in the place of another.

use super::exchange::Exchange;
use super::io::CallOutput;
use super::leg::{Leg, Live, Phase, Seat, Take};
use super::limits::CONNECT_TIME;
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::JournalEntry;
use crate::wire::call::{EndReason, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

/// What a telephone sends.
const VOICE: Sources = Sources { mic: true, camera: false, screen: false };

/// One side of an attended transfer.
#[derive(Clone, Copy)]
struct Side {
    call: CallId,
    /// Who hands on.
    own: PersonId,
    /// Who is handed on.
    other: PersonId,
    /// The other one is at a telephone.
    phone: bool,
}

impl Exchange {
    /// `call.transfer` to another own call. A telephone is moved rather than an app, for its media leg moves without a new
    /// offer and its stream has no break.
    pub(super) fn connect(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        with: CallId,
        own: PersonId,
    ) -> Result<Answer, ErrorCode> {
        self.call(id)?.live_here(asker.person, asker.session)?;
        let here = self.side(id, asker.person)?;
        let there = self.side(with, own)?;
        let both_lines = self.is_phone(asker.session) && self.is_at_phone(with, own);
        if id == with || (own != asker.person && !both_lines) {
            return Err(ErrorCode::WrongState);
        }
        let people = [here.own, here.other];
        if people.contains(&there.other) || (here.own != there.own && people.contains(&there.own)) {
            return Err(ErrorCode::AlreadyInCall);
        }
        let (stays, goes) = if here.phone && !there.phone { (there, here) } else { (here, there) };
        self.merge(step, stays, goes, asker.person);
        Ok(Answer::Call(stays.call))
    }

    /// The two people of a direct call that is going on, seen from one of them.
    fn side(&mut self, id: CallId, own: PersonId) -> Result<Side, ErrorCode> {
        let call = self.call(id)?;
        call.leg(own).ok_or(ErrorCode::NoSuchCall)?;
        if !call.opened || !call.is_talk() || call.live(own).is_none() {
            return Err(ErrorCode::WrongState);
        }
        let other = call.legs.iter().find(|leg| leg.is_live() && leg.person() != own);
        let (leg, live) = other.and_then(|leg| Some((leg, leg.live()?))).ok_or(ErrorCode::WrongState)?;
        Ok(Side { call: id, own, other: leg.person(), phone: live.seat.phone })
    }

    fn is_at_phone(&self, id: CallId, person: PersonId) -> bool {
        self.calls.get(&id).and_then(|call| call.live(person)).is_some_and(|live| live.seat.phone)
    }

    /// The other one of the call that goes becomes the other one in the call that stays; its present call is over.
    fn merge(&mut self, step: &mut Step<'_>, stays: Side, goes: Side, by: PersonId) {
        let Some(leg) = self.calls.get(&goes.call).and_then(|call| call.leg(goes.other)) else { return };
        let Some(live) = leg.live().cloned() else { return };
        let card = leg.card.clone();
        let live = self.moved(step, live, goes.call, stays.call);
        self.end_leg(step, stays.call, stays.own, EndReason::Transferred);
        self.end_call(step, goes.call, EndReason::Transferred);
        self.write_invited(step, stays.call, &card, by);
        self.write(step, JournalEntry::Answered { call: stays.call, person: goes.other, at: step.wall_ms });
        self.put_leg(step, stays.call, Leg { card, phase: Phase::Live(live) });
    }

    /// The same device in another call: a telephone with its media leg, before the room of that is closed; an app offers anew.
    fn moved(&mut self, step: &mut Step<'_>, live: Live, from: CallId, to: CallId) -> Live {
        let peer = self.fresh_peer();
        let Live { seat, held, socket_by, .. } = live;
        let media_up = seat.phone && seat.media_up;
        if seat.phone {
            let (from, to) = ((from, seat.peer), (to, peer));
            step.put(CallOutput::MovePhone { session: seat.session, from, to });
        }
        let media_by = (!media_up).then(|| step.now + CONNECT_TIME);
        let seat = Seat { peer, media_up, was_up: media_up, ..seat };
        Live { seat, held, socket_by, media_by, take: None }
    }

    /// INVITE with Replaces.
    pub(super) fn replace(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        session: SessionId,
        by: PersonCard,
    ) -> Result<Answer, ErrorCode> {
        if by.person != asker.person {
            return Err(ErrorCode::Internal);
        }
        let person = self.sessions.get(&session).map(|device| device.person).ok_or(ErrorCode::NoSuchCall)?;
        let call = self.call(id)?;
        let leg = call.leg(person).ok_or(ErrorCode::NoSuchCall)?;
        let rings = leg.ring().is_some_and(|ring| ring.devices.contains_key(&session));
        let talks = leg.live().is_some_and(|live| live.seat.session == session) && call.answered_at.is_some();
        let hands_on = call.transfer.is_some_and(|transfer| transfer.by == person);
        let present = call.leg(asker.person).is_some_and(Leg::is_present);
        if hands_on || !(rings || talks) {
            return Err(ErrorCode::WrongState);
        }
        if person == asker.person {
            return if rings {
                self.answer(step, asker, id, VOICE, CurrentCall::Hold)
            } else {
                self.replace_own(step, asker, id)
            };
        }
        if present {
            return Err(ErrorCode::AlreadyInCall);
        }
        self.make_way(step, asker.person, id, CurrentCall::Hold)?;
        self.take_place(step, asker, id, person, by, rings);
        Ok(Answer::Call(id))
    }

    /// Another device of the same person: moves there at once.
    fn replace_own(&mut self, step: &mut Step<'_>, asker: Asker, id: CallId) -> Result<Answer, ErrorCode> {
        if !self.is_connected(asker.session) {
            return Err(ErrorCode::WrongState);
        }
        let seat = self.seat(asker.session, None, VOICE);
        let live = self.call(id)?.live_mut(asker.person).ok_or(ErrorCode::WrongState)?;
        if live.seat.session == asker.session || live.take.is_some() {
            return Err(ErrorCode::WrongState);
        }
        live.take = Some(Take { seat, until: step.now });
        self.complete_take(step, id, asker.person);
        Ok(Answer::Call(id))
    }

    /// The asker is in the call in the place of `person`, whose leg is over.
    fn take_place(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        person: PersonId,
        by: PersonCard,
        rings: bool,
    ) {
        let reason = if rings { EndReason::AnsweredElsewhere } else { EndReason::Transferred };
        if let Some(transfer) = self.call(id).ok().and_then(|call| call.transfer.as_mut())
            && transfer.to == person
        {
            transfer.to = asker.person;
        }
        self.end_leg(step, id, person, reason);
        self.write_invited(step, id, &by, person);
        self.enter(step, id, by, asker.session, None, VOICE);
        self.answered(step, id, asker.person);
        self.handed_on(step, id, asker.person);
    }
}
