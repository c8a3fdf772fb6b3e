//! One receiving section of a peer: from a track's packet to this receiver's numbers, sealed into its train.

use std::time::Instant;

use super::egress::{Egress, OpenTrain, Path};
use super::ingest::Packet;
use super::negotiate::{Format, SlotPlan};
use super::slab::Key;
use crate::forward::Rewriter;
use crate::forward::quality::SlotReports;
use crate::ids::{Kind, Source};
use crate::rtp::header::Outgoing;
use crate::rtp::rtcp::SenderInfo;
use crate::rtp::{Codec, red, rtx};
use crate::transport::srtp::SrtpSender;

/// Room for a header with its extensions: 12 bytes, a mid of at most 32 and an audio level, each with its head.
const HEADER_ROOM: usize = 64;

/// Where a slot's packets go.
pub(super) struct Outlet<'a> {
    pub(super) sealer: &'a mut SrtpSender,
    pub(super) train: &'a mut OpenTrain,
    pub(super) path: &'a Path,
    pub(super) egress: &'a mut Egress,
}

/// Sending state of a slot.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) plan: SlotPlan,
    pub(super) ssrc: u32,
    pub(super) rtx_ssrc: u32,
    rtx_sequence: u16,
    rewriter: Rewriter,
    /// What flows in it: the publisher and its source.
    pub(super) track: Option<(Key, Source)>,
    /// The decoder needs a keyframe of the new track before anything else of it.
    awaits_start: bool,
    packets: u32,
    octets: u32,
    pub(super) reports: SlotReports,
}

impl Slot {
    /// A slot whose numbers begin at random values, all taken from `random`.
    pub(super) fn new(plan: SlotPlan, mut random: impl FnMut() -> u32) -> Slot {
        let clock_hz = match plan.kind {
            Kind::Audio => Codec::Opus.clock_hz(),
            Kind::Video => Codec::Vp8.clock_hz(),
        };
        Slot {
            plan,
            ssrc: random(),
            rtx_ssrc: random(),
            rtx_sequence: random() as u16,
            rewriter: Rewriter::new(clock_hz, random() as u16, random()),
            track: None,
            awaits_start: false,
            packets: 0,
            octets: 0,
            reports: SlotReports::default(),
        }
    }

    /// Lets another track flow, or none.
    pub(super) fn bind(&mut self, track: Option<(Key, Source)>) {
        self.track = track;
        self.restart();
    }

    /// The track's numbers begin anew.
    pub(super) fn restart(&mut self) {
        self.rewriter.restart();
        self.awaits_start = true;
    }

    /// Whether this receiver asks for lost packets.
    pub(super) fn repairs(&self) -> bool {
        self.plan.formats.iter().any(|format| format.rtx.is_some() && format.nack)
    }

    fn format(&self, codec: Codec) -> Option<Format> {
        self.plan.formats.iter().copied().find(|format| format.codec == codec)
    }

    /// The receiver's format for a packet and the payload that fits it: RED is stripped to its newest frame for a receiver
    /// without it.
    fn fit<'a>(&self, packet: &Packet<'a>) -> Option<(Format, &'a [u8])> {
        if let Some(format) = self.format(packet.codec) {
            return Some((format, packet.payload));
        }
        let format = self.format(Codec::Opus).filter(|_| packet.codec == Codec::Red)?;
        Some((format, red::primary(packet.payload).ok()?.1))
    }

    /// Seals a packet into the receiver's train. Says whether it went out.
    pub(super) fn forward(&mut self, packet: &Packet<'_>, now: Instant, outlet: &mut Outlet<'_>) -> bool {
        if self.awaits_start && !packet.starts {
            return false;
        }
        let Some((format, payload)) = self.fit(packet) else { return false };
        let Some(position) = self.rewriter.rewrite(packet.sequence, packet.timestamp, now) else {
            return false;
        };
        self.awaits_start = false;
        let header = Outgoing {
            // The first packet of a talk spurt (RFC 3551 section 4.1): a receiver may adapt its delay here.
            marker: packet.marker || (position.first && self.plan.kind == Kind::Audio),
            payload_type: format.payload_type,
            sequence: position.sequence,
            timestamp: position.timestamp,
            ssrc: self.ssrc,
        };
        let mut head = [0; HEADER_ROOM];
        let level = packet.level.map(|value| [value]);
        let (elements, count) = self.elements(level.as_ref());
        let Ok(head_len) = header.write(&mut head, &elements[..count]) else { return false };
        let sent = match self.inner_mapping(format, payload) {
            None => seal(&head[..head_len], payload, outlet),
            Some((from, to)) => seal_mapped(&head[..head_len], payload, from, to, outlet),
        };
        if sent {
            self.packets = self.packets.wrapping_add(1);
            self.octets = self.octets.wrapping_add(payload.len() as u32);
        }
        sent
    }

    /// Header extensions of this slot, at most two: its mid and the audio level.
    fn elements<'a>(&'a self, level: Option<&'a [u8; 1]>) -> ([(u8, &'a [u8]); 2], usize) {
        let mid = self.plan.ids.mid.map(|id| (id, self.plan.mid.as_bytes()));
        let level = self.plan.ids.audio_level.and_then(|id| Some((id, level?.as_slice())));
        match (mid, level) {
            (Some(mid), Some(level)) => ([mid, level], 2),
            (Some(one), None) | (None, Some(one)) => ([one, (0, &[])], 1),
            (None, None) => ([(0, &[]); 2], 0),
        }
    }

    /// The frames inside RED have payload types of their own; how they must change for this receiver.
    fn inner_mapping(&self, format: Format, payload: &[u8]) -> Option<(u8, u8)> {
        let from = payload.first().filter(|_| format.codec == Codec::Red)? & 0x7f;
        let to = self.format(Codec::Opus)?.payload_type;
        (from != to).then_some((from, to))
    }

    /// The track's packet that the receiver misses.
    pub(super) fn original(&self, sequence: u16) -> Option<u64> {
        self.rewriter.original(sequence)
    }

    /// Sends a packet of the track again, as RTX. Never under its old number: a second packet with one SRTP index would
    /// give the key away.
    pub(super) fn retransmit(&mut self, packet: &Packet<'_>, outlet: &mut Outlet<'_>) -> bool {
        let Some((format, payload)) = self.fit(packet) else { return false };
        let (Some(payload_type), Some(original), Some(timestamp)) =
            (format.rtx, self.rewriter.number(packet.sequence), self.rewriter.timestamp(packet.timestamp))
        else {
            return false;
        };
        let (marker, sequence, ssrc) = (packet.marker, self.rtx_sequence, self.rtx_ssrc);
        let header = Outgoing { marker, payload_type, sequence, timestamp, ssrc };
        let mut head = [0; HEADER_ROOM];
        let (elements, count) = self.elements(None);
        let Ok(head_len) = header.write(&mut head, &elements[..count]) else { return false };
        let len = head_len + rtx::OSN_LEN + payload.len();
        let sealed = len + outlet.sealer.rtp_overhead();
        let Outlet { sealer, train, path, egress } = outlet;
        let sent = egress.push(train, path, sealed, |bytes| {
            let written = rtx::write(bytes, &header, &elements[..count], original, payload);
            written.is_ok() && sealer.seal_rtp(bytes, head_len, len).is_ok()
        });
        self.rtx_sequence = self.rtx_sequence.wrapping_add(u16::from(sent));
        sent
    }

    /// The publisher's report as this slot's own; `ntp` is on our clock. `None` before the first packet.
    pub(super) fn sender_info(&self, ntp: u64, info: &SenderInfo) -> Option<SenderInfo> {
        let rtp_timestamp = self.rewriter.timestamp(info.rtp_timestamp)?;
        Some(SenderInfo { ntp, rtp_timestamp, packets: self.packets, octets: self.octets })
    }
}

fn seal(head: &[u8], payload: &[u8], outlet: &mut Outlet<'_>) -> bool {
    let Outlet { sealer, train, path, egress } = outlet;
    let sealed = head.len() + payload.len() + sealer.rtp_overhead();
    egress.push(train, path, sealed, |bytes| sealer.seal_rtp_into(head, payload, bytes).is_ok())
}

/// Seals RED whose inner payload types are the publisher's.
fn seal_mapped(head: &[u8], payload: &[u8], from: u8, to: u8, outlet: &mut Outlet<'_>) -> bool {
    let Outlet { sealer, train, path, egress } = outlet;
    let len = head.len() + payload.len();
    egress.push(train, path, len + sealer.rtp_overhead(), |bytes| {
        bytes[..head.len()].copy_from_slice(head);
        bytes[head.len()..len].copy_from_slice(payload);
        red::map_payload_type(&mut bytes[head.len()..len], from, to);
        sealer.seal_rtp(bytes, head.len(), len).is_ok()
    })
}
