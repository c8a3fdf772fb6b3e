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
    /// The part of a telephone line, which has no history of its own.
    pub line: bool,
}

/// Another one of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The person; of a line, its name within this call.
    pub person: PersonId,
    /// What the line was called; `None` for a member of staff.
    pub line: Option<Line>,
}

/// A telephone line as it was known when the call was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Name: of the directory for its number, or what the telephone said, or the number.
    pub name: String,
    /// Unit of that person of the directory; empty for others.
    pub unit: String,
    /// Number to call again; `None` where it was withheld.
    pub number: Option<String>,
}

/// Somebody who is being called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The call.
    pub call: CallId,
    /// Who.
    pub person: PersonId,
    /// Who called that person; the person itself when it entered by itself.
    pub by: PersonId,
    /// Set for a telephone line.
    pub line: Option<Line>,
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
