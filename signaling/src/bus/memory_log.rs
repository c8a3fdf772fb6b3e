//! A log in memory for tests, with an outage switch.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;

use crate::log::{EventLog, Head, LoggedEvent};
use crate::ports::{PortError, PortFuture};
use crate::topic::Topic;

#[derive(Default)]
pub(crate) struct MemoryLog {
    topics: Mutex<BTreeMap<Topic, Vec<(u64, Bytes)>>>,
    pub(crate) away: AtomicBool,
    pub(crate) reads: AtomicU64,
}

impl MemoryLog {
    pub(crate) const EPOCH: i64 = 1_700_000_000_000;

    /// Appends the next event and returns it.
    pub(crate) fn append(&self, topic: Topic, filler: usize) -> LoggedEvent {
        let mut topics = self.topics.lock().unwrap();
        let events = topics.entry(topic).or_default();
        let seq = events.last().map_or(0, |(seq, _)| *seq) + 1;
        let text = "x".repeat(filler);
        let frame = format!(r#"{{"topic":"{topic}","seq":{seq},"type":"note","data":{{"text":"{text}"}}}}"#);
        let frame = Bytes::from(frame);
        events.push((seq, frame.clone()));
        LoggedEvent { topic, seq, frame }
    }

    /// Forgets events up to `seq`.
    pub(crate) fn prune(&self, topic: Topic, seq: u64) {
        self.topics.lock().unwrap().get_mut(&topic).unwrap().retain(|(s, _)| *s > seq);
    }

    fn answer<T: Send + 'static>(&self, value: T) -> PortFuture<'_, T> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let away = self.away.load(Ordering::Relaxed);
        Box::pin(async move { if away { Err(PortError::Unavailable("away".into())) } else { Ok(value) } })
    }
}

impl EventLog for MemoryLog {
    fn epoch(&self) -> i64 {
        Self::EPOCH
    }

    fn head(&self, topic: Topic) -> PortFuture<'_, Head> {
        let topics = self.topics.lock().unwrap();
        let events = topics.get(&topic).map(Vec::as_slice).unwrap_or_default();
        let head = Head {
            seq: events.last().map_or(0, |(seq, _)| *seq),
            oldest: events.first().map_or(1, |(seq, _)| *seq),
        };
        self.answer(head)
    }

    fn read(&self, topic: Topic, seq: u64, limit: u32) -> PortFuture<'_, Vec<LoggedEvent>> {
        let topics = self.topics.lock().unwrap();
        let events = topics.get(&topic).map(Vec::as_slice).unwrap_or_default();
        let newer = events.iter().filter(|(s, _)| *s > seq).take(limit as usize);
        let found = newer.map(|(seq, frame)| LoggedEvent { topic, seq: *seq, frame: frame.clone() });
        self.answer(found.collect())
    }
}
