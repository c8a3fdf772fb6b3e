//! The rings of recent frames of all topics, bounded in events, bytes and age. No I/O; `now` comes in.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;

use super::{Limits, REPLAY_CHUNK, Since};
use crate::topic::Topic;

/// What became of an appended event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Append {
    /// It is the next one.
    Next,
    /// It was there already.
    Duplicate,
    /// Events between the head and it are missing.
    Gap,
}

/// Rings of all topics.
pub(super) struct Rings {
    topics: HashMap<Topic, Ring>,
    /// Frames in the order in which they came, for eviction. May name frames that their ring has already dropped.
    order: VecDeque<Entry>,
    /// Frames that rings hold, and their bytes.
    frames: usize,
    bytes: usize,
    limits: Limits,
}

/// One topic. An empty ring allocates nothing, so a topic nobody publishes to costs its head only.
#[derive(Default)]
struct Ring {
    head: u64,
    /// Frames `head - len + 1 ..= head`.
    frames: VecDeque<Bytes>,
}

struct Entry {
    topic: Topic,
    seq: u64,
    at: Instant,
}

impl Ring {
    /// Sequence of the oldest frame in the ring; `head + 1` when it is empty.
    fn first(&self) -> u64 {
        self.head + 1 - self.frames.len() as u64
    }
}

impl Rings {
    pub(super) fn new(limits: Limits) -> Self {
        Rings { topics: HashMap::new(), order: VecDeque::new(), frames: 0, bytes: 0, limits }
    }

    pub(super) fn head(&self, topic: Topic) -> Option<u64> {
        self.topics.get(&topic).map(|ring| ring.head)
    }

    /// Makes the topic known with this head, unless it is known already.
    pub(super) fn meet(&mut self, topic: Topic, head: u64) {
        self.topics.entry(topic).or_insert_with(|| Ring { head, frames: VecDeque::new() });
    }

    /// Appends the event. An unknown topic starts with it: nobody here reads it yet.
    pub(super) fn append(&mut self, now: Instant, topic: Topic, seq: u64, frame: Bytes) -> Append {
        self.expire(now);
        self.meet(topic, seq.saturating_sub(1));
        let Some(ring) = self.topics.get_mut(&topic) else { return Append::Gap };
        if seq <= ring.head {
            return Append::Duplicate;
        }
        if seq > ring.head + 1 {
            return Append::Gap;
        }
        ring.head = seq;
        self.frames += 1;
        self.bytes += frame.len();
        ring.frames.push_back(frame);
        if ring.frames.len() > self.limits.ring_events {
            let first = ring.first();
            self.drop_front(topic, first);
        }
        self.order.push_back(Entry { topic, seq, at: now });
        self.evict();
        Append::Next
    }

    /// Events after `seq`, at most [`REPLAY_CHUNK`] bytes but at least one.
    pub(super) fn since(&self, topic: Topic, seq: u64) -> Since {
        let Some(ring) = self.topics.get(&topic) else { return Since::TooOld };
        if seq >= ring.head {
            return Since::Frames(Vec::new());
        }
        let first = ring.first();
        if seq + 1 < first {
            return Since::TooOld;
        }
        let mut bytes = 0;
        let newer = ring.frames.iter().zip(first..).skip((seq + 1 - first) as usize);
        let chunk = newer.take_while(|(frame, _)| {
            let fits = bytes < REPLAY_CHUNK;
            bytes += frame.len();
            fits
        });
        Since::Frames(chunk.map(|(frame, seq)| (seq, frame.clone())).collect())
    }

    /// Drops frames that are too old.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(entry) = self.order.front() {
            if now.saturating_duration_since(entry.at) < self.limits.keep {
                break;
            }
            self.drop_oldest();
        }
    }

    /// Frames held and their bytes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.frames, self.bytes)
    }

    fn evict(&mut self) {
        while self.bytes > self.limits.ring_bytes && !self.order.is_empty() {
            self.drop_oldest();
        }
        // Entries whose frames a full ring dropped: swept when they are the majority, so each costs O(1).
        if self.order.len() > 2 * self.frames + 1024 {
            let topics = &self.topics;
            self.order.retain(|entry| topics.get(&entry.topic).is_some_and(|ring| ring.first() <= entry.seq));
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(entry) = self.order.pop_front() {
            self.drop_front(entry.topic, entry.seq);
        }
    }

    /// Drops the oldest frame of the topic if it is still that of `seq`.
    fn drop_front(&mut self, topic: Topic, seq: u64) {
        let Some(ring) = self.topics.get_mut(&topic) else { return };
        if ring.first() != seq {
            return;
        }
        if let Some(frame) = ring.frames.pop_front() {
            self.frames -= 1;
            self.bytes -= frame.len();
        }
        if ring.frames.is_empty() {
            ring.frames = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rings(ring_events: usize, ring_bytes: usize) -> Rings {
        Rings::new(Limits { ring_events, ring_bytes, keep: Duration::from_secs(60) })
    }

    fn frame(seq: u64) -> Bytes {
        Bytes::from(format!("{seq:010}"))
    }

    fn seqs(since: Since) -> Vec<u64> {
        match since {
            Since::Frames(frames) => {
                frames.iter().for_each(|(seq, bytes)| assert_eq!(*bytes, frame(*seq)));
                frames.into_iter().map(|(seq, _)| seq).collect()
            }
            Since::TooOld => vec![u64::MAX],
        }
    }

    #[test]
    fn serves_what_follows_and_says_what_is_too_old() {
        let mut rings = rings(4, 1_000);
        let now = crate::clock::now().into_std();
        for seq in 1..=6 {
            assert_eq!(rings.append(now, Topic::City, seq, frame(seq)), Append::Next);
        }
        assert!(seqs(rings.since(Topic::City, 6)).is_empty());
        assert_eq!(seqs(rings.since(Topic::City, 4)), [5, 6]);
        assert_eq!(seqs(rings.since(Topic::City, 2)), [3, 4, 5, 6]);
        assert_eq!(rings.since(Topic::City, 1), Since::TooOld);
        assert_eq!(rings.size(), (4, 40));
    }

    #[test]
    fn refuses_gaps_and_duplicates() {
        let mut rings = rings(4, 1_000);
        let now = crate::clock::now().into_std();
        rings.meet(Topic::City, 10);
        assert_eq!(rings.append(now, Topic::City, 12, frame(12)), Append::Gap);
        assert_eq!(rings.append(now, Topic::City, 10, frame(10)), Append::Duplicate);
        assert_eq!(rings.append(now, Topic::City, 11, frame(11)), Append::Next);
        assert_eq!(rings.head(Topic::City), Some(11));
    }

    #[test]
    fn bytes_are_bounded_over_all_topics_and_old_frames_expire() {
        let mut rings = rings(100, 50);
        let now = crate::clock::now().into_std();
        let person = Topic::Person(crate::ids::PersonId(uuid::Uuid::from_u128(1)));
        for seq in 1..=5 {
            rings.append(now, person, seq, frame(seq));
        }
        rings.append(now, Topic::City, 1, frame(1));
        assert_eq!(rings.size(), (5, 50));
        assert_eq!(rings.since(person, 0), Since::TooOld);
        assert_eq!(seqs(rings.since(person, 1)), [2, 3, 4, 5]);
        rings.expire(now + Duration::from_secs(61));
        assert_eq!(rings.size(), (0, 0));
        assert_eq!(rings.head(person), Some(5));
    }

    #[test]
    fn eviction_order_does_not_grow_without_bound() {
        let mut rings = rings(4, 1_000_000);
        let now = crate::clock::now().into_std();
        for seq in 1..=10_000 {
            rings.append(now, Topic::City, seq, frame(seq));
        }
        assert!(rings.order.len() <= 2 * 4 + 1025, "{}", rings.order.len());
    }

    #[test]
    fn chunks_are_bounded_in_bytes_but_never_empty() {
        let mut rings = rings(16, 10_000_000);
        let now = crate::clock::now().into_std();
        for seq in 1..=4 {
            rings.append(now, Topic::City, seq, Bytes::from(vec![b'x'; REPLAY_CHUNK]));
        }
        let Since::Frames(frames) = rings.since(Topic::City, 1) else { panic!("too old") };
        assert_eq!(frames.len(), 1);
        assert_eq!(frames[0].0, 2);
    }
}
