//! The packet path: from a publisher's packet to the trains of its subscribers.

use std::time::Instant;

use super::core::Core;
use super::counters::Counters;
use super::ingest::{Packet, Stream, Subscriber};
use super::slab::Key;
use crate::ids::Source;
use crate::rtp::Header;
use crate::transport::srtp::SrtpError;

/// Most packets of a run: a large frame has as many.
const RUN: usize = 32;

/// Subscribers whose trains are sealed before they are sent. Larger: fewer system calls, but the kernel copies trains that have
/// left the cache.
const GROUP: usize = 16;

/// Packets of one track that came in one message. They are forwarded subscriber by subscriber, so that a subscriber's state
/// and train are in the cache for all of them: for a frame of eight packets that saves about a fifth.
#[derive(Default)]
pub(super) struct Run<'a> {
    /// The publisher and the index of its track.
    track: Option<(Key, usize)>,
    packets: [Option<Packet<'a>>; RUN],
    len: usize,
    /// Subscribers that have it already.
    served: usize,
}

impl<'a> Run<'a> {
    fn takes(&self, key: Key, at: usize) -> bool {
        self.len < RUN && self.track.is_none_or(|track| track == (key, at))
    }

    fn clear(&mut self) {
        (self.track, self.len, self.served) = (None, 0, 0);
    }

    pub(super) fn push(&mut self, key: Key, at: usize, packet: Packet<'a>) {
        self.track = Some((key, at));
        self.packets[self.len] = Some(packet);
        self.len += 1;
    }
}

impl Core {
    /// Takes an SRTP packet of a peer.
    pub(super) fn rtp<'a>(&mut self, now: Instant, key: Key, bytes: &'a mut [u8], run: &mut Run<'a>) {
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
            self.fan_out_all(now, run);
            self.restart_subscribers(now, key, at);
        }
        if let Some(packet) = self.ingest(now, key, at, stream, &header, packet) {
            if !run.takes(key, at) {
                self.fan_out_all(now, run);
            }
            run.push(key, at, packet);
        }
    }

    /// Lets a track take a packet; gives it back if it is to be forwarded.
    fn ingest<'a>(
        &mut self,
        now: Instant,
        key: Key,
        at: usize,
        stream: Stream,
        header: &Header,
        packet: &'a [u8],
    ) -> Option<Packet<'a>> {
        let peer = self.peers.get_mut(key)?;
        let track = peer.tracks.get_mut(at)?;
        // Probes, and payload types that were not negotiated, end here.
        let taken = match stream {
            Stream::Media => track.media(header, packet, now),
            Stream::Rtx => track.retransmission(header, packet, now),
        }?;
        let flows = track.flows;
        // A gap or a lost keyframe must be acted upon before the peer's next feedback.
        let urgent = track.deadline();
        if urgent.is_some_and(|at| peer.timers.scheduled.is_none_or(|scheduled| at < scheduled)) {
            self.schedule(key);
        }
        if !flows {
            self.counters.dropped_gate += 1;
            return None;
        }
        self.counters.media_in += 1;
        Some(taken)
    }

    /// Forwards a run to every subscriber of its track, and empties it.
    pub(super) fn fan_out_all(&mut self, now: Instant, run: &mut Run<'_>) {
        while self.fan_out(now, run) {}
    }

    /// Forwards a run to the next [`GROUP`] subscribers of its track; `false` once all have it and it is empty.
    pub(super) fn fan_out(&mut self, now: Instant, run: &mut Run<'_>) -> bool {
        let Some((key, at)) = run.track else { return false };
        let Some(track) = self.peers.get_mut(key).and_then(|peer| peer.tracks.get_mut(at)) else {
            return false;
        };
        let subscribers = std::mem::take(&mut track.subscribers);
        for Subscriber { peer, slot } in subscribers.iter().skip(run.served).take(GROUP) {
            let Some(peer) = self.peers.get_mut(*peer) else { continue };
            for packet in run.packets[..run.len].iter().flatten() {
                self.counters.media_out += u64::from(peer.forward(*slot, packet, now, &mut self.egress));
            }
        }
        run.served += GROUP;
        let more = run.served < subscribers.len();
        if let Some(track) = self.peers.get_mut(key).and_then(|peer| peer.tracks.get_mut(at)) {
            track.subscribers = subscribers;
        }
        if !more {
            run.clear();
        }
        more
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
        for Subscriber { peer, slot } in &subscribers {
            self.phone_bind(now, *peer, usize::from(*slot), true);
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

/// Counts a packet that could not be opened.
pub(super) fn count_refusal(counters: &mut Counters, error: SrtpError) {
    match error {
        SrtpError::Unauthentic => counters.dropped_unauthentic += 1,
        SrtpError::Replayed => counters.dropped_replay += 1,
        _ => counters.dropped_malformed += 1,
    }
}
