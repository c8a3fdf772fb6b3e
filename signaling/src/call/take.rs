//! Moving a running call to another own device: make before break.

use super::exchange::Exchange;
use super::leg::Take;
use super::limits::{CONNECT_TIME, TAKE_TIME};
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::wire::call::{EndReason, Sources};
use crate::wire::error::ErrorCode;

impl Exchange {
    /// `call.take`. The old device stays in the call until the media of this one is up, or for a bounded time.
    pub(super) fn take(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        sources: Sources,
    ) -> Result<Answer, ErrorCode> {
        let leg = self.call(id)?.leg(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        let live = leg.live().ok_or(ErrorCode::WrongState)?;
        if live.seat.session == asker.session || live.take.is_some() || !self.is_connected(asker.session) {
            return Err(ErrorCode::WrongState);
        }
        let seat = self.seat(asker.session, None, sources);
        if let Some(live) = self.call(id)?.live_mut(asker.person) {
            live.take = Some(Take { seat, until: step.now + TAKE_TIME });
        }
        Ok(Answer::Call(id))
    }

    /// The new device is the one in the call; the old one is let go. Does nothing when no move is going on.
    pub(super) fn complete_take(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId) {
        let now = step.now;
        let Ok(call) = self.call(id) else { return };
        let answered = call.answered_at.is_some();
        let Some(live) = call.live_mut(person) else { return };
        let Some(take) = live.take.take() else { return };
        let old = std::mem::replace(&mut live.seat, take.seat);
        live.socket_by = None;
        let waits = answered && !live.seat.media_up;
        live.media_by = waits.then_some(now + CONNECT_TIME);
        step.part(id, old.session, EndReason::Moved);
        step.touch(id);
    }

    /// The new device is gone before the move was done: the call stays where it is.
    pub(super) fn abort_take(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId) {
        if let Some(live) = self.call(id).ok().and_then(|call| call.live_mut(person)) {
            live.take = None;
            step.touch(id);
        }
    }
}
