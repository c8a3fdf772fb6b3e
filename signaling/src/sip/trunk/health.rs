//! Whether a PBX lives: it is asked with OPTIONS.

use std::time::{Duration, Instant};

use super::TrunkId;
use super::step::{Purpose, Step, request};
use crate::sip::config::TrunkConfig;
use crate::sip::dialog::Ending;
use crate::sip::message::{Method, Response};

/// A PBX that is down is asked again after this time, then after twice of it, up to the usual interval.
const FIRST_RETRY: Duration = Duration::from_secs(2);
/// Never asked more often than this, whatever is configured.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// Health of a trunk.
#[derive(Clone, Debug, Default)]
pub(super) struct Health {
    /// `None`: not known yet.
    pub alive: Option<bool>,
    /// Why it is down.
    pub reason: Option<String>,
    pub round_trip: Option<Duration>,
    failures: u32,
    /// Between the start and the stop of the node.
    asking: bool,
    next: Option<Instant>,
    /// The newest question, and until when its answer must come.
    waiting: Option<(u64, Instant)>,
}

impl Health {
    /// Ask at once.
    pub fn begin(&mut self, now: Instant) {
        (self.asking, self.next) = (true, Some(now));
    }

    /// Ask no more.
    pub fn stop(&mut self) {
        (self.asking, self.next, self.waiting) = (false, None, None);
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.next.into_iter().chain(self.waiting.map(|(_, until)| until)).min()
    }

    /// Gives up waiting, and asks when it is time.
    pub fn run(&mut self, step: &mut Step<'_>, id: TrunkId, config: &TrunkConfig) {
        if self.waiting.is_some_and(|(_, until)| until <= step.now) {
            self.dead(step, config, "no answer to OPTIONS");
        }
        if self.next.is_none_or(|next| next > step.now) {
            return;
        }
        let call_id = step.office.random.token();
        let mut options = request(config, step.office, Method::Options, &call_id, 1);
        options.headers.push("Accept", "application/sdp");
        let tx = step.send(id, config, Purpose::Health, options);
        self.waiting = Some((tx, step.now + config.patience));
        // Until the answer comes, or does not.
        self.next = None;
    }

    /// An answer to OPTIONS: whatever it says, somebody is there, unless a proxy says that nobody is behind it.
    pub fn answered(
        &mut self,
        step: &mut Step<'_>,
        config: &TrunkConfig,
        tx: u64,
        sent: Instant,
        response: &Response,
    ) {
        match response.status {
            100..=199 => {}
            408 | 503 | 504 => {
                if self.waiting.is_some_and(|(waiting, _)| waiting == tx) {
                    self.dead(step, config, &format!("{} to OPTIONS", response.status));
                }
            }
            _ => {
                self.round_trip = Some(step.now.saturating_duration_since(sent));
                self.alive(step, config);
            }
        }
    }

    /// An OPTIONS failed; of one that was given up this is no news.
    pub fn failed(&mut self, step: &mut Step<'_>, config: &TrunkConfig, tx: u64, reason: &str) {
        if self.waiting.is_some_and(|(waiting, _)| waiting == tx) {
            self.dead(step, config, reason);
        }
    }

    /// How a call over the trunk ended tells about its health as well.
    pub fn note(&mut self, now: Instant, ending: &Ending) {
        match ending {
            Ending::Silent | Ending::Unreachable => {
                let reason = if *ending == Ending::Silent { "no answer to a call" } else { "not reachable" };
                (self.alive, self.reason) = (Some(false), Some(reason.to_owned()));
                self.failures = self.failures.max(1);
                self.ask_at_once(now);
            }
            Ending::Rejected { status, .. } if is_trouble(*status) => self.ask_at_once(now),
            Ending::Rejected { .. } | Ending::Bye(_) | Ending::Cancelled(_) => {
                (self.alive, self.reason, self.failures) = (Some(true), None, 0);
            }
            Ending::Lost | Ending::NoAck | Ending::Ours => {}
        }
    }

    fn ask_at_once(&mut self, now: Instant) {
        if self.waiting.is_none() && self.asking {
            self.next = Some(now);
        }
    }

    fn alive(&mut self, step: &mut Step<'_>, config: &TrunkConfig) {
        (self.alive, self.reason, self.failures, self.waiting) = (Some(true), None, 0, None);
        let interval = config.options_every.max(MIN_INTERVAL);
        self.ask_after(step, interval);
    }

    fn dead(&mut self, step: &mut Step<'_>, config: &TrunkConfig, reason: &str) {
        let interval = config.options_every.max(MIN_INTERVAL);
        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(10)).min(interval);
        (self.alive, self.reason, self.waiting) = (Some(false), Some(reason.to_owned()), None);
        self.failures = self.failures.saturating_add(1);
        self.ask_after(step, wait);
    }

    fn ask_after(&mut self, step: &mut Step<'_>, wait: Duration) {
        self.next = self.asking.then(|| step.now + step.office.random.spread(wait, 80));
    }
}

/// A status with which the next trunk is tried: nothing that a person did, but trouble on the way.
pub(super) fn is_trouble(status: u16) -> bool {
    status == 408 || (500..600).contains(&status)
}
