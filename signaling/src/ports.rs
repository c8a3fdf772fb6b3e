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

/// What telephony needs to know of staff and telephones, at once: from memory.
pub trait Numbers: Send + Sync {
    /// Whose extension this is, in the directory. The card is not that of a line.
    fn by_extension(&self, number: &str) -> Option<PersonCard>;

    /// The telephone account of this user name.
    fn account(&self, user: &str) -> Option<PhoneAccount>;

    /// The telephone account with this extension.
    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount>;

    /// The person's missed calls not looked at yet: the message-waiting lamp.
    fn missed(&self, person: PersonId) -> PortFuture<'_, u32>;
}

/// A telephone that may register here.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneAccount {
    /// User name: of REGISTER, and of the digest.
    pub user: String,
    /// Its extension.
    pub extension: String,
    /// Whose it is: rings with the person's other devices, and calls in that name. `None`: a telephone of a room.
    pub person: Option<PersonId>,
    /// What it is called.
    pub name: String,
    /// `MD5(user:realm:password)`, hexadecimal (RFC 7616).
    pub ha1_md5: String,
    /// `SHA-256(user:realm:password)`, hexadecimal.
    pub ha1_sha256: String,
}

impl std::fmt::Debug for PhoneAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let PhoneAccount { user, extension, person, .. } = self;
        f.debug_struct("PhoneAccount")
            .field("user", user)
            .field("extension", extension)
            .field("person", person)
            .finish_non_exhaustive()
    }
}

/// Where records of legs go. Unlike the journal it is written after the fact.
pub trait Records: Send + Sync {
    /// Durable when the future is done; writing a record twice has no further effect.
    fn write(&self, record: LegRecord) -> PortFuture<'_, ()>;
}

/// One leg of one call, over its whole life: the call record (CDR).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LegRecord {
    /// Id of the record.
    pub id: uuid::Uuid,
    /// The call; `None` when it never became one (refused by the number plan, a trunk that failed).
    pub call: Option<CallId>,
    /// The member of staff at this leg, or whose telephone or app it is.
    pub person: Option<PersonId>,
    /// What carried it.
    pub kind: LegKind,
    /// As the telephone system sees it.
    pub direction: Direction,
    /// Name of the trunk; of the telephone account for a telephone; of the device for an app.
    pub via: String,
    /// Calling number or name.
    pub from: String,
    /// Called number or name.
    pub to: String,
    /// UTC milliseconds of its beginning.
    pub started_at: i64,
    /// First ringing.
    pub ringing_at: Option<i64>,
    /// Answer.
    pub answered_at: Option<i64>,
    /// End.
    pub ended_at: i64,
    /// Why it ended.
    pub reason: EndReason,
    /// SIP status of the end, where there is one.
    pub status: Option<u16>,
    /// Codec.
    pub codec: Option<String>,
    /// Loss towards us, 0 to 1.
    pub loss: Option<f32>,
    /// Loss towards the other side, 0 to 1.
    pub loss_there: Option<f32>,
    /// Jitter in milliseconds.
    pub jitter_ms: Option<f32>,
    /// Round trip in milliseconds.
    pub rtt_ms: Option<u32>,
    /// Estimated quality, 1 to 4.5.
    pub mos: Option<f32>,
}

/// What carried a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    /// The app.
    App,
    /// A telephone that is registered here.
    Phone,
    /// A trunk.
    Trunk,
}

/// Direction of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// They called us.
    In,
    /// We called them.
    Out,
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
        /// The person is a telephone line: its card, which no directory has.
        line: Option<PersonCard>,
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
