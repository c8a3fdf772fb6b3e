//! One call: its legs, what the journal still owes it, and what the media plane and the sessions were told.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use media::ids::PeerId;

use super::io::JournalTicket;
use super::leg::{Leg, Live, Phase, Ring};
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::{CallKind, EndReason, Sources};
use crate::wire::error::ErrorCode;

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub id: CallId,
    pub kind: CallKind,
    pub starter: PersonId,
    pub video: bool,
    pub started_at: i64,
    pub answered_at: Option<i64>,
    pub rev: u64,
    /// The journal has the call and the room is open; before that nobody sees it.
    pub opened: bool,
    /// Set in the step that ends the call; the call is gone after that step.
    pub ended: Option<EndReason>,
    pub legs: Vec<Leg>,
    pub filings: Vec<Filing>,
    /// Somebody is handing this direct call on.
    pub transfer: Option<Transfer>,
    /// The sessions that were shown the call and not yet its end.
    pub shown: BTreeSet<SessionId>,
    /// What the media plane knows of each peer.
    pub told: BTreeMap<PeerId, PeerMedia>,
    /// The deadline under which the exchange has filed this call.
    pub timer: Option<Instant>,
}

/// A direct call that is being handed on, until the new leg is answered or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transfer {
    /// Who hands on: on hold meanwhile, and perhaps gone.
    pub by: PersonId,
    /// Who is called.
    pub to: PersonId,
    /// Whoever hands on is on hold again when it fails.
    pub held: bool,
}

/// Journal entries that must be durable before these people ring.
#[derive(Clone, Debug)]
pub(super) struct Filing {
    pub tickets: BTreeSet<JournalTicket>,
    pub until: Instant,
    /// The request that waits for it.
    pub session: SessionId,
    pub id: u32,
    pub people: Vec<PersonId>,
}

/// What the media plane was told of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PeerMedia {
    pub open: bool,
    /// `None`: it was told nothing, and lets all through.
    pub sources: Option<Sources>,
}

impl Call {
    pub fn leg(&self, person: PersonId) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.person() == person)
    }

    pub fn leg_mut(&mut self, person: PersonId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.person() == person)
    }

    pub fn live(&self, person: PersonId) -> Option<&Live> {
        self.leg(person).and_then(Leg::live)
    }

    pub fn live_mut(&mut self, person: PersonId) -> Option<&mut Live> {
        self.leg_mut(person).and_then(Leg::live_mut)
    }

    pub fn ring(&self, person: PersonId) -> Option<&Ring> {
        self.leg(person).and_then(Leg::ring)
    }

    pub fn ring_mut(&mut self, person: PersonId) -> Option<&mut Ring> {
        self.leg_mut(person).and_then(Leg::ring_mut)
    }

    /// The live leg of a person, for a request that comes from the device in the call.
    pub fn live_here(&mut self, person: PersonId, session: SessionId) -> Result<&mut Live, ErrorCode> {
        let leg = self.leg_mut(person).ok_or(ErrorCode::NoSuchCall)?;
        let live = leg.live_mut().ok_or(ErrorCode::WrongState)?;
        if live.seat_of(session).is_some() { Ok(live) } else { Err(ErrorCode::WrongState) }
    }

    pub fn live_count(&self) -> usize {
        self.legs.iter().filter(|leg| leg.is_live()).count()
    }

    /// People in the call or being called.
    pub fn present_count(&self) -> usize {
        self.legs.iter().filter(|leg| leg.is_present()).count()
    }

    /// Everybody in the call or being called.
    pub fn present(&self) -> Vec<PersonId> {
        self.legs.iter().filter(|leg| leg.is_present()).map(Leg::person).collect()
    }

    /// Next instant at which time alone changes the call.
    pub fn deadline(&self) -> Option<Instant> {
        let legs = self.legs.iter().filter_map(Leg::deadline);
        legs.chain(self.filings.iter().map(|filing| filing.until)).min()
    }

    /// The telephone of this leg that is heard though it only rings. In a group its tones would be in everybody's ears.
    pub fn early(&self, leg: &Leg) -> Option<SessionId> {
        if self.kind == CallKind::Group { None } else { leg.ring()?.early }
    }

    /// A gate is open when its leg was answered (or hears an early announcement) and is not on hold. A telephone on hold plays
    /// its own music, or nothing, so its gate stays; but not while it hands on, for the other side hears the ringing.
    fn is_open(&self, person: PersonId, live: &Live) -> bool {
        let heard = self.answered_at.is_some() || self.legs.iter().any(|leg| self.early(leg).is_some());
        let silent = self.transfer.is_some_and(|transfer| transfer.by == person);
        heard && !silent && (!live.held || live.seat.phone)
    }

    /// What the media plane should know: which gates are open, and which sources are on.
    /// Without a room there is nothing to know.
    pub fn wanted_media(&self) -> BTreeMap<PeerId, (SessionId, PeerMedia)> {
        let mut wanted = BTreeMap::new();
        if !self.opened {
            return wanted;
        }
        for leg in &self.legs {
            match &leg.phase {
                Phase::Ringing(ring) => {
                    let early = self.early(leg);
                    wanted.extend(ring.devices.iter().map(|(session, device)| {
                        let media = PeerMedia { open: early == Some(*session), sources: None };
                        (device.peer, (*session, media))
                    }));
                }
                Phase::Live(live) => {
                    let open = self.is_open(leg.person(), live);
                    let seat = &live.seat;
                    wanted.insert(seat.peer, (seat.session, PeerMedia { open, sources: Some(seat.sources) }));
                    if let Some(take) = &live.take {
                        let warm = PeerMedia { open: false, sources: Some(take.seat.sources) };
                        wanted.insert(take.seat.peer, (take.seat.session, warm));
                    }
                }
                Phase::Filed { .. } | Phase::Left(_) => {}
            }
        }
        wanted
    }
}
