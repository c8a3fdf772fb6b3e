//! The registrar for telephones that register here, without I/O: where they are (RFC 3261 section 10), whether they are who
//! they say, and what their lamps show (RFC 6665, RFC 3842, RFC 4235).

mod bodies;
mod io;
mod places;
mod register;
mod sources;
mod subscribe;
mod subscription;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub use io::{Authentication, Binding, Lamp, RegistrarInput, RegistrarOutput, Watched};
use places::Places;
use register::{Now, register};
use sources::Sources;
use subscription::{News, SubscriptionId, Subscriptions};

use super::config::SipConfig;
use super::digest::{Offer, Verdict, Verifier};
use super::message::{Method, Request, Response};
use super::port::{Hop, ServerTx, SipInput, SipOutput};
use super::random::Random;
use super::view::PhoneView;
use crate::ports::{Numbers, PhoneAccount};

/// All telephones that register here.
pub struct Registrar {
    verifier: Verifier,
    sources: Sources,
    places: Places,
    subscriptions: Subscriptions,
    news: News,
    /// NOTIFYs that have no answer yet.
    sent: BTreeMap<u64, SubscriptionId>,
    next_tx: u64,
    random: Random,
    expires: (Duration, Duration),
}

impl Registrar {
    /// A registrar for the domain of this configuration. `seed` is random and fresh at each start: nonces are made of it.
    pub fn new(config: &SipConfig, seed: [u8; 32]) -> Registrar {
        Registrar {
            verifier: Verifier::new(&config.domain, &seed, Offer::default()),
            sources: Sources::default(),
            places: Places::default(),
            subscriptions: Subscriptions::default(),
            news: News::default(),
            sent: BTreeMap::new(),
            next_tx: 0,
            random: Random::new(&seed),
            expires: config.register_expires,
        }
    }

    /// Takes one input and appends what has to be done. What has ended is forgotten first. `wall_ms` is UTC milliseconds, for
    /// the views only.
    pub fn handle(
        &mut self,
        now: Instant,
        wall_ms: i64,
        input: RegistrarInput,
        numbers: &dyn Numbers,
        out: &mut Vec<RegistrarOutput>,
    ) {
        self.run_timers(now, out);
        match input {
            RegistrarInput::Sip(SipInput::Request { tx, from, request }) => {
                self.request(Now { now, wall_ms }, tx, from, &request, numbers, out);
            }
            RegistrarInput::Sip(SipInput::Response { tx, response }) => {
                self.notified(now, tx.number, Some(response.status), out);
            }
            RegistrarInput::Sip(SipInput::Failed { tx, .. }) => self.notified(now, tx.number, None, out),
            RegistrarInput::Sip(SipInput::Cancelled { .. } | SipInput::Ack { .. }) | RegistrarInput::Tick => {
            }
            RegistrarInput::Presence { of, lamp } => {
                if self.news.lamp(&of, lamp) {
                    self.subscriptions.watching(&of).into_iter().for_each(|id| self.tell(now, id, out));
                }
            }
            RegistrarInput::Waiting { person, missed } => {
                if self.news.missed(person, missed) {
                    self.subscriptions.waiting(person).into_iter().for_each(|id| self.tell(now, id, out));
                }
            }
        }
    }

    /// When [`RegistrarInput::Tick`] is due, if nothing else comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.places.deadline().into_iter().chain(self.subscriptions.deadline()).min()
    }

    /// Whether a request is from a telephone of ours. Who guesses passwords is refused without being looked at.
    pub fn authenticate(
        &mut self,
        now: Instant,
        request: &Request,
        hop: &Hop,
        numbers: &dyn Numbers,
    ) -> Authentication {
        let ip = hop.address.ip();
        if self.sources.is_silenced(now, ip) {
            return Authentication::Refuse(Response::to(request, 403, Some(&self.random.token())));
        }
        let stale = match self.verifier.check(now, request, |user| numbers.account(user)) {
            Verdict::Right(account) => {
                self.sources.right(now, ip);
                return Authentication::Ok(*account);
            }
            Verdict::Stale => true,
            Verdict::Missing => {
                self.sources.challenged(now, ip);
                false
            }
            Verdict::Wrong => {
                if self.sources.wrong(now, ip) {
                    tracing::warn!(from = %ip, "too many wrong passwords of telephones");
                }
                false
            }
        };
        let mut response = Response::to(request, 401, Some(&self.random.token()));
        for challenge in self.verifier.challenges(now, stale) {
            response.headers.push("WWW-Authenticate", &challenge);
        }
        Authentication::Challenge(response)
    }

    /// Whether a telephone is registered from there.
    pub fn knows(&self, hop: &Hop) -> bool {
        self.places.knows(hop)
    }

    /// Where the telephones of an account are, those that it prefers first.
    pub fn bindings(&self, user: &str) -> Vec<Binding> {
        self.places.of(user).iter().map(|place| place.binding.clone()).collect()
    }

    /// The telephones that are registered, by user name.
    pub fn views(&self) -> Vec<PhoneView> {
        let all = self.places.all().flat_map(|(user, places)| places.iter().map(move |place| (user, place)));
        let view = |(user, place): (&str, &places::Place)| PhoneView {
            user: user.to_owned(),
            address: place.hop.address.to_string(),
            protocol: place.hop.protocol,
            user_agent: place.user_agent.clone(),
            expires_at_ms: place.expires_ms,
        };
        all.map(view).collect()
    }

    fn request(
        &mut self,
        at: Now,
        tx: ServerTx,
        hop: Hop,
        request: &Request,
        numbers: &dyn Numbers,
        out: &mut Vec<RegistrarOutput>,
    ) {
        let account = match self.authenticate(at.now, request, &hop, numbers) {
            Authentication::Ok(account) => account,
            Authentication::Challenge(response) => return respond(tx, response, out),
            // Silence: a scanner learns nothing, and nothing is sent to an address that may be forged.
            Authentication::Refuse(_) => return,
        };
        match request.method {
            Method::Register => {
                let response = self.register(at, hop, request, &account, out);
                respond(tx, response, out);
            }
            Method::Subscribe => self.subscribe(at.now, (tx, hop, request), &account, numbers, out),
            _ => respond(tx, Response::to(request, 405, Some("none")), out),
        }
    }

    fn register(
        &mut self,
        at: Now,
        hop: Hop,
        request: &Request,
        account: &PhoneAccount,
        out: &mut Vec<RegistrarOutput>,
    ) -> Response {
        let old = self.places.of(&account.user).to_vec();
        let (was_there, tag, user) = (!old.is_empty(), self.random.token(), account.user.clone());
        match register(at, request, hop, account, old, self.expires) {
            Ok(places) => {
                match (was_there, !places.is_empty()) {
                    (false, true) => out.push(RegistrarOutput::Registered { user }),
                    (true, false) => out.push(RegistrarOutput::Unregistered { user }),
                    _ => {}
                }
                self.places.replace(&account.user, places);
                register::accepted(at.now, request, &tag, self.places.of(&account.user))
            }
            Err((status, header)) => {
                let mut response = Response::to(request, status, Some(&tag));
                header.iter().for_each(|(name, value)| response.headers.push(name, value));
                response
            }
        }
    }

    fn run_timers(&mut self, now: Instant, out: &mut Vec<RegistrarOutput>) {
        for user in self.places.expire(now) {
            tracing::info!(user, "a telephone is gone");
            out.push(RegistrarOutput::Unregistered { user });
        }
        while let Some(id) = self.subscriptions.due(now) {
            self.end(now, id, "timeout", out);
        }
    }
}

fn respond(tx: ServerTx, response: Response, out: &mut Vec<RegistrarOutput>) {
    out.push(RegistrarOutput::Sip(SipOutput::Respond { tx, response: Box::new(response) }));
}

#[cfg(test)]
mod tests;
