//! The trunks against a scripted PBX on virtual time.

mod choice;
mod health;
mod identity;
mod registration;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::sip::config::{Fallback, LimitsConfig, PlanConfig, PrefixRule, Srtp, TrunkConfig};
use crate::sip::dialog::Credentials;
use crate::sip::message::{Headers, Method};
use crate::sip::port::{ClientTx, Owner, Protocol, SipOutput, Target};

const SECOND: Duration = Duration::from_secs(1);

fn trunk(name: &str, host: &str) -> TrunkConfig {
    TrunkConfig {
        name: name.into(),
        host: host.into(),
        port: 5060,
        protocol: Protocol::Udp,
        register: false,
        user: "hub".into(),
        credentials: None,
        peers: Vec::new(),
        srtp: Srtp::Off,
        codecs: Vec::new(),
        ptime: 20,
        trusted_identity: false,
        outbound: Vec::new(),
        inbound: Vec::new(),
        max_calls: 10,
        max_calls_per_second: 10,
        options_every: 30 * SECOND,
        patience: 3 * SECOND,
    }
}

fn registering(name: &str, host: &str) -> TrunkConfig {
    let credentials = Some(Credentials { user: "auth".into(), password: "secret".into() });
    TrunkConfig { register: true, credentials, ..trunk(name, host) }
}

fn config(trunks: Vec<TrunkConfig>) -> SipConfig {
    SipConfig {
        listen: Vec::new(),
        listen_tls: Vec::new(),
        tls: None,
        domain: "switchboard.example".into(),
        announced: None,
        trunks,
        plan: PlanConfig::default(),
        fallback: Fallback::default(),
        limits: LimitsConfig { calls_per_person: 2, dials_per_minute: 30, calls: 8, calls_per_second: 5 },
        session_expires: 1800 * SECOND,
        register_expires: (60 * SECOND, 3600 * SECOND),
    }
}

/// Trunks on virtual time.
struct World {
    trunks: Trunks,
    limits: Limits,
    now: Instant,
    start: Instant,
    out: VecDeque<TrunkOutput>,
}

/// A request that the trunks sent.
#[derive(Debug)]
struct Seen {
    tx: ClientTx,
    target: Target,
    request: Request,
}

impl World {
    fn new(config: &SipConfig) -> World {
        #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
        let start = Instant::now();
        let trunks = Trunks::new(config, [3; 32]);
        World { trunks, limits: Limits::new(config), now: start, start, out: VecDeque::new() }
    }

    fn started(config: &SipConfig) -> World {
        let mut world = World::new(config);
        world.tell(TrunkInput::Start);
        world
    }

    fn tell(&mut self, input: TrunkInput) {
        let mut out = Vec::new();
        let wall_ms = self.wall();
        self.trunks.handle(self.now, wall_ms, input, &mut out);
        self.out.extend(out);
        // Whoever waits for the deadline must not be called again at once.
        assert!(self.trunks.deadline().is_none_or(|at| at > self.now), "a timer that is due was not run");
    }

    fn wall(&self) -> i64 {
        1_000_000 + i64::try_from(self.now.duration_since(self.start).as_millis()).unwrap()
    }

    /// Goes from deadline to deadline until so much time is over.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.trunks.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.tell(TrunkInput::Tick);
        }
        self.now = until;
    }

    /// Requests of this method that were sent since.
    fn take(&mut self, method: Method) -> Vec<Seen> {
        let all = std::mem::take(&mut self.out);
        let mut found = Vec::new();
        for output in all {
            match output {
                TrunkOutput::Sip(SipOutput::Send { tx, target, request }) if request.method == method => {
                    assert_eq!(tx.owner, Owner::Trunks);
                    found.push(Seen { tx, target, request: *request });
                }
                other => self.out.push_back(other),
            }
        }
        found
    }

    /// The one request of this method that was sent since.
    fn one(&mut self, method: Method) -> Seen {
        let mut found = self.take(method);
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }

    fn answer(&mut self, seen: &Seen, status: u16, headers: &[(&str, &str)]) {
        let mut response = Response::to(&seen.request, status, Some("pbx"));
        headers.iter().for_each(|(name, value)| response.headers.push(name, value));
        self.tell(TrunkInput::Sip(SipInput::Response { tx: seen.tx, response }));
    }

    fn fail(&mut self, seen: &Seen, failure: Failure) {
        self.tell(TrunkInput::Sip(SipInput::Failed { tx: seen.tx, failure }));
    }

    fn view(&self, trunk: usize) -> TrunkView {
        self.trunks.views(&self.limits).remove(trunk)
    }

    fn state(&self, trunk: usize) -> TrunkState {
        self.view(trunk).state
    }

    /// Makes all trunks answer that are asked now.
    fn all_live(&mut self) {
        for seen in self.take(Method::Options) {
            self.answer(&seen, 200, &[]);
        }
    }
}

fn hop(text: &str, protocol: Protocol) -> Hop {
    Hop { protocol, address: text.parse::<SocketAddr>().unwrap() }
}

fn invite(uri: &str, headers: &[(&str, &str)]) -> Request {
    let mut request = Request::new(Method::Invite, uri.parse().unwrap());
    let mut all = Headers::default();
    headers.iter().for_each(|(name, value)| all.push(name, value));
    request.headers = all;
    request
}
