//! A track that a peer publishes, as the media plane receives it.

use std::time::{Duration, Instant};

use media::forward::KeyframeThrottle;
use media::ids::{Kind, Source};
use media::rtp::nack::{NackGenerator, Repair};
use media::rtp::reception::Reception;
use media::rtp::ring::{PacketRing, RingSize, Stored};
use media::rtp::{Codec, Header, rtx};

use super::{RTX_BIT, payload_types};

/// Kept for retransmission: some seconds of what the simulated clients send.
const RING: RingSize = RingSize { bytes: 16 * 1024, packets: 512 };
/// Round trip that requests are spaced by.
const RTT: Duration = Duration::from_millis(100);

/// See the module.
pub struct Track {
    pub source: Source,
    ssrc: u32,
    reception: Option<Reception>,
    nacks: NackGenerator,
    ring: PacketRing,
    pub keyframes: KeyframeThrottle,
}

/// A packet free of the publisher's numbers.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    pub sequence: u64,
    pub timestamp: u32,
    pub starts: bool,
    pub payload: &'a [u8],
}

impl Track {
    pub fn new(source: Source, ssrc: u32) -> Track {
        Track {
            source,
            ssrc,
            reception: None,
            nacks: NackGenerator::default(),
            ring: PacketRing::new(RING),
            keyframes: KeyframeThrottle::default(),
        }
    }

    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// The packet is one of this track, or a retransmission for it.
    pub fn owns(&self, ssrc: u32) -> bool {
        ssrc & !RTX_BIT == self.ssrc
    }

    fn codec(&self) -> Codec {
        match self.source.kind() {
            Kind::Audio => Codec::Opus,
            Kind::Video => Codec::Vp8,
        }
    }

    /// Takes a packet. `None` for a retransmission that nothing is known to repair.
    pub fn take<'a>(&mut self, header: &Header, bytes: &'a [u8], now: Instant) -> Option<Packet<'a>> {
        let clock = self.codec().clock_hz();
        let body = header.payload(bytes);
        let (sequence, payload) = if header.ssrc & RTX_BIT != 0 {
            let (original, payload) = rtx::read(body).ok()??;
            (self.reception.as_ref()?.extend(original)?, payload)
        } else {
            let reception = self.reception.get_or_insert_with(|| Reception::new(clock, now));
            (reception.received(header.sequence, header.timestamp, now), body)
        };
        if self.nacks.received(sequence, now) == Repair::GivenUp {
            self.keyframes.want();
        }
        let starts = self.codec().starts_here(payload);
        if starts {
            self.keyframes.arrived();
        }
        let (timestamp, payload_type) = (header.timestamp, payload_types(self.source).0);
        self.ring.store(sequence, &Stored { timestamp, payload_type, marker: header.marker, payload });
        Some(Packet { sequence, timestamp, starts, payload })
    }

    /// A packet again.
    pub fn stored(&self, sequence: u64) -> Option<Packet<'_>> {
        let Stored { timestamp, payload, .. } = self.ring.get(sequence)?;
        Some(Packet { sequence, timestamp, starts: false, payload })
    }

    /// When packets or a keyframe must be asked for.
    pub fn deadline(&self) -> Option<Instant> {
        [self.nacks.deadline(), self.keyframes.deadline()].into_iter().flatten().min()
    }

    /// The packets to ask for now.
    pub fn missing(&mut self, now: Instant) -> Vec<u16> {
        let mut missing = Vec::new();
        if self.nacks.due(now, RTT, &mut missing) == Repair::GivenUp {
            self.keyframes.want();
        }
        missing
    }
}
