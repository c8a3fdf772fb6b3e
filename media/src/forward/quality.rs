//! How a peer's connection is doing, from the reports of both directions (RFC 3550 section 6.4).

use std::time::{Duration, Instant};

use crate::control::Quality;
use crate::rtp::rtcp::{ReportBlock, SenderInfo};

/// Longest round trip that is believed; a report block can name a report of long ago.
const MAX_RTT: Duration = Duration::from_secs(10);

/// What one slot's receiver has reported so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct SlotReports {
    reported: Option<(u32, i32)>,
    /// The sender report on its way: the middle of its NTP time and when it was sent.
    sender_report: Option<(u32, Instant)>,
}

impl SlotReports {
    /// A sender report went out in this slot.
    pub fn sent(&mut self, info: &SenderInfo, now: Instant) {
        self.sender_report = Some((info.ntp_middle(), now));
    }
}

/// Collects one report interval of one peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct QualityMeter {
    expected: u64,
    lost: u64,
    rtt: Option<Duration>,
}

impl QualityMeter {
    /// Takes the peer's report about one of its slots.
    pub fn reported(&mut self, slot: &mut SlotReports, block: &ReportBlock, now: Instant) {
        if let Some((highest, lost)) = slot.reported {
            // A receiver that started anew counts from zero again: that interval tells nothing.
            let expected = block.highest_sequence.wrapping_sub(highest);
            if expected < 1 << 24 {
                self.expected += u64::from(expected);
                self.lost += u64::try_from(block.total_lost.saturating_sub(lost)).unwrap_or(0);
            }
        }
        slot.reported = Some((block.highest_sequence, block.total_lost));
        if let Some((middle, sent)) = slot.sender_report
            && middle == block.last_sr
        {
            let held = Duration::from_micros(u64::from(block.delay_since_last_sr) * 1_000_000 / 65_536);
            let rtt = now.saturating_duration_since(sent).saturating_sub(held);
            // The shortest of an interval is the path's; longer ones waited in a queue of the receiver.
            self.rtt = Some(self.rtt.map_or(rtt, |known| known.min(rtt))).filter(|rtt| *rtt < MAX_RTT);
        }
    }

    /// Round trip of this interval.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// Ends the interval. The round trip is kept until a newer one is known.
    pub fn take(&mut self, loss_up: f32, jitter_ms: u32) -> Quality {
        let loss_down = match self.expected {
            0 => 0.0,
            expected => (self.lost as f32 / expected as f32).min(1.0),
        };
        let rtt_ms = self.rtt.map_or(0, |rtt| rtt.as_millis().max(1) as u32);
        (self.expected, self.lost) = (0, 0);
        Quality { loss_up, loss_down, rtt_ms, jitter_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: SenderInfo =
        SenderInfo { ntp: 0x1111_2222_3333_4444, rtp_timestamp: 0, packets: 0, octets: 0 };

    fn block(highest_sequence: u32, total_lost: i32) -> ReportBlock {
        ReportBlock { highest_sequence, total_lost, ..ReportBlock::default() }
    }

    #[test]
    fn loss_down_is_counted_over_all_slots() {
        let now = Instant::now();
        let (mut meter, mut a, mut b) =
            (QualityMeter::default(), SlotReports::default(), SlotReports::default());
        meter.reported(&mut a, &block(100, 7), now);
        meter.reported(&mut a, &block(200, 17), now);
        meter.reported(&mut b, &block(u32::MAX, 0), now);
        meter.reported(&mut b, &block(99, 10), now);
        assert_eq!(meter.take(0.5, 3), Quality { loss_up: 0.5, loss_down: 0.1, rtt_ms: 0, jitter_ms: 3 });
        assert_eq!(meter.take(0.0, 0).loss_down, 0.0);
    }

    #[test]
    fn the_round_trip_leaves_out_what_the_receiver_waited() {
        let t0 = Instant::now();
        let (mut meter, mut slot) = (QualityMeter::default(), SlotReports::default());
        slot.sent(&INFO, t0);
        let answer = ReportBlock { last_sr: 0x2222_3333, delay_since_last_sr: 65_536, ..block(1, 0) };
        meter.reported(&mut slot, &answer, t0 + Duration::from_millis(1080));
        assert_eq!(meter.rtt(), Some(Duration::from_millis(80)));
        assert_eq!(meter.take(0.0, 0).rtt_ms, 80);
        let stranger = ReportBlock { last_sr: 1, ..block(1, 0) };
        meter.reported(&mut slot, &stranger, t0);
        assert_eq!(meter.take(0.0, 0).rtt_ms, 80);
    }

    #[test]
    fn a_receiver_that_counts_anew_tells_nothing() {
        let now = Instant::now();
        let (mut meter, mut slot) = (QualityMeter::default(), SlotReports::default());
        meter.reported(&mut slot, &block(5_000, 100), now);
        meter.reported(&mut slot, &block(10, 0), now);
        assert_eq!(meter.take(0.0, 0).loss_down, 0.0);
    }
}
