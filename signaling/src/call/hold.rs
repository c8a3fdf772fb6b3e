//! Hold and sources: what a person in a call lets through.

use super::exchange::Exchange;
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::wire::call::Sources;
use crate::wire::error::ErrorCode;

impl Exchange {
    /// `call.hold`. Resuming one call holds the other: a person talks in one call at a time. Whoever resumes a call that is
    /// being handed on takes it back.
    pub(super) fn hold(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        hold: bool,
    ) -> Result<Answer, ErrorCode> {
        self.call(id)?.live_here(asker.person, asker.session)?;
        if !hold && self.hands_on(id, asker.person) {
            self.take_back(step, id);
        }
        self.call(id)?.live_here(asker.person, asker.session)?.held = hold;
        step.touch(id);
        if !hold {
            self.hold_others(step, asker.person, id);
        }
        Ok(Answer::Call(id))
    }

    /// Holds every other call of this person.
    pub(super) fn hold_others(&mut self, step: &mut Step<'_>, person: PersonId, but: CallId) {
        for (id, held) in self.live_calls(person, but) {
            if held {
                continue;
            }
            if let Some(live) = self.call(id).ok().and_then(|call| call.live_mut(person)) {
                live.held = true;
                step.touch(id);
            }
        }
    }

    /// `call.sources`.
    pub(super) fn set_sources(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        sources: Sources,
    ) -> Result<Answer, ErrorCode> {
        let live = self.call(id)?.live_here(asker.person, asker.session)?;
        let seat = live.seat_of_mut(asker.session).ok_or(ErrorCode::WrongState)?;
        if seat.sources != sources {
            seat.sources = sources;
            step.touch(id);
        }
        Ok(Answer::Ok)
    }
}
