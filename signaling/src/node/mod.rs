//! The node: one task that owns the sessions and the calls of this process and carries out what their cores decide.
//!
//! Everything reaches it through one inbox: what sockets send, what the media plane tells, and what the tasks that it started
//! (directory look-ups, journal entries, heads of topics) bring back. Nothing in it waits. At the inbox's bound the shards
//! answer requests with `rate_limited` themselves; what must not be lost (a socket is gone, an entry is durable, a peer is
//! lost) is accepted past the bound, because its number is bounded by the sockets and calls there are.
//!
//! [`Hub`] is the handle: the portal hands sockets and events to it.

mod actor;
mod calls;
mod drain;
mod gauges;
mod hub;
mod input;
mod journal;
mod plane;
mod sessions;
mod telephony;
mod topics;

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::bus;
use crate::log::EventLog;
use crate::ports::{Journal, People};

pub use gauges::Load;
pub use hub::{Hub, NotAdopted};
pub use plane::MediaPlane;
pub use telephony::{SipInputFn, Telephony};

/// How a hub is set up.
#[derive(Clone, Debug)]
pub struct HubConfig {
    /// Threads that own sockets; 0: one per core.
    pub shards: usize,
    /// Sockets are pinged this often; one that shows no sign of life for three times as long is dropped. Smaller: dead
    /// clients are noticed earlier, at the price of radio time on phones.
    pub ping_every: Duration,
    /// A socket that takes no byte for so long is closed as too slow. Smaller: short stalls cost a reconnect.
    pub stall: Duration,
    /// Over how long a stopping node spreads its clients' reconnects. Larger: the other node sees a lower peak.
    pub drain_spread: Duration,
    /// Bounds of the bus's memory.
    pub rings: bus::Limits,
}

impl Default for HubConfig {
    fn default() -> Self {
        HubConfig {
            shards: 0,
            ping_every: Duration::from_secs(25),
            stall: Duration::from_secs(10),
            drain_spread: Duration::from_secs(5),
            rings: bus::Limits::default(),
        }
    }
}

/// What the hub needs from the portal.
#[derive(Clone)]
pub struct Ports {
    /// The directory.
    pub people: Arc<dyn People>,
    /// The record of calls.
    pub journal: Arc<dyn Journal>,
    /// The log of durable topics.
    pub log: Arc<dyn EventLog>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
    /// The extension bridge; `None`: there are no telephones.
    pub telephony: Option<Telephony>,
}

/// A source of fresh ids.
pub trait Ids: Send + Sync {
    /// An id that was never given before.
    fn fresh(&self) -> Uuid;
}

/// Ids of time and chance (UUID version 7, RFC 9562).
#[derive(Clone, Copy, Debug, Default)]
pub struct TimedIds;

impl Ids for TimedIds {
    #[expect(clippy::disallowed_methods, reason = "this is the id source")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests;
