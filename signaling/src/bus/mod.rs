//! The bus: carries events of durable topics from the one who logged them to every shard that has a reader.
//!
//! The log is the truth and the bus its doorbell: a publication may repeat or come late, but a reader never skips one,
//! because each keeps the last sequence that it has handled and compares. A subscriber subscribes first and reads then
//! ([`Bus::since`], and [`Bus::read_log`] for what is older than the ring), and drops what it already has by `seq`.
//!
//! At the limits: a subscriber that does not drain its [`Feed`] is told [`Lagged`] with the topics that it lost frames of;
//! a ring keeps [`Limits::ring_events`] events, all rings together [`Limits::ring_bytes`], each for
//! [`Limits::keep`]; what fell out is answered with [`Since::TooOld`].

mod feed;
mod local;
#[cfg(test)]
pub(crate) mod memory_log;
mod rings;
#[cfg(test)]
mod suite;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use crate::log::{EventLog, LoggedEvent};
use crate::ports::PortError;
use crate::topic::Topic;
use crate::wire::server::TopicHead;

pub use feed::{Feed, Lagged};
pub use local::LocalBus;

/// Most events that one reader is sent to catch up; further behind, reading the state anew over HTTP is cheaper. Larger:
/// longer replays from the database after a long absence. Smaller: more full reloads.
pub const MAX_REPLAY: u64 = 1_000;
/// Bytes of frames that one [`Bus::since`] returns at most (one frame at least). Larger: fewer look-ups in a replay, more
/// memory while a slow socket takes it.
pub const REPLAY_CHUNK: usize = 64 * 1024;

/// Which of the two lanes a frame takes; the urgent one overtakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Ring, answer, cancel, SDP, replies.
    Urgent,
    /// Bulletins, presence, history.
    Bulk,
}

/// One event of a durable topic on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Its topic.
    pub topic: Topic,
    /// Its place in the topic.
    pub seq: u64,
    /// Which lane it takes.
    pub lane: Lane,
    /// The encoded event frame (JSON text).
    pub frame: Bytes,
}

impl Publication {
    /// A logged event in the bulk lane.
    pub fn of(event: LoggedEvent) -> Self {
        Publication { topic: event.topic, seq: event.seq, lane: Lane::Bulk, frame: event.frame }
    }
}

/// What the ring has after a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// The next events, oldest first; empty when there is nothing newer. More may follow after the last one.
    Frames(Vec<(u64, Bytes)>),
    /// The ring begins later: read the log.
    TooOld,
}

/// Where a reader starts in a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// What the client is told.
    pub head: TopicHead,
    /// The last sequence that it has; what follows is to be sent.
    pub cursor: u64,
}

/// Bounds of the rings.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Events of one topic that are kept in memory. Larger: longer absences are served without the database.
    pub ring_events: usize,
    /// Bytes of all rings together; the oldest frames go first. Larger: the same, for more topics at once.
    pub ring_bytes: usize,
    /// How long a frame is kept. Longer than the resume window, or reconnects read the database.
    pub keep: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { ring_events: 256, ring_bytes: 128 * 1024 * 1024, keep: Duration::from_secs(15 * 60) }
    }
}

/// A bus; cloning gives another handle to the same one.
#[derive(Clone)]
pub enum Bus {
    /// Within this process.
    Local(LocalBus),
}

impl Bus {
    /// A bus within this process over `log`. Must be called within a tokio runtime: gaps are read from the log there.
    pub fn local(log: Arc<dyn EventLog>, limits: Limits) -> Bus {
        Bus::Local(LocalBus::new(log, limits))
    }

    /// Hands on an event that is in the log. One that is already known is dropped; one that leaves a gap makes the bus read
    /// on from the log, and nothing of the topic is delivered out of order.
    pub fn publish(&self, publication: Publication) {
        match self {
            Bus::Local(bus) => bus.publish(publication),
        }
    }

    /// A new subscriber without topics, with room for `capacity` undrained publications. `wake` is notified when there is
    /// something to drain.
    pub fn feed(&self, capacity: usize, wake: Arc<Notify>) -> Feed {
        match self {
            Bus::Local(bus) => bus.feed(capacity, wake),
        }
    }

    /// Delivers events of the topic to the feed from now on. Doing it twice has no further effect.
    pub fn subscribe(&self, feed: &Feed, topic: Topic) {
        match self {
            Bus::Local(bus) => bus.subscribe(feed, topic),
        }
    }

    /// The opposite of [`Bus::subscribe`].
    pub fn unsubscribe(&self, feed: &Feed, topic: Topic) {
        match self {
            Bus::Local(bus) => bus.unsubscribe(feed.id(), topic),
        }
    }

    /// The events of the topic after `seq`, from memory; at most [`REPLAY_CHUNK`] bytes.
    pub fn since(&self, topic: Topic, seq: u64) -> Since {
        match self {
            Bus::Local(bus) => bus.since(topic, seq),
        }
    }

    /// Newest sequence of a topic that the bus has met; `None` before [`Bus::start`] or the first publication.
    pub fn head(&self, topic: Topic) -> Option<u64> {
        match self {
            Bus::Local(bus) => bus.head(topic),
        }
    }

    /// Epoch of the log.
    pub fn epoch(&self) -> i64 {
        match self {
            Bus::Local(bus) => bus.log().epoch(),
        }
    }

    /// Events after `seq` from the log, at most `limit`.
    pub async fn read_log(&self, topic: Topic, seq: u64, limit: u32) -> Result<Vec<LoggedEvent>, PortError> {
        match self {
            Bus::Local(bus) => bus.log().read(topic, seq, limit).await,
        }
    }

    /// Decides where a reader that has the topic up to `(epoch, seq)` starts: from there when the ring or the log still has
    /// all that follows, or at the head with `reset` when its position is unknown, of another epoch, or too old. The
    /// database is asked only for topics that are not in memory.
    pub async fn start(&self, topic: Topic, epoch: i64, seq: u64) -> Result<Start, PortError> {
        let head = match self.head(topic) {
            Some(head) => head,
            None => self.load_head(topic).await?,
        };
        let known = epoch == self.epoch() && seq <= head && head - seq <= MAX_REPLAY;
        let reset = !(known && self.reaches(topic, seq).await?);
        let name = topic.to_string();
        let cursor = if reset { head } else { seq };
        Ok(Start { head: TopicHead { topic: name, epoch: self.epoch(), seq: head, reset }, cursor })
    }

    /// Whether everything after `seq` can still be had.
    async fn reaches(&self, topic: Topic, seq: u64) -> Result<bool, PortError> {
        if self.since(topic, seq) != Since::TooOld {
            return Ok(true);
        }
        match self {
            Bus::Local(bus) => Ok(bus.log().head(topic).await?.oldest <= seq + 1),
        }
    }

    async fn load_head(&self, topic: Topic) -> Result<u64, PortError> {
        match self {
            Bus::Local(bus) => {
                let head = bus.log().head(topic).await?;
                Ok(bus.observe_head(topic, head.seq))
            }
        }
    }
}
