//! One person in one call.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use media::ids::PeerId;

use crate::ids::{PersonId, SessionId};
use crate::wire::call::{EndReason, LegState, PersonCard, Sources};

/// One person in one call.
#[derive(Clone, Debug)]
pub(super) struct Leg {
    pub card: PersonCard,
    pub phase: Phase,
}

/// Where the leg stands.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Its `Invited` entry is on the way into the journal; nothing rings before it is there.
    Filed {
        /// Glare: this person called the caller meanwhile, and answers as soon as it would ring.
        answer: Option<Parked>,
    },
    Ringing(Ring),
    Live(Live),
    Left(EndReason),
}

/// A `call.start` that waits to become the answer of the other side's call.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    pub session: SessionId,
    pub id: u32,
    pub sources: Sources,
}

/// A person being called.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    /// Nobody answered by then: over.
    pub until: Instant,
    /// Set while no device is connected: nobody can be reached by then.
    pub unreachable: Option<Instant>,
    /// A device alerted at some time.
    pub alerted: bool,
    pub devices: BTreeMap<SessionId, RingDevice>,
    /// The telephone whose tone or announcement the caller hears already.
    pub early: Option<SessionId>,
    /// Telephones that could not take the call while other devices ring on.
    pub out: BTreeSet<SessionId>,
}

/// A device that rings, and warms its media meanwhile.
#[derive(Clone, Debug)]
pub(super) struct RingDevice {
    pub peer: PeerId,
    pub connected: bool,
    pub alerting: bool,
    pub media_up: bool,
}

/// A person in the call.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub seat: Seat,
    pub held: bool,
    /// Set while the socket is lost: must be back by then.
    pub socket_by: Option<Instant>,
    /// Set while media is not up: must be up by then.
    pub media_by: Option<Instant>,
    /// A move to another own device is going on.
    pub take: Option<Take>,
}

/// A device in a call.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub session: SessionId,
    pub device: String,
    pub peer: PeerId,
    /// A telephone, whose hold does not close its gate.
    pub phone: bool,
    pub sources: Sources,
    pub media_up: bool,
    /// Media was up at some time: without it the leg is reconnecting, not connecting.
    pub was_up: bool,
}

/// A move to another own device: make before break.
#[derive(Clone, Debug)]
pub(super) struct Take {
    pub seat: Seat,
    /// The move is completed by then, media or not.
    pub until: Instant,
}

impl Leg {
    pub fn person(&self) -> PersonId {
        self.card.person
    }

    pub fn state(&self) -> LegState {
        match &self.phase {
            Phase::Filed { .. } => LegState::Calling,
            Phase::Ringing(ring) if ring.alerts() => LegState::Ringing,
            Phase::Ringing(_) => LegState::Calling,
            Phase::Live(live) => live.state(),
            Phase::Left(_) => LegState::Left,
        }
    }

    pub fn reason(&self) -> Option<EndReason> {
        match self.phase {
            Phase::Left(reason) => Some(reason),
            _ => None,
        }
    }

    pub fn live(&self) -> Option<&Live> {
        match &self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    pub fn live_mut(&mut self) -> Option<&mut Live> {
        match &mut self.phase {
            Phase::Live(live) => Some(live),
            _ => None,
        }
    }

    pub fn ring(&self) -> Option<&Ring> {
        match &self.phase {
            Phase::Ringing(ring) => Some(ring),
            _ => None,
        }
    }

    pub fn ring_mut(&mut self) -> Option<&mut Ring> {
        match &mut self.phase {
            Phase::Ringing(ring) => Some(ring),
            _ => None,
        }
    }

    pub fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live(_))
    }

    /// In the call or being called.
    pub fn is_present(&self) -> bool {
        !matches!(self.phase, Phase::Left(_))
    }

    /// Shown to this device of the person: not to a telephone that could not take the call that still rings.
    pub fn is_for(&self, session: SessionId) -> bool {
        self.ring().is_none_or(|ring| !ring.out.contains(&session))
    }

    pub fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            // The filing that it belongs to has the deadline.
            Phase::Filed { .. } | Phase::Left(_) => None,
            Phase::Ringing(ring) => Some(ring.deadline()),
            Phase::Live(live) => live.deadline(),
        }
    }
}

impl Ring {
    pub fn new(until: Instant, devices: BTreeMap<SessionId, RingDevice>) -> Self {
        let (early, out) = (None, BTreeSet::new());
        Ring { until, unreachable: None, alerted: false, devices, early, out }
    }

    /// This device rings no longer.
    pub fn remove(&mut self, session: SessionId) {
        self.devices.remove(&session);
        self.early.take_if(|early| *early == session);
    }

    /// A device that rings and has its socket.
    pub fn is_heard(&self) -> bool {
        self.devices.values().any(|device| device.connected)
    }

    /// A device of this person really alerts.
    pub fn alerts(&self) -> bool {
        self.devices.values().any(|device| device.connected && device.alerting)
    }

    /// Starts or stops the clock that ends a ring which nobody can hear.
    pub fn watch_reach(&mut self, unreachable: Instant) {
        self.unreachable = if self.is_heard() { None } else { Some(self.unreachable.unwrap_or(unreachable)) };
    }

    pub fn deadline(&self) -> Instant {
        self.unreachable.map_or(self.until, |unreachable| unreachable.min(self.until))
    }

    /// Why it ends when its deadline has come. A device that never alerted did not ring, so its person was not reached.
    pub fn timeout_reason(&self) -> EndReason {
        if self.alerted && self.unreachable.is_none() { EndReason::NoAnswer } else { EndReason::Unreachable }
    }
}

impl Live {
    pub fn state(&self) -> LegState {
        if self.socket_by.is_some() || (self.seat.was_up && !self.seat.media_up) {
            LegState::Reconnecting
        } else if self.held {
            LegState::Held
        } else if self.seat.media_up {
            LegState::Connected
        } else {
            LegState::Connecting
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let take = self.take.as_ref().map(|take| take.until);
        [self.socket_by, self.media_by, take].into_iter().flatten().min()
    }

    /// The seat of this session: the present one, or the one that the call moves to.
    pub fn seat_of(&self, session: SessionId) -> Option<&Seat> {
        if self.seat.session == session {
            return Some(&self.seat);
        }
        self.take.as_ref().map(|take| &take.seat).filter(|seat| seat.session == session)
    }

    /// Like [`Live::seat_of`], to change it.
    pub fn seat_of_mut(&mut self, session: SessionId) -> Option<&mut Seat> {
        if self.seat.session == session {
            return Some(&mut self.seat);
        }
        self.take.as_mut().map(|take| &mut take.seat).filter(|seat| seat.session == session)
    }
}
