//! A worker without its socket: datagrams and commands in, trains and events out.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::address::AddressMap;
use super::counters::Counters;
use super::egress::{Egress, OpenTrain, Path};
use super::media::Run;
use super::peer::{Peer, Srtp};
use super::phone::Phones;
use super::random::Random;
use super::slab::{Key, Slab};
use super::wheel::Wheel;
use crate::control::{LostReason, MediaEvent};
use crate::forward::Room;
use crate::ids::{PeerId, RoomId};
use crate::transport::srtp::{SrtpKeys, SrtpReceiver, SrtpSender};
use crate::transport::stun;
use crate::transport::{self, Input, Output, Protocol, TransportConfig, Ufrag};

/// First feedback after the connection is up.
const FIRST_FEEDBACK: Duration = Duration::from_millis(100);

/// What a timer is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timer {
    /// A peer has something due, if its own table says so.
    Peer(Key),
    /// Speakers of a room are looked at.
    Speakers(RoomId),
}

/// A room and where its peers are.
#[derive(Default)]
pub(super) struct RoomState {
    pub(super) forward: Room,
    pub(super) peers: Vec<(PeerId, Key)>,
    /// A [`Timer::Speakers`] is set.
    pub(super) listens: bool,
}

/// Bounds of one worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) rooms: usize,
    pub(super) peers: usize,
}

/// See the module.
pub(super) struct Core {
    pub(super) config: Arc<TransportConfig>,
    /// What answers announce.
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) limits: Limits,
    pub(super) rooms: HashMap<RoomId, RoomState>,
    pub(super) peers: Slab<Peer>,
    by_address: AddressMap<Key>,
    pub(super) by_ufrag: HashMap<Ufrag, Key>,
    pub(super) wheel: Wheel<Timer>,
    pub(super) egress: Egress,
    pub(super) events: Vec<MediaEvent>,
    pub(super) counters: Counters,
    pub(super) random: Random,
    /// When our clock began, for reports.
    pub(super) epoch: Instant,
    /// Kept for its memory.
    outputs: Vec<Output>,
    due: Vec<Timer>,
    pub(super) phones: Phones,
}

impl Core {
    pub(super) fn new(
        now: Instant,
        config: Arc<TransportConfig>,
        candidates: Vec<SocketAddr>,
        limits: Limits,
        seed: u64,
    ) -> Core {
        Core {
            config,
            candidates,
            limits,
            rooms: HashMap::new(),
            peers: Slab::default(),
            by_address: AddressMap::default(),
            by_ufrag: HashMap::new(),
            wheel: Wheel::new(now),
            egress: Egress::default(),
            events: Vec::new(),
            counters: Counters::default(),
            random: Random::new(seed),
            epoch: now,
            outputs: Vec::new(),
            due: Vec::new(),
            phones: Phones::default(),
        }
    }

    /// Takes a message that came `from` a peer `to` an address of ours: datagrams of `segment` bytes, the last may be shorter.
    /// Its bytes are overwritten. What is left for [`Core::fan_out`] is returned.
    pub(super) fn message<'a>(
        &mut self,
        now: Instant,
        from: SocketAddr,
        to: Option<IpAddr>,
        segment: usize,
        bytes: &'a mut [u8],
    ) -> Run<'a> {
        let arrival = Path { remote: from, local: to };
        let mut run = Run::default();
        for datagram in bytes.chunks_mut(segment.max(1)) {
            self.datagram(now, arrival, datagram, &mut run);
        }
        run
    }

    /// Takes one datagram. A media packet that is to be forwarded joins `run`; all else is dealt with behind the run.
    fn datagram<'a>(&mut self, now: Instant, arrival: Path, bytes: &'a mut [u8], run: &mut Run<'a>) {
        self.counters.datagrams_in += 1;
        self.counters.bytes_in += bytes.len() as u64;
        let protocol = transport::classify(bytes);
        let key = match protocol {
            None => return self.counters.dropped_malformed += 1,
            Some(Protocol::Stun) => stun::local_ufrag(bytes).and_then(|ufrag| self.by_ufrag.get(&ufrag)),
            Some(_) => self.by_address.get(&arrival.remote),
        };
        let Some(key) = key.copied() else {
            self.counters.dropped_stranger += 1;
            return;
        };
        if protocol == Some(Protocol::Rtp) {
            return self.rtp(now, key, bytes, run);
        }
        self.fan_out_all(now, run);
        match protocol {
            Some(Protocol::Rtcp) => self.rtcp(now, key, bytes),
            _ => {
                let input = Input::Datagram { from: arrival.remote, data: bytes };
                self.transport(now, key, input, Some(arrival));
            }
        }
    }

    /// Does what is due.
    pub(super) fn expire(&mut self, now: Instant) {
        let mut due = std::mem::take(&mut self.due);
        self.wheel.expire(now, &mut due);
        for timer in due.drain(..) {
            match timer {
                Timer::Peer(key) => {
                    let scheduled = self.peers.get(key).and_then(|peer| peer.timers.scheduled);
                    if scheduled.is_some_and(|at| at <= now) {
                        self.tick(now, key);
                    }
                }
                Timer::Speakers(room) => self.speakers(now, room),
            }
        }
        self.due = due;
    }

    /// When [`Core::expire`] is to be called.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.wheel.deadline()
    }

    /// The counters with the present gauges.
    pub(super) fn counters(&mut self) -> &Counters {
        self.counters.rooms = self.rooms.len() as u64;
        self.counters.peers = self.peers.len() as u64;
        self.counters.phones = self.phones.len() as u64;
        &self.counters
    }

    /// Makes sure that the peer is looked at by its deadline.
    pub(super) fn schedule(&mut self, key: Key) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if let Some(at) = peer.deadline()
            && peer.timers.scheduled.is_none_or(|scheduled| at < scheduled)
        {
            peer.timers.scheduled = Some(at);
            self.wheel.set(at, Timer::Peer(key));
        }
    }

    /// Gives an input to a peer's transport and carries out what follows.
    pub(super) fn transport(&mut self, now: Instant, key: Key, input: Input<'_>, arrival: Option<Path>) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let mut outputs = std::mem::take(&mut self.outputs);
        if let Some(transport) = peer.transport_mut() {
            let before = transport.stats();
            transport.handle(now, input, &mut outputs);
            self.counters.count_drops(before, transport.stats());
        }
        for output in outputs.drain(..) {
            self.carry_out(now, key, output, arrival);
        }
        self.outputs = outputs;
        self.schedule(key);
    }

    fn carry_out(&mut self, now: Instant, key: Key, output: Output, arrival: Option<Path>) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        match output {
            Output::Transmit { to, datagram } => {
                let arrival = arrival.filter(|path| path.remote == to);
                let path = arrival.unwrap_or_else(|| peer.path_to(to));
                self.egress.push_copy(&mut OpenTrain::default(), &path, &datagram);
            }
            Output::Reachable(from) => {
                peer.reach(
                    arrival.filter(|path| path.remote == from).unwrap_or(Path { remote: from, local: None }),
                );
                self.by_address.insert(from, key);
            }
            Output::Forgotten(from) => {
                peer.paths.retain(|path| path.remote != from);
                self.forget_address(from, key);
            }
            Output::Selected(to) => peer.path = Some(peer.path_to(to)),
            Output::Retired(ufrag) => drop(self.by_ufrag.remove(&ufrag)),
            Output::Connected { keys } => self.connected(now, key, &keys),
            Output::ChannelOpened { channel, label } => peer.channels.push((channel, label)),
            Output::ChannelClosed(channel) => peer.channels.retain(|(open, _)| *open != channel),
            Output::Data { label, message, .. } => self.relay(now, key, &label, &message),
            Output::SendRefused(_) => self.counters.dropped_data += 1,
            Output::Closed(reason) => self.lost(now, key, reason),
        }
    }

    fn connected(&mut self, now: Instant, key: Key, keys: &SrtpKeys) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let sender = SrtpSender::new(keys.profile, &keys.local);
        let receiver = SrtpReceiver::new(keys.profile, &keys.remote);
        let (Ok(sender), Ok(receiver)) = (sender, receiver) else {
            // The keys have the profile's lengths, or DTLS would not have given them.
            return self.lost(now, key, LostReason::Closed);
        };
        peer.srtp = Some(Srtp { sender, receiver });
        peer.timers.feedback = now + FIRST_FEEDBACK;
        peer.refill();
        let (room, id) = (peer.room, peer.id);
        self.events.push(MediaEvent::Connected { room, peer: id });
        self.want_keyframes_for(now, key);
        self.request_keyframes(now, key);
    }

    /// Removes a peer and tells why.
    fn lost(&mut self, now: Instant, key: Key, reason: LostReason) {
        if let Some(peer) = self.peers.get(key) {
            self.events.push(MediaEvent::Lost { room: peer.room, peer: peer.id, reason });
            self.remove(now, key);
        }
    }

    /// Forgets everything about a peer's transport.
    pub(super) fn forget(&mut self, key: Key) -> Option<Peer> {
        let peer = self.peers.remove(key)?;
        for path in &peer.paths {
            self.forget_address(path.remote, key);
        }
        for ufrag in peer.transport().into_iter().flat_map(|transport| transport.ufrags()) {
            self.by_ufrag.remove(&ufrag);
        }
        Some(peer)
    }

    /// The address may have become another peer's meanwhile.
    fn forget_address(&mut self, address: SocketAddr, key: Key) {
        if self.by_address.get(&address) == Some(&key) {
            self.by_address.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests;
