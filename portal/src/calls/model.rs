//! What the journal keeps of calls.

use signaling::ids::{CallId, PersonId};
use signaling::wire::call::{CallKind, EndReason};

use crate::clock::Millis;

/// One person's part in one call, with what history shows of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The call.
    pub call: CallId,
    /// Direct or group; at the end of the call, once it is over.
    pub kind: CallKind,
    /// Started as a video call.
    pub video: bool,
    /// Who started the call.
    pub starter: PersonId,
    /// When the person was called (the starter: when the call began).
    pub invited_at: Millis,
    /// When the person answered (the starter: when the first other one did).
    pub answered_at: Option<Millis>,
    /// When the person's part ended.
    pub ended_at: Option<Millis>,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// Called, and neither took nor settled it.
    pub missed: bool,
    /// The person has looked at the missed call.
    pub seen: bool,
}

/// A leg without an end, in a call without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLeg {
    /// Whose.
    pub person: PersonId,
    /// Who called that person; the person itself when it entered by itself.
    pub by: PersonId,
    /// Whether it was answered.
    pub answered: bool,
}

/// A call without an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenCall {
    /// The call.
    pub call: CallId,
    /// Kind at the start.
    pub kind: CallKind,
    /// Who started it.
    pub starter: PersonId,
}
