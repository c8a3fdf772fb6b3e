//! The gateway: ties telephones to the call core.
//!
//! A telephone in a call is a [`line::Line`]: towards the call core a session like that of an app, which asks and is shown
//! pictures of the call; towards the telephone one INVITE, or several while it rings at several places or one trunk after
//! the other is tried. The picture says what the telephone is to do (`shown.rs`), the dialogs say what it did
//! (`outgoing.rs`, `incoming.rs`), and the media plane is told what was negotiated (`media.rs`).
//!
//! Like every core it has no clock and no I/O.

mod arrive;
mod dial;
mod hold;
mod incoming;
mod io;
mod line;
mod media;
mod outgoing;
mod phones;
mod random;
mod reasons;
mod record;
mod requests;
mod route;
mod shown;
mod step;
mod transfer;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use ::media::ids::PeerId;

pub use io::{GatewayInput, GatewayOutput};

use self::line::{Dialled, Leg, Line, LineId};
use self::phones::Phone;
use self::random::Random;
use self::requests::Asked;
use self::step::Step;
use super::config::SipConfig;
use super::dialog::{Dialogs, DialogsConfig, LegId};
use super::plan::{Limits, NumberPlan};
use super::port::Target;
use super::registrar::{Registrar, Watched};
use super::trunk::{TrunkInput, Trunks};
use super::view::{PhoneView, TrunkView};
use crate::ids::{CallId, SessionId};
use crate::ports::{LegRecord, Numbers};

/// Where the media of a telephone behind a target is to be sent to: an address of ours.
pub type MediaAddress = Box<dyn Fn(&Target) -> IpAddr + Send>;

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owner {
    /// A number that was dialled, or the line that it became.
    Number,
    /// The telephones of this account.
    Phone(String),
}

/// All telephones of this node.
pub struct Gateway {
    config: SipConfig,
    numbers: Arc<dyn Numbers>,
    media_address: MediaAddress,
    random: Random,
    dialogs: Dialogs,
    trunks: Trunks,
    registrar: Registrar,
    plan: NumberPlan,
    limits: Limits,
    legs: BTreeMap<LegId, Leg>,
    lines: BTreeMap<LineId, Line>,
    by_call: BTreeMap<(SessionId, CallId), LineId>,
    by_peer: BTreeMap<PeerId, LineId>,
    /// Sessions of numbers that were dialled and have not rung yet.
    dialled: BTreeMap<SessionId, Dialled>,
    /// Accounts that are registered or in a call, by user name.
    phones: BTreeMap<String, Phone>,
    sessions: BTreeMap<SessionId, Owner>,
    /// INVITEs on their way through the dialogs, with who sent them.
    arrivals: BTreeMap<LegId, arrive::Source>,
    asked: BTreeMap<(SessionId, u32), Asked>,
    /// Records that wait for what the media plane has counted.
    finishing: BTreeMap<PeerId, (Instant, LegRecord)>,
    next: u64,
    next_request: u32,
    draining: bool,
}

impl Gateway {
    /// A gateway without calls. `seed` must come from the system's source, fresh at each start: keys are made of it.
    pub fn new(
        config: SipConfig,
        seed: [u8; 32],
        numbers: Arc<dyn Numbers>,
        media_address: MediaAddress,
    ) -> Gateway {
        let mut random = Random::new(&seed);
        let dialogs = DialogsConfig { session_expires: config.session_expires, ..DialogsConfig::default() };
        let dialogs = Dialogs::new(dialogs, random.number());
        let trunks = Trunks::new(&config, random.bytes());
        let registrar = Registrar::new(&config, random.bytes());
        Gateway {
            plan: NumberPlan::new(&config.plan),
            limits: Limits::new(&config),
            config,
            numbers,
            media_address,
            random,
            dialogs,
            trunks,
            registrar,
            legs: BTreeMap::new(),
            lines: BTreeMap::new(),
            by_call: BTreeMap::new(),
            by_peer: BTreeMap::new(),
            dialled: BTreeMap::new(),
            phones: BTreeMap::new(),
            sessions: BTreeMap::new(),
            arrivals: BTreeMap::new(),
            asked: BTreeMap::new(),
            finishing: BTreeMap::new(),
            next: 1,
            next_request: 1,
            draining: false,
        }
    }

    /// Takes one input and appends what has to be done. `wall_ms` is UTC milliseconds, for records and ids.
    pub fn handle(&mut self, now: Instant, wall_ms: i64, input: GatewayInput, out: &mut Vec<GatewayOutput>) {
        let mut step = Step::new(now, wall_ms, out);
        self.run_timers(&mut step);
        match input {
            GatewayInput::Start => self.trunk(&mut step, TrunkInput::Start),
            GatewayInput::Sip(input) => self.sip(&mut step, input),
            GatewayInput::Show { session, view } => self.shown(&mut step, session, view),
            GatewayInput::Reply { session, id, result } => self.replied(&mut step, session, id, result),
            GatewayInput::Moved { session, from, to } => self.moved(&mut step, session, from, to),
            GatewayInput::Resolved { trunk, addresses } => {
                self.trunk(&mut step, TrunkInput::Resolved { trunk, addresses });
            }
            GatewayInput::Opened { peer, port } => self.opened(&mut step, peer, port),
            GatewayInput::Phone { peer, event } => self.phone_event(&mut step, peer, event),
            GatewayInput::Lamp { person, lamp } => self.lamp(&mut step, Watched::Person(person), lamp),
            GatewayInput::Missed { person, count } => self.missed(&mut step, person, count),
            GatewayInput::Drain => self.drain(&mut step),
            GatewayInput::Tick => {}
        }
        self.finish(step);
    }

    /// When [`GatewayInput::Tick`] is due, if nothing else comes before.
    pub fn deadline(&self) -> Option<Instant> {
        let parts = [self.dialogs.deadline(), self.trunks.deadline(), self.registrar.deadline()];
        let dialled = self.dialled.values().map(|dialled| dialled.until).min();
        let finishing = self.finishing.values().map(|(until, _)| *until).min();
        parts.into_iter().flatten().chain(dialled).chain(finishing).min()
    }

    /// Whether this session is a telephone.
    pub fn owns(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// No telephone is in a call, and no dialog is left.
    pub fn is_idle(&self) -> bool {
        self.legs.is_empty() && self.finishing.is_empty()
    }

    /// How much is remembered of calls: nothing when there is none.
    #[cfg(test)]
    fn remembered(&self) -> usize {
        let calls = self.legs.len() + self.lines.len() + self.by_call.len() + self.by_peer.len();
        calls + self.dialled.len() + self.sessions.len() + self.asked.len() + self.arrivals.len()
    }

    /// Whether this call is one to an emergency number.
    pub fn is_emergency(&self, call: CallId) -> bool {
        self.lines.values().any(|line| line.call == Some(call) && line.emergency)
    }

    /// The trunks and how they are.
    pub fn trunks(&self) -> Vec<TrunkView> {
        self.trunks.views(&self.limits)
    }

    /// The telephones that are registered here.
    pub fn phones(&self) -> Vec<PhoneView> {
        self.registrar.views()
    }
}
