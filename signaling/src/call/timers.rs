//! What time alone brings about.

use std::time::Instant;

use super::exchange::Exchange;
use super::leg::Leg;
use super::step::Step;
use crate::ids::{CallId, PersonId};
use crate::wire::call::EndReason;

/// What is due for one leg.
enum Due {
    RingOver(EndReason),
    TakeOver,
    SeatLost,
}

impl Exchange {
    /// Runs all timers that are due.
    pub(super) fn run_timers(&mut self, step: &mut Step<'_>) {
        let due: Vec<CallId> =
            self.timers.iter().take_while(|(at, _)| *at <= step.now).map(|(_, id)| *id).collect();
        for id in due {
            // Touched even if nothing comes of it, so that the timer is filed anew.
            step.touch(id);
            self.run_filings(step, id);
            for (person, due) in self.due_legs(id, step.now) {
                self.run_leg(step, id, person, due);
            }
        }
    }

    fn run_filings(&mut self, step: &mut Step<'_>, id: CallId) {
        while let Ok(call) = self.call(id)
            && let Some(at) = call.filings.iter().position(|filing| filing.until <= step.now)
        {
            self.filing_failed(step, id, at);
        }
    }

    fn due_legs(&mut self, id: CallId, now: Instant) -> Vec<(PersonId, Due)> {
        let Ok(call) = self.call(id) else { return Vec::new() };
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let due = |leg: &Leg| {
            if let Some(ring) = leg.ring().filter(|ring| ring.deadline() <= now) {
                return Some(Due::RingOver(ring.timeout_reason()));
            }
            let live = leg.live()?;
            if is_due(live.take.as_ref().map(|take| take.until)) {
                Some(Due::TakeOver)
            } else if is_due(live.socket_by) || is_due(live.media_by) {
                Some(Due::SeatLost)
            } else {
                None
            }
        };
        call.legs.iter().filter_map(|leg| Some((leg.person(), due(leg)?))).collect()
    }

    fn run_leg(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId, due: Due) {
        match due {
            Due::RingOver(reason) => {
                self.end_leg(step, id, person, reason);
                self.settle(step, id, reason);
            }
            Due::TakeOver => self.complete_take(step, id, person),
            Due::SeatLost => self.seat_lost(step, id, person, EndReason::Failed),
        }
    }
}
