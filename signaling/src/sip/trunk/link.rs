//! One trunk.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::health::Health;
use super::registration::Registration;
use super::step::{Office, Step, at_pbx, ourselves, target};
use super::{Caller, TrunkId, TrunkOutput, plain};
use crate::sip::config::TrunkConfig;
use crate::sip::dialog::Dial;
use crate::sip::message::{NameAddr, Uri};
use crate::sip::plan::apply;
use crate::sip::port::{Hop, Protocol};
use crate::sip::view::{TrunkState, TrunkView};

/// How often the name of a PBX is looked up again.
const RESOLVE_EVERY: Duration = Duration::from_secs(300);
/// After an answer without addresses.
const RESOLVE_AGAIN: Duration = Duration::from_secs(15);
/// Most addresses of one name.
const MAX_ADDRESSES: usize = 16;

/// One trunk.
pub(super) struct Link {
    pub id: TrunkId,
    pub config: TrunkConfig,
    pub health: Health,
    pub registration: Option<Registration>,
    /// Addresses behind its name.
    addresses: Vec<IpAddr>,
    /// When the name is looked up next; `None` for a name that is an address.
    resolve_at: Option<Instant>,
    /// What the view said last.
    shown: (TrunkState, bool, Option<String>),
    since_ms: i64,
}

impl Link {
    pub fn new(id: TrunkId, config: TrunkConfig, office: &mut Office) -> Link {
        let registration = config.register.then(|| Registration::new(office));
        let host = config.host.trim_start_matches('[').trim_end_matches(']');
        let addresses = host.parse().ok().map(plain).into_iter().collect();
        Link {
            id,
            config,
            health: Health::default(),
            registration,
            addresses,
            resolve_at: None,
            shown: (TrunkState::Unknown, false, None),
            since_ms: 0,
        }
    }

    pub fn begin(&mut self, step: &mut Step<'_>) {
        self.health.begin(step.now);
        if let Some(registration) = &mut self.registration {
            registration.begin(step.now);
        }
        if self.addresses.is_empty() {
            self.resolve_at = Some(step.now);
        }
        self.run(step);
    }

    pub fn run(&mut self, step: &mut Step<'_>) {
        if self.resolve_at.is_some_and(|at| at <= step.now) {
            self.resolve_at = Some(step.now + RESOLVE_EVERY);
            let TrunkConfig { host, port, protocol, .. } = &self.config;
            let (host, port, protocol) = (host.clone(), *port, *protocol);
            step.out.push(TrunkOutput::Resolve { trunk: self.id, host, port, protocol });
        }
        self.health.run(step, self.id, &self.config);
        if let Some(registration) = &mut self.registration {
            registration.run(step, self.id, &self.config);
        }
    }

    pub fn leave(&mut self, step: &mut Step<'_>) {
        self.health.stop();
        self.resolve_at = None;
        if let Some(registration) = &mut self.registration {
            registration.leave(step, self.id, &self.config);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let registration = self.registration.as_ref().and_then(Registration::deadline);
        [self.health.deadline(), registration, self.resolve_at].into_iter().flatten().min()
    }

    /// Addresses of its name. None at all changes nothing: a name server that fails must not cut us off.
    pub fn resolved(&mut self, now: Instant, addresses: &[IpAddr]) {
        if self.resolve_at.is_none() {
            return;
        }
        if addresses.is_empty() {
            self.resolve_at = Some(now + RESOLVE_AGAIN);
        } else {
            self.addresses = addresses.iter().take(MAX_ADDRESSES).copied().map(plain).collect();
        }
    }

    /// Whether a message from there is from this PBX.
    pub fn is_at(&self, hop: &Hop) -> bool {
        let ip = plain(hop.address.ip());
        let secure = self.config.protocol != Protocol::Tls || hop.protocol == Protocol::Tls;
        let place = hop.protocol != Protocol::Udp || hop.address.port() == self.config.port;
        let itself = hop.protocol == self.config.protocol && place && self.addresses.contains(&ip);
        secure && (itself || self.config.peers.iter().any(|peer| plain(*peer) == ip))
    }

    pub fn state(&self) -> TrunkState {
        let refused = self.registration.as_ref().filter(|registration| !registration.is_registered());
        match (self.health.alive, refused) {
            (Some(false), _) => TrunkState::Down,
            (_, Some(registration)) if registration.refused.is_some() => TrunkState::Down,
            (_, Some(_)) | (None, None) => TrunkState::Unknown,
            (Some(true), None) => TrunkState::Up,
        }
    }

    fn reason(&self) -> Option<String> {
        let dead = self.health.reason.clone();
        let refused = || self.registration.as_ref().and_then(|registration| registration.refused.clone());
        dead.or_else(refused)
    }

    /// Compares with what the view said last; `true` when it has changed.
    pub fn show(&mut self, wall_ms: i64) -> bool {
        let registered = self.registration.as_ref().is_some_and(Registration::is_registered);
        let (state, reason) = (self.state(), self.reason());
        if self.since_ms == 0 || self.shown.0 != state {
            self.since_ms = wall_ms;
        }
        let now = (state, registered, reason);
        let changed = self.shown != now;
        if changed {
            let (state, registered, reason) = &now;
            tracing::info!(trunk = self.config.name, ?state, registered, reason, "a trunk has changed");
        }
        self.shown = now;
        changed
    }

    pub fn view(&self, calls: u32) -> TrunkView {
        let TrunkConfig { name, host, protocol, max_calls, .. } = &self.config;
        let round_trip = self.health.round_trip.map(|time| time.as_millis());
        TrunkView {
            name: name.clone(),
            host: host.clone(),
            protocol: *protocol,
            state: self.state(),
            registered: self.registration.as_ref().map(Registration::is_registered),
            since_ms: self.since_ms,
            reason: self.reason(),
            round_trip_ms: round_trip.map(|time| u32::try_from(time).unwrap_or(u32::MAX)),
            calls,
            max_calls: *max_calls,
        }
    }

    /// An INVITE over this trunk. A PBX that asks for a password wants the user that it knows in `From`, unless it lets us say
    /// who calls.
    pub fn dial(&self, domain: &str, number: &str, caller: &Caller) -> Dial {
        let config = &self.config;
        let says_who = config.trusted_identity || (!config.register && config.credentials.is_none());
        let number_of_caller = caller.number.as_deref();
        let user = number_of_caller.filter(|_| says_who).unwrap_or(&config.user);
        let mut from = NameAddr::new(ourselves(config, domain, user));
        from.display.clone_from(&caller.name);
        let asserted = number_of_caller.filter(|_| config.trusted_identity).map(|number| {
            let mut identity = NameAddr::new(Uri::sip(Some(number), domain, None));
            identity.display.clone_from(&caller.name);
            ("P-Asserted-Identity".to_owned(), identity.to_string())
        });
        Dial {
            uri: at_pbx(config, Some(&apply(&config.outbound, number))),
            target: target(config),
            route: self.registration.as_ref().map(|known| known.route.clone()).unwrap_or_default(),
            from,
            contact_user: (!config.user.is_empty()).then(|| config.user.clone()),
            headers: asserted.into_iter().collect(),
            offer: String::new(),
            credentials: config.credentials.clone(),
            patience: config.patience,
        }
    }
}
