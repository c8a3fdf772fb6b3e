//! What makes a slot one continuous stream: its own sequence numbers and timestamps, whatever track flows in it.

use std::time::Instant;

use crate::rtp::sequence::nearest;

/// Sequence number and timestamp of a packet that goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Sequence number in the slot.
    pub sequence: u16,
    /// Timestamp in the slot.
    pub timestamp: u32,
    /// First packet since a track was bound.
    pub first: bool,
}

/// How the numbers of the bound track become those of the slot. Both move alike, so while a track is bound the whole
/// sequence map is one difference.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    /// First packet of the track that was forwarded, and its number in the slot.
    first_in: u64,
    first_out: u64,
    timestamp_offset: u32,
}

/// Numbering state of one slot.
#[derive(Clone, Copy, Debug)]
pub struct Rewriter {
    clock_hz: u32,
    /// Highest number given out.
    highest: u64,
    timestamp: u32,
    sent_at: Option<Instant>,
    mapping: Option<Mapping>,
}

impl Rewriter {
    /// A slot whose stream will begin with the given random numbers (RFC 3550 section 5.1).
    pub fn new(clock_hz: u32, sequence: u16, timestamp: u32) -> Rewriter {
        // Far from zero, so that late packets before the first have numbers too.
        let highest = (1 << 16) + u64::from(sequence);
        Rewriter { clock_hz, highest, timestamp, sent_at: None, mapping: None }
    }

    /// A track was bound, or the gate opened: the next packet continues the stream, whatever its numbers are.
    pub fn restart(&mut self) {
        self.mapping = None;
    }

    /// Numbers for packet `sequence` (extended) of the bound track. `None` for packets from before the binding: their
    /// numbers are already taken.
    pub fn rewrite(&mut self, sequence: u64, timestamp: u32, now: Instant) -> Option<Position> {
        let first = self.mapping.is_none();
        let mapping = match self.mapping {
            Some(mapping) => mapping,
            None => self.start(sequence, timestamp, now),
        };
        let out = mapping.first_out + sequence.checked_sub(mapping.first_in)?;
        let timestamp = timestamp.wrapping_add(mapping.timestamp_offset);
        if out > self.highest {
            self.highest = out;
            self.timestamp = timestamp;
            self.sent_at = Some(now);
        }
        Some(Position { sequence: out as u16, timestamp, first })
    }

    /// The track's packet that went out with this number, if the bound track sent it.
    pub fn original(&self, sequence: u16) -> Option<u64> {
        let mapping = self.mapping?;
        let out = nearest(self.highest, sequence);
        (out <= self.highest).then_some(())?;
        Some(mapping.first_in + out.checked_sub(mapping.first_out)?)
    }

    /// The number under which a packet of the bound track went out.
    pub fn number(&self, sequence: u64) -> Option<u16> {
        let mapping = self.mapping?;
        Some((mapping.first_out + sequence.checked_sub(mapping.first_in)?) as u16)
    }

    /// A timestamp of the bound track on the slot's clock.
    pub fn timestamp(&self, timestamp: u32) -> Option<u32> {
        self.mapping.map(|mapping| timestamp.wrapping_add(mapping.timestamp_offset))
    }

    /// The slot's clock goes on by the time that passed, so a receiver hears a pause as long as it was.
    fn start(&mut self, sequence: u64, timestamp: u32, now: Instant) -> Mapping {
        let next = match self.sent_at {
            None => self.timestamp,
            Some(at) => {
                let passed =
                    now.saturating_duration_since(at).as_micros() * u128::from(self.clock_hz) / 1_000_000;
                self.timestamp.wrapping_add((passed as u32).max(1))
            }
        };
        let timestamp_offset = next.wrapping_sub(timestamp);
        let mapping = Mapping { first_in: sequence, first_out: self.highest + 1, timestamp_offset };
        self.mapping = Some(mapping);
        mapping
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_tracks_become_one_stream() {
        let t0 = Instant::now();
        let mut rewriter = Rewriter::new(48_000, 65_534, 1000);
        let a = rewriter.rewrite(70_000, 500, t0).unwrap();
        assert_eq!(a, Position { sequence: 65_535, timestamp: 1000, first: true });
        let b = rewriter.rewrite(70_001, 1460, t0 + Duration::from_millis(20)).unwrap();
        assert_eq!(b, Position { sequence: 0, timestamp: 1960, first: false });
        rewriter.restart();
        let c = rewriter.rewrite(100, 9_000_000, t0 + Duration::from_millis(120)).unwrap();
        assert_eq!(c, Position { sequence: 1, timestamp: 1960 + 4800, first: true });
        assert_eq!(rewriter.timestamp(9_000_960), Some(1960 + 4800 + 960));
    }

    #[test]
    fn gaps_stay_gaps_and_late_packets_fill_them() {
        let t0 = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 9, 0);
        assert_eq!(rewriter.rewrite(70_000, 0, t0).unwrap().sequence, 10);
        assert_eq!(rewriter.rewrite(70_002, 0, t0).unwrap().sequence, 12);
        assert_eq!(rewriter.rewrite(70_001, 0, t0).unwrap().sequence, 11);
        assert_eq!(rewriter.rewrite(69_999, 0, t0), None);
    }

    #[test]
    fn a_missing_number_leads_to_the_tracks_packet() {
        let t0 = Instant::now();
        let mut rewriter = Rewriter::new(90_000, 65_530, 0);
        rewriter.rewrite(70_000, 0, t0);
        rewriter.rewrite(70_009, 0, t0);
        assert_eq!(rewriter.original(65_531), Some(70_000));
        assert_eq!(rewriter.original(3), Some(70_008));
        assert_eq!(rewriter.original(5), None, "not sent yet");
        assert_eq!(rewriter.original(65_530), None, "sent before the binding");
        assert_eq!(rewriter.number(70_008), Some(3));
        rewriter.restart();
        assert_eq!(rewriter.original(3), None);
    }

    proptest! {
        #[test]
        fn no_number_is_given_twice_and_time_never_goes_back(
            tracks in prop::collection::vec((70_000u64..1_000_000, any::<u32>(), prop::collection::vec(0u64..40, 1..60)), 1..8)
        ) {
            let mut now = Instant::now();
            let mut rewriter = Rewriter::new(90_000, 60_000, 7);
            let (mut used, mut last_restart) = (std::collections::HashSet::new(), None::<u32>);
            for (base, clock, offsets) in tracks {
                rewriter.restart();
                let mut sent = std::collections::HashSet::new();
                for offset in offsets {
                    now += Duration::from_millis(7);
                    if !sent.insert(offset) {
                        continue;
                    }
                    let timestamp = clock.wrapping_add(offset as u32 * 3000);
                    let Some(position) = rewriter.rewrite(base + offset, timestamp, now) else { continue };
                    prop_assert!(used.insert(position.sequence));
                    prop_assert_eq!(rewriter.original(position.sequence), Some(base + offset));
                    if position.first {
                        if let Some(last) = last_restart {
                            prop_assert!(position.timestamp.wrapping_sub(last) as i32 > 0);
                        }
                        last_restart = Some(position.timestamp);
                    }
                }
            }
        }
    }
}
