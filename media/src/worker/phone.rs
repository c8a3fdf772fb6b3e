//! Telephones on a worker: peers whose media is a plain-RTP leg. What a leg hears enters the fan-out like any track.

use std::net::SocketAddr;
use std::time::Instant;

use super::core::Core;
use super::ingest::Packet;
use super::media::{Run, count_refusal};
use super::negotiate::{ExtensionIds, Format, Plan, SlotPlan, TrackPlan};
use super::peer::{Link, Peer};
use super::reports::QUALITY;
use super::slab::{Key, Slab};
use crate::bridge::leg::{Channel, Heard, Leg, Refusal, RoomPacket, SLOTS, Wire};
use crate::control::{MediaError, MediaEvent, PhoneCommand, PhoneEvent};
use crate::forward::Input;
use crate::ids::{Kind, PeerId, RoomId, Source};
use crate::rtp::{Codec, red};

/// Commands that wait for a telephone that is on its way from another worker. More come only if it never arrives.
const MAX_AWAITED: usize = 32;

/// The leg of a peer.
pub(super) struct Phone {
    pub(super) leg: Leg,
    /// Its sockets, which the shell has.
    pub(super) line: Key,
    pub(super) port: u16,
}

impl Phone {
    /// Gives the telephone a packet of the room.
    pub(super) fn forward(&mut self, slot: u16, packet: &Packet<'_>, now: Instant, wire: &mut Wire) -> bool {
        let payload = match packet.codec {
            Codec::Opus => packet.payload,
            Codec::Red => red::primary(packet.payload).map_or(&[][..], |(_, newest)| newest),
            _ => return false,
        };
        let packet = RoomPacket { sequence: packet.sequence, timestamp: packet.timestamp, payload };
        !payload.is_empty() && self.leg.room(usize::from(slot), &packet, now, wire)
    }
}

/// A telephone between two workers.
pub(super) struct Arrival {
    pub(super) room: RoomId,
    pub(super) peer: PeerId,
    /// `None`: it was gone before it could leave.
    pub(super) phone: Option<Box<Phone>>,
}

/// A telephone that another worker will send.
struct Awaited {
    room: RoomId,
    peer: PeerId,
    commands: Vec<PhoneCommand>,
}

/// What a worker knows of telephones beside its peers.
#[derive(Default)]
pub(super) struct Phones {
    /// The peer of each pair of sockets.
    lines: Slab<Key>,
    awaited: Vec<Awaited>,
    /// Pairs of sockets that are no longer needed.
    pub(super) closed: Vec<Key>,
    /// Kept for its memory.
    heard: Heard,
}

impl Phones {
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }
}

impl Core {
    pub(super) fn is_phone(&self, room: RoomId, peer: PeerId) -> bool {
        let phone = |key| self.peers.get(key).is_some_and(|peer| matches!(peer.link, Link::Phone(_)));
        self.phones.len() > 0 && self.key_of(room, peer).is_some_and(phone)
    }

    /// Whether a leg may be opened; its port if it is open already.
    ///
    /// # Errors
    /// [`MediaError`].
    pub(super) fn phone_port(&mut self, room: RoomId, peer: PeerId) -> Result<Option<u16>, MediaError> {
        let state = self.rooms.get(&room).ok_or(MediaError::NoRoom)?;
        if let Some(key) = self.key_of(room, peer) {
            let phone = self.peers.get_mut(key).and_then(Peer::phone);
            return phone.map(|phone| Some(phone.port)).ok_or(MediaError::Unavailable);
        }
        match state.forward.has_room_for(peer) && self.peers.len() < self.limits.peers {
            true => Ok(None),
            false => Err(MediaError::Full),
        }
    }

    /// Makes the leg of a peer, whose sockets are bound: `port`. Returns the name of the pair of sockets.
    pub(super) fn open_phone(&mut self, now: Instant, room: RoomId, peer: PeerId, port: u16) -> Key {
        let random = &mut self.random;
        let line = Key::from_bits(0);
        let phone = Box::new(Phone { leg: Leg::new(0, || random.next()), line, port });
        self.settle(now, room, peer, phone, None)
    }

    /// Makes a peer of a leg. `line`: the name of its sockets, if they have one on this worker.
    fn settle(
        &mut self,
        now: Instant,
        room: RoomId,
        id: PeerId,
        mut phone: Box<Phone>,
        line: Option<Key>,
    ) -> Key {
        (0..SLOTS).for_each(|slot| phone.leg.bind(slot, false, now));
        let is_set = phone.leg.is_set();
        let key = self.insert_peer(now, room, id, Link::Phone(phone));
        let line = match line.and_then(|line| Some((line, self.phones.lines.get_mut(line)?))) {
            Some((line, owner)) => {
                *owner = key;
                line
            }
            None => self.phones.lines.insert(key),
        };
        if let Some(peer) = self.peers.get_mut(key) {
            peer.timers.quality = now + QUALITY;
            if let Some(phone) = peer.phone() {
                phone.line = line;
                phone.leg.set_line(line.to_bits());
            }
        }
        self.negotiate(now, key, &plan());
        self.phone_gate(now, room, id);
        if is_set {
            self.events.push(MediaEvent::Connected { room, peer: id });
        }
        self.schedule(key);
        line
    }

    /// Carries out a command about a telephone; one for an unknown peer is ignored.
    pub(super) fn phone_command(&mut self, now: Instant, room: RoomId, id: PeerId, command: PhoneCommand) {
        let Some(key) = self.key_of(room, id) else { return self.keep(room, id, command) };
        let Some(phone) = self.peers.get_mut(key).and_then(Peer::phone) else { return };
        match command {
            // The shell has the sockets, so it does this.
            PhoneCommand::Open { opened, .. } => opened(Err(MediaError::Unavailable)),
            PhoneCommand::Set(remote) => match phone.leg.set(&remote, now) {
                Ok(true) => self.events.push(MediaEvent::Connected { room, peer: id }),
                Ok(false) => {}
                Err(error) => tracing::warn!(%room, peer = %id, %error, "telephone leg not set up"),
            },
            PhoneCommand::Digits(digits) => {
                if let Err(error) = phone.leg.digits(&digits, now) {
                    tracing::debug!(%room, peer = %id, %error, "digits not sent");
                }
            }
            PhoneCommand::Move { to, peer } => {
                if let Some(phone) = self.take_phone(now, room, id) {
                    let line = phone.line;
                    self.place(now, to, peer, phone, Some(line));
                }
            }
        }
        self.schedule(key);
    }

    fn keep(&mut self, room: RoomId, peer: PeerId, command: PhoneCommand) {
        let awaited = self.phones.awaited.iter_mut().find(|other| other.room == room && other.peer == peer);
        match (awaited, command) {
            (_, PhoneCommand::Open { opened, .. }) => opened(Err(MediaError::Unavailable)),
            (Some(awaited), command) if awaited.commands.len() < MAX_AWAITED => {
                awaited.commands.push(command)
            }
            _ => {}
        }
    }

    /// Another worker will send a telephone; commands for it wait.
    pub(super) fn await_phone(&mut self, room: RoomId, peer: PeerId) {
        self.phones.awaited.push(Awaited { room, peer, commands: Vec::new() });
    }

    /// A telephone that is on its way has no place any more.
    pub(super) fn forget_awaited(&mut self, room: RoomId, peer: Option<PeerId>) {
        self.phones.awaited.retain(|other| other.room != room || peer.is_some_and(|peer| other.peer != peer));
    }

    /// Takes the leg out of a room.
    pub(super) fn take_phone(&mut self, now: Instant, room: RoomId, id: PeerId) -> Option<Box<Phone>> {
        let key = self.key_of(room, id).filter(|_| self.is_phone(room, id))?;
        let peer = self.drop_connection(key)?;
        self.decide(now, room, Input::Leave { peer: id });
        match peer.link {
            Link::Phone(phone) => Some(phone),
            Link::Web(_) => None,
        }
    }

    /// The name of a pair of sockets is free: they go to another worker.
    pub(super) fn release_line(&mut self, line: Key) {
        self.phones.lines.remove(line);
    }

    /// Takes a telephone from another worker; returns the name of its sockets here, unless it is not wanted any more.
    pub(super) fn arrive(&mut self, now: Instant, arrival: Arrival) -> Option<Key> {
        let Arrival { room, peer, phone } = arrival;
        let at = self.phones.awaited.iter().position(|other| other.room == room && other.peer == peer);
        let commands = at.map(|at| self.phones.awaited.swap_remove(at).commands);
        let mut phone = phone?;
        let Some(commands) = commands else {
            self.report(room, peer, &mut phone);
            return None;
        };
        let line = self.place(now, room, peer, phone, None)?;
        commands.into_iter().for_each(|command| self.phone_command(now, room, peer, command));
        Some(line)
    }

    /// Gives a leg its place in a room, or ends it if there is none.
    fn place(
        &mut self,
        now: Instant,
        room: RoomId,
        id: PeerId,
        mut phone: Box<Phone>,
        line: Option<Key>,
    ) -> Option<Key> {
        let fits = self.phone_port(room, id) == Ok(None);
        if !fits {
            self.report(room, id, &mut phone);
            if let Some(line) = line {
                self.phones.lines.remove(line);
                self.phones.closed.push(line);
            }
            return None;
        }
        Some(self.settle(now, room, id, phone, line))
    }

    /// Tells what a leg was like.
    fn report(&mut self, room: RoomId, peer: PeerId, phone: &mut Phone) {
        let event = PhoneEvent::Report(phone.leg.end(&mut self.egress.phones));
        self.events.push(MediaEvent::Phone { room, peer, event });
    }

    /// Ends the leg of a peer that leaves, if it has one.
    pub(super) fn end_phone(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let (room, id) = (peer.room, peer.id);
        let Some(phone) = peer.phone() else { return };
        let event = PhoneEvent::Report(phone.leg.end(&mut self.egress.phones));
        self.events.push(MediaEvent::Phone { room, peer: id, event });
        self.phones.lines.remove(phone.line);
        self.phones.closed.push(phone.line);
    }

    /// Tells a leg of the gate of its peer.
    pub(super) fn phone_gate(&mut self, now: Instant, room: RoomId, id: PeerId) {
        let open = self.rooms.get(&room).is_some_and(|state| state.forward.is_open(id));
        let Some(key) = self.key_of(room, id) else { return };
        if let Some(phone) = self.peers.get_mut(key).and_then(Peer::phone) {
            phone.leg.set_open(open, now);
            self.schedule(key);
        }
    }

    /// Tells a leg that another track flows in a slot.
    pub(super) fn phone_bind(&mut self, now: Instant, key: Key, slot: usize, bound: bool) {
        if let Some(phone) = self.peers.get_mut(key).and_then(Peer::phone) {
            phone.leg.bind(slot, bound, now);
            self.schedule(key);
        }
    }

    /// Takes a datagram of a telephone's socket; its bytes are overwritten.
    pub(super) fn phone_datagram(
        &mut self,
        now: Instant,
        line: Key,
        channel: Channel,
        from: SocketAddr,
        bytes: &mut [u8],
    ) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += bytes.len() as u64;
        let Some(key) = self.phones.lines.get(line).copied() else { return };
        let Some(peer) = self.peers.get_mut(key) else { return };
        let wanted = is_wanted(peer);
        let Some(phone) = peer.phone() else { return };
        let mut heard = std::mem::take(&mut self.phones.heard);
        let taken = match channel {
            Channel::Rtp => phone.leg.rtp(from, bytes, wanted, now, &mut heard),
            Channel::Rtcp => phone.leg.rtcp(from, bytes, now),
        };
        match taken {
            Ok(()) => self.counters.phone_in += 1,
            Err(Refusal::Stranger) => self.counters.dropped_stranger += 1,
            Err(Refusal::Malformed) => self.counters.dropped_malformed += 1,
            Err(Refusal::Srtp(error)) => count_refusal(&mut self.counters, error),
            Err(Refusal::Unexpected | Refusal::Late) => self.counters.dropped_phone += 1,
        }
        self.heard(now, key, &mut heard);
        self.phones.heard = heard;
        self.schedule(key);
    }

    /// Does what a leg is due.
    pub(super) fn phone_tick(&mut self, now: Instant, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let (wanted, room, id) = (is_wanted(peer), peer.room, peer.id);
        let quality_due = now >= peer.timers.quality;
        let Some(phone) = peer.phone() else { return };
        let mut heard = std::mem::take(&mut self.phones.heard);
        phone.leg.tick(wanted, now, &mut self.egress.phones, &mut heard);
        let quality = if quality_due { phone.leg.quality() } else { None };
        let open = self.rooms.get(&room).is_some_and(|state| state.forward.is_open(id));
        if let Some(quality) = quality {
            peer.timers.quality = now + QUALITY;
            self.events.extend(open.then_some(MediaEvent::Quality { room, peer: id, quality }));
        }
        self.heard(now, key, &mut heard);
        self.phones.heard = heard;
        self.schedule(key);
    }

    /// Gives the room what a telephone said.
    fn heard(&mut self, now: Instant, key: Key, heard: &mut Heard) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let (room, id) = (peer.room, peer.id);
        let events = heard.events.drain(..).map(|event| MediaEvent::Phone { room, peer: id, event });
        self.events.extend(events);
        let mut run = Run::default();
        for (frame, payload) in heard.voice.frames() {
            let Some(track) = self.peers.get_mut(key).and_then(|peer| peer.tracks.first_mut()) else { break };
            let packet = Packet {
                sequence: frame.sequence,
                timestamp: frame.timestamp,
                marker: frame.marker,
                codec: Codec::Opus,
                starts: true,
                level: Some(frame.level),
                payload,
            };
            track.made(&packet, now);
            self.counters.media_in += 1;
            run.push(key, 0, packet);
            self.fan_out_all(now, &mut run);
        }
        heard.voice.clear();
    }
}

/// Whether somebody listens to a telephone.
fn is_wanted(peer: &Peer) -> bool {
    peer.tracks.first().is_some_and(|track| track.flows && !track.subscribers.is_empty())
}

/// What a telephone would have offered: a microphone, and slots that only the room sees.
fn plan() -> Plan {
    let format = Format { codec: Codec::Opus, payload_type: 111, rtx: None, nack: false, pli: false };
    let track = TrackPlan {
        source: Source::Mic,
        mid: String::new(),
        announced: None,
        formats: vec![format],
        ids: ExtensionIds::default(),
    };
    let slot = |n: usize| SlotPlan {
        mid: n.to_string(),
        kind: Kind::Audio,
        formats: Vec::new(),
        ids: ExtensionIds::default(),
    };
    Plan { roles: Vec::new(), tracks: vec![track], slots: (0..SLOTS).map(slot).collect() }
}

#[cfg(test)]
mod tests;
