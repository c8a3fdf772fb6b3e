//! One peer on its worker: transport, keys, tracks it publishes, slots it receives in, timers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::counters::Counters;
use super::egress::{Egress, OpenTrain, Path};
use super::ingest::{Ingest, Packet, Stream};
use super::negotiate::{Plan, SlotPlan, TrackPlan};
use super::phone::Phone;
use super::slot::{Outlet, Slot};
use crate::forward::{QualityMeter, SenderClock};
use crate::ids::{PeerId, RoomId, Source};
use crate::rtp::twcc::TwccRecorder;
use crate::rtp::{Header, rtcp};
use crate::transport::srtp::{SrtpReceiver, SrtpSender};
use crate::transport::{self, ChannelId};

/// Longest compound that we send.
pub(super) const MAX_RTCP: usize = 1200;
/// Round trip that is assumed until it is known.
const DEFAULT_RTT: Duration = Duration::from_millis(100);

/// Keys in use, once DTLS is up.
pub(super) struct Srtp {
    pub(super) sender: SrtpSender,
    pub(super) receiver: SrtpReceiver,
}

/// When the periodic work of a connected peer is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timers {
    /// The earliest entry in the wheel; others are void.
    pub(super) scheduled: Option<Instant>,
    pub(super) feedback: Instant,
    pub(super) report: Instant,
    pub(super) quality: Instant,
}

/// What carries a peer's media.
pub(super) enum Link {
    /// A connection of a browser.
    Web(Box<transport::Peer>),
    /// The leg of a telephone.
    Phone(Box<Phone>),
}

/// A peer.
pub(super) struct Peer {
    pub(super) id: PeerId,
    pub(super) room: RoomId,
    pub(super) link: Link,
    pub(super) srtp: Option<Srtp>,
    /// Where media goes.
    pub(super) path: Option<Path>,
    /// All addresses that were authenticated.
    pub(super) paths: Vec<Path>,
    pub(super) train: OpenTrain,
    pub(super) tracks: Vec<Ingest>,
    pub(super) slots: Vec<Slot>,
    pub(super) twcc: TwccRecorder,
    transport_cc: Option<u8>,
    pub(super) clock: SenderClock,
    pub(super) quality: QualityMeter,
    pub(super) timers: Timers,
    /// SSRC of our own reports to this peer.
    pub(super) ssrc: u32,
    /// `o=` of our answers.
    pub(super) session_id: u64,
    pub(super) answers: u64,
    /// Retransmissions that may still be answered before the next feedback is due.
    pub(super) repairs_left: u16,
    pub(super) channels: Vec<(ChannelId, std::sync::Arc<str>)>,
    pub(super) data_left: u32,
}

impl Peer {
    pub(super) fn new(
        id: PeerId,
        room: RoomId,
        link: Link,
        now: Instant,
        mut random: impl FnMut() -> u32,
    ) -> Peer {
        Peer {
            id,
            room,
            link,
            srtp: None,
            path: None,
            paths: Vec::new(),
            train: OpenTrain::default(),
            tracks: Vec::new(),
            slots: Vec::new(),
            twcc: TwccRecorder::new(now),
            transport_cc: None,
            clock: SenderClock::default(),
            quality: QualityMeter::default(),
            timers: Timers { scheduled: None, feedback: now, report: now, quality: now },
            ssrc: random(),
            // 62 bits: some clients read it as a signed number.
            session_id: u64::from(random()) << 30 | u64::from(random() >> 2),
            answers: 0,
            repairs_left: 0,
            channels: Vec::new(),
            data_left: 0,
        }
    }

    /// Takes what an offer negotiated. Tracks are known by their source and slots by their mid; what is kept runs on.
    pub(super) fn negotiate(&mut self, plan: &Plan, mut random: impl FnMut() -> u32) {
        let mut old = std::mem::take(&mut self.tracks);
        for track in &plan.tracks {
            self.tracks.push(keep_track(&mut old, track));
        }
        let mut old = std::mem::take(&mut self.slots);
        for slot in &plan.slots {
            self.slots.push(keep_slot(&mut old, slot, &mut random));
        }
        self.transport_cc = plan.tracks.iter().find_map(|track| track.ids.transport_cc);
    }

    pub(super) fn transport(&self) -> Option<&transport::Peer> {
        match &self.link {
            Link::Web(transport) => Some(transport),
            Link::Phone(_) => None,
        }
    }

    pub(super) fn transport_mut(&mut self) -> Option<&mut transport::Peer> {
        match &mut self.link {
            Link::Web(transport) => Some(transport),
            Link::Phone(_) => None,
        }
    }

    pub(super) fn phone(&mut self) -> Option<&mut Phone> {
        match &mut self.link {
            Link::Web(_) => None,
            Link::Phone(phone) => Some(phone),
        }
    }

    pub(super) fn track(&mut self, source: Source) -> Option<&mut Ingest> {
        self.tracks.iter_mut().find(|track| track.plan.source == source)
    }

    /// Takes note of an authenticated address; the first one gets media until one is nominated.
    pub(super) fn reach(&mut self, path: Path) {
        match self.paths.iter_mut().find(|known| known.remote == path.remote) {
            Some(known) => *known = path,
            None => self.paths.push(path),
        }
        if self.path.is_none_or(|current| current.remote == path.remote) {
            self.path = Some(path);
        }
    }

    /// The path to an address.
    pub(super) fn path_to(&self, remote: SocketAddr) -> Path {
        let known = self.paths.iter().find(|path| path.remote == remote);
        known.copied().unwrap_or(Path { remote, local: None })
    }

    /// What a packet's SSRC stands for: track index and stream. A new SSRC is known by its mid, else by being the only track
    /// with its payload type that has no SSRC yet. The flag says that a media stream begins anew.
    pub(super) fn classify(&mut self, header: &Header, packet: &[u8]) -> Option<(usize, Stream, bool)> {
        for (at, track) in self.tracks.iter().enumerate() {
            if let Some(stream) = track.stream_of(header.ssrc) {
                return Some((at, stream, false));
            }
        }
        let mid_of = |track: &Ingest| track.plan.ids.mid.and_then(|id| header.extensions(packet).get(id));
        let named = self.tracks.iter().position(|track| mid_of(track) == Some(track.plan.mid.as_bytes()));
        let at = named.or_else(|| {
            let fits = |track: &Ingest| {
                mid_of(track).is_none()
                    && track.ssrc.is_none()
                    && track.stream_by_format(header.payload_type).is_some()
            };
            let mut fitting = (0..self.tracks.len()).filter(|at| fits(&self.tracks[*at]));
            fitting.next().filter(|_| fitting.next().is_none())
        })?;
        let stream = self.tracks[at].stream_by_format(header.payload_type)?;
        self.tracks[at].bind(stream, header.ssrc);
        Some((at, stream, stream == Stream::Media))
    }

    /// Notes the transport-wide sequence number of a packet.
    pub(super) fn note_arrival(&mut self, header: &Header, packet: &[u8], now: Instant) {
        let value = self.transport_cc.and_then(|id| header.extensions(packet).get(id));
        if let Some([high, low, ..]) = value {
            self.twcc.received(u16::from_be_bytes([*high, *low]), now);
        }
    }

    /// Forwards a packet to one slot.
    pub(super) fn forward(
        &mut self,
        slot: u16,
        packet: &Packet<'_>,
        now: Instant,
        egress: &mut Egress,
    ) -> bool {
        if let Link::Phone(phone) = &mut self.link {
            return phone.forward(slot, packet, now, &mut egress.phones);
        }
        let (Some(srtp), Some(path)) = (&mut self.srtp, &self.path) else { return false };
        let mut outlet = Outlet { sealer: &mut srtp.sender, train: &mut self.train, path, egress };
        self.slots.get_mut(usize::from(slot)).is_some_and(|slot| slot.forward(packet, now, &mut outlet))
    }

    /// Sends a packet again in one slot.
    pub(super) fn retransmit(&mut self, slot: usize, packet: &Packet<'_>, egress: &mut Egress) -> bool {
        let (Some(srtp), Some(path)) = (&mut self.srtp, &self.path) else { return false };
        let mut outlet = Outlet { sealer: &mut srtp.sender, train: &mut self.train, path, egress };
        self.slots.get_mut(slot).is_some_and(|slot| slot.retransmit(packet, &mut outlet))
    }

    /// Seals and sends a compound; nothing if it is empty.
    pub(super) fn send_rtcp(&mut self, compound: &[u8], egress: &mut Egress) {
        let (Some(srtp), Some(path)) = (&mut self.srtp, &self.path) else { return };
        if compound.is_empty() {
            return;
        }
        let mut sealed = [0; MAX_RTCP + transport::srtp::MAX_OVERHEAD];
        sealed[..compound.len()].copy_from_slice(compound);
        if let Ok(len) = srtp.sender.seal_rtcp(&mut sealed, compound.len()) {
            egress.push_copy(&mut self.train, path, &sealed[..len]);
        }
    }

    /// Asks for keyframes that are wanted now.
    pub(super) fn request_keyframes(&mut self, now: Instant, egress: &mut Egress, counters: &mut Counters) {
        if self.srtp.is_none() {
            return;
        }
        let mut buffer = [0; 64];
        let mut writer = rtcp::Writer::new(&mut buffer);
        for track in &mut self.tracks {
            if let Some(ssrc) = track.ssrc.filter(|_| track.wants_keyframe(now)) {
                counters.keyframe_requests += u64::from(rtcp::pli(&mut writer, self.ssrc, ssrc).is_ok());
            }
        }
        let len = writer.len();
        self.send_rtcp(&buffer[..len], egress);
    }

    /// Round trip, or a guess.
    pub(super) fn rtt(&self) -> Duration {
        self.quality.rtt().unwrap_or(DEFAULT_RTT)
    }

    /// When the earliest of the peer's timers is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let transport = match &self.link {
            Link::Web(transport) => transport.deadline(),
            Link::Phone(phone) => return phone.leg.deadline(),
        };
        if self.srtp.is_none() {
            return transport;
        }
        let tracks = self.tracks.iter().filter_map(Ingest::deadline).min();
        [transport, tracks, Some(self.timers.feedback)].into_iter().flatten().min()
    }
}

fn keep_track(old: &mut Vec<Ingest>, plan: &TrackPlan) -> Ingest {
    match old.iter().position(|track| track.plan.source == plan.source && track.plan.mid == plan.mid) {
        None => Ingest::new(plan.clone()),
        Some(at) => {
            let mut track = old.swap_remove(at);
            track.renew(plan.clone());
            track
        }
    }
}

fn keep_slot(old: &mut Vec<Slot>, plan: &SlotPlan, random: impl FnMut() -> u32) -> Slot {
    match old.iter().position(|slot| slot.plan.mid == plan.mid && slot.plan.kind == plan.kind) {
        None => Slot::new(plan.clone(), random),
        Some(at) => {
            let mut slot = old.swap_remove(at);
            slot.plan = plan.clone();
            slot
        }
    }
}
