//! The packet path: from a publisher's packet to the trains of its subscribers.

use std::time::Instant;

use super::core::Core;
use super::counters::Counters;
use super::egress::Egress;
use super::ingest::{Packet, Stream, Subscriber};
use super::peer::Peer;
use super::slab::{Key, Slab};
use crate::ids::Source;
use crate::rtp::Header;
use crate::transport::srtp::SrtpError;

impl Core {
    /// Takes an SRTP packet of a peer.
    pub(super) fn rtp(&mut self, now: Instant, key: Key, bytes: &mut [u8]) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(srtp) = &mut peer.srtp else {
            self.counters.dropped_unauthentic += 1;
            return;
        };
        let len = match srtp.receiver.open_rtp(bytes) {
            Ok(len) => len,
            Err(error) => return count_refusal(&mut self.counters, error),
        };
        let packet = &bytes[..len];
        let Ok(header) = Header::parse(packet) else {
            self.counters.dropped_malformed += 1;
            return;
        };
        peer.note_arrival(&header, packet, now);
        let Some((at, stream, anew)) = peer.classify(&header, packet) else {
            self.counters.dropped_unknown_ssrc += 1;
            return;
        };
        if anew {
            self.restart_subscribers(now, key, at);
        }
        self.ingest(now, key, at, stream, &header, packet);
    }

    fn ingest(&mut self, now: Instant, key: Key, at: usize, stream: Stream, header: &Header, packet: &[u8]) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let track = &mut peer.tracks[at];
        let flows = track.flows;
        let taken = match stream {
            Stream::Media => track.media(header, packet, now),
            Stream::Rtx => track.retransmission(header, packet, now),
        };
        // A gap or a lost keyframe must be acted upon before the peer's next feedback.
        let urgent = track.deadline();
        let subscribers = std::mem::take(&mut track.subscribers);
        match taken {
            Some(packet) if flows => {
                self.counters.media_in += 1;
                let sent = fan_out(&mut self.peers, &mut self.egress, &subscribers, &packet, now);
                self.counters.media_out += sent;
            }
            Some(_) => self.counters.dropped_gate += 1,
            // Probes, and payload types that were not negotiated.
            None => {}
        }
        if let Some(peer) = self.peers.get_mut(key) {
            peer.tracks[at].subscribers = subscribers;
            let late = peer.timers.scheduled.is_none_or(|scheduled| urgent.is_some_and(|at| at < scheduled));
            if late && urgent.is_some() {
                self.schedule(key);
            }
        }
    }

    /// A track's stream begins anew: its subscribers' numbers must not follow the old ones.
    fn restart_subscribers(&mut self, now: Instant, key: Key, at: usize) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let subscribers = std::mem::take(&mut peer.tracks[at].subscribers);
        for Subscriber { peer, slot } in &subscribers {
            let slot = self.peers.get_mut(*peer).and_then(|peer| peer.slots.get_mut(usize::from(*slot)));
            if let Some(slot) = slot {
                slot.restart();
            }
        }
        let repairs = subscribers.iter().any(|subscriber| self.repairs(*subscriber));
        let wanted = !subscribers.is_empty();
        let Some(peer) = self.peers.get_mut(key) else { return };
        let track = &mut peer.tracks[at];
        track.subscribers = subscribers;
        if repairs {
            track.keep_packets();
        }
        if wanted {
            track.keyframes.want();
            self.request_keyframes(now, key);
        }
    }

    /// Whether a subscriber asks for lost packets.
    pub(super) fn repairs(&self, subscriber: Subscriber) -> bool {
        let peer = self.peers.get(subscriber.peer);
        peer.and_then(|peer| peer.slots.get(usize::from(subscriber.slot))).is_some_and(|slot| slot.repairs())
    }

    /// Sends the keyframe requests that a publisher is due, and looks at it again in time.
    pub(super) fn request_keyframes(&mut self, now: Instant, key: Key) {
        if let Some(peer) = self.peers.get_mut(key) {
            peer.request_keyframes(now, &mut self.egress, &mut self.counters);
            self.schedule(key);
        }
    }

    /// A peer that can receive from now on needs keyframes of all that flows to it.
    pub(super) fn want_keyframes_for(&mut self, now: Instant, key: Key) {
        let Some(peer) = self.peers.get(key) else { return };
        let tracks: Vec<(Key, Source)> = peer.slots.iter().filter_map(|slot| slot.track).collect();
        for (publisher, source) in tracks {
            self.want_keyframe(now, publisher, source);
        }
    }

    /// A subscriber needs a keyframe of a track.
    pub(super) fn want_keyframe(&mut self, now: Instant, publisher: Key, source: Source) {
        if let Some(track) = self.peers.get_mut(publisher).and_then(|peer| peer.track(source)) {
            track.keyframes.want();
            self.request_keyframes(now, publisher);
        }
    }
}

/// Gives a packet to every subscriber; returns to how many it went out.
fn fan_out(
    peers: &mut Slab<Peer>,
    egress: &mut Egress,
    subscribers: &[Subscriber],
    packet: &Packet<'_>,
    now: Instant,
) -> u64 {
    let mut sent = 0;
    for Subscriber { peer, slot } in subscribers {
        let Some(peer) = peers.get_mut(*peer) else { continue };
        sent += u64::from(peer.forward(*slot, packet, now, egress));
    }
    sent
}

/// Counts a packet that could not be opened.
pub(super) fn count_refusal(counters: &mut Counters, error: SrtpError) {
    match error {
        SrtpError::Unauthentic => counters.dropped_unauthentic += 1,
        SrtpError::Replayed => counters.dropped_replay += 1,
        _ => counters.dropped_malformed += 1,
    }
}
