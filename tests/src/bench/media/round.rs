//! One round of video, the same for all contenders: what is sent, how it is counted, what it cost.

use std::io;
use std::time::Duration;

use media::rtp::header::Outgoing;

use super::load::{self, paced};
use super::median;
use crate::client::VP8;

pub(super) const SUBSCRIBERS: usize = 100;
/// Packets of a frame, and frames per second: 2.3 Mbit/s.
pub(super) const PACKETS: usize = 8;
const FRAME: Duration = Duration::from_nanos(33_333_333);
/// Payload that makes datagrams of 1,200 bytes: 20 bytes of header and 16 of tag are added.
pub(super) const PAYLOAD: usize = 1_164;
pub(super) const DATAGRAM: usize = 1_200;
const ROUND: Duration = Duration::from_millis(1_500);
/// Sockets are drained this often; their buffers hold ten frames.
const DRAIN: Duration = Duration::from_millis(2);
/// What has not arrived so long after the last frame is lost.
const LATEST: Duration = Duration::from_millis(300);
/// A round that loses more than this of its packets says nothing about the cost of those delivered.
const LEAST_DELIVERY: f64 = 0.98;

/// What sends frames to all subscribers.
pub(super) trait Contender {
    /// What clients send besides media, and whatever must be read before a round.
    fn prepare(&mut self) -> io::Result<()>;
    /// Makes it send one frame to every subscriber.
    fn frame(&mut self) -> io::Result<()>;
    /// Reads what has arrived at the subscribers; packets of media.
    fn arrived(&mut self) -> usize;
    /// CPU time so far, in ns.
    fn cpu(&self) -> io::Result<u64>;
}

/// Cost of a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// µs of CPU per packet that arrived.
    pub(super) cost: f64,
    /// The part of the packets that arrived.
    pub(super) delivery: f64,
}

/// Measures one round.
pub(super) fn round(contender: &mut impl Contender) -> io::Result<Round> {
    contender.prepare()?;
    contender.arrived();
    let before = contender.cpu()?;
    let (mut frames, mut arrived) = (0, 0);
    // Both closures need the contender, one after the other.
    let contender = std::cell::RefCell::new(contender);
    paced(
        ROUND,
        FRAME,
        |_, _| {
            frames += 1;
            contender.borrow_mut().frame()
        },
        |left| {
            arrived += contender.borrow_mut().arrived();
            load::pause(left.min(DRAIN));
        },
    )?;
    let contender = contender.into_inner();
    let sent = frames * PACKETS * SUBSCRIBERS;
    let until = load::now() + LATEST;
    while arrived < sent && load::now() < until {
        load::pause(DRAIN);
        arrived += contender.arrived();
    }
    let spent = contender.cpu()? - before;
    Ok(Round { cost: spent as f64 / 1000.0 / arrived as f64, delivery: arrived as f64 / sent as f64 })
}

/// The middle cost of the rounds that were delivered in full.
pub(super) fn cost_at_full_delivery(rounds: &[Round]) -> Option<f64> {
    let full: Vec<f64> =
        rounds.iter().filter(|round| round.delivery >= LEAST_DELIVERY).map(|round| round.cost).collect();
    (!full.is_empty()).then(|| median(full))
}

/// A frame of plain RTP, and where in its stream it stands.
#[derive(Default)]
pub(super) struct Stream {
    sequence: u16,
    timestamp: u32,
}

impl Stream {
    /// Headers of the next frame's packets, and their payload: each is a keyframe's first packet, so whoever waits for one
    /// starts.
    pub(super) fn next_frame(&mut self, ssrc: u32) -> ([Outgoing; PACKETS], [u8; PAYLOAD]) {
        self.timestamp = self.timestamp.wrapping_add(3_000);
        let headers = std::array::from_fn(|n| {
            self.sequence = self.sequence.wrapping_add(1);
            let marker = n + 1 == PACKETS;
            Outgoing { marker, payload_type: VP8, sequence: self.sequence, timestamp: self.timestamp, ssrc }
        });
        let mut payload = [0x55; PAYLOAD];
        payload[..2].copy_from_slice(&[0x10, 0x00]);
        (headers, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disturbed_rounds_do_not_count() {
        let round = |cost, delivery| Round { cost, delivery };
        let rounds = [round(9.0, 0.5), round(2.0, 1.0), round(1.0, 0.99), round(8.0, 0.97), round(3.0, 1.0)];
        assert_eq!(cost_at_full_delivery(&rounds), Some(2.0));
        assert_eq!(cost_at_full_delivery(&[round(9.0, 0.9)]), None);
    }

    #[test]
    fn frames_follow_each_other() {
        let mut stream = Stream::default();
        let (first, _) = stream.next_frame(7);
        let (second, payload) = stream.next_frame(7);
        assert_eq!(second[0].sequence, first[PACKETS - 1].sequence + 1);
        assert_eq!(second[0].timestamp, first[0].timestamp + 3_000);
        assert!(second[PACKETS - 1].marker && !second[0].marker && payload.len() == PAYLOAD);
    }
}
