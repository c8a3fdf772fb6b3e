//! The durable log as a port. The portal implements it over its database: an event is appended **in the transaction of the
//! change that it tells of**, with the next sequence of its topic; after the commit it is handed to the bus. Clients that
//! missed it are served from the bus's ring, and what is older from [`EventLog::read`].

use bytes::Bytes;

use crate::ports::PortFuture;
use crate::topic::Topic;

/// An event that is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedEvent {
    /// Its topic.
    pub topic: Topic,
    /// Its place in the topic: 1, 2, 3, ... without gaps.
    pub seq: u64,
    /// The whole event frame as sent to clients: `{"topic","seq","type","data"}`, encoded once.
    pub frame: Bytes,
}

/// Where a topic stands in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Newest sequence; 0 = nothing yet.
    pub seq: u64,
    /// Oldest sequence still kept; 1 unless old events were pruned. `seq + 1` when nothing is kept.
    pub oldest: u64,
}

/// The log, read side.
pub trait EventLog: Send + Sync {
    /// Epoch of this log, in UTC milliseconds of its creation: sequences of another epoch mean nothing.
    fn epoch(&self) -> i64;

    /// Where a topic stands.
    fn head(&self, topic: Topic) -> PortFuture<'_, Head>;

    /// Events of the topic after `seq`, oldest first, at most `limit`.
    fn read(&self, topic: Topic, seq: u64, limit: u32) -> PortFuture<'_, Vec<LoggedEvent>>;
}
