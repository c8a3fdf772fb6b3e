//! A room of the media plane with its peers: who gets a packet, and who gets it again.

use std::collections::BTreeMap;
use std::time::Instant;

use media::forward::{self, Room};
use media::ids::{PeerId, Source};
use signaling::ids::CallId;

use super::publish::{Packet, Track};
use super::slot::Slot;
use crate::sim::ctx::Ctx;
use crate::sim::plan::Sabotage;
use crate::sim::queue::Event;

#[derive(Default)]
pub(super) struct PlaneRoom {
    pub(super) forward: Room,
    pub(super) peers: BTreeMap<PeerId, Peer>,
}

pub(super) struct Peer {
    pub(super) client: usize,
    pub(super) call: CallId,
    /// The connection of the client.
    pub(super) number: u64,
    /// The path that media takes, once connected.
    pub(super) link: Option<u64>,
    pub(super) seen_at: Instant,
    pub(super) tracks: Vec<Track>,
    pub(super) slots: Vec<Slot>,
    /// The earliest [`Event::PlaneDue`] on its way.
    pub(super) due: Option<Instant>,
}

impl PlaneRoom {
    /// Gives a packet to every slot that its track flows in.
    pub(super) fn fan_out(&mut self, ctx: &mut Ctx, track: forward::Track, packet: &Packet<'_>) {
        let first = self.peers.keys().next().is_none_or(|first| *first > track.0);
        if !first && track.1 == Source::Mic && ctx.plan.breaks(Sabotage::DropSomeMedia) {
            return;
        }
        for (id, peer) in &mut self.peers {
            let slots = (0..peer.slots.len()).filter(|at| peer.slots[*at].track == Some(track));
            for at in slots.collect::<Vec<_>>() {
                peer.send(ctx, *id, at, packet);
            }
        }
    }

    /// Answers a request for lost packets.
    pub(super) fn repair(
        &mut self,
        ctx: &mut Ctx,
        id: PeerId,
        ssrc: u32,
        missing: impl Iterator<Item = u16>,
    ) {
        let Some(mut peer) = self.peers.remove(&id) else { return };
        if let (Some(link), Some(slot)) = (peer.link, peer.slots.iter_mut().find(|slot| slot.ssrc == ssrc)) {
            for sequence in missing {
                let Some((publisher, source)) = slot.track else { break };
                let Some(original) = slot.original(sequence) else { continue };
                let tracks = self.peers.get(&publisher).map(|peer| peer.tracks.iter());
                let track = tracks.and_then(|mut tracks| tracks.find(|track| track.source == source));
                let Some(packet) = track.and_then(|track| track.stored(original)) else { continue };
                let Some(bytes) = slot.retransmit(&packet) else { continue };
                ctx.oracle.forwarded(packet.payload, id);
                ctx.oracle.counts.repairs += 1;
                let (client, call) = (peer.client, peer.call);
                ctx.send_media(Event::Downlink { client, call, link, bytes }, false);
            }
        }
        self.peers.insert(id, peer);
    }
}

impl Peer {
    pub(super) fn send(&mut self, ctx: &mut Ctx, id: PeerId, slot: usize, packet: &Packet<'_>) {
        let Some(link) = self.link else { return };
        let Some(bytes) = self.slots[slot].forward(packet, ctx.now) else { return };
        ctx.oracle.forwarded(packet.payload, id);
        ctx.send_media(Event::Downlink { client: self.client, call: self.call, link, bytes }, false);
    }
}
