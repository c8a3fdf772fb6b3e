//! What clients see of the history: over HTTP, and as durable events on the topic `person:<id>`.

use serde::{Deserialize, Serialize};
use signaling::ids::{CallId, PersonId};
use signaling::wire::call::{CallKind, EndReason};
use ts_rs::TS;

/// Whether the person called or was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The person started the call.
    Out,
    /// The person was called.
    In,
}

/// Another person of a call, or a telephone line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct HistoryPerson {
    /// Who. A line's id is of this call only: look it up nowhere, and call `number` to call it again.
    #[schema(value_type = String, format = Uuid)]
    pub person: PersonId,
    /// Name as displayed; empty for somebody who has left the directory.
    pub name: String,
    /// Unit, with the one above it.
    pub unit: String,
    /// A telephone line, not a member of staff. Its name and unit are those of the time of the call.
    #[serde(default)]
    pub line: bool,
    /// Number of the line; absent for staff, and for a line that withheld it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub number: Option<String>,
}

/// One call in a person's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
pub struct HistoryEntry {
    /// The call; an entry with the same call replaces the one before.
    #[schema(value_type = String, format = Uuid)]
    pub call: CallId,
    /// Called, or was called.
    pub direction: Direction,
    /// Two people, or more.
    #[schema(value_type = CallKindSchema)]
    pub kind: CallKind,
    /// Started as a video call.
    pub video: bool,
    /// The others, the starter first; at most 50.
    pub others: Vec<HistoryPerson>,
    /// UTC milliseconds of the call to this person.
    pub started_at: i64,
    /// UTC milliseconds of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub answered_at: Option<i64>,
    /// UTC milliseconds of the end of this person's part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub ended_at: Option<i64>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    #[schema(value_type = Option<EndReasonSchema>)]
    pub reason: Option<EndReason>,
    /// A missed call.
    pub missed: bool,
    /// The person has looked at the missed call.
    pub seen: bool,
}

/// Events of a person's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data")]
pub enum HistoryEvent {
    /// A call was missed.
    #[serde(rename = "history.missed")]
    Missed {
        /// The call.
        entry: HistoryEntry,
        /// Missed calls not looked at, for the badge.
        unseen_missed: i64,
    },
    /// A call that was not missed ended.
    #[serde(rename = "history.added")]
    Added {
        /// The call.
        entry: HistoryEntry,
    },
    /// Missed calls were looked at on some device.
    #[serde(rename = "history.seen")]
    Seen {
        /// Those that began up to then (UTC milliseconds); 0 when one was joined after all and only the number changed.
        up_to: i64,
        /// Missed calls not looked at.
        unseen_missed: i64,
    },
}

/// [`CallKind`] for the OpenAPI document: signaling does not know OpenAPI.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CallKind)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "documented at CallKind")]
pub enum CallKindSchema {
    Direct,
    Group,
}

/// [`EndReason`] for the OpenAPI document.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EndReason)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "documented at EndReason")]
pub enum EndReasonSchema {
    Declined,
    Busy,
    NoAnswer,
    Cancelled,
    Unreachable,
    Failed,
    AnsweredElsewhere,
    DeclinedElsewhere,
    Moved,
    Transferred,
    NumberUnknown,
    LineDown,
    Ended,
}

impl From<CallKind> for CallKindSchema {
    fn from(kind: CallKind) -> Self {
        match kind {
            CallKind::Direct => CallKindSchema::Direct,
            CallKind::Group => CallKindSchema::Group,
        }
    }
}

impl From<EndReason> for EndReasonSchema {
    /// Without a wildcard: a new reason does not compile until it is in the document.
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Declined => EndReasonSchema::Declined,
            EndReason::Busy => EndReasonSchema::Busy,
            EndReason::NoAnswer => EndReasonSchema::NoAnswer,
            EndReason::Cancelled => EndReasonSchema::Cancelled,
            EndReason::Unreachable => EndReasonSchema::Unreachable,
            EndReason::Failed => EndReasonSchema::Failed,
            EndReason::AnsweredElsewhere => EndReasonSchema::AnsweredElsewhere,
            EndReason::DeclinedElsewhere => EndReasonSchema::DeclinedElsewhere,
            EndReason::Moved => EndReasonSchema::Moved,
            EndReason::Transferred => EndReasonSchema::Transferred,
            EndReason::NumberUnknown => EndReasonSchema::NumberUnknown,
            EndReason::LineDown => EndReasonSchema::LineDown,
            EndReason::Ended => EndReasonSchema::Ended,
        }
    }
}
