//! Reception statistics of one received stream (RFC 3550 sections 6.4.1, A.3 and A.8).

use std::time::Instant;

use super::rtcp::ReportBlock;
use super::sequence::SequenceUnwrapper;

/// Counts since the last report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Interval {
    expected: u64,
    received: u64,
}

/// Statistics of one SSRC. Retransmissions are not counted: loss is that of the path.
#[derive(Debug)]
pub struct Reception {
    clock_hz: u32,
    epoch: Instant,
    unwrapper: SequenceUnwrapper,
    first: u64,
    received: u64,
    reported: Interval,
    transit: Option<i64>,
    /// Interarrival jitter times 16, in clock units.
    jitter_16: i64,
    sender_report: Option<(u32, Instant)>,
    fraction: f32,
}

impl Reception {
    /// A stream whose timestamps run at `clock_hz`.
    pub fn new(clock_hz: u32, now: Instant) -> Reception {
        Reception {
            clock_hz: clock_hz.max(1),
            epoch: now,
            unwrapper: SequenceUnwrapper::default(),
            first: 0,
            received: 0,
            reported: Interval::default(),
            transit: None,
            jitter_16: 0,
            sender_report: None,
            fraction: 0.0,
        }
    }

    /// Counts a packet and returns its extended sequence number.
    pub fn received(&mut self, sequence: u16, timestamp: u32, now: Instant) -> u64 {
        let extended = self.counted(sequence);
        let arrival = (now - self.epoch).as_micros() as i64 * i64::from(self.clock_hz) / 1_000_000;
        // In 32 bits, as timestamps wrap: only differences matter.
        let transit = i64::from((arrival as u32).wrapping_sub(timestamp) as i32);
        if let Some(last) = self.transit {
            let change = i64::from((transit as i32).wrapping_sub(last as i32)).abs();
            self.jitter_16 += change - ((self.jitter_16 + 8) >> 4);
        }
        self.transit = Some(transit);
        extended
    }

    /// Counts a packet whose timestamp is not that of its sending, as in telephone events: the jitter does not follow it.
    pub fn counted(&mut self, sequence: u16) -> u64 {
        let newest = self.unwrapper.highest();
        let extended = self.unwrapper.unwrap(sequence);
        if newest.is_none() {
            self.first = extended;
        }
        self.received += 1;
        extended
    }

    /// The extended number of a sequence number that is not counted: that inside a retransmission.
    pub fn extend(&self, sequence: u16) -> Option<u64> {
        self.unwrapper.highest().map(|highest| super::sequence::nearest(highest, sequence))
    }

    /// Takes note of a sender report: the middle 32 bits of its NTP time.
    pub fn sender_report(&mut self, ntp_middle: u32, now: Instant) {
        self.sender_report = Some((ntp_middle, now));
    }

    /// The report block for this stream; starts a new interval. `None` before the first packet.
    pub fn report(&mut self, ssrc: u32, now: Instant) -> Option<ReportBlock> {
        let highest = self.unwrapper.highest()?;
        let expected = highest + 1 - self.first.min(highest);
        let interval = Interval {
            expected: expected.saturating_sub(self.reported.expected),
            received: self.received - self.reported.received,
        };
        self.reported = Interval { expected, received: self.received };
        let lost = interval.expected.saturating_sub(interval.received);
        self.fraction = if interval.expected == 0 { 0.0 } else { lost as f32 / interval.expected as f32 };
        let total_lost = (expected as i64 - self.received as i64).clamp(-0x80_0000, 0x7f_ffff);
        let (last_sr, delay) = match self.sender_report {
            Some((middle, at)) => (middle, ((now - at).as_micros() * 65_536 / 1_000_000) as u32),
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc,
            fraction_lost: (self.fraction * 256.0) as u8,
            total_lost: total_lost as i32,
            highest_sequence: highest.wrapping_sub(1 << 16) as u32,
            jitter: self.jitter(),
            last_sr,
            delay_since_last_sr: delay,
        })
    }

    /// Packets missing since the start.
    pub fn lost(&self) -> u64 {
        let highest = self.unwrapper.highest();
        let expected = highest.map_or(0, |highest| highest + 1 - self.first.min(highest));
        expected.saturating_sub(self.received)
    }

    /// Loss of the last reported interval, 0 to 1.
    pub fn loss(&self) -> f32 {
        self.fraction
    }

    /// Interarrival jitter in milliseconds.
    pub fn jitter_ms(&self) -> u32 {
        (u64::from(self.jitter()) * 1000 / u64::from(self.clock_hz)) as u32
    }

    fn jitter(&self) -> u32 {
        (self.jitter_16 >> 4).max(0) as u32
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
    fn loss_is_that_of_the_interval() {
        let t0 = Instant::now();
        let mut reception = Reception::new(48_000, t0);
        assert_eq!(reception.report(7, t0), None);
        for n in (0..100u16).filter(|n| n % 4 != 3) {
            reception.received(65_500u16.wrapping_add(n), u32::from(n) * 960, t0 + ms(20 * u64::from(n)));
        }
        let block = reception.report(7, t0 + ms(2000)).unwrap();
        // The last packet that came is number 98: 99 expected, 24 lost.
        assert_eq!(block.total_lost, 24);
        assert_eq!(block.fraction_lost, 62);
        assert_eq!(block.highest_sequence, 65_500 + 98);
        assert_eq!(block.jitter, 0);
        let again = reception.report(7, t0 + ms(3000)).unwrap();
        assert_eq!((again.fraction_lost, again.total_lost), (0, 24));
    }

    #[test]
    fn jitter_follows_uneven_arrival() {
        let t0 = Instant::now();
        let mut reception = Reception::new(48_000, t0);
        for n in 0..200u16 {
            let late = if n % 2 == 0 { 0 } else { 10 };
            reception.received(n, u32::from(n) * 960, t0 + ms(20 * u64::from(n) + late));
        }
        assert!((9..=10).contains(&reception.jitter_ms()), "{}", reception.jitter_ms());
    }

    #[test]
    fn duplicates_do_not_make_loss_negative() {
        let t0 = Instant::now();
        let mut reception = Reception::new(90_000, t0);
        for s in [1, 1, 1, 2] {
            reception.received(s, 0, t0);
        }
        let block = reception.report(7, t0).unwrap();
        assert_eq!((block.fraction_lost, block.total_lost), (0, -2));
    }

    #[test]
    fn the_delay_since_the_sender_report_is_in_units_of_65536_per_second() {
        let t0 = Instant::now();
        let mut reception = Reception::new(90_000, t0);
        reception.received(1, 0, t0);
        reception.sender_report(0xaabb_ccdd, t0);
        let block = reception.report(7, t0 + ms(1500)).unwrap();
        assert_eq!((block.last_sr, block.delay_since_last_sr), (0xaabb_ccdd, 98_304));
    }
}
