//! What waits for one socket that would block. No I/O.

use std::collections::{BTreeMap, VecDeque};

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

use super::{Lane, encode};
use crate::ids::PersonId;
use crate::wire::server::{Event, EventFrame, PresenceStatus, PresenceView};

/// Most bytes that wait for one socket. Larger: a slow client is told later that it has to resume, and a stalled one costs
/// more memory. Smaller: a short stall of the network costs a reconnect. One longest frame always fits.
pub(super) const MAX_QUEUED: usize = 256 * 1024;
/// Small frames are joined to one write up to this size. Larger: fewer writes, but an urgent frame waits for a longer one.
const JOIN: usize = 16 * 1024;

/// The queue is at its bound: the client is too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("outbox full")]
pub(super) struct Overflow;

/// The queue of one socket. What is partly written ends first; then urgent frames, then bulk, then presence.
#[derive(Default)]
pub(super) struct Outbox {
    current: Bytes,
    urgent: VecDeque<Bytes>,
    bulk: VecDeque<Bytes>,
    /// The newest status of each person: bounded by the number of people that a session may watch.
    presence: BTreeMap<PersonId, PresenceStatus>,
    queued: usize,
}

impl Outbox {
    /// A queue that begins with the rest of a frame that is partly written.
    pub(super) fn begun(rest: Bytes) -> Self {
        Outbox { current: rest, ..Outbox::default() }
    }

    /// Queues whole frames.
    ///
    /// # Errors
    /// [`Overflow`] when they do not fit; they are not queued.
    pub(super) fn push(&mut self, lane: Lane, frames: Bytes) -> Result<(), Overflow> {
        if self.queued + frames.len() > MAX_QUEUED {
            return Err(Overflow);
        }
        self.queued += frames.len();
        match lane {
            Lane::Urgent => self.urgent.push_back(frames),
            Lane::Bulk => self.bulk.push_back(frames),
        }
        Ok(())
    }

    /// Notes presence; an older status of the same person is forgotten.
    pub(super) fn note(&mut self, people: Vec<PresenceView>) {
        self.presence.extend(people.into_iter().map(|view| (view.person, view.status)));
    }

    /// Queues a close frame as the last one. `discard` drops everything that has not begun.
    pub(super) fn end(&mut self, close: Bytes, discard: bool) {
        self.presence.clear();
        if discard {
            self.urgent.clear();
            self.bulk.clear();
            self.queued = 0;
        }
        self.bulk.push_back(close);
    }

    /// The next bytes to write; empty when nothing waits.
    pub(super) fn front(&mut self) -> &[u8] {
        if self.current.is_empty() {
            self.current = self.next();
        }
        &self.current
    }

    /// So many bytes of the front are written.
    pub(super) fn advance(&mut self, written: usize) {
        self.current.advance(written);
    }

    fn next(&mut self) -> Bytes {
        let lane = if self.urgent.is_empty() { &mut self.bulk } else { &mut self.urgent };
        let Some(first) = lane.pop_front() else { return self.next_presence() };
        self.queued = self.queued.saturating_sub(first.len());
        if lane.front().is_none_or(|second| first.len() + second.len() > JOIN) {
            return first;
        }
        let mut joined = BytesMut::from(&first[..]);
        while let Some(frame) = lane.pop_front_if(|frame| joined.len() + frame.len() <= JOIN) {
            self.queued = self.queued.saturating_sub(frame.len());
            joined.extend_from_slice(&frame);
        }
        joined.freeze()
    }

    fn next_presence(&mut self) -> Bytes {
        let people = std::mem::take(&mut self.presence);
        let people: Vec<_> =
            people.into_iter().map(|(person, status)| PresenceView { person, status }).collect();
        if people.is_empty() { Bytes::new() } else { presence_frame(people) }
    }
}

/// The frame that tells of changed presence.
pub(super) fn presence_frame(people: Vec<PresenceView>) -> Bytes {
    let frame = EventFrame { topic: "presence".into(), seq: None, event: Event::PresenceChanged { people } };
    // Serializing names and numbers into memory cannot fail.
    encode::text(&serde_json::to_vec(&frame).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn take(outbox: &mut Outbox) -> Vec<u8> {
        let mut all = Vec::new();
        while !outbox.front().is_empty() {
            let piece = outbox.front()[..1].to_vec();
            outbox.advance(1);
            all.extend(piece);
        }
        all
    }

    #[test]
    fn a_begun_frame_ends_before_urgent_and_urgent_before_bulk() {
        let mut outbox = Outbox::begun(Bytes::from_static(b"rest"));
        outbox.push(Lane::Bulk, Bytes::from_static(b"b1")).unwrap();
        outbox.push(Lane::Bulk, Bytes::from_static(b"b2")).unwrap();
        outbox.push(Lane::Urgent, Bytes::from_static(b"u1")).unwrap();
        assert_eq!(take(&mut outbox), b"restu1b1b2");
        assert_eq!(outbox.queued, 0);
    }

    #[test]
    fn urgent_overtakes_bulk_that_is_being_written() {
        let mut outbox = Outbox::default();
        let big = Bytes::from(vec![b'b'; JOIN]);
        outbox.push(Lane::Bulk, big.clone()).unwrap();
        outbox.push(Lane::Bulk, big).unwrap();
        outbox.front();
        outbox.advance(1);
        outbox.push(Lane::Urgent, Bytes::from_static(b"u")).unwrap();
        let all = take(&mut outbox);
        assert_eq!(all.iter().position(|byte| *byte == b'u'), Some(JOIN - 1));
    }

    #[test]
    fn the_bound_counts_what_waits() {
        let mut outbox = Outbox::default();
        let half = Bytes::from(vec![b'x'; MAX_QUEUED / 2]);
        outbox.push(Lane::Bulk, half.clone()).unwrap();
        outbox.push(Lane::Urgent, half.clone()).unwrap();
        assert_eq!(outbox.push(Lane::Urgent, Bytes::from_static(b"x")), Err(Overflow));
        outbox.front();
        assert_eq!(outbox.push(Lane::Urgent, half), Ok(()));
    }

    #[test]
    fn only_the_newest_presence_is_sent() {
        let person = |n| PersonId(Uuid::from_u128(n));
        let view = |n, status| PresenceView { person: person(n), status };
        let mut outbox = Outbox::begun(Bytes::from_static(b"."));
        outbox.note(vec![view(1, PresenceStatus::Available), view(2, PresenceStatus::Away)]);
        outbox.note(vec![view(1, PresenceStatus::InCall)]);
        outbox.advance(1);
        let newest = presence_frame(vec![view(1, PresenceStatus::InCall), view(2, PresenceStatus::Away)]);
        assert_eq!(take(&mut outbox), newest);
    }

    #[test]
    fn a_close_is_last_and_may_discard() {
        for (discard, expected) in [(false, &b"rest-b-close"[..]), (true, b"rest-close")] {
            let mut outbox = Outbox::begun(Bytes::from_static(b"rest"));
            outbox.push(Lane::Bulk, Bytes::from_static(b"-b")).unwrap();
            outbox.end(Bytes::from_static(b"-close"), discard);
            assert_eq!(take(&mut outbox), expected);
        }
    }
}
