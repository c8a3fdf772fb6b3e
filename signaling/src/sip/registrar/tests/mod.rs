//! The registrar against scripted telephones on virtual time.

mod guessing;
mod lamps;
mod measure;
mod register;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::*;
use crate::ids::PersonId;
use crate::ports::{PhoneAccount, PortFuture};
use crate::sip::config::{Fallback, LimitsConfig, PlanConfig, SipConfig};
use crate::sip::dialog::Credentials;
use crate::sip::digest::{Challenge, authorize};
use crate::sip::port::{Protocol, Target};
use crate::wire::call::PersonCard;

const SECOND: Duration = Duration::from_secs(1);
const DOMAIN: &str = "switchboard.example";

/// Accounts `room` (1001, without person), `ming` (1002, of person 2) and `hua` (1003, of person 3); person 4 has the
/// extension 1004 and no telephone. Any other of the form `phone<n>` exists as well, for measuring.
struct Staff;

fn person(n: u128) -> PersonId {
    PersonId(uuid::Uuid::from_u128(n))
}

fn account(user: &str) -> Option<PhoneAccount> {
    let (extension, of) = match user {
        "room" => ("1001".to_owned(), None),
        "ming" => ("1002".to_owned(), Some(person(2))),
        "hua" => ("1003".to_owned(), Some(person(3))),
        other => (other.strip_prefix("phone").filter(|rest| rest.parse::<u32>().is_ok())?.to_owned(), None),
    };
    let ha1 = format!("{user}:{DOMAIN}:secret of {user}");
    let md5 = <md5::Md5 as md5::Digest>::digest(ha1.as_bytes());
    Some(PhoneAccount {
        user: user.to_owned(),
        extension,
        person: of,
        name: user.to_owned(),
        ha1_md5: md5.iter().map(|byte| format!("{byte:02x}")).collect(),
        ha1_sha256: String::new(),
    })
}

impl Numbers for Staff {
    fn by_extension(&self, number: &str) -> Option<PersonCard> {
        let n = match number {
            "1002" => 2,
            "1003" => 3,
            "1004" => 4,
            _ => return None,
        };
        let (unit, post) = (String::new(), String::new());
        let extension = Some(number.to_owned());
        Some(PersonCard { person: person(n), name: "王".into(), unit, post, extension, line: false })
    }

    fn account(&self, user: &str) -> Option<PhoneAccount> {
        account(user)
    }

    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount> {
        ["room", "ming", "hua"].into_iter().filter_map(account).find(|account| account.extension == number)
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
        session_expires: 1800 * SECOND,
        register_expires: (60 * SECOND, 3600 * SECOND),
    }
}

fn hop(text: &str) -> Hop {
    Hop { protocol: Protocol::Udp, address: text.parse::<SocketAddr>().unwrap() }
}

struct World {
    registrar: Registrar,
    now: Instant,
    start: Instant,
    out: VecDeque<RegistrarOutput>,
    tx: u64,
}

/// A telephone.
struct Phone {
    user: &'static str,
    password: String,
    at: Hop,
    cseq: u32,
    call_id: String,
    /// Challenge that it answers, and how often it did.
    known: Option<(Challenge, u32)>,
}

impl Phone {
    fn new(user: &'static str, at: &str) -> Phone {
        let (password, call_id) = (format!("secret of {user}"), format!("call-of-{user}"));
        Phone { user, password, at: hop(at), cseq: 0, call_id, known: None }
    }

    /// A request with the next CSeq, without an answer to a challenge.
    fn request(&mut self, method: Method, uri: &str, headers: &[(&str, &str)]) -> Request {
        self.cseq += 1;
        let mut request = Request::new(method, uri.parse().unwrap());
        let own = format!("<sip:{}@{DOMAIN}>", self.user);
        let cseq = format!("{} {}", self.cseq, request.method);
        let basic = [
            ("From", format!("{own};tag=theirs")),
            ("To", own),
            ("Call-ID", self.call_id.clone()),
            ("CSeq", cseq),
        ];
        for (name, value) in basic {
            request.headers.push(name, &value);
        }
        for (name, value) in headers {
            request.headers.remove(name);
            request.headers.push(name, value);
        }
        request
    }

    fn answer(&mut self, request: &mut Request) {
        let Some((challenge, count)) = &mut self.known else { return };
        *count += 1;
        let who = Credentials { user: self.user.into(), password: self.password.clone() };
        let uri = request.uri.to_string();
        let (name, value) = authorize(challenge, &who, &request.method, &uri, "cn", *count);
        request.headers.set(name, &value);
    }
}

impl World {
    fn new() -> World {
        #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
        let start = Instant::now();
        World {
            registrar: Registrar::new(&config(), [5; 32]),
            now: start,
            start,
            out: VecDeque::new(),
            tx: 0,
        }
    }

    fn wall(&self) -> i64 {
        1_000_000 + i64::try_from(self.now.duration_since(self.start).as_millis()).unwrap()
    }

    fn tell(&mut self, input: RegistrarInput) {
        let mut out = Vec::new();
        let wall_ms = self.wall();
        self.registrar.handle(self.now, wall_ms, input, &Staff, &mut out);
        self.out.extend(out);
        assert!(self.registrar.deadline().is_none_or(|at| at > self.now), "a timer that is due was not run");
    }

    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.registrar.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.tell(RegistrarInput::Tick);
        }
        self.now = until;
    }

    /// Sends a request as it is; `None`: silence.
    fn send(&mut self, from: Hop, request: Request) -> Option<Response> {
        self.tx += 1;
        let tx = ServerTx(self.tx);
        self.tell(RegistrarInput::Sip(SipInput::Request { tx, from, request }));
        let at = self.out.iter().position(
            |output| matches!(output, RegistrarOutput::Sip(SipOutput::Respond { tx: to, .. }) if *to == tx),
        )?;
        match self.out.remove(at) {
            Some(RegistrarOutput::Sip(SipOutput::Respond { response, .. })) => Some(*response),
            _ => None,
        }
    }

    /// Sends a request of a telephone, and again with the answer when it is challenged.
    fn ask(&mut self, phone: &mut Phone, method: Method, uri: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = phone.request(method.clone(), uri, headers);
        phone.answer(&mut request);
        let response = self.send(phone.at, request).expect("an answer");
        if response.status != 401 {
            return response;
        }
        phone.known = Challenge::parse(&response.headers).map(|challenge| (challenge, 0));
        let mut request = phone.request(method, uri, headers);
        phone.answer(&mut request);
        self.send(phone.at, request).expect("an answer")
    }

    fn register(&mut self, phone: &mut Phone, headers: &[(&str, &str)]) -> Response {
        self.ask(phone, Method::Register, &format!("sip:{DOMAIN}"), headers)
    }

    fn contacts(&self, user: &str) -> Vec<String> {
        self.registrar.bindings(user).iter().map(|binding| binding.uri.to_string()).collect()
    }
}
