//! How legs and calls end, and when what is left of a call is too little to go on.

use super::exchange::Exchange;
use super::io::MediaCommand;
use super::leg::Phase;
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::ports::JournalEntry;
use crate::wire::call::{CallKind, EndReason};
use crate::wire::error::ErrorCode;

impl Exchange {
    /// `call.leave`.
    pub(super) fn leave(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
    ) -> Result<Answer, ErrorCode> {
        self.call(id)?.live_here(asker.person, asker.session)?;
        self.hang_up(step, id, asker.person, EndReason::Ended);
        Ok(Answer::Ok)
    }

    /// `call.end`.
    pub(super) fn end_for_all(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
    ) -> Result<Answer, ErrorCode> {
        let call = self.call(id)?;
        call.leg(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        if call.starter != asker.person {
            return Err(ErrorCode::NotAllowed);
        }
        call.live_here(asker.person, asker.session)?;
        let answered = call.answered_at.is_some();
        self.end_call(step, id, if answered { EndReason::Ended } else { EndReason::Cancelled });
        Ok(Answer::Ok)
    }

    /// A person in the call leaves it; the starter who does before any answer takes the call back.
    pub(super) fn hang_up(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId, reason: EndReason) {
        let Ok(call) = self.call(id) else { return };
        if call.answered_at.is_none() && call.starter == person {
            let cancelled = if reason == EndReason::Ended { EndReason::Cancelled } else { reason };
            return self.end_call(step, id, cancelled);
        }
        // Handing on and hanging up is a blind transfer.
        let hands_on = reason == EndReason::Ended && self.hands_on(id, person);
        let reason = if hands_on { EndReason::Transferred } else { reason };
        self.end_leg(step, id, person, reason);
        self.settle(step, id, reason);
    }

    /// Ends the call if too little is left of it: a direct call when either is out of it, a group when nobody is in it or
    /// fewer than two are in it or being called.
    pub(super) fn settle(&mut self, step: &mut Step<'_>, id: CallId, reason: EndReason) {
        self.settle_transfer(step, id);
        let Ok(call) = self.call(id) else { return };
        let over = call.live_count() == 0 || call.present_count() < 2 || call.is_for_nobody();
        let most = 2 + usize::from(call.transfer.is_some());
        debug_assert!(
            call.kind == CallKind::Group || call.present_count() <= most,
            "a direct call is for two"
        );
        if over {
            self.end_call(step, id, reason);
        }
    }

    /// Ends one leg. A person who rang and did not settle it has missed the call.
    pub(super) fn end_leg(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId, reason: EndReason) {
        let at = step.wall_ms;
        let Some(leg) = self.call(id).ok().and_then(|call| call.leg_mut(person)) else { return };
        let settled = match &leg.phase {
            Phase::Left(_) => return,
            Phase::Filed { .. } => reason != EndReason::Busy,
            // A colleague who picked it up has settled it too.
            Phase::Ringing(_) => matches!(reason, EndReason::Declined | EndReason::AnsweredElsewhere),
            Phase::Live(_) => true,
        };
        // A line is nobody who would look at missed calls.
        let missed = !settled && !leg.card.line;
        let before = std::mem::replace(&mut leg.phase, Phase::Left(reason));
        if let Phase::Filed { answer: Some(parked) } = before {
            step.reply(parked.session, parked.id, Err(ErrorCode::NoSuchCall));
        }
        if let Some(desk) = self.people.get_mut(&person) {
            desk.calls.remove(&id);
        }
        self.write(step, JournalEntry::LegEnded { call: id, person, reason, missed, at });
        step.people.insert(person);
        step.touch(id);
    }

    /// Ends the call for everybody: those in it with `reason`, those being called with what it means for them.
    pub(super) fn end_call(&mut self, step: &mut Step<'_>, id: CallId, reason: EndReason) {
        let Ok(call) = self.call(id) else { return };
        let (kind, opened) = (call.kind, call.opened);
        let filings = std::mem::take(&mut call.filings);
        let called = if reason == EndReason::Failed { EndReason::Failed } else { EndReason::Cancelled };
        for person in call.present() {
            let live = self.calls.get(&id).is_some_and(|call| call.live(person).is_some());
            self.end_leg(step, id, person, if live { reason } else { called });
        }
        for filing in &filings {
            self.drop_filing(step, filing, ErrorCode::NoSuchCall);
        }
        if opened {
            step.media(id, MediaCommand::Close);
        }
        self.write(step, JournalEntry::Closed { call: id, kind, reason, at: step.wall_ms });
        if let Ok(call) = self.call(id) {
            call.ended = Some(reason);
        }
    }
}
