//! One receiving section of a peer, as the media plane sends it.

use std::time::Instant;

use media::forward::{Rewriter, SlotSpec, Track};
use media::ids::Kind;
use media::rtp::header::Outgoing;
use media::rtp::{Codec, rtx};

use super::publish::Packet;
use super::{RTX_BIT, payload_types};
use crate::sim::prng::Prng;

/// See the module.
pub struct Slot {
    pub ssrc: u32,
    rewriter: Rewriter,
    rtx_sequence: u16,
    pub track: Option<Track>,
    awaits_start: bool,
}

impl Slot {
    pub fn new(spec: &SlotSpec, random: &mut Prng) -> Slot {
        let codec = if spec.kind == Kind::Audio { Codec::Opus } else { Codec::Vp8 };
        let rewriter = Rewriter::new(codec.clock_hz(), random.bits() as u16, random.bits() as u32);
        let ssrc = random.bits() as u32 & !RTX_BIT;
        Slot { ssrc, rewriter, rtx_sequence: random.bits() as u16, track: None, awaits_start: false }
    }

    /// Lets another track flow, or none.
    pub fn bind(&mut self, track: Option<Track>) {
        self.track = track;
        self.restart();
    }

    /// The track's numbers begin anew.
    pub fn restart(&mut self) {
        self.rewriter.restart();
        self.awaits_start = true;
    }

    /// The packet with this receiver's numbers.
    pub fn forward(&mut self, packet: &Packet<'_>, now: Instant) -> Option<Vec<u8>> {
        let (_, source) = self.track?;
        if self.awaits_start && !packet.starts {
            return None;
        }
        let position = self.rewriter.rewrite(packet.sequence, packet.timestamp, now)?;
        self.awaits_start = false;
        let header = Outgoing {
            marker: position.first,
            payload_type: payload_types(source).0,
            sequence: position.sequence,
            timestamp: position.timestamp,
            ssrc: self.ssrc,
        };
        let mut bytes = vec![0; 64];
        let len = header.write(&mut bytes, &[]).ok()?;
        bytes.truncate(len);
        bytes.extend(packet.payload);
        Some(bytes)
    }

    /// The track's packet that the receiver misses.
    pub fn original(&self, sequence: u16) -> Option<u64> {
        self.rewriter.original(sequence)
    }

    /// The packet again, as a retransmission.
    pub fn retransmit(&mut self, packet: &Packet<'_>) -> Option<Vec<u8>> {
        let (_, source) = self.track?;
        let original = self.rewriter.number(packet.sequence)?;
        let header = Outgoing {
            marker: false,
            payload_type: payload_types(source).1,
            sequence: self.rtx_sequence,
            timestamp: self.rewriter.timestamp(packet.timestamp)?,
            ssrc: self.ssrc | RTX_BIT,
        };
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        let mut bytes = vec![0; 64 + packet.payload.len()];
        let len = rtx::write(&mut bytes, &header, &[], original, packet.payload).ok()?;
        bytes.truncate(len);
        Some(bytes)
    }
}
