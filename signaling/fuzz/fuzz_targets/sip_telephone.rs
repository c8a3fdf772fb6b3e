//! Any requests of a telephone that knows its password: REGISTER and SUBSCRIBE with whatever headers, answers to NOTIFYs, and
//! time that goes by. Every request gets one answer, memory is bounded, and at last all is forgotten.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use signaling::ids::PersonId;
use signaling::ports::{Numbers, PhoneAccount, PortFuture};
use signaling::sip::config::{Fallback, LimitsConfig, PlanConfig, SipConfig};
use signaling::sip::dialog::Credentials;
use signaling::sip::digest::{Challenge, authorize};
use signaling::sip::message::{Method, Request, Response, Uri};
use signaling::sip::port::{Hop, Protocol, ServerTx, SipInput, SipOutput};
use signaling::sip::registrar::{Lamp, Registrar, RegistrarInput, RegistrarOutput, Watched};
use signaling::wire::call::PersonCard;

const DOMAIN: &str = "switchboard.example";
/// MD5 of `7:switchboard.example:secret`.
const HA1: &str = "cdfd627fef5250a244db7e85e8410547";

/// One account, `7`, that is everybody.
struct One;

impl Numbers for One {
    fn by_extension(&self, _: &str) -> Option<PersonCard> {
        None
    }

    fn account(&self, user: &str) -> Option<PhoneAccount> {
        (user == "7").then(|| PhoneAccount {
            user: "7".into(),
            extension: "7".into(),
            person: None,
            name: String::new(),
            ha1_md5: HA1.into(),
            ha1_sha256: String::new(),
        })
    }

    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount> {
        self.account(number)
    }

    fn missed(&self, _: PersonId) -> PortFuture<'_, u32> {
        Box::pin(async { Ok(0) })
    }
}

fn config() -> SipConfig {
    SipConfig {
        listen: Vec::new(),
        listen_tls: Vec::new(),
        tls: None,
        domain: DOMAIN.into(),
        announced: None,
        trunks: Vec::new(),
        plan: PlanConfig::default(),
        fallback: Fallback::default(),
        limits: LimitsConfig { calls_per_person: 2, dials_per_minute: 30, calls: 8, calls_per_second: 5 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

/// The registrar and the one telephone.
struct World {
    registrar: Registrar,
    now: Instant,
    sent: u64,
    challenge: Option<(Challenge, u32)>,
    from: Hop,
    told: Vec<(signaling::sip::port::ClientTx, Request)>,
}

impl World {
    /// Tells the registrar, and returns its answer to the request with this transaction.
    fn tell(&mut self, input: RegistrarInput, tx: Option<ServerTx>) -> Option<Response> {
        let (mut out, mut answer) = (Vec::new(), None);
        self.registrar.handle(self.now, 0, input, &One, &mut out);
        for output in out {
            match output {
                RegistrarOutput::Sip(SipOutput::Respond { tx: to, response }) => {
                    assert!(Some(to) == tx && answer.is_none(), "one answer to each request");
                    answer = Some(*response);
                }
                RegistrarOutput::Sip(SipOutput::Send { tx, request, .. }) => self.told.push((tx, *request)),
                _ => {}
            }
        }
        answer
    }

    /// One line of the input: a letter for what happens, then headers separated by tabs.
    fn step(&mut self, line: &str) {
        let Some(kind) = line.chars().next() else { return };
        match kind {
            'r' | 's' => {
                self.request(if kind == 'r' { Method::Register } else { Method::Subscribe }, &line[1..])
            }
            'n' => {
                for (tx, request) in std::mem::take(&mut self.told) {
                    let status = if line.len().is_multiple_of(2) { 200 } else { 481 };
                    let response = Response::to(&request, status, None);
                    self.tell(RegistrarInput::Sip(SipInput::Response { tx, response }), None);
                }
            }
            'l' => {
                let lamp = if line.len().is_multiple_of(2) { Lamp::Busy } else { Lamp::Idle };
                self.tell(RegistrarInput::Presence { of: Watched::Phone("7".into()), lamp }, None);
            }
            _ => {
                self.now += Duration::from_secs(line.len() as u64 * 13);
                self.tell(RegistrarInput::Tick, None);
            }
        }
    }

    fn request(&mut self, method: Method, headers: &str) {
        for _ in 0..2 {
            self.sent += 1;
            let mut request = Request::new(method.clone(), Uri::sip(Some("7"), DOMAIN, None));
            let cseq = format!("{} {method}", self.sent);
            let basic = [("From", "<sip:7@h>;tag=1"), ("To", "<sip:7@h>"), ("Call-ID", "c"), ("CSeq", &cseq)];
            basic.iter().for_each(|(name, value)| request.headers.push(name, value));
            for (name, value) in headers.split('\t').filter_map(|header| header.split_once(':')) {
                request.headers.remove(name);
                request.headers.push(name, value);
            }
            if let Some((challenge, count)) = &mut self.challenge {
                *count += 1;
                let who = Credentials { user: "7".into(), password: "secret".into() };
                let (name, value) =
                    authorize(challenge, &who, &request.method, &request.uri.to_string(), "c", *count);
                request.headers.set(name, &value);
            }
            let tx = ServerTx(self.sent);
            let input = RegistrarInput::Sip(SipInput::Request { tx, from: self.from, request });
            let Some(response) = self.tell(input, Some(tx)) else { return };
            if response.status != 401 {
                return;
            }
            self.challenge = Challenge::parse(&response.headers).map(|challenge| (challenge, 0));
        }
    }
}

fuzz_target!(|text: &str| {
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
    let now = Instant::now();
    let from = Hop { protocol: Protocol::Udp, address: SocketAddr::from(([192, 0, 2, 1], 5060)) };
    let registrar = Registrar::new(&config(), [7; 32]);
    let mut world = World { registrar, now, sent: 0, challenge: None, from, told: Vec::new() };
    text.lines().take(200).for_each(|line| world.step(line));
    assert!(world.registrar.bindings("7").len() <= 5);
    world.now += Duration::from_secs(3601);
    world.tell(RegistrarInput::Tick, None);
    assert!(world.registrar.bindings("7").is_empty() && world.registrar.deadline().is_none());
});
