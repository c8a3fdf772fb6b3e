//! What is asked of call records, and what comes back.

use signaling::ports::{Direction, LegKind, LegRecord};
use signaling::wire::call::EndReason;
use uuid::Uuid;

use crate::clock::Millis;

/// A record with what the search needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The leg.
    pub leg: LegRecord,
    /// Name of its person at that time.
    pub person_name: Option<String>,
}

/// Which records are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Began at this time or later.
    pub from: Millis,
    /// Began before.
    pub to: Millis,
    /// Part of a number or name, folded; empty: any.
    pub text: String,
    /// Name of the trunk, telephone or device.
    pub via: Option<String>,
    /// What carried the leg.
    pub kind: Option<LegKind>,
    /// Why it ended.
    pub reason: Option<EndReason>,
    /// Direction.
    pub direction: Option<Direction>,
}

/// A place in the list, which is ordered newest first: the next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Beginning of the record.
    pub at: Millis,
    /// Its id.
    pub id: Uuid,
}
