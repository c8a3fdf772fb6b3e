use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::bridge::signal::Lcg;

/// What came out in a beat: a packet by its number, or a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Packet(u32),
    Recovered(u32),
    Concealed,
    Nothing,
}

/// A sender of 20 ms packets whose payload is their number, and the beat of the mix.
struct Line {
    buffer: JitterBuffer,
    epoch: Instant,
    /// Arrival of what is on the way, in microseconds, and its number.
    way: Vec<(u64, u32)>,
    beats: u64,
    quiet: bool,
    base: u32,
}

impl Line {
    fn new(way: impl IntoIterator<Item = (u64, u32)>) -> Self {
        let epoch = Instant::now();
        let mut way: Vec<_> = way.into_iter().collect();
        way.sort_unstable();
        // The timestamps wrap on the way.
        let base = u32::MAX - 20_000;
        Self { buffer: JitterBuffer::new(epoch), epoch, way, beats: 0, quiet: false, base }
    }

    fn beat(&mut self) -> Heard {
        // Between the packets of a steady sender.
        let at = self.beats * 20_000 + 10_000;
        self.beats += 1;
        let due = self.way.partition_point(|(arrival, _)| *arrival <= at);
        for (arrival, n) in self.way.drain(..due) {
            let timestamp = self.base.wrapping_add(n * FRAME);
            self.buffer.insert(timestamp, &n.to_be_bytes(), self.epoch + Duration::from_micros(arrival));
        }
        let number = |payload: &[u8]| u32::from_be_bytes(payload.try_into().expect("four bytes"));
        let heard = match self.buffer.next(self.quiet) {
            Next::Packet(payload) => Heard::Packet(number(payload)),
            Next::Recover { next, missing } => {
                assert_eq!(missing, FRAME);
                Heard::Recovered(number(next) - 1)
            }
            Next::Conceal => Heard::Concealed,
            Next::Nothing => Heard::Nothing,
        };
        if let Heard::Packet(_) = heard {
            self.buffer.played(FRAME);
        }
        heard
    }

    fn beats(&mut self, count: usize) -> Vec<Heard> {
        (0..count).map(|_| self.beat()).collect()
    }
}

fn steady(count: u32) -> impl Iterator<Item = (u64, u32)> {
    (0..count).map(|n| (u64::from(n) * 20_000, n))
}

fn packets(heard: &[Heard]) -> Vec<u32> {
    heard.iter().filter_map(|heard| if let Heard::Packet(n) = heard { Some(*n) } else { None }).collect()
}

#[test]
fn a_steady_stream_is_played_whole_after_forty_milliseconds() {
    let mut line = Line::new(steady(100));
    let heard = line.beats(101);
    assert_eq!(heard[0], Heard::Nothing);
    assert_eq!(packets(&heard), (0..100).collect::<Vec<_>>());
    assert!(heard[1..].iter().all(|heard| matches!(heard, Heard::Packet(_))));
    assert_eq!(line.buffer.target(), LEAST);
}

#[test]
fn a_lost_packet_is_asked_back_from_the_next() {
    let mut line = Line::new(steady(50).filter(|(_, n)| ![10, 20, 21].contains(n)));
    let heard = line.beats(52);
    assert!(heard.contains(&Heard::Recovered(10)));
    assert!(heard.contains(&Heard::Recovered(21)), "{heard:?}");
    assert_eq!(packets(&heard), (0..50).filter(|n| ![10, 20, 21].contains(n)).collect::<Vec<_>>());
    // Each beat of the lost ones is filled, once.
    assert_eq!(heard.iter().position(|heard| *heard == Heard::Packet(49)), Some(50));
}

#[test]
fn reordered_and_repeated_packets_are_played_in_order_and_once() {
    let swapped = steady(60).map(|(at, n)| (if n % 7 == 3 { at + 25_000 } else { at }, n));
    let mut line = Line::new(swapped.flat_map(|(at, n)| [(at, n), (at + 1_000, n)]));
    assert_eq!(packets(&line.beats(63)), (0..60).collect::<Vec<_>>());
}

#[test]
fn jitter_makes_the_delay_grow_and_nothing_is_lost() {
    // Up to 55 ms late, by chance: 40 ms of delay are not enough.
    let late: Vec<_> = steady(1_000)
        .zip(Lcg(5))
        .map(|((at, n), random)| (at + u64::from(random >> 16) % 55_000, n))
        .collect();
    let mut line = Line::new(late);
    let heard = line.beats(1_010);
    assert!(line.buffer.target() > LEAST && line.buffer.target() <= MOST);
    assert!(packets(&heard).len() >= 998, "{}", packets(&heard).len());
    let holes = heard[200..1_000].iter().filter(|heard| !matches!(heard, Heard::Packet(_))).count();
    assert_eq!(holes, 0, "grown by then");
}

#[test]
fn a_delay_that_is_no_longer_needed_is_cut_in_silence() {
    // A burst of 160 ms, then steady: the delay stays as long as somebody speaks.
    let way: Vec<_> = steady(1_000).map(|(at, n)| (if n < 8 { 160_000 } else { at }, n)).collect();
    let mut line = Line::new(way);
    let before = packets(&line.beats(400));
    let delay = |line: &Line, heard: &[u32]| line.beats as u32 - heard[heard.len() - 1];
    let long = delay(&line, &before);
    line.quiet = true;
    let after = packets(&line.beats(600));
    assert!(delay(&line, &after) + 3 <= long, "{long} {}", delay(&line, &after));
}

#[test]
fn clocks_that_drift_are_followed() {
    // A sender 0.5 % too fast, then one too slow; pauses come often.
    for period in [19_900u64, 20_100] {
        let mut line = Line::new((0..6_000).map(|n| (u64::from(n) * period, n)));
        let (mut holes, mut longest) = (0, 0);
        for beat in 0..5_900u64 {
            line.quiet = beat % 100 < 20;
            match line.beat() {
                Heard::Packet(n) => {
                    longest = longest.max((line.beats * 20_000).saturating_sub(u64::from(n) * period))
                }
                _ => holes += 1,
            }
        }
        assert!(longest < 200_000, "{period}: {longest} µs");
        assert!(holes < 60, "{period}: {holes} holes");
    }
}

#[test]
fn a_stream_that_stops_goes_silent_and_begins_again() {
    let mut line = Line::new(steady(20).chain((100..120).map(|n| (u64::from(n) * 20_000, n))));
    let heard = line.beats(130);
    let concealed = heard.iter().filter(|heard| **heard == Heard::Concealed).count();
    assert_eq!(concealed, 2 * MOST_CONCEALED as usize);
    assert_eq!(packets(&heard).len(), 40);
    assert_eq!(heard[60], Heard::Nothing);
}

#[test]
fn what_cannot_be_kept_is_refused() {
    let now = Instant::now();
    let mut buffer = JitterBuffer::new(now);
    assert_eq!(buffer.insert(0, &[], now), Inserted::Refused);
    assert_eq!(buffer.insert(0, &[0; MAX_PAYLOAD + 1], now), Inserted::Refused);
    assert_eq!(buffer.insert(0, &[1], now), Inserted::Kept);
    assert_eq!(buffer.insert(0, &[1], now), Inserted::Repeated);
    for n in 1..SLOTS as u32 {
        assert_eq!(buffer.insert(n * FRAME, &[1], now), Inserted::Kept);
    }
    assert_eq!(buffer.insert(99 * FRAME, &[1], now), Inserted::Refused);
    assert_eq!(buffer.next(false), Next::Packet(&[1]));
    buffer.played(FRAME);
    assert_eq!(buffer.insert(0, &[1], now), Inserted::Late);
    // Another stream begins: what was there is dropped.
    assert_eq!(buffer.insert(0x4000_0000, &[2], now), Inserted::Kept);
    assert_eq!(buffer.next(false), Next::Nothing);
    assert_eq!(buffer.next(false), Next::Nothing);
    assert_eq!(buffer.next(false), Next::Packet(&[2]));
}

proptest! {
    #[test]
    fn any_packets_come_out_once_and_in_order(
        packets in prop::collection::vec((0u64..2_000_000, 0u32..80), 0..120),
        quiet in any::<bool>(),
        lengths in prop::collection::vec(1u32..6_000, 120),
    ) {
        let mut line = Line::new(packets);
        line.quiet = quiet;
        let mut last = None;
        for length in &lengths {
            if let Heard::Packet(n) = line.beat() {
                prop_assert!(last < Some(n), "{last:?} then {n}");
                last = Some(n);
                line.buffer.played(FRAME * (length % 2));
            }
        }
        let (now, timestamps) = (Instant::now(), Lcg(lengths[0]));
        for (timestamp, ticks) in timestamps.zip(lengths) {
            line.buffer.insert(timestamp, &[0; 4], now);
            if let Next::Packet(_) = line.buffer.next(quiet) {
                line.buffer.played(ticks);
            }
        }
    }
}
