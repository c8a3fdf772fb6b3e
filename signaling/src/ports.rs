//! What signaling needs from the portal, as ports: who people are, and a journal of calls that survives a crash.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::ids::{CallId, PersonId};
use crate::wire::call::{CallKind, EndReason, PersonCard};

/// A boxed future, so that ports can be trait objects.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, PortError>> + Send + 'a>>;

/// A port could not do its work; the details are in the portal's log.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PortError {
    /// Try again: the database is busy or away.
    #[error("temporarily unavailable: {0}")]
    Unavailable(String),
}

/// Who people are.
pub trait People: Send + Sync {
    /// Cards of those of `ids` that exist and that `viewer` may call; in no particular order, the others are missing.
    fn cards(&self, viewer: PersonId, ids: Vec<PersonId>) -> PortFuture<'_, Vec<PersonCard>>;
}

/// The durable record of calls. Entries of one call are written in order; writing an entry twice has no further effect.
pub trait Journal: Send + Sync {
    /// Durable when the future is done: a call rings only after its `Invited` entry is.
    fn write(&self, entry: JournalEntry) -> PortFuture<'_, ()>;
}

/// One step of a call worth remembering.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JournalEntry {
    /// A call begins. A start-up finds calls without `Closed` and closes them as failed; its legs without an end become missed.
    Opened {
        /// The call.
        call: CallId,
        /// Kind at the start.
        kind: CallKind,
        /// Who started it.
        starter: PersonId,
        /// Started as a video call.
        video: bool,
        /// UTC milliseconds.
        at: i64,
    },
    /// A person is being called (or the starter enters).
    Invited {
        /// The call.
        call: CallId,
        /// Who.
        person: PersonId,
        /// Who called that person; the starter's own leg names itself.
        by: PersonId,
        /// UTC milliseconds.
        at: i64,
    },
    /// A person answered (the starter: when the first other one does).
    Answered {
        /// The call.
        call: CallId,
        /// Who.
        person: PersonId,
        /// UTC milliseconds.
        at: i64,
    },
    /// A leg ended. `missed` is true when the person was called and did not take, decline or otherwise settle it.
    LegEnded {
        /// The call.
        call: CallId,
        /// Who.
        person: PersonId,
        /// Why.
        reason: EndReason,
        /// Goes to the person's missed calls.
        missed: bool,
        /// UTC milliseconds.
        at: i64,
    },
    /// The call is over.
    Closed {
        /// The call.
        call: CallId,
        /// Kind at the end.
        kind: CallKind,
        /// Why.
        reason: EndReason,
        /// UTC milliseconds.
        at: i64,
    },
}
