//! One room: who is in it, what each publishes, and what flows in which slot of whom.

use std::time::Instant;

use super::Track;
use super::assign::{Candidate, assign};
use super::speakers::Speakers;
use crate::control::{MAX_ROOM_PEERS, Slot};
use crate::ids::{Kind, PeerId, Source};

/// A shared screen goes before every camera when video slots are scarce.
const SCREEN_SCORE: u32 = 10_000;
/// A speaker goes before everybody silent; his loudness is added.
const SPEAKER_SCORE: u32 = 1_000;

/// A receiving section of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotSpec {
    /// Its `a=mid`.
    pub mid: String,
    /// What may flow in it.
    pub kind: Kind,
}

/// What happens to a room.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An offer was answered: what the peer can publish now, and its receiving sections in order.
    Negotiated {
        /// The peer.
        peer: PeerId,
        /// Sources with a sending section.
        publishes: &'a [Source],
        /// Receiving sections. A slot is known by its mid: what flows in it stays.
        slots: &'a [SlotSpec],
    },
    /// The gate of a peer.
    SetOpen {
        /// The peer.
        peer: PeerId,
        /// Whether media flows from and to it.
        open: bool,
    },
    /// Which sources are on. Until the first time, all are.
    SetSources {
        /// The peer.
        peer: PeerId,
        /// Those that are on.
        on: &'a [Source],
    },
    /// The peer is gone.
    Leave {
        /// The peer.
        peer: PeerId,
    },
    /// Loudness (dB above silence) of microphones now, to be given some times per second.
    Levels(&'a [(PeerId, u8)]),
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// From now on this track flows in this slot, or nothing.
    Bind {
        /// The receiver.
        peer: PeerId,
        /// Index of the slot in the order of [`Input::Negotiated`].
        slot: usize,
        /// The track.
        track: Option<Track>,
    },
    /// The slot table of a receiver has changed.
    Slots {
        /// The receiver.
        peer: PeerId,
        /// All its slots.
        slots: Vec<Slot>,
    },
    /// The list of speakers has changed.
    Speakers(Vec<PeerId>),
}

#[derive(Debug)]
struct Member {
    peer: PeerId,
    open: bool,
    publishes: Vec<Source>,
    /// `None`: never told, all are on.
    on: Option<Vec<Source>>,
    slots: Vec<Slot>,
    kinds: Vec<Kind>,
    /// The slot table as it was last told.
    told: Vec<Slot>,
}

impl Member {
    fn new(peer: PeerId) -> Member {
        let (publishes, slots, kinds, told) = Default::default();
        Member { peer, open: false, publishes, on: None, slots, kinds, told }
    }

    fn sends(&self, source: Source) -> bool {
        let on = self.on.as_ref().is_none_or(|on| on.contains(&source));
        self.open && on && self.publishes.contains(&source)
    }
}

/// The decisions of one room.
#[derive(Debug, Default)]
pub struct Room {
    /// In order of arrival: at equal importance the first comes first.
    members: Vec<Member>,
    speakers: Speakers,
}

impl Room {
    /// Takes an input and appends what follows. A peer exists from the first input that names it, so the gate may be set
    /// before the first offer; inputs for peers beyond [`MAX_ROOM_PEERS`] are ignored.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Vec<Output>) {
        match input {
            Input::Negotiated { peer, publishes, slots } => {
                if let Some(member) = self.member(peer) {
                    member.publishes = publishes.to_vec();
                    member.negotiate(slots);
                }
            }
            Input::SetOpen { peer, open } => {
                if let Some(member) = self.member(peer) {
                    member.open = open;
                }
            }
            Input::SetSources { peer, on } => {
                if let Some(member) = self.member(peer) {
                    member.on = Some(on.to_vec());
                }
            }
            Input::Leave { peer } => self.members.retain(|member| member.peer != peer),
            Input::Levels(levels) => return self.levels(now, levels, out),
        }
        self.reconcile(out);
    }

    /// Whether a track may be forwarded: its peer is open and the source on.
    pub fn sends(&self, (peer, source): Track) -> bool {
        self.members.iter().any(|member| member.peer == peer && member.sends(source))
    }

    /// Whether the gate of a peer is open.
    pub fn is_open(&self, peer: PeerId) -> bool {
        self.members.iter().any(|member| member.peer == peer && member.open)
    }

    /// Whether another peer fits.
    pub fn has_room_for(&self, peer: PeerId) -> bool {
        self.members.len() < MAX_ROOM_PEERS || self.members.iter().any(|member| member.peer == peer)
    }

    fn member(&mut self, peer: PeerId) -> Option<&mut Member> {
        let at = match self.members.iter().position(|member| member.peer == peer) {
            Some(at) => at,
            None if self.members.len() >= MAX_ROOM_PEERS => return None,
            None => {
                self.members.push(Member::new(peer));
                self.members.len() - 1
            }
        };
        self.members.get_mut(at)
    }

    fn levels(&mut self, now: Instant, levels: &[(PeerId, u8)], out: &mut Vec<Output>) {
        let mut heard: Vec<(PeerId, u8)> = levels.to_vec();
        heard.retain(|(peer, _)| self.sends((*peer, Source::Mic)));
        if self.speakers.update(now, &heard) {
            out.push(Output::Speakers(self.speakers.list()));
        }
        // Loudness decides only where slots are scarce, but there it does without a change of the list as well.
        self.reconcile(out);
    }

    /// Brings every slot to what it should carry.
    fn reconcile(&mut self, out: &mut Vec<Output>) {
        let candidates = [self.candidates(Kind::Audio), self.candidates(Kind::Video)];
        for member in &mut self.members {
            for (kind, all) in [Kind::Audio, Kind::Video].into_iter().zip(&candidates) {
                member.fill(kind, all, out);
            }
            if member.told != member.slots {
                member.told.clone_from(&member.slots);
                out.push(Output::Slots { peer: member.peer, slots: member.slots.clone() });
            }
        }
    }

    /// All tracks of a kind that flow, with their importance.
    fn candidates(&self, kind: Kind) -> Vec<Candidate> {
        let sources = [Source::Mic, Source::Screen, Source::Camera].into_iter().filter(|s| s.kind() == kind);
        let tracks = sources.flat_map(|source| {
            let senders = self.members.iter().filter(move |member| member.sends(source));
            senders.map(move |member| (member.peer, source))
        });
        tracks.map(|track| Candidate { track, score: self.score(track) }).collect()
    }

    fn score(&self, (peer, source): Track) -> u32 {
        let speaks = self.speakers.loudness(peer);
        match source {
            Source::Screen => SCREEN_SCORE,
            Source::Mic => speaks.map_or(0, |loudness| SPEAKER_SCORE + u32::from(loudness)),
            // Not by loudness: a picture that changes with every louder word is worse than a missing one.
            Source::Camera => speaks.map_or(0, |_| SPEAKER_SCORE),
        }
    }
}

impl Member {
    /// Takes the slots of a new offer; what flows in one with the same mid and kind goes on.
    fn negotiate(&mut self, specs: &[SlotSpec]) {
        let old: Vec<(Slot, Kind)> = self.slots.drain(..).zip(self.kinds.drain(..)).collect();
        for spec in specs {
            let before = old.iter().find(|(slot, kind)| slot.mid == spec.mid && *kind == spec.kind);
            let track = before.and_then(|(slot, _)| slot.track);
            self.slots.push(Slot { mid: spec.mid.clone(), track });
            self.kinds.push(spec.kind);
        }
    }

    /// Assigns the slots of one kind and reports those that changed.
    fn fill(&mut self, kind: Kind, all: &[Candidate], out: &mut Vec<Output>) {
        let open = self.open;
        let others: Vec<Candidate> =
            all.iter().copied().filter(|candidate| open && candidate.track.0 != self.peer).collect();
        let mine: Vec<usize> = (0..self.slots.len()).filter(|slot| self.kinds[*slot] == kind).collect();
        let mut tracks: Vec<Option<Track>> = mine.iter().map(|slot| self.slots[*slot].track).collect();
        assign(&mut tracks, &others);
        for (slot, track) in mine.into_iter().zip(tracks) {
            if self.slots[slot].track != track {
                self.slots[slot].track = track;
                out.push(Output::Bind { peer: self.peer, slot, track });
            }
        }
    }
}

#[cfg(test)]
mod tests;
