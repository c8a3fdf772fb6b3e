//! Registering with a PBX (RFC 3261 section 10.2, RFC 3608).

use std::time::{Duration, Instant};

use super::TrunkId;
use super::health::is_trouble;
use super::step::{Office, Purpose, Step, request};
use crate::sip::config::TrunkConfig;
use crate::sip::digest::{Challenge, authorize};
use crate::sip::message::{Headers, Method, NameAddr, Response, reason_phrase};

/// What is asked for, in seconds. Shorter: a PBX that restarts without memory finds us sooner; longer: less traffic.
const ASKED: u32 = 300;
/// Longest that is agreed to when a PBX wants more, in seconds.
const LONGEST: u32 = 86_400;
/// First wait after trouble, and after a refusal; doubled each time.
const FIRST_RETRY: Duration = Duration::from_secs(2);
const FIRST_RETRY_REFUSED: Duration = Duration::from_secs(30);
/// Longest wait after trouble or a refusal.
const LONGEST_RETRY: Duration = Duration::from_secs(300);
/// Most challenges that are answered for one registration.
const MAX_ANSWERS: u32 = 3;
/// Most routes that a PBX may set.
const MAX_ROUTES: usize = 8;

/// A registration with a PBX.
pub(super) struct Registration {
    call_id: String,
    cseq: u32,
    /// Seconds to ask for.
    asked: u32,
    /// The last challenge, and how often its nonce was used.
    challenge: Option<(Challenge, u32)>,
    /// Challenges answered for the request that is on its way.
    answers: u32,
    /// Whether it was raised for the request that is on its way.
    raised: bool,
    valid_until: Option<Instant>,
    failures: u32,
    next: Option<Instant>,
    waiting: Option<u64>,
    leaving: bool,
    /// Why it did not work, until it does.
    pub refused: Option<String>,
    /// `Service-Route`: the way of our requests.
    pub route: Vec<String>,
}

impl Registration {
    pub fn new(office: &mut Office) -> Registration {
        Registration {
            call_id: office.random.token(),
            cseq: 0,
            asked: ASKED,
            challenge: None,
            answers: 0,
            raised: false,
            valid_until: None,
            failures: 0,
            next: None,
            waiting: None,
            leaving: false,
            refused: None,
            route: Vec::new(),
        }
    }

    /// Register at once.
    pub fn begin(&mut self, now: Instant) {
        self.next = Some(now);
    }

    /// Takes the registration back.
    pub fn leave(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig) {
        self.leaving = true;
        self.next = None;
        if self.valid_until.take().is_some() || self.waiting.is_some() {
            self.fresh(step, id, config);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.next.into_iter().chain(self.valid_until).min()
    }

    pub fn is_registered(&self) -> bool {
        self.valid_until.is_some()
    }

    /// Registers when it is time, and notes the end of a registration that could not be refreshed.
    pub fn run(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig) {
        if self.valid_until.is_some_and(|until| until <= step.now) {
            self.valid_until = None;
            self.route.clear();
        }
        if self.next.is_some_and(|next| next <= step.now) {
            self.next = None;
            self.fresh(step, id, config);
        }
    }

    pub fn answered(
        &mut self,
        step: &mut Step<'_>,
        id: TrunkId,
        config: &TrunkConfig,
        tx: u64,
        response: &Response,
    ) {
        if self.waiting != Some(tx) || response.is_provisional() {
            return;
        }
        self.waiting = None;
        match response.status {
            200..=299 => self.accepted(step, config, response),
            401 | 407 => self.challenged(step, id, config, response),
            423 => self.too_brief(step, id, config, response),
            status if is_trouble(status) => {
                let after = response.headers.get("Retry-After").and_then(seconds_of);
                self.trouble(step, &format!("{status} {}", reason_phrase(status)), FIRST_RETRY, after);
            }
            status => {
                self.trouble(step, &format!("{status} {}", reason_phrase(status)), FIRST_RETRY_REFUSED, None);
            }
        }
    }

    pub fn failed(&mut self, step: &mut Step<'_>, tx: u64, reason: &str) {
        if self.waiting == Some(tx) {
            self.waiting = None;
            self.trouble(step, reason, FIRST_RETRY, None);
        }
    }

    fn accepted(&mut self, step: &mut Step<'_>, config: &TrunkConfig, response: &Response) {
        (self.failures, self.refused) = (0, None);
        if self.leaving {
            return;
        }
        let granted = granted(&response.headers, &config.user).unwrap_or(self.asked).min(LONGEST);
        if granted == 0 {
            return self.trouble(step, "registered for no time", FIRST_RETRY_REFUSED, None);
        }
        let granted = Duration::from_secs(granted.into());
        self.valid_until = Some(step.now + granted);
        self.next = Some(step.now + step.office.random.spread(granted * 5 / 6, 95));
        self.route = response.headers.list("Service-Route").take(MAX_ROUTES).map(str::to_owned).collect();
    }

    fn challenged(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig, response: &Response) {
        let challenge = Challenge::parse(&response.headers).filter(|_| config.credentials.is_some());
        let again = |challenge: &Challenge| self.answers == 0 || challenge.is_stale();
        match challenge.filter(again).filter(|_| self.answers < MAX_ANSWERS) {
            Some(challenge) => {
                self.answers += 1;
                self.challenge = Some((challenge, 0));
                self.send(step, id, config);
            }
            None => {
                self.challenge = None;
                self.trouble(step, "the password is not accepted", FIRST_RETRY_REFUSED, None);
            }
        }
    }

    fn too_brief(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig, response: &Response) {
        let wanted = response.headers.get("Min-Expires").and_then(seconds_of);
        match wanted.filter(|wanted| (self.asked + 1..=LONGEST).contains(wanted) && !self.raised) {
            Some(wanted) => {
                (self.asked, self.raised) = (wanted, true);
                self.send(step, id, config);
            }
            None => self.trouble(step, "423 Interval Too Brief", FIRST_RETRY_REFUSED, None),
        }
    }

    fn trouble(&mut self, step: &mut Step<'_>, reason: &str, first: Duration, after: Option<u32>) {
        if self.leaving {
            return;
        }
        self.refused = Some(reason.to_owned());
        let wait = first.saturating_mul(1 << self.failures.min(8)).min(LONGEST_RETRY);
        self.failures = self.failures.saturating_add(1);
        let after = Duration::from_secs(after.unwrap_or_default().into()).min(LONGEST_RETRY);
        self.next = Some(step.now + step.office.random.spread(wait, 50).max(after));
    }

    fn fresh(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig) {
        (self.answers, self.raised) = (0, false);
        self.send(step, id, config);
    }

    fn send(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig) {
        self.cseq += 1;
        let mut register = request(config, step.office, Method::Register, &self.call_id, self.cseq);
        let expires = if self.leaving { 0 } else { self.asked };
        register.headers.push("Expires", &expires.to_string());
        if let (Some((challenge, count)), Some(credentials)) = (&mut self.challenge, &config.credentials) {
            *count += 1;
            let cnonce = step.office.random.token();
            let uri = register.uri.to_string();
            let (name, value) = authorize(challenge, credentials, &register.method, &uri, &cnonce, *count);
            register.headers.push(name, &value);
        }
        self.waiting = Some(step.send(id, config, Purpose::Registration, register));
    }
}

/// Seconds that our contact was granted. A PBX lists what else is registered under the name as well; ours is the youngest.
fn granted(headers: &Headers, user: &str) -> Option<u32> {
    let contacts = headers.list("Contact").filter_map(|contact| contact.parse::<NameAddr>().ok());
    let ours = contacts.filter(|contact| contact.uri.user.as_deref().unwrap_or_default() == user);
    let listed = ours.filter_map(|contact| contact.params.get("expires").and_then(seconds_of)).max();
    listed.or_else(|| headers.get("Expires").and_then(seconds_of))
}

fn seconds_of(text: &str) -> Option<u32> {
    let digits: &str = text.trim().split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().ok()
}
