//! RTCP of a leg (RFC 3550), both ways.

use std::time::{Duration, Instant};

use super::receiver::Receiver;
use super::to_phone::ToPhone;
use crate::control::Quality;
use crate::forward::QualityMeter;
use crate::forward::quality::SlotReports;
use crate::rtp::ParseError;
use crate::rtp::rtcp::{self, Packet, ReportBlock, ReportBlocks, SenderInfo, Writer};

/// Time between reports: the least that RFC 3550 section 6.2 asks for. Half of it before the first.
const INTERVAL: Duration = Duration::from_secs(5);
/// What our stream is called.
const CNAME: &str = "switchboard";
/// Seconds of our clock at the start of a leg. Receivers only compare.
const EPOCH_SECONDS: u64 = 1 << 31;

/// See the module.
pub(super) struct Reports {
    epoch: Instant,
    next: Instant,
    meter: QualityMeter,
    ours: SlotReports,
    pub(super) lost_there: u64,
    /// Sum and count of the jitter in milliseconds at each report.
    jitter: (f64, u32),
    sent_before: u64,
}

impl Reports {
    pub(super) fn new(now: Instant) -> Reports {
        let (meter, ours) = Default::default();
        Reports {
            epoch: now,
            next: now + INTERVAL / 2,
            meter,
            ours,
            lost_there: 0,
            jitter: (0.0, 0),
            sent_before: 0,
        }
    }

    /// When the next report is due.
    pub(super) fn deadline(&self) -> Instant {
        self.next
    }

    /// Takes a compound of the telephone.
    pub(super) fn take(
        &mut self,
        compound: &[u8],
        receiver: &mut Receiver,
        sender: &ToPhone,
        now: Instant,
    ) -> Result<(), ParseError> {
        for packet in rtcp::packets(compound) {
            match packet? {
                Packet::SenderReport { ssrc, info, blocks } => {
                    let ours = receiver.ssrc() == Some(ssrc);
                    if let Some(reception) = receiver.reception.as_mut().filter(|_| ours) {
                        reception.sender_report(info.ntp_middle(), now);
                    }
                    self.blocks(blocks, sender, now);
                }
                Packet::ReceiverReport { blocks, .. } => self.blocks(blocks, sender, now),
                _ => {}
            }
        }
        Ok(())
    }

    fn blocks(&mut self, blocks: ReportBlocks<'_>, sender: &ToPhone, now: Instant) {
        for block in blocks.iter().filter(|block| block.ssrc == sender.numbers.ssrc) {
            self.meter.reported(&mut self.ours, &block, now);
            self.lost_there = block.total_lost.max(0) as u64;
        }
    }

    /// Writes what is due into `buffer`; returns its length.
    pub(super) fn write(
        &mut self,
        receiver: &mut Receiver,
        sender: &ToPhone,
        now: Instant,
        buffer: &mut [u8],
    ) -> usize {
        self.next = now + INTERVAL;
        let mut writer = Writer::new(buffer);
        // A buffer of 128 bytes holds all of it.
        let _ = self.compound(receiver, sender, now, &mut writer);
        writer.len()
    }

    fn compound(
        &mut self,
        receiver: &mut Receiver,
        sender: &ToPhone,
        now: Instant,
        writer: &mut Writer<'_>,
    ) -> Result<(), ParseError> {
        let mut blocks = [ReportBlock::default(); 1];
        let ssrc = receiver.ssrc().unwrap_or_default();
        let clock_hz = sender.codec().clock_hz();
        let block = receiver.reception.as_mut().and_then(|reception| reception.report(ssrc, now));
        if let Some(block) = block {
            blocks[0] = block;
            self.jitter.0 += f64::from(block.jitter) * 1_000.0 / f64::from(clock_hz);
            self.jitter.1 += 1;
        }
        let blocks = &blocks[..usize::from(block.is_some())];
        let ours = sender.numbers.ssrc;
        if sender.sent > self.sent_before {
            self.sent_before = sender.sent;
            let info = SenderInfo {
                ntp: self.ntp(now),
                rtp_timestamp: sender.numbers.timestamp_at(now),
                packets: sender.sent as u32,
                octets: sender.octets as u32,
            };
            rtcp::sender_report_with(writer, ours, &info, blocks)?;
            self.ours.sent(&info, now);
        } else {
            rtcp::receiver_report(writer, ours, blocks)?;
        }
        rtcp::source_description(writer, ours, CNAME)
    }

    /// The compound that ends the stream; returns its length.
    pub(super) fn write_end(&self, sender: &ToPhone, buffer: &mut [u8]) -> usize {
        let (mut writer, ours) = (Writer::new(buffer), sender.numbers.ssrc);
        // See `write`.
        let _ = rtcp::receiver_report(&mut writer, ours, &[])
            .and_then(|()| rtcp::source_description(&mut writer, ours, CNAME))
            .and_then(|()| rtcp::bye(&mut writer, ours));
        writer.len()
    }

    fn ntp(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.epoch);
        let fraction = (u64::from(passed.subsec_nanos()) << 32) / 1_000_000_000;
        (EPOCH_SECONDS + passed.as_secs()) << 32 | fraction
    }

    /// Round trip in milliseconds; 0 while unknown.
    pub(super) fn rtt_ms(&self) -> u32 {
        self.meter.rtt().map_or(0, |rtt| rtt.as_millis().max(1) as u32)
    }

    /// Mean jitter of what comes, in milliseconds.
    pub(super) fn jitter_ms(&self, receiver: &Receiver) -> f32 {
        match (self.jitter, &receiver.reception) {
            ((_, 0), Some(reception)) => reception.jitter_ms() as f32,
            ((_, 0), None) => 0.0,
            ((sum, count), _) => (sum / f64::from(count)) as f32,
        }
    }

    /// How the leg is doing since the last time.
    pub(super) fn quality(&mut self, receiver: &Receiver) -> Quality {
        let (loss, jitter) = receiver
            .reception
            .as_ref()
            .map_or((0.0, 0), |reception| (reception.loss(), reception.jitter_ms()));
        self.meter.take(loss, jitter)
    }
}
