//! Who rang, who answered: exactly one device, and nobody's missed call is lost.

use signaling::call::{CallInput, CallReply, CallRequest};
use signaling::ids::{CallId, PersonId, SessionId};
use signaling::ports::JournalEntry;
use signaling::wire::call::{CallView, LegState};
use signaling::wire::error::ErrorCode;

use super::Oracle;

/// How a person was last called in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// A device was shown that it rings; nobody has taken or declined the call.
    Ringing,
    /// This device has it.
    Answered(SessionId),
    /// Declined.
    Declined,
}

/// What a request that the oracle follows asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Answer,
    Decline,
}

impl Oracle {
    /// The call core gets an input.
    pub fn asked(&mut self, input: &CallInput) {
        let CallInput::Request { session, id, request } = input else { return };
        let verb = match request {
            CallRequest::Answer { call, .. } => (*call, Verb::Answer),
            CallRequest::Decline { call, .. } => (*call, Verb::Decline),
            _ => return,
        };
        self.asked.insert((*session, *id), verb);
    }

    /// The call core replies.
    pub fn replied(
        &mut self,
        session: SessionId,
        person: PersonId,
        id: u32,
        result: &Result<CallReply, ErrorCode>,
    ) {
        let asked = self.asked.remove(&(session, id));
        let Ok(reply) = result else { return };
        match (asked, reply) {
            (Some((call, Verb::Answer)), _) => self.answered(call, person, session),
            (Some((call, Verb::Decline)), _) => drop(self.rounds.insert((call, person), Round::Declined)),
            (None, CallReply::Call(view)) => {
                // By joining, or by calling back at the same moment.
                let key = (view.call, person);
                if view.me.here && self.rounds.get(&key) == Some(&Round::Ringing) {
                    self.answered(view.call, person, session);
                }
            }
            (None, CallReply::Ok) => {}
        }
    }

    /// The call core records something: a person who is called anew has neither answered nor declined.
    pub fn recorded(&mut self, entry: &JournalEntry) {
        if let JournalEntry::Invited { call, person, .. } = entry {
            self.rounds.remove(&(*call, *person));
        }
    }

    /// A device has answered.
    pub fn answered(&mut self, call: CallId, person: PersonId, session: SessionId) {
        self.counts.answers += 1;
        if let Some(Round::Answered(other)) = self.rounds.insert((call, person), Round::Answered(session)) {
            self.fail(|| format!("{call}: {session} answered for {person} after {other} had"));
        }
    }

    /// A session is shown a call, by an event, a reply or the welcome.
    pub fn shown(&mut self, person: PersonId, view: &CallView) {
        self.hearing.learn(view);
        let rings = matches!(view.me.state, LegState::Calling | LegState::Ringing) && view.me.peer.is_some();
        if rings && view.ended.is_none() {
            let before = self.rounds.insert((view.call, person), Round::Ringing);
            self.counts.rings += u64::from(before != Some(Round::Ringing));
        }
        self.counts.holds += u64::from(view.me.here && view.me.state == LegState::Held);
    }
}
