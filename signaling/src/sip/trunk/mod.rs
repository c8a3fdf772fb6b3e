//! The PBXs behind the bridge, without I/O: whether they live, being registered there, which one takes a call, which one a
//! call is from.

mod caller;
mod health;
mod io;
mod link;
mod registration;
mod step;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Instant;

pub use caller::Caller;
pub use io::{TrunkInput, TrunkOutput};
use link::Link;
use step::{Office, Purpose, Sent, Step};

use super::config::SipConfig;
use super::dialog::{Dial, Ending};
use super::message::{Request, Response};
use super::plan::{Limits, Number, apply};
use super::port::{Failure, Hop, SipInput};
use super::random::Random;
use super::view::{TrunkState, TrunkView};

/// A trunk, by its place in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TrunkId(pub usize);

/// All trunks.
pub struct Trunks {
    links: Vec<Link>,
    office: Office,
    /// Trunks that may take emergency calls.
    emergency: Vec<TrunkId>,
    /// Changed outside of [`Trunks::handle`].
    changed: Vec<TrunkId>,
}

impl Trunks {
    /// The trunks of a configuration; nothing is sent before [`TrunkInput::Start`]. `seed` is random and fresh at each start.
    pub fn new(config: &SipConfig, seed: [u8; 32]) -> Trunks {
        let mut office = Office {
            random: Random::new(&seed),
            domain: config.domain.clone(),
            sent: BTreeMap::new(),
            next_tx: 1,
        };
        let names = &config.plan.emergency_trunks;
        let named = |id: &TrunkId| names.is_empty() || names.contains(&config.trunks[id.0].name);
        let emergency = (0..config.trunks.len()).map(TrunkId).filter(named).collect();
        let links = config.trunks.iter().enumerate();
        let links = links.map(|(at, config)| Link::new(TrunkId(at), config.clone(), &mut office)).collect();
        Trunks { links, office, emergency, changed: Vec::new() }
    }

    /// Takes one input and appends what has to be done. Timers that are due run first. `wall_ms` is UTC milliseconds, for the
    /// views only.
    pub fn handle(&mut self, now: Instant, wall_ms: i64, input: TrunkInput, out: &mut Vec<TrunkOutput>) {
        let mut step = Step { now, office: &mut self.office, out };
        self.links.iter_mut().for_each(|link| link.run(&mut step));
        match input {
            TrunkInput::Start => self.links.iter_mut().for_each(|link| link.begin(&mut step)),
            TrunkInput::Sip(SipInput::Response { tx, response }) => {
                self.answered(now, tx.number, &response, out);
            }
            TrunkInput::Sip(SipInput::Failed { tx, failure }) => self.failed(now, tx.number, failure, out),
            TrunkInput::Sip(_) | TrunkInput::Tick => {}
            TrunkInput::Resolved { trunk, addresses } => {
                if let Some(link) = self.links.get_mut(trunk.0) {
                    link.resolved(now, &addresses);
                }
            }
            TrunkInput::Drain => self.links.iter_mut().for_each(|link| link.leave(&mut step)),
        }
        let changed = self.links.iter_mut().filter_map(|link| link.show(wall_ms).then_some(link.id));
        self.changed.extend(changed.collect::<Vec<_>>());
        self.changed.dedup();
        out.extend(self.changed.drain(..).map(TrunkOutput::Changed));
    }

    /// When [`TrunkInput::Tick`] is due, if nothing else comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.links.iter().filter_map(Link::deadline).min()
    }

    /// Which PBX a request is from, by where it came from: an address among its configured peers, or the very place that its
    /// requests are sent to (of connections only the address, as their port is any). The protocol must be the trunk's; peers
    /// may use any, but TLS is never done without.
    pub fn identify(&self, hop: &Hop, request: &Request) -> Option<TrunkId> {
        let mut from = self.links.iter().filter(|link| link.is_at(hop)).peekable();
        let first = from.peek()?.id;
        // Several accounts at one PBX: the one that the request names.
        let to = request.address("To").ok().and_then(|to| to.uri.user);
        let named = [request.uri.user.as_deref(), to.as_deref()];
        let named = from
            .find(|link| named.iter().flatten().any(|user| !user.is_empty() && *user == link.config.user));
        Some(named.map_or(first, |link| link.id))
    }

    /// The trunks to try for this number, in this order: those that live as configured, then those not known yet; those that
    /// are down only when there is no other. Emergency calls try all that may take them.
    pub fn candidates(&self, number: &str, emergency: bool) -> Vec<TrunkId> {
        let may = |link: &&Link| {
            let dialable = Number::parse(&apply(&link.config.outbound, number)).is_ok();
            dialable && (!emergency || self.emergency.contains(&link.id))
        };
        let of = |state| {
            let links = self.links.iter().filter(may).filter(move |link| link.state() == state);
            links.map(|link| link.id).collect::<Vec<_>>()
        };
        let mut found = of(TrunkState::Up);
        found.extend(of(TrunkState::Unknown));
        if found.is_empty() || emergency {
            found.extend(of(TrunkState::Down));
        }
        found
    }

    /// An INVITE for this number over this trunk, still without an offer. `None`: no such trunk.
    pub fn prepare(&self, trunk: TrunkId, number: &str, from: &Caller) -> Option<Dial> {
        Some(self.links.get(trunk.0)?.dial(&self.office.domain, number, from))
    }

    /// Whether the next trunk is to be tried: transport errors, silence, 408 and 5xx; never after what a person did or what
    /// the PBX knows of the number.
    pub fn fails_over(&self, ending: &Ending) -> bool {
        match ending {
            Ending::Silent | Ending::Unreachable => true,
            Ending::Rejected { status, .. } => health::is_trouble(*status),
            _ => false,
        }
    }

    /// How a call over this trunk ended: one that is silent is down from now on, and is asked at once.
    pub fn note(&mut self, now: Instant, wall_ms: i64, trunk: TrunkId, ending: &Ending) {
        let Some(link) = self.links.get_mut(trunk.0) else { return };
        link.health.note(now, ending);
        if link.show(wall_ms) {
            self.changed.push(trunk);
        }
    }

    /// A number from this trunk as it is known here.
    pub fn inbound(&self, trunk: TrunkId, number: &str) -> String {
        self.links.get(trunk.0).map_or_else(|| number.to_owned(), |link| apply(&link.config.inbound, number))
    }

    /// Whom a call from this trunk is for, by the trunk's rules. A PBX that we register with may name us in the Request-URI,
    /// and the number only in `To`.
    pub fn called(&self, trunk: TrunkId, request: &Request) -> Option<String> {
        caller::called(&self.links.get(trunk.0)?.config, request)
    }

    /// Who calls, as far as this trunk is believed.
    pub fn caller(&self, trunk: TrunkId, request: &Request) -> Caller {
        self.links.get(trunk.0).map(|link| caller::caller(&link.config, request)).unwrap_or_default()
    }

    /// Who forwarded a call to us, where the trunk is believed and says so.
    pub fn diverted(&self, trunk: TrunkId, request: &Request) -> Option<Caller> {
        caller::diverted(&self.links.get(trunk.0)?.config, request)
    }

    /// The trunks and how they are; `limits` knows their calls.
    pub fn views(&self, limits: &Limits) -> Vec<TrunkView> {
        self.links.iter().map(|link| link.view(limits.calls_of(link.id))).collect()
    }

    fn answered(&mut self, now: Instant, tx: u64, response: &Response, out: &mut Vec<TrunkOutput>) {
        let Some(Sent { trunk, purpose, at }) = self.office.sent.get(&tx).copied() else { return };
        if !response.is_provisional() {
            self.office.sent.remove(&tx);
        }
        let mut step = Step { now, office: &mut self.office, out };
        let Some(link) = self.links.get_mut(trunk.0) else { return };
        match (purpose, &mut link.registration) {
            (Purpose::Health, _) => link.health.answered(&mut step, &link.config, tx, at, response),
            (Purpose::Registration, Some(registration)) => {
                registration.answered(&mut step, trunk, &link.config, tx, response);
            }
            (Purpose::Registration, None) => {}
        }
    }

    fn failed(&mut self, now: Instant, tx: u64, failure: Failure, out: &mut Vec<TrunkOutput>) {
        let Some(Sent { trunk, purpose, .. }) = self.office.sent.remove(&tx) else { return };
        let reason = match failure {
            Failure::Timeout => "no answer",
            Failure::Unreachable => "not reachable",
        };
        let mut step = Step { now, office: &mut self.office, out };
        let Some(link) = self.links.get_mut(trunk.0) else { return };
        match (purpose, &mut link.registration) {
            (Purpose::Health, _) => link.health.failed(&mut step, &link.config, tx, reason),
            (Purpose::Registration, Some(registration)) => registration.failed(&mut step, tx, reason),
            (Purpose::Registration, None) => {}
        }
    }
}

/// An address without the IPv6 form of an IPv4 one.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

#[cfg(test)]
mod tests;
