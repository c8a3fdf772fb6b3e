//! The media plane: rooms with the real decisions, and plain RTP instead of DTLS-SRTP.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use media::control::{LostReason, MediaError, MediaEvent};
use media::forward::{self, SlotSpec};
use media::ids::{Kind, PeerId, RoomId, Source};
use media::rtp::{Header, is_rtcp, rtcp};
use signaling::call::MediaCommand;
use signaling::ids::CallId;
use signaling::wire::client::OfferSend;

use super::publish::{Packet, Track};
use super::room::{Peer, PlaneRoom};
use super::slot::Slot;
use super::{AUDIO_SLOTS, VIDEO_SLOTS, conn::Offer};
use crate::sim::ctx::Ctx;
use crate::sim::plan::Sabotage;
use crate::sim::prng::Prng;
use crate::sim::queue::Event;

/// A peer that does not connect, or shows no sign of life, for so long is removed.
const SETUP_TIME: Duration = Duration::from_secs(30);
const CONSENT_TIME: Duration = Duration::from_secs(30);
/// It is looked at so often.
const CONSENT_EVERY_MS: u64 = 5_000;

/// See the module.
pub struct Plane {
    boot: u32,
    random: Prng,
    rooms: BTreeMap<RoomId, PlaneRoom>,
    events: VecDeque<MediaEvent>,
}

impl Plane {
    pub fn new(boot: u32, seed: u64) -> Plane {
        Plane { boot, random: Prng::new(seed), rooms: BTreeMap::new(), events: VecDeque::new() }
    }

    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    pub fn next_event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// An offer of a client: makes the peer, or changes its path.
    pub fn offer(
        &mut self,
        ctx: &mut Ctx,
        call: CallId,
        id: PeerId,
        sdp: &str,
        sends: &[OfferSend],
    ) -> Result<String, MediaError> {
        let (boot, room) = (self.boot, call.room());
        let offer = Offer::read(sdp).ok_or_else(|| MediaError::BadOffer("not an offer".into()))?;
        let state = self.rooms.get_mut(&room).ok_or(MediaError::NoRoom)?;
        if state.peers.get(&id).is_some_and(|peer| peer.number != offer.number) {
            self.lost(ctx, room, id, LostReason::FingerprintMismatch);
            return Err(MediaError::BadOffer("another certificate".into()));
        }
        if state.peers.contains_key(&id) {
            return Ok(String::from("answer"));
        }
        let specs: Vec<SlotSpec> = (0..AUDIO_SLOTS + VIDEO_SLOTS)
            .map(|n| SlotSpec {
                mid: (10 + n).to_string(),
                kind: if n < AUDIO_SLOTS { Kind::Audio } else { Kind::Video },
            })
            .collect();
        let tracks = sends.iter().zip(0..).map(|(send, n)| Track::new(send.source, offer.ssrc + n));
        let peer = Peer {
            client: offer.client,
            call,
            number: offer.number,
            link: None,
            seen_at: ctx.now,
            tracks: tracks.collect(),
            slots: specs.iter().map(|spec| Slot::new(spec, &mut self.random)).collect(),
            due: None,
        };
        let publishes: Vec<Source> = sends.iter().map(|send| send.source).collect();
        state.peers.insert(id, peer);
        let input = forward::Input::Negotiated { peer: id, publishes: &publishes, slots: &specs };
        self.decide(ctx, room, input);
        ctx.after(CONSENT_EVERY_MS, Event::Consent { boot, room, peer: id });
        Ok(String::from("answer"))
    }

    /// Carries out a command.
    pub fn command(&mut self, ctx: &mut Ctx, room: RoomId, command: MediaCommand) {
        match command {
            MediaCommand::Open => drop(self.rooms.entry(room).or_default()),
            MediaCommand::SetOpen { peer, open } => {
                self.decide(ctx, room, forward::Input::SetOpen { peer, open });
            }
            MediaCommand::SetSources { peer, on } => {
                self.decide(ctx, room, forward::Input::SetSources { peer, on: &on });
            }
            MediaCommand::Leave { peer } => self.remove(ctx, room, peer),
            MediaCommand::Close => drop(self.rooms.remove(&room)),
        }
    }

    /// ICE and DTLS of a client's connection are through, or its path has changed.
    pub fn reached(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId, number: u64, link: u64) {
        let Some(peer) = self.peer(room, id).filter(|peer| peer.number == number) else { return };
        peer.seen_at = ctx.now;
        if peer.link.replace(link).is_none() {
            let video: Vec<_> = peer
                .slots
                .iter()
                .filter_map(|slot| slot.track)
                .filter(|(_, s)| *s == Source::Camera)
                .collect();
            video.into_iter().for_each(|track| self.want_keyframe(ctx, room, track));
            self.events.push_back(MediaEvent::Connected { room, peer: id });
        }
    }

    /// Whose connection a peer is: its client, call, number and path.
    pub fn end_of(&mut self, room: RoomId, id: PeerId) -> Option<(usize, CallId, u64, Option<u64>)> {
        self.peer(room, id).map(|peer| (peer.client, peer.call, peer.number, peer.link))
    }

    /// Looks whether a peer is still there; `alive`: its client answers on its path.
    pub fn consent(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId, alive: bool) {
        let (boot, now) = (self.boot, ctx.now);
        let Some(peer) = self.peer(room, id) else { return };
        let connected = peer.link.is_some();
        if connected && alive {
            peer.seen_at = now;
        }
        let silent = now - peer.seen_at;
        if silent >= if connected { CONSENT_TIME } else { SETUP_TIME } {
            let reason = if connected { LostReason::ConsentExpired } else { LostReason::SetupTimeout };
            return self.lost(ctx, room, id, reason);
        }
        ctx.after(CONSENT_EVERY_MS, Event::Consent { boot, room, peer: id });
    }

    /// A packet of a peer.
    pub fn packet(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId, link: u64, bytes: &[u8]) {
        let now = ctx.now;
        let Some(state) = self.rooms.get_mut(&room) else { return };
        if state.peers.get(&id).is_none_or(|peer| peer.link != Some(link)) {
            return;
        }
        if is_rtcp(bytes) {
            return self.feedback(ctx, room, id, bytes);
        }
        let (Ok(header), Some(mut sender)) = (Header::parse(bytes), state.peers.remove(&id)) else { return };
        if let Some(track) = sender.tracks.iter_mut().find(|track| track.owns(header.ssrc)) {
            let key = (id, track.source);
            let flows = state.forward.sends(key) || ctx.plan.breaks(Sabotage::IgnoreHold);
            if let Some(packet) = track.take(&header, bytes, now).filter(|_| flows) {
                state.fan_out(ctx, key, &packet);
                self.leak(ctx, room, &packet);
            }
        }
        if let Some(state) = self.rooms.get_mut(&room) {
            state.peers.insert(id, sender);
        }
        self.schedule(ctx, room, id);
    }

    /// Requests for packets and keyframes.
    fn feedback(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId, bytes: &[u8]) {
        for packet in rtcp::packets(bytes).flatten() {
            match packet {
                rtcp::Packet::Nack(nack) if !ctx.plan.breaks(Sabotage::IgnoreNacks) => {
                    let sequences = nack.sequences();
                    if let Some(state) = self.rooms.get_mut(&room) {
                        state.repair(ctx, id, nack.media_ssrc, sequences);
                    }
                }
                rtcp::Packet::Pli(ssrc) => {
                    let slots = self.peer(room, id).map(|peer| peer.slots.iter());
                    let track = slots.and_then(|mut slots| slots.find(|slot| slot.ssrc == ssrc)?.track);
                    if let Some(track) = track {
                        self.want_keyframe(ctx, room, track);
                    }
                }
                _ => {}
            }
        }
    }

    /// Asks a publisher for what is missing of it, and for keyframes.
    pub fn due(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId) {
        let now = ctx.now;
        let Some(peer) = self.peer(room, id) else { return };
        peer.due = None;
        let (client, call, link) = (peer.client, peer.call, peer.link);
        let mut buffer = vec![0; 1_200];
        let mut writer = rtcp::Writer::new(&mut buffer);
        for track in &mut peer.tracks {
            let (ssrc, missing) = (track.ssrc(), track.missing(now));
            // What does not fit is asked for later.
            let _ = rtcp::nack(&mut writer, 1, ssrc, &missing);
            if track.keyframes.poll(now) {
                let _ = rtcp::pli(&mut writer, 1, ssrc);
            }
        }
        let len = writer.len();
        buffer.truncate(len);
        if let Some(link) = link.filter(|_| len > 0) {
            ctx.send_media(Event::Downlink { client, call, link, bytes: buffer }, false);
        }
        self.schedule(ctx, room, id);
    }

    fn schedule(&mut self, ctx: &mut Ctx, room: RoomId, id: PeerId) {
        let boot = self.boot;
        let Some(peer) = self.peer(room, id) else { return };
        let Some(at) = peer.tracks.iter().filter_map(Track::deadline).min() else { return };
        if peer.due.is_none_or(|due| at < due) {
            peer.due = Some(at);
            ctx.queue.put(at.max(ctx.now), Event::PlaneDue { boot, room, peer: id });
        }
    }

    fn want_keyframe(&mut self, ctx: &mut Ctx, room: RoomId, (publisher, source): forward::Track) {
        let (boot, now) = (self.boot, ctx.now);
        let Some(peer) = self.peer(room, publisher) else { return };
        if let Some(track) = peer.tracks.iter_mut().find(|track| track.source == source) {
            track.keyframes.want();
            ctx.queue.put(now, Event::PlaneDue { boot, room, peer: publisher });
        }
    }

    fn peer(&mut self, room: RoomId, id: PeerId) -> Option<&mut Peer> {
        self.rooms.get_mut(&room)?.peers.get_mut(&id)
    }

    fn lost(&mut self, ctx: &mut Ctx, room: RoomId, peer: PeerId, reason: LostReason) {
        ctx.note(|| format!("media plane lost {peer}: {reason:?}"));
        self.events.push_back(MediaEvent::Lost { room, peer, reason });
        self.remove(ctx, room, peer);
    }

    fn remove(&mut self, ctx: &mut Ctx, room: RoomId, peer: PeerId) {
        if let Some(state) = self.rooms.get_mut(&room) {
            state.peers.remove(&peer);
        }
        self.decide(ctx, room, forward::Input::Leave { peer });
    }

    /// Lets the room decide and carries it out.
    fn decide(&mut self, ctx: &mut Ctx, room: RoomId, input: forward::Input<'_>) {
        let Some(state) = self.rooms.get_mut(&room) else { return };
        let mut outputs = Vec::new();
        state.forward.handle(ctx.now, input, &mut outputs);
        for output in outputs {
            match output {
                forward::Output::Bind { peer, slot, track } => {
                    if let Some(slot) = self.peer(room, peer).and_then(|peer| peer.slots.get_mut(slot)) {
                        slot.bind(track);
                    }
                    if let Some(track) = track.filter(|(_, source)| source.kind() == Kind::Video) {
                        self.want_keyframe(ctx, room, track);
                    }
                }
                forward::Output::Slots { peer, slots } => {
                    self.events.push_back(MediaEvent::Slots { room, peer, slots });
                }
                forward::Output::Speakers(_) => {}
            }
        }
    }

    /// The broken rule: a peer of another room gets the packet.
    fn leak(&mut self, ctx: &mut Ctx, room: RoomId, packet: &Packet<'_>) {
        if !ctx.plan.breaks(Sabotage::LeakToStrangers) {
            return;
        }
        let others = self.rooms.iter_mut().filter(|(id, _)| **id != room);
        for (id, peer) in others.flat_map(|(_, state)| &mut state.peers) {
            if peer.link.is_some() {
                let (source, from) = (peer.slots[0].track, *id);
                peer.slots[0].bind(Some((from, Source::Mic)));
                peer.send(ctx, from, 0, packet);
                peer.slots[0].bind(source);
            }
        }
    }
}
