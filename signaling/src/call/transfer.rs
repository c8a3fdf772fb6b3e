//! Handing a direct call on to somebody who is called for it: blind or announced transfer.
//!
//! The new leg is filed and rings as if it was added, but the call stays direct: once it is answered the one who hands on
//! leaves, and if it is not, that one is back. Whoever hands on may hang up meanwhile; then nobody can come back, and the
//! call ends with the reason of the leg that rang.

use super::exchange::Exchange;
use super::leg::{Leg, Phase};
use super::state::{Call, Transfer};
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::wire::call::{CallKind, EndReason, PersonCard};
use crate::wire::error::ErrorCode;

impl Exchange {
    /// `call.transfer` to a person or a line.
    pub(super) fn transfer(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        to: PersonCard,
    ) -> Result<Answer, ErrorCode> {
        if to.person == asker.person {
            return Err(ErrorCode::CallingYourself);
        }
        let call = self.call(id)?;
        call.live_here(asker.person, asker.session)?;
        if !call.is_talk() {
            return Err(ErrorCode::WrongState);
        }
        if call.leg(to.person).is_some_and(Leg::is_present) {
            return Err(ErrorCode::AlreadyInCall);
        }
        let live = call.live_mut(asker.person).ok_or(ErrorCode::WrongState)?;
        // A telephone that has put the call on hold takes it from there itself, if it comes back.
        let held = live.held && live.seat.phone;
        live.held = true;
        call.transfer = Some(Transfer { by: asker.person, to: to.person, held });
        self.invite(step, id, asker, vec![to], Vec::new());
        Ok(Answer::Later)
    }

    /// This person is handing the call on.
    pub(super) fn hands_on(&self, id: CallId, person: PersonId) -> bool {
        self.calls.get(&id).and_then(|call| call.transfer).is_some_and(|transfer| transfer.by == person)
    }

    /// The one who hands on takes it back before the answer.
    pub(super) fn take_back(&mut self, step: &mut Step<'_>, id: CallId) {
        let Some(Transfer { to, .. }) = self.call(id).ok().and_then(|call| call.transfer.take()) else {
            return;
        };
        if let Ok(call) = self.call(id)
            && let Some(at) = call.filings.iter().position(|filing| filing.people.contains(&to))
        {
            let filing = call.filings.remove(at);
            self.drop_filing(step, &filing, ErrorCode::WrongState);
        }
        self.end_leg(step, id, to, EndReason::Cancelled);
    }

    /// The one to whom the call is handed on has answered: whoever did it leaves.
    pub(super) fn handed_on(&mut self, step: &mut Step<'_>, id: CallId, to: PersonId) {
        let Ok(call) = self.call(id) else { return };
        if let Some(transfer) = call.transfer.take_if(|transfer| transfer.to == to) {
            self.end_leg(step, id, transfer.by, EndReason::Transferred);
        }
    }

    /// A transfer whose leg has ended failed: whoever handed on is back, unless another call has that person's ear by now.
    pub(super) fn settle_transfer(&mut self, step: &mut Step<'_>, id: CallId) {
        let Ok(call) = self.call(id) else { return };
        let failed = |call: &Call, to| !call.leg(to).is_some_and(Leg::is_present);
        let Some(Transfer { by, to, held }) = call.transfer else { return };
        if !failed(call, to) {
            return;
        }
        call.transfer = None;
        let talks = self.live_calls(by, id).iter().any(|(_, held)| !held);
        if let Some(live) = self.call(id).ok().and_then(|call| call.live_mut(by)) {
            live.held = held || talks;
        }
        step.touch(id);
    }
}

impl Call {
    /// Two people talk, and neither hands the call on.
    pub fn is_talk(&self) -> bool {
        self.kind == CallKind::Direct && self.answered_at.is_some() && self.transfer.is_none()
    }

    /// Whoever hands on has nobody left to hand on.
    pub fn is_for_nobody(&self) -> bool {
        let kept = |by: PersonId| self.legs.iter().any(|leg| leg.is_live() && leg.person() != by);
        self.transfer.is_some_and(|transfer| !kept(transfer.by))
    }

    /// On whose behalf this leg is being called.
    pub fn transfer_by(&self, leg: &Leg) -> Option<PersonId> {
        let called = matches!(leg.phase, Phase::Filed { .. } | Phase::Ringing(_));
        self.transfer.filter(|transfer| called && transfer.to == leg.person()).map(|transfer| transfer.by)
    }
}
