//! One telephone in one call.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use media::control::PhoneReport;
use media::ids::PeerId;

use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::LegRecord;
use crate::sip::dialog::LegId;
use crate::sip::plan::Permit;
use crate::sip::port::Hop;
use crate::sip::sdp::{Negotiation, Profile};
use crate::sip::trunk::{Caller, TrunkId};
use crate::wire::call::{CallView, EndReason, LegState, Party, PersonCard};

/// Names a [`Line`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct LineId(pub u64);

/// One telephone in one call: a device of the call core on one side, one or more INVITEs on the other.
pub(super) struct Line {
    pub session: SessionId,
    pub person: PersonId,
    /// The session is this line's alone, and ends with it.
    pub own_session: bool,
    /// The call, once the call core has one.
    pub call: Option<CallId>,
    /// The media peer, once there is one.
    pub peer: Option<PeerId>,
    pub phase: Phase,
    pub media: Media,
    /// The last picture of the call.
    pub view: Option<Box<CallView>>,
    /// The call core was told that the telephone alerts: without, with early media.
    pub alerting: (bool, bool),
    /// Whose name the telephone shows.
    pub shown: Option<Identity>,
    /// Why the call is over for it.
    pub reason: Option<EndReason>,
    /// It has asked for a transfer, and waits to hear how that goes.
    pub refer: Option<Refer>,
    /// Dialogs of it that are not over.
    pub open: usize,
    /// The leg that was answered.
    pub answered_leg: Option<LegId>,
    /// Who dialled it, for the limits.
    pub dialled_by: Option<PersonId>,
    /// An emergency number: without limits, and nobody joins.
    pub emergency: bool,
}

/// Where a line stands.
pub(super) enum Phase {
    /// Their INVITE waits for an answer.
    Arriving(Arriving),
    /// Our INVITEs ring.
    Calling(Calling),
    /// Answered.
    Up(LegId),
    /// Nothing is left but to hear the end of it.
    Over,
}

/// An INVITE of theirs.
pub(super) struct Arriving {
    pub leg: LegId,
    pub hop: Hop,
    /// Their offer; `None`: ours goes with the answer.
    pub offer: Option<String>,
    pub profile: Profile,
    /// What goes with the answer, once the media leg is open.
    pub ours: Option<String>,
    /// 180 was sent; 183 was sent.
    pub rung: (bool, bool),
    /// The call was forwarded because nobody could be reached.
    pub forwarded: bool,
    /// Who calls.
    pub card: PersonCard,
}

/// A call of ours to a telephone.
pub(super) struct Calling {
    /// What is tried next, in this order.
    pub routes: VecDeque<Route>,
    /// What rings now, each with its own negotiation.
    pub forks: BTreeMap<LegId, Negotiation>,
    /// Who calls, as the telephone shows it.
    pub from: Identity,
    /// A redirection was followed.
    pub redirected: bool,
    /// Encryption was optional and refused: now it is offered as the only way, which some telephones insist on.
    pub encrypted: bool,
    /// The best of the reasons why it did not work so far.
    pub failed: Option<EndReason>,
    /// A telephone rang: no other way is tried.
    pub rang: bool,
}

/// A way to a telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Over a trunk, with the number as it is known here.
    Trunk(TrunkId, String),
    /// To all places where this account is registered.
    Phone(String),
}

/// Media of a line.
#[derive(Default)]
pub(super) struct Media {
    /// The leg was asked for.
    pub asked: bool,
    /// Where it is bound.
    pub local: Option<SocketAddr>,
    pub negotiation: Option<Negotiation>,
    /// An offer of ours is under way: whether it holds.
    pub offering: Option<bool>,
    /// Music plays though the telephone refused to be put on hold.
    pub forced: bool,
    /// The call core was told that the telephone's user has put the call on hold.
    pub held_there: bool,
    /// What the media plane has counted.
    pub report: Option<PhoneReport>,
}

/// Who is at the other end, as a telephone shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub name: String,
    pub number: Option<String>,
}

/// A transfer that a telephone asked for.
pub(super) struct Refer {
    pub leg: LegId,
    /// Last status that it was told.
    pub told: u16,
    /// Whom it is transferred to, once known.
    pub to: Option<PersonId>,
}

/// An INVITE, ours or theirs.
pub(super) struct Leg {
    pub line: LineId,
    pub trunk: Option<TrunkId>,
    /// What is known of its record so far.
    pub record: LegRecord,
    /// It counts among the calls of the trunk, and of who made it.
    pub permit: Option<Permit>,
}

/// A number that was dialled and has not come back as a call yet.
pub(super) struct Dialled {
    pub person: PersonId,
    pub routes: VecDeque<Route>,
    pub from: Identity,
    pub by: Option<PersonId>,
    pub emergency: bool,
    pub until: Instant,
}

impl Line {
    pub(super) fn new(session: SessionId, person: PersonId, own_session: bool, phase: Phase) -> Line {
        Line {
            session,
            person,
            own_session,
            call: None,
            peer: None,
            phase,
            media: Media::default(),
            view: None,
            alerting: (false, false),
            shown: None,
            reason: None,
            refer: None,
            open: 0,
            answered_leg: None,
            dialled_by: None,
            emergency: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Over)
    }

    /// All INVITEs of the line that are not over.
    pub(super) fn legs(&self) -> Vec<LegId> {
        match &self.phase {
            Phase::Arriving(arriving) => vec![arriving.leg],
            Phase::Calling(calling) => calling.forks.keys().copied().collect(),
            Phase::Up(leg) => vec![*leg],
            Phase::Over => Vec::new(),
        }
    }

    pub(super) fn up(&self) -> Option<LegId> {
        match self.phase {
            Phase::Up(leg) => Some(leg),
            _ => None,
        }
    }

    /// Whether the telephone is to wait with music: everybody else in the call holds, or its own person is elsewhere.
    pub(super) fn is_to_wait(&self) -> bool {
        let Some(view) = &self.view else { return false };
        let elsewhere = view.me.state == LegState::Held && !self.media.held_there;
        let mut live = self.others().filter(|party| party.peer.is_some()).peekable();
        let all_hold = live.peek().is_some() && live.all(|party| party.state == LegState::Held);
        elsewhere || all_hold
    }

    /// The others in the call.
    pub(super) fn others(&self) -> impl Iterator<Item = &Party> {
        let parties = self.view.as_ref().map(|view| view.parties.as_slice()).unwrap_or_default();
        parties.iter().filter(|party| party.card.person != self.person)
    }
}

impl Identity {
    /// As a card says.
    pub(super) fn of(card: &PersonCard) -> Identity {
        Identity { name: card.name.clone(), number: card.extension.clone() }
    }

    /// As the trunks want it: name and number.
    pub(super) fn caller(&self) -> Caller {
        let name = Some(self.name.clone()).filter(|name| !name.is_empty());
        Caller { name, number: self.number.clone() }
    }

    /// For the record: the number, else the name.
    pub(super) fn text(&self) -> String {
        self.number.clone().unwrap_or_else(|| self.name.clone())
    }
}
