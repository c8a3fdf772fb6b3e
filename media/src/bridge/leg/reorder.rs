//! Puts packets of a telephone in order: one or two places, and for no longer than a packet lasts. A decoder with state needs
//! order, and every further place would be delay for each lost packet.

use std::time::{Duration, Instant};

/// Packets that are held while one before them is missing.
const PLACES: usize = 2;
/// How long they are held. Longer: later packets still find their place, but all behind a lost one are later.
const PATIENCE: Duration = Duration::from_millis(30);
/// Longest payload; more than an Ethernet frame holds is no telephone's.
pub(super) const MAX_PAYLOAD: usize = 1_500;
/// Packets behind by more than this are of a stream that began anew under its old name.
const RESTART: u64 = 1_000;

/// A packet's place in its stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Extended sequence number.
    pub(super) sequence: u64,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) payload_type: u8,
}

struct Held {
    place: Place,
    len: usize,
    payload: Box<[u8; MAX_PAYLOAD]>,
}

/// See the module.
pub(super) struct Reorder {
    next: Option<u64>,
    /// In order; the first `used` are taken.
    held: [Held; PLACES],
    used: usize,
    since: Option<Instant>,
}

impl Reorder {
    pub(super) fn new() -> Reorder {
        let held = || Held { place: Place::default(), len: 0, payload: Box::new([0; MAX_PAYLOAD]) };
        Reorder { next: None, held: [held(), held()], used: 0, since: None }
    }

    /// Another stream begins.
    pub(super) fn reset(&mut self) {
        (self.next, self.used, self.since) = (None, 0, None);
    }

    /// Takes a packet, and calls `deliver` for each whose turn it is. `false`: it is a duplicate or too late.
    pub(super) fn take(
        &mut self,
        place: Place,
        payload: &[u8],
        now: Instant,
        mut deliver: impl FnMut(Place, &[u8]),
    ) -> bool {
        let next = self.next.unwrap_or(place.sequence);
        if place.sequence.wrapping_add(RESTART) < next || payload.len() > MAX_PAYLOAD {
            self.reset();
            return false;
        }
        if place.sequence < next
            || self.held[..self.used].iter().any(|held| held.place.sequence == place.sequence)
        {
            return false;
        }
        if place.sequence > next + PLACES as u64 || (place.sequence > next && self.used == PLACES) {
            self.flush(&mut deliver);
        }
        let next = self.next.unwrap_or(place.sequence);
        if place.sequence > next && self.used < PLACES && place.sequence <= next + PLACES as u64 {
            self.hold(place, payload, now);
            return true;
        }
        deliver(place, payload);
        self.next = Some(place.sequence + 1);
        self.drain(&mut deliver);
        true
    }

    /// When the held packets have waited enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.since.map(|since| since + PATIENCE)
    }

    /// Gives up what is missing, if it is time.
    pub(super) fn expire(&mut self, now: Instant, mut deliver: impl FnMut(Place, &[u8])) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.flush(&mut deliver);
        }
    }

    fn hold(&mut self, place: Place, payload: &[u8], now: Instant) {
        let held = &mut self.held[self.used];
        (held.place, held.len) = (place, payload.len());
        held.payload[..payload.len()].copy_from_slice(payload);
        self.used += 1;
        if self.used == PLACES && self.held[0].place.sequence > self.held[1].place.sequence {
            self.held.swap(0, 1);
        }
        self.since.get_or_insert(now);
    }

    /// Delivers all held packets.
    fn flush(&mut self, deliver: &mut impl FnMut(Place, &[u8])) {
        for held in &self.held[..self.used] {
            deliver(held.place, &held.payload[..held.len]);
            self.next = Some(held.place.sequence + 1);
        }
        (self.used, self.since) = (0, None);
    }

    /// Delivers the held packets whose turn it is.
    fn drain(&mut self, deliver: &mut impl FnMut(Place, &[u8])) {
        while self.used > 0 && Some(self.held[0].place.sequence) == self.next {
            let held = &self.held[0];
            deliver(held.place, &held.payload[..held.len]);
            self.next = Some(held.place.sequence + 1);
            self.held.swap(0, 1);
            self.used -= 1;
        }
        if self.used == 0 {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(sequences: &[u64]) -> Vec<u64> {
        let (mut reorder, mut out, now) = (Reorder::new(), Vec::new(), Instant::now());
        for sequence in sequences {
            let place = Place { sequence: *sequence, ..Place::default() };
            reorder.take(place, &sequence.to_be_bytes(), now, |place, payload| {
                assert_eq!(payload, place.sequence.to_be_bytes());
                out.push(place.sequence);
            });
        }
        reorder.expire(now + PATIENCE, |place, _| out.push(place.sequence));
        out
    }

    #[test]
    fn two_places_are_put_in_order() {
        assert_eq!(run(&[1, 3, 2, 4]), [1, 2, 3, 4]);
        assert_eq!(run(&[1, 3, 4, 2, 5]), [1, 2, 3, 4, 5]);
        assert_eq!(run(&[1, 4, 3, 2, 5]), [1, 2, 3, 4, 5]);
        assert_eq!(run(&[1, 5, 2, 6]), [1, 5, 6], "three places are too many");
        assert_eq!(run(&[1, 1, 2, 2, 1]), [1, 2]);
    }

    #[test]
    fn what_is_lost_is_given_up() {
        assert_eq!(run(&[1, 3, 4, 5, 2]), [1, 3, 4, 5]);
        assert_eq!(run(&[1, 3]), [1, 3], "by time");
        assert_eq!(run(&[1, 50, 51]), [1, 50, 51]);
        assert_eq!(run(&[1, 3, 50, 51]), [1, 3, 50, 51]);
    }

    proptest! {
        #[test]
        fn what_comes_out_is_in_order_and_once(sequences in prop::collection::vec(0u64..60, 0..200)) {
            let out = run(&sequences);
            prop_assert!(out.windows(2).all(|pair| pair[0] < pair[1]), "{out:?}");
        }
    }
}
