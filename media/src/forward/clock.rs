//! One wall clock for all that a room's receivers hear and see.
//!
//! Sender reports carry the sender's own clock. Receivers play streams in sync by these clocks, and slots that a receiver
//! plays in sync may carry tracks of different peers. So every report is moved to our clock, by one offset per sender: what
//! one peer sends stays exactly in step, and different peers are aligned as well as their packets arrive.

use std::time::Instant;

/// Where our clock begins: any value does, as receivers only compare. Not near zero, so that it can go back a little.
const EPOCH_SECONDS: u64 = 1 << 31;
/// An offset that is off by more than this, in units of 2^-32 s, is taken anew: the sender's clock was set. Smaller: a
/// report that was late in a queue moves the clock.
const STEP: i64 = 4 << 32;

/// The offset of one sender's clock to ours.
#[derive(Clone, Copy, Debug, Default)]
pub struct SenderClock {
    offset: Option<i64>,
}

impl SenderClock {
    /// The sender's time (NTP format) on our clock; `since` is when our clock began. The fastest report so far decides: it
    /// waited least on its way.
    pub fn map(&mut self, ntp: u64, since: Instant, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(since);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        let ours = (EPOCH_SECONDS + passed.as_secs()) << 32 | fraction;
        let measured = ours.wrapping_sub(ntp) as i64;
        let offset = match self.offset {
            Some(known) if measured.wrapping_sub(known).abs() < STEP => known.min(measured),
            _ => measured,
        };
        self.offset = Some(offset);
        ntp.wrapping_add_signed(offset)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SECOND: u64 = 1 << 32;

    #[test]
    fn streams_of_one_sender_stay_in_step() {
        let t0 = Instant::now();
        let mut clock = SenderClock::default();
        let audio = clock.map(1000 * SECOND, t0, t0 + Duration::from_millis(100));
        let video = clock.map(1000 * SECOND + SECOND / 4, t0, t0 + Duration::from_millis(390));
        assert_eq!(video - audio, SECOND / 4, "40 ms of delay do not matter");
    }

    #[test]
    fn different_clocks_become_one() {
        let t0 = Instant::now();
        let (mut a, mut b) = (SenderClock::default(), SenderClock::default());
        assert_eq!(a.map(5 * SECOND, t0, t0), b.map(9_999_999 * SECOND, t0, t0));
    }

    #[test]
    fn a_clock_that_was_set_is_followed() {
        let t0 = Instant::now();
        let mut clock = SenderClock::default();
        let before = clock.map(3_000_000_000 * SECOND, t0, t0);
        let after = clock.map(1_000 * SECOND, t0, t0 + Duration::from_secs(1));
        assert_eq!(after - before, SECOND);
    }
}
