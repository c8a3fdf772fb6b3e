//! What signaling tells a worker: rooms, offers, gates.

use std::time::Instant;

use super::core::{Core, RoomState, Timer};
use super::ingest::Subscriber;
use super::negotiate::{Plan, Role};
use super::peer::{Link, Peer};
use super::slab::Key;
use crate::control::{ClientOffer, MediaError, MediaEvent, RoomCommand};
use crate::forward::{self, SlotSpec, Track};
use crate::ids::{Kind, PeerId, RoomId, Source};
use crate::transport::sdp::{Answer, Offer, Outgoing, SectionAnswer, answer};
use crate::transport::{self, Input};

impl Core {
    /// Makes a room.
    pub(super) fn open_room(&mut self, room: RoomId) {
        if self.rooms.len() < self.limits.rooms {
            self.rooms.entry(room).or_default();
        }
    }

    /// Carries out a command. One for an unknown room is ignored; an offer is refused.
    pub(super) fn command(&mut self, now: Instant, room: RoomId, command: RoomCommand) {
        match command {
            RoomCommand::Offer { peer, offer, answer } => answer(self.offer(now, room, peer, &offer)),
            RoomCommand::SetOpen { peer, open } => {
                self.decide(now, room, forward::Input::SetOpen { peer, open });
                self.update_flows(room, peer);
                self.phone_gate(now, room, peer);
            }
            RoomCommand::SetSources { peer, on } => {
                self.decide(now, room, forward::Input::SetSources { peer, on: &on });
                self.update_flows(room, peer);
            }
            RoomCommand::Leave { peer } => match self.key_of(room, peer) {
                Some(key) => self.leave(now, key),
                None => {
                    self.forget_awaited(room, Some(peer));
                    self.decide(now, room, forward::Input::Leave { peer });
                }
            },
            RoomCommand::Phone { peer, command } => self.phone_command(now, room, peer, command),
            RoomCommand::Close => {
                let peers = self.rooms.remove(&room).map(|state| state.peers).unwrap_or_default();
                peers.into_iter().for_each(|(_, key)| self.leave(now, key));
                self.forget_awaited(room, None);
            }
        }
    }

    /// Closes every room: the worker ends.
    pub(super) fn close_all(&mut self, now: Instant) {
        let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
        rooms.into_iter().for_each(|room| self.command(now, room, RoomCommand::Close));
    }

    pub(super) fn key_of(&self, room: RoomId, peer: PeerId) -> Option<Key> {
        let peers = &self.rooms.get(&room)?.peers;
        peers.iter().find(|(id, _)| *id == peer).map(|(_, key)| *key)
    }

    fn offer(
        &mut self,
        now: Instant,
        room: RoomId,
        id: PeerId,
        client: &ClientOffer,
    ) -> Result<String, MediaError> {
        let state = self.rooms.get(&room).ok_or(MediaError::NoRoom)?;
        if !state.forward.has_room_for(id) {
            return Err(MediaError::Full);
        }
        let mut offer = Offer::parse(&client.sdp)?;
        let plan = Plan::new(&mut offer, &client.sends);
        if self.is_phone(room, id) {
            return Err(MediaError::BadOffer("of a telephone".to_owned()));
        }
        let key = match self.same_client(now, room, id, &offer) {
            Some(key) => {
                self.transport(now, key, Input::NewOffer(&offer.remote), None);
                key
            }
            None => self.add_peer(now, room, id, &offer)?,
        };
        self.negotiate(now, key, &plan);
        let peer = self.peers.get_mut(key).ok_or(MediaError::Unavailable)?;
        peer.answers += 1;
        let (peer, sections) = (&*peer, section_answers(peer, &plan));
        let transport = peer.transport().ok_or(MediaError::Unavailable)?;
        for ufrag in transport.ufrags() {
            self.by_ufrag.insert(ufrag, key);
        }
        let text = answer::write(
            &offer,
            &Answer {
                session_id: peer.session_id,
                version: peer.answers,
                local: transport.local(),
                fingerprint: self.config.fingerprint(),
                candidates: &self.candidates,
                sections: &sections,
            },
        );
        self.schedule(key);
        Ok(text)
    }

    /// The peer, when the offer continues its connection. A page that was opened again offers for the same peer with
    /// another certificate: its old connection is dropped, while gate and sources stay as they are.
    fn same_client(&mut self, now: Instant, room: RoomId, id: PeerId, offer: &Offer) -> Option<Key> {
        let key = self.key_of(room, id)?;
        if self.peers.get(key)?.transport()?.is_of(&offer.remote) {
            return Some(key);
        }
        self.decide(now, room, forward::Input::Negotiated { peer: id, publishes: &[], slots: &[] });
        self.drop_connection(key);
        None
    }

    fn add_peer(&mut self, now: Instant, room: RoomId, id: PeerId, offer: &Offer) -> Result<Key, MediaError> {
        if self.peers.len() >= self.limits.peers {
            return Err(MediaError::Full);
        }
        let transport = transport::Peer::new(now, self.config.clone(), offer.remote.clone());
        let transport = transport.map_err(|error| {
            tracing::error!(%error, "cannot make a peer");
            MediaError::Unavailable
        })?;
        Ok(self.insert_peer(now, room, id, Link::Web(Box::new(transport))))
    }

    pub(super) fn insert_peer(&mut self, now: Instant, room: RoomId, id: PeerId, link: Link) -> Key {
        let random = &mut self.random;
        let key = self.peers.insert(Peer::new(id, room, link, now, || random.next()));
        let state = self.rooms.entry(room).or_default();
        state.peers.push((id, key));
        if !state.listens {
            state.listens = true;
            self.wheel.set(now, Timer::Speakers(room));
        }
        key
    }

    /// Applies an offer to a peer that exists: what flows in its slots goes on under their new indices.
    pub(super) fn negotiate(&mut self, now: Instant, key: Key, plan: &Plan) {
        let slots = self.peers.get(key).map_or(0, |peer| peer.slots.len());
        (0..slots).for_each(|slot| self.unsubscribe(key, slot));
        let random = &mut self.random;
        let Some(peer) = self.peers.get_mut(key) else { return };
        peer.negotiate(plan, || random.next());
        let (room, id, slots) = (peer.room, peer.id, peer.slots.len());
        (0..slots).for_each(|slot| self.subscribe(key, slot));
        let publishes: Vec<Source> = plan.tracks.iter().map(|track| track.source).collect();
        let specs: Vec<SlotSpec> =
            plan.slots.iter().map(|slot| SlotSpec { mid: slot.mid.clone(), kind: slot.kind }).collect();
        self.decide(now, room, forward::Input::Negotiated { peer: id, publishes: &publishes, slots: &specs });
        self.update_flows(room, id);
    }

    /// Lets the room decide and carries it out.
    pub(super) fn decide(&mut self, now: Instant, room: RoomId, input: forward::Input<'_>) {
        let Some(state) = self.rooms.get_mut(&room) else { return };
        let mut outputs = Vec::new();
        state.forward.handle(now, input, &mut outputs);
        for output in outputs {
            match output {
                forward::Output::Bind { peer, slot, track } => self.bind(now, room, peer, slot, track),
                // A telephone has no slots that anybody would show.
                forward::Output::Slots { peer, slots } if !self.is_phone(room, peer) => {
                    self.events.push(MediaEvent::Slots { room, peer, slots });
                }
                forward::Output::Slots { .. } => {}
                forward::Output::Speakers(speakers) => {
                    self.events.push(MediaEvent::Speakers { room, speakers })
                }
            }
        }
    }

    fn bind(&mut self, now: Instant, room: RoomId, peer: PeerId, slot: usize, track: Option<Track>) {
        let Some(key) = self.key_of(room, peer) else { return };
        let track = track.and_then(|(publisher, source)| Some((self.key_of(room, publisher)?, source)));
        self.unsubscribe(key, slot);
        let Some(state) = self.peers.get_mut(key).and_then(|peer| peer.slots.get_mut(slot)) else { return };
        state.bind(track);
        self.phone_bind(now, key, slot, track.is_some());
        self.subscribe(key, slot);
        if let Some((publisher, source)) = track.filter(|(_, source)| source.kind() == Kind::Video) {
            self.want_keyframe(now, publisher, source);
        }
    }

    /// Ends the flow into a slot; the slot still knows its track.
    fn unsubscribe(&mut self, key: Key, slot: usize) {
        let track = self.peers.get(key).and_then(|peer| peer.slots.get(slot)?.track);
        let Some((publisher, source)) = track else { return };
        if let Some(track) = self.peers.get_mut(publisher).and_then(|peer| peer.track(source)) {
            track.subscribers.retain(|s| s.peer != key || usize::from(s.slot) != slot);
        }
    }

    /// Begins the flow of a slot's track into it.
    fn subscribe(&mut self, key: Key, slot: usize) {
        let track = self.peers.get(key).and_then(|peer| peer.slots.get(slot)?.track);
        let (Some((publisher, source)), Ok(slot)) = (track, u16::try_from(slot)) else { return };
        let subscriber = Subscriber { peer: key, slot };
        let repairs = self.repairs(subscriber);
        if let Some(track) = self.peers.get_mut(publisher).and_then(|peer| peer.track(source)) {
            track.subscribers.push(subscriber);
            if repairs {
                track.keep_packets();
            }
        }
    }

    /// Brings the flags on the packet path to what the room says.
    pub(super) fn update_flows(&mut self, room: RoomId, id: PeerId) {
        let Some(key) = self.key_of(room, id) else { return };
        let (Some(state), Some(peer)) = (self.rooms.get(&room), self.peers.get_mut(key)) else { return };
        for track in &mut peer.tracks {
            track.flows = state.forward.sends((id, track.plan.source));
        }
    }

    /// A peer says good-bye, or is told to.
    fn leave(&mut self, now: Instant, key: Key) {
        self.transport(now, key, Input::Close, None);
        self.end_phone(key);
        self.remove(now, key);
    }

    /// Takes a peer out of its room and forgets it.
    pub(super) fn remove(&mut self, now: Instant, key: Key) {
        if let Some(peer) = self.drop_connection(key) {
            self.decide(now, peer.room, forward::Input::Leave { peer: peer.id });
        }
    }

    /// Forgets the connection of a peer; the room still knows the peer.
    pub(super) fn drop_connection(&mut self, key: Key) -> Option<Peer> {
        let slots = self.peers.get(key)?.slots.len();
        (0..slots).for_each(|slot| self.unsubscribe(key, slot));
        let peer = self.forget(key)?;
        if let Some(RoomState { peers, .. }) = self.rooms.get_mut(&peer.room) {
            peers.retain(|(_, other)| *other != key);
        }
        Some(peer)
    }
}

/// Each section's answer. The first audio and the first video slot belong to one stream, the second ones to another, and so
/// on: what one stream has is played in sync, and in a call of two both are of the same peer.
fn section_answers(peer: &Peer, plan: &Plan) -> Vec<SectionAnswer> {
    let mut pairs = [0; 2];
    let section = |role: &Role| match role {
        Role::Other => SectionAnswer::Inactive,
        Role::Track => SectionAnswer::Receive,
        Role::Slot(at) => {
            let slot = &peer.slots[*at];
            let number = &mut pairs[usize::from(slot.plan.kind == Kind::Video)];
            *number += 1;
            SectionAnswer::Send(Outgoing {
                ssrc: slot.ssrc,
                rtx: Some(slot.rtx_ssrc),
                cname: format!("stream{number}"),
                stream: format!("stream{number}"),
                track: format!("slot{}", slot.plan.mid),
            })
        }
    };
    plan.roles.iter().map(section).collect()
}
