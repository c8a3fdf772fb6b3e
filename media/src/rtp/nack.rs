//! Which packets of a received stream are missing, and when to ask for them (RFC 4585 section 6.2.1).

use std::time::{Duration, Instant};

/// First request this long after a gap is seen. Smaller: packets that are only out of order are asked for. Larger: later
/// repair.
const REORDER_WAIT: Duration = Duration::from_millis(10);
/// Shortest time between two requests for one packet, for paths faster than this. Smaller: requests before an answer can
/// have come.
const MIN_RETRY: Duration = Duration::from_millis(40);
/// A packet is given up after this many requests; the decoder then needs a keyframe.
const MAX_REQUESTS: u8 = 8;
/// Most packets missing at a time. A larger hole is an outage: everything is given up at once.
const MAX_MISSING: usize = 256;

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u64,
    ask_at: Instant,
    requests: u8,
}

/// What became of the gap list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing is lost for good.
    Possible,
    /// Packets were given up: only a keyframe helps.
    GivenUp,
}

/// The gaps of one stream. Holds no memory until the first gap.
#[derive(Debug, Default)]
pub struct NackGenerator {
    next: Option<u64>,
    missing: Vec<Missing>,
}

impl NackGenerator {
    /// Takes note of an arrived packet (a retransmission too).
    pub fn received(&mut self, sequence: u64, now: Instant) -> Repair {
        let Some(next) = self.next else {
            self.next = Some(sequence + 1);
            return Repair::Possible;
        };
        if sequence < next {
            self.missing.retain(|m| m.sequence != sequence);
            return Repair::Possible;
        }
        self.next = Some(sequence + 1);
        let hole = (sequence - next) as usize;
        if hole + self.missing.len() > MAX_MISSING {
            self.missing.clear();
            return Repair::GivenUp;
        }
        let ask_at = now + REORDER_WAIT;
        self.missing.extend((next..sequence).map(|sequence| Missing { sequence, ask_at, requests: 0 }));
        Repair::Possible
    }

    /// Forgets everything: the stream starts anew.
    pub fn reset(&mut self) {
        self.next = None;
        self.missing.clear();
    }

    /// When [`NackGenerator::due`] has something to ask for.
    pub fn deadline(&self) -> Option<Instant> {
        self.missing.iter().map(|m| m.ask_at).min()
    }

    /// Appends the sequence numbers to ask for now and counts the request. `rtt` spaces the next one.
    pub fn due(&mut self, now: Instant, rtt: Duration, out: &mut Vec<u16>) -> Repair {
        let mut repair = Repair::Possible;
        self.missing.retain_mut(|missing| {
            if missing.ask_at > now {
                return true;
            }
            if missing.requests >= MAX_REQUESTS {
                repair = Repair::GivenUp;
                return false;
            }
            missing.requests += 1;
            missing.ask_at = now + rtt.max(MIN_RETRY);
            out.push(missing.sequence as u16);
            true
        });
        repair
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT: Duration = Duration::from_millis(50);

    fn ask(generator: &mut NackGenerator, now: Instant) -> Vec<u16> {
        let mut out = Vec::new();
        generator.due(now, RTT, &mut out);
        out
    }

    #[test]
    fn a_gap_is_asked_for_until_it_is_filled() {
        let t0 = Instant::now();
        let mut generator = NackGenerator::default();
        for s in [100, 103] {
            generator.received(s, t0);
        }
        assert!(ask(&mut generator, t0).is_empty());
        assert_eq!(generator.deadline(), Some(t0 + REORDER_WAIT));
        let t1 = t0 + REORDER_WAIT;
        assert_eq!(ask(&mut generator, t1), [101, 102]);
        assert!(ask(&mut generator, t1).is_empty());
        generator.received(101, t1);
        assert_eq!(ask(&mut generator, t1 + RTT), [102]);
        generator.received(102, t1 + RTT);
        assert_eq!(generator.deadline(), None);
    }

    #[test]
    fn a_packet_that_never_comes_is_given_up() {
        let mut now = Instant::now();
        let mut generator = NackGenerator::default();
        for s in [1, 3] {
            generator.received(s, now);
        }
        for _ in 0..MAX_REQUESTS {
            now += RTT;
            assert_eq!(ask(&mut generator, now), [2]);
        }
        assert_eq!(generator.due(now + RTT, RTT, &mut Vec::new()), Repair::GivenUp);
        assert_eq!(generator.deadline(), None);
    }

    #[test]
    fn an_outage_is_given_up_at_once() {
        let now = Instant::now();
        let mut generator = NackGenerator::default();
        generator.received(1, now);
        assert_eq!(generator.received(2 + MAX_MISSING as u64, now), Repair::Possible);
        assert_eq!(generator.received(4 + MAX_MISSING as u64, now), Repair::GivenUp);
        assert_eq!(generator.deadline(), None);
    }
}
