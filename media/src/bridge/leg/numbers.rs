//! The numbers of the one stream towards the telephone: they never go back and never start anew, whatever is sent.

use std::time::Instant;

/// A packet of a passed-through stream that is further ahead than this belongs to a stream that began anew.
const LARGEST_GAP: u64 = 3_000;

/// Sequence number and timestamp of a packet that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
}

/// How the numbers of a stream that is passed through become ours.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    first_in: u64,
    first_out: u64,
    offset: u32,
}

/// See the module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) ssrc: u32,
    clock_hz: u32,
    /// Of the next packet, extended.
    sequence: u64,
    /// Of the next packet, if there is no pause before it.
    timestamp: u32,
    /// Timestamp of the last packet, and when it went out.
    last: Option<(u32, Instant)>,
    mapping: Option<Mapping>,
}

impl Numbers {
    /// All begin at random values (RFC 3550 section 5.1).
    pub(super) fn new(ssrc: u32, sequence: u16, timestamp: u32, clock_hz: u32) -> Numbers {
        // One round ahead, so that there are numbers below.
        let sequence = (1 << 16) + u64::from(sequence);
        Numbers { ssrc, clock_hz, sequence, timestamp, last: None, mapping: None }
    }

    /// Timestamps run at another clock from now on.
    pub(super) fn set_clock(&mut self, clock_hz: u32, now: Instant) {
        if clock_hz != self.clock_hz {
            self.resume(now);
            self.clock_hz = clock_hz;
            self.last = self.last.map(|_| (self.timestamp, now));
        }
    }

    /// What comes next begins now: the pause becomes as long as it was.
    pub(super) fn resume(&mut self, now: Instant) {
        self.mapping = None;
        let Some((timestamp, at)) = self.last else { return };
        let passed = now.saturating_duration_since(at).as_micros() * u128::from(self.clock_hz) / 1_000_000;
        let due = timestamp.wrapping_add(passed as u32);
        if due.wrapping_sub(self.timestamp) as i32 > 0 {
            self.timestamp = due;
        }
    }

    /// A pause of so many ticks, as the stream itself says.
    pub(super) fn skip(&mut self, ticks: u32) {
        self.timestamp = self.timestamp.wrapping_add(ticks);
    }

    /// The next packet, which lasts `ticks`.
    pub(super) fn next(&mut self, ticks: u32, now: Instant) -> Position {
        let position = Position { sequence: self.sequence as u16, timestamp: self.timestamp };
        self.last = Some((self.timestamp, now));
        self.sequence += 1;
        self.timestamp = self.timestamp.wrapping_add(ticks);
        position
    }

    /// A packet of something that lasts longer than a packet: all have the `timestamp` of its start. What follows comes `ticks`
    /// after that at the earliest.
    pub(super) fn within(&mut self, timestamp: u32, ticks: u32, now: Instant) -> Position {
        let position = Position { sequence: self.sequence as u16, timestamp };
        self.mapping = None;
        self.sequence += 1;
        if self.last.is_none_or(|(last, _)| last != timestamp) {
            self.last = Some((timestamp, now));
        }
        let end = timestamp.wrapping_add(ticks);
        if end.wrapping_sub(self.timestamp) as i32 > 0 {
            self.timestamp = end;
        }
        position
    }

    /// Numbers for packet `sequence` (extended) of a stream that is passed through, gaps and all; and whether it is the first.
    /// `None` for one that came too late to have a number.
    pub(super) fn pass(
        &mut self,
        sequence: u64,
        timestamp: u32,
        ticks: u32,
        now: Instant,
    ) -> Option<(Position, bool)> {
        let next_in = |mapping: Mapping, next: u64| mapping.first_in + (next - mapping.first_out);
        let known = self.mapping.filter(|mapping| {
            sequence.saturating_sub(next_in(*mapping, self.sequence.max(mapping.first_out))) < LARGEST_GAP
        });
        let first = known.is_none();
        let mapping = match known {
            Some(mapping) => mapping,
            None => {
                self.resume(now);
                let offset = self.timestamp.wrapping_sub(timestamp);
                Mapping { first_in: sequence, first_out: self.sequence, offset }
            }
        };
        self.mapping = Some(mapping);
        let out = mapping.first_out + sequence.checked_sub(mapping.first_in)?;
        let position = Position { sequence: out as u16, timestamp: timestamp.wrapping_add(mapping.offset) };
        if out >= self.sequence {
            self.sequence = out + 1;
            self.timestamp = position.timestamp.wrapping_add(ticks);
            self.last = Some((position.timestamp, now));
        }
        Some((position, first))
    }

    /// What a packet that went out now would have as its timestamp.
    pub(super) fn timestamp_at(&self, now: Instant) -> u32 {
        let mut copy = *self;
        copy.resume(now);
        copy.last.map_or(copy.timestamp, |_| copy.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_pause_is_as_long_as_it_was() {
        let t0 = Instant::now();
        let mut numbers = Numbers::new(1, 65_535, 100, 8_000);
        numbers.resume(t0);
        assert_eq!(numbers.next(160, t0), Position { sequence: 65_535, timestamp: 100 });
        assert_eq!(numbers.next(160, t0 + ms(25)), Position { sequence: 0, timestamp: 260 });
        numbers.resume(t0 + ms(1_025));
        assert_eq!(numbers.next(160, t0 + ms(1_025)), Position { sequence: 1, timestamp: 260 + 8_000 });
        numbers.resume(t0 + ms(1_026));
        assert_eq!(numbers.next(160, t0 + ms(1_026)).timestamp, 260 + 8_160, "never back");
    }

    #[test]
    fn an_event_keeps_its_timestamp_and_moves_what_follows() {
        let t0 = Instant::now();
        let mut numbers = Numbers::new(1, 0, 0, 8_000);
        numbers.next(160, t0);
        for n in 0..3 {
            let position = numbers.within(160, 1_600, t0 + ms(20 + 20 * n));
            assert_eq!(position, Position { sequence: 1 + n as u16, timestamp: 160 });
        }
        numbers.resume(t0 + ms(100));
        assert_eq!(numbers.next(160, t0 + ms(100)), Position { sequence: 4, timestamp: 1_760 });
        numbers.within(1_920, 1_600, t0 + ms(120));
        numbers.resume(t0 + ms(1_120));
        assert_eq!(numbers.next(160, t0).timestamp, 1_920 + 8_000, "counted from its start");
    }

    #[test]
    fn what_is_passed_through_keeps_its_gaps() {
        let t0 = Instant::now();
        let mut numbers = Numbers::new(1, 10, 0, 48_000);
        numbers.next(960, t0);
        let mut pass = |sequence, timestamp| {
            numbers
                .pass(sequence, timestamp, 960, t0 + ms(20))
                .map(|(p, first)| (p.sequence, p.timestamp, first))
        };
        assert_eq!(pass(70_000, 5_000), Some((11, 960, true)));
        assert_eq!(pass(70_002, 6_920), Some((13, 2_880, false)));
        assert_eq!(pass(70_001, 5_960), Some((12, 1_920, false)));
        assert_eq!(pass(69_999, 4_040), None);
        assert_eq!(pass(170_000, 0), Some((14, 3_840, true)), "another stream");
        assert_eq!(numbers.next(960, t0).sequence, 15);
    }

    #[test]
    fn another_clock_goes_on_from_here() {
        let t0 = Instant::now();
        let mut numbers = Numbers::new(1, 0, 0, 8_000);
        numbers.next(160, t0);
        numbers.set_clock(48_000, t0 + ms(1_000));
        numbers.resume(t0 + ms(1_500));
        assert_eq!(numbers.next(960, t0).timestamp, 8_000 + 24_000);
    }
}
