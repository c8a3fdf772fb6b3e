//! One track that a peer publishes: from a decrypted packet to what subscribers need, whatever numbers the publisher uses.

use std::time::{Duration, Instant};

use super::negotiate::{Format, TrackPlan};
use super::slab::Key;
use crate::forward::{KeyframeThrottle, Loudness};
use crate::ids::Kind;
use crate::rtp::extension::AudioLevel;
use crate::rtp::nack::{NackGenerator, Repair};
use crate::rtp::reception::Reception;
use crate::rtp::ring::{PacketRing, RingSize, Stored};
use crate::rtp::{Codec, Header, rtx};

/// A packet of a track, free of the publisher's numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    /// Extended sequence number.
    pub(super) sequence: u64,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) codec: Codec,
    /// A decoder can start here.
    pub(super) starts: bool,
    /// Value of the audio level extension.
    pub(super) level: Option<u8>,
    pub(super) payload: &'a [u8],
}

/// A slot that a track flows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscriber {
    pub(super) peer: Key,
    pub(super) slot: u16,
}

/// Which stream of a track an SSRC is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Media,
    Rtx,
}

/// Receiving state of a track.
#[derive(Debug)]
pub(super) struct Ingest {
    pub(super) plan: TrackPlan,
    pub(super) ssrc: Option<u32>,
    rtx_ssrc: Option<u32>,
    reception: Option<Reception>,
    nacks: NackGenerator,
    /// Made when the first packet flows to a subscriber that can ask for it again.
    ring: Option<PacketRing>,
    pub(super) loudness: Loudness,
    pub(super) keyframes: KeyframeThrottle,
    pub(super) subscribers: Vec<Subscriber>,
    /// The peer is open and the source is on.
    pub(super) flows: bool,
}

impl Ingest {
    pub(super) fn new(plan: TrackPlan) -> Ingest {
        Ingest {
            ssrc: plan.announced.map(|ids| ids.ssrc),
            rtx_ssrc: plan.announced.and_then(|ids| ids.rtx),
            reception: None,
            nacks: NackGenerator::default(),
            ring: None,
            loudness: Loudness::default(),
            keyframes: KeyframeThrottle::default(),
            subscribers: Vec::new(),
            flows: false,
            plan,
        }
    }

    /// Takes a later offer's description. A new SSRC announced there begins the stream anew.
    pub(super) fn renew(&mut self, plan: TrackPlan) {
        if plan.announced != self.plan.announced
            && let Some(ids) = plan.announced
        {
            self.bind(Stream::Media, ids.ssrc);
            self.rtx_ssrc = ids.rtx;
        }
        self.plan = plan;
    }

    pub(super) fn kind(&self) -> Kind {
        self.plan.source.kind()
    }

    pub(super) fn stream_of(&self, ssrc: u32) -> Option<Stream> {
        match Some(ssrc) {
            s if s == self.ssrc => Some(Stream::Media),
            s if s == self.rtx_ssrc => Some(Stream::Rtx),
            _ => None,
        }
    }

    /// Which stream a packet of an unknown SSRC is, by its payload type.
    pub(super) fn stream_by_format(&self, payload_type: u8) -> Option<Stream> {
        if self.format(payload_type).is_some() {
            return Some(Stream::Media);
        }
        self.plan.formats.iter().any(|format| format.rtx == Some(payload_type)).then_some(Stream::Rtx)
    }

    /// From now on the stream has this SSRC. The numbers of another one have nothing to do with those before.
    pub(super) fn bind(&mut self, stream: Stream, ssrc: u32) {
        match stream {
            Stream::Rtx => self.rtx_ssrc = Some(ssrc),
            Stream::Media => {
                self.ssrc = Some(ssrc);
                self.reception = None;
                self.ring = None;
                self.nacks.reset();
            }
        }
    }

    fn format(&self, payload_type: u8) -> Option<&Format> {
        self.plan.formats.iter().find(|format| format.payload_type == payload_type)
    }

    /// Takes a packet of the media stream. `None` for one of a payload type that was not negotiated.
    pub(super) fn media<'a>(
        &mut self,
        header: &Header,
        packet: &'a [u8],
        now: Instant,
    ) -> Option<Packet<'a>> {
        let format = *self.format(header.payload_type)?;
        let reception = self.reception.get_or_insert_with(|| Reception::new(format.codec.clock_hz(), now));
        let sequence = reception.received(header.sequence, header.timestamp, now);
        let level = self.plan.ids.audio_level.and_then(|id| header.extensions(packet).get(id));
        if let Some(level) = level.and_then(AudioLevel::parse) {
            self.loudness.heard(level, now);
        }
        Some(self.accept(&format, sequence, header, header.payload(packet), level.map(|value| value[0]), now))
    }

    /// Takes a packet that was made here: a telephone's.
    pub(super) fn made(&mut self, packet: &Packet<'_>, now: Instant) {
        if let Some(level) = packet.level.and_then(|value| AudioLevel::parse(&[value])) {
            self.loudness.heard(level, now);
        }
        let payload_type = self.plan.formats.first().map(|format| format.payload_type);
        if let (Some(ring), Some(payload_type)) = (&mut self.ring, payload_type) {
            let Packet { sequence, timestamp, marker, payload, .. } = *packet;
            ring.store(sequence, &Stored { timestamp, payload_type, marker, payload });
        }
    }

    /// Takes a retransmission. `None` for a probe, or when nothing was received that it could repair.
    pub(super) fn retransmission<'a>(
        &mut self,
        header: &Header,
        packet: &'a [u8],
        now: Instant,
    ) -> Option<Packet<'a>> {
        let format = *self.plan.formats.iter().find(|format| format.rtx == Some(header.payload_type))?;
        let (original, payload) = rtx::read(header.payload(packet)).ok()??;
        let sequence = self.reception.as_ref()?.extend(original)?;
        Some(self.accept(&format, sequence, header, payload, None, now))
    }

    fn accept<'a>(
        &mut self,
        format: &Format,
        sequence: u64,
        header: &Header,
        payload: &'a [u8],
        level: Option<u8>,
        now: Instant,
    ) -> Packet<'a> {
        if format.nack && self.nacks.received(sequence, now) == Repair::GivenUp {
            self.keyframes.want();
        }
        let starts = format.codec.starts_here(payload);
        if starts {
            self.keyframes.arrived();
        }
        if let Some(ring) = &mut self.ring {
            let (timestamp, payload_type, marker) = (header.timestamp, format.payload_type, header.marker);
            ring.store(sequence, &Stored { timestamp, payload_type, marker, payload });
        }
        let (timestamp, marker) = (header.timestamp, header.marker);
        Packet { sequence, timestamp, marker, codec: format.codec, starts, level, payload }
    }

    /// A subscriber of this track will ask for lost packets.
    pub(super) fn keep_packets(&mut self) {
        self.ring.get_or_insert_with(|| PacketRing::new(RingSize::VIDEO));
    }

    /// A packet again.
    pub(super) fn stored(&self, sequence: u64) -> Option<Packet<'_>> {
        let stored = self.ring.as_ref()?.get(sequence)?;
        let Stored { timestamp, marker, payload, payload_type } = stored;
        let codec = self.format(payload_type)?.codec;
        Some(Packet { sequence, timestamp, marker, codec, starts: false, level: None, payload })
    }

    /// Reception so far.
    pub(super) fn reception(&mut self) -> Option<&mut Reception> {
        self.reception.as_mut()
    }

    /// When packets or a keyframe must be asked for.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.nacks.deadline(), self.keyframes.deadline()].into_iter().flatten().min()
    }

    /// Appends the packets to ask for now.
    pub(super) fn missing(&mut self, now: Instant, rtt: Duration, out: &mut Vec<u16>) {
        if self.nacks.due(now, rtt, out) == Repair::GivenUp {
            self.keyframes.want();
        }
    }

    /// Whether a keyframe is to be asked for now.
    pub(super) fn wants_keyframe(&mut self, now: Instant) -> bool {
        self.plan.formats.iter().any(|format| format.pli) && self.ssrc.is_some() && self.keyframes.poll(now)
    }
}
