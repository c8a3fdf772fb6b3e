//! One event to many sockets: joined, encoded once, and interrupted for what is urgent.

use std::collections::HashMap;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};

use super::conn::Conn;
use super::counters::add;
use super::shard::Worker;
use super::{Lane, encode};
use crate::bus::{Lagged, Publication};
use crate::topic::Topic;

/// Sockets that are served before the urgent lane is looked at. Larger: a ring waits longer (some 10 µs per socket).
/// Smaller: more overhead per delivery.
const YIELD_EVERY: usize = 256;
/// Events of a topic are joined to one write up to this size. Larger: fewer writes in a burst, more copying for sockets that
/// block.
const JOIN: usize = 32 * 1024;

/// Consecutive events of one topic as one buffer of WebSocket frames.
#[derive(Debug, PartialEq, Eq)]
struct Batch {
    topic: Topic,
    lane: Lane,
    first: u64,
    last: u64,
    frames: Bytes,
}

/// How a batch meets what a socket has.
enum Fit {
    Next,
    Had,
    Other,
}

impl Worker {
    /// Delivers what the bus has for this shard in the bulk lane; true when there was something. Lets urgent things, and the
    /// sockets that have sent something, pass between groups of sockets.
    pub(super) async fn fan_out_bulk(self: &Rc<Self>) -> bool {
        let (batches, lagged) = self.take(Lane::Bulk);
        let found = !batches.is_empty() || !lagged.is_empty();
        for batch in batches {
            // A copy: while this yields, sockets come and go. Those that come get what they lack by their cursor.
            let slots = self.topics.borrow().readers(batch.topic).to_vec();
            for group in slots.chunks(YIELD_EVERY) {
                group.iter().for_each(|slot| self.at(*slot, |conn| self.offer(conn, &batch)));
                self.pass(slots.len()).await;
            }
        }
        for topic in lagged {
            let slots = self.topics.borrow().readers(topic).to_vec();
            for group in slots.chunks(YIELD_EVERY) {
                group.iter().for_each(|slot| self.at(*slot, |conn| self.catch_up(conn, topic)));
                self.pass(slots.len()).await;
            }
        }
        found
    }

    /// Delivers what the bus has for this shard in the urgent lane, without a pause.
    pub(super) fn fan_out_urgent(self: &Rc<Self>) {
        let (batches, lagged) = self.take(Lane::Urgent);
        for batch in batches {
            let slots = self.topics.borrow().readers(batch.topic).to_vec();
            slots.iter().for_each(|slot| self.at(*slot, |conn| self.offer(conn, &batch)));
        }
        for topic in lagged {
            let slots = self.topics.borrow().readers(topic).to_vec();
            slots.iter().for_each(|slot| self.at(*slot, |conn| self.catch_up(conn, topic)));
        }
    }

    fn take(&self, lane: Lane) -> (Vec<Batch>, Vec<Topic>) {
        let mut publications = Vec::new();
        let lagged = match self.feed.drain(lane, &mut publications) {
            Ok(()) => Vec::new(),
            Err(Lagged(topics)) => {
                add(&self.counters.lagged, 1);
                topics
            }
        };
        (batches(publications), lagged)
    }

    /// Lets others run in the middle of a fan-out to so many sockets.
    async fn pass(self: &Rc<Self>, sockets: usize) {
        if sockets > YIELD_EVERY {
            self.urgent();
            tokio::task::yield_now().await;
            self.urgent();
        }
    }

    fn at(&self, slot: u32, serve: impl FnOnce(&Rc<Conn>)) {
        let conn = self.table.borrow().at(slot).cloned();
        if let Some(conn) = conn {
            serve(&conn);
        }
    }

    /// Delivers the batch when it is exactly what the socket lacks; otherwise reads what it lacks from the bus.
    fn offer(self: &Rc<Self>, conn: &Rc<Conn>, batch: &Batch) {
        let fit = conn.subscription(batch.topic, |s| match s.cursor {
            cursor if cursor >= batch.last => Fit::Had,
            cursor if cursor + 1 == batch.first && !s.reading => {
                s.cursor = batch.last;
                Fit::Next
            }
            _ => Fit::Other,
        });
        match fit {
            Some(Fit::Next) => self.send(conn, batch.lane, batch.frames.clone()),
            Some(Fit::Other) => self.catch_up(conn, batch.topic),
            Some(Fit::Had) | None => {}
        }
    }
}

/// Joins consecutive events of the same topic and lane, in the order in which the topics first appear.
fn batches(publications: Vec<Publication>) -> Vec<Batch> {
    let mut done: Vec<Open> = Vec::new();
    let mut newest: HashMap<Topic, usize> = HashMap::new();
    for publication in publications {
        let open = newest.get(&publication.topic).map(|index| &mut done[*index]);
        match open {
            Some(open) if open.takes(&publication) => open.put(&publication),
            _ => {
                newest.insert(publication.topic, done.len());
                done.push(Open::begin(&publication));
            }
        }
    }
    done.into_iter().map(Open::close).collect()
}

/// A batch that is being joined.
struct Open {
    topic: Topic,
    lane: Lane,
    first: u64,
    last: u64,
    frames: BytesMut,
}

impl Open {
    fn begin(publication: &Publication) -> Open {
        let Publication { topic, lane, seq, ref frame } = *publication;
        let mut frames = BytesMut::with_capacity(frame.len() + 10);
        encode::put_text(&mut frames, frame);
        Open { topic, lane, first: seq, last: seq, frames }
    }

    fn takes(&self, publication: &Publication) -> bool {
        publication.seq == self.last + 1
            && publication.lane == self.lane
            && self.frames.len() + publication.frame.len() <= JOIN
    }

    fn put(&mut self, publication: &Publication) {
        encode::put_text(&mut self.frames, &publication.frame);
        self.last = publication.seq;
    }

    fn close(self) -> Batch {
        let Open { topic, lane, first, last, frames } = self;
        Batch { topic, lane, first, last, frames: frames.freeze() }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::PersonId;

    const PERSON: Topic = Topic::Person(PersonId(Uuid::from_u128(1)));

    fn publication(topic: Topic, seq: u64, size: usize) -> Publication {
        Publication { topic, seq, lane: Lane::Bulk, frame: Bytes::from(vec![b'0' + seq as u8; size]) }
    }

    fn ranges(publications: Vec<Publication>) -> Vec<(Topic, u64, u64)> {
        batches(publications).into_iter().map(|batch| (batch.topic, batch.first, batch.last)).collect()
    }

    #[test]
    fn bursts_are_joined_per_topic_and_gaps_are_not() {
        let burst = [(Topic::City, 1), (PERSON, 5), (Topic::City, 2), (Topic::City, 4), (PERSON, 6)];
        let burst = burst.map(|(topic, seq)| publication(topic, seq, 3)).to_vec();
        assert_eq!(&batches(burst.clone())[0].frames[..], b"\x81\x03111\x81\x03222");
        assert_eq!(ranges(burst), [(Topic::City, 1, 2), (PERSON, 5, 6), (Topic::City, 4, 4)]);
    }

    #[test]
    fn a_batch_is_bounded() {
        let burst = (1..=4).map(|seq| publication(Topic::City, seq, JOIN / 2 - 20)).collect();
        assert_eq!(ranges(burst), [(Topic::City, 1, 2), (Topic::City, 3, 4)]);
    }
}
