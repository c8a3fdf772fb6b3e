//! Session timers (RFC 4028): a call whose other side is gone without a word must end.

use std::time::{Duration, Instant};

use crate::sip::message::{Headers, Params};

/// Shortest interval that is accepted (RFC 4028 section 4), in seconds.
pub(super) const MIN_SE: u32 = 90;
/// Longest; more would be none.
const MAX_SE: u32 = 7 * 24 * 3600;

/// A session timer that both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionTimer {
    /// Seconds.
    pub interval: u32,
    /// Whether we are the one to refresh.
    pub ours: bool,
    /// When we refresh next; pushed back while that waits.
    pub refresh_at: Instant,
    /// When the call ends unless it is refreshed.
    pub ends_at: Instant,
}

impl SessionTimer {
    fn new(now: Instant, interval: u32, ours: bool) -> SessionTimer {
        let span = Duration::from_secs(interval.into());
        // The BYE must come before the other side's own timer (RFC 4028 section 10).
        let ends = span - Duration::from_secs(32).min(span / 3);
        SessionTimer { interval, ours, refresh_at: now + span / 2, ends_at: now + ends }
    }

    /// What a 2xx to a request of ours says.
    pub(super) fn of_response(now: Instant, headers: &Headers) -> Option<SessionTimer> {
        let (interval, refresher) = expires(headers)?;
        let ours = !refresher.is_some_and(|who| who.eq_ignore_ascii_case("uas"));
        Some(SessionTimer::new(now, interval.clamp(MIN_SE, MAX_SE), ours))
    }

    /// What we agree to for a request of theirs: who can refresh, does. `wanted` is the interval that we would ask for.
    pub(super) fn of_request(now: Instant, headers: &Headers, wanted: u32) -> SessionTimer {
        let least = min_se(headers).unwrap_or(MIN_SE);
        let capable = headers.lists("Supported", "timer") || headers.lists("Require", "timer");
        let (interval, refresher) = match expires(headers) {
            Some((interval, refresher)) => (interval, refresher),
            None => (wanted, None),
        };
        let ours = !capable || refresher.is_some_and(|who| who.eq_ignore_ascii_case("uas"));
        SessionTimer::new(now, interval.max(least).clamp(MIN_SE, MAX_SE), ours)
    }

    /// Writes it into our 2xx to a request with these headers.
    pub(super) fn answer(&self, request: &Headers, response: &mut Headers) {
        response.push("Session-Expires", &format!("{};refresher={}", self.interval, role(!self.ours)));
        if request.lists("Supported", "timer") {
            response.push("Require", "timer");
        }
    }

    /// Writes it into a request of ours within the dialog.
    pub(super) fn ask(&self, request: &mut Headers) {
        request.push("Session-Expires", &format!("{};refresher={}", self.interval, role(self.ours)));
    }
}

fn role(sender_of_request: bool) -> &'static str {
    if sender_of_request { "uac" } else { "uas" }
}

fn expires(headers: &Headers) -> Option<(u32, Option<String>)> {
    let value = headers.get("Session-Expires")?;
    let (seconds, params) = value.split_once(';').unwrap_or((value, ""));
    let refresher = Params::parse(params).get("refresher").map(str::to_owned);
    Some((seconds.trim().parse().ok()?, refresher))
}

/// `Min-SE` of a message, in seconds, within what can be.
pub(super) fn min_se(headers: &Headers) -> Option<u32> {
    let seconds = headers.get("Min-SE")?.split(';').next()?.trim().parse::<u32>().ok()?;
    Some(seconds.clamp(MIN_SE, MAX_SE))
}

/// Whether a request wants a session timer that is too short for us (422).
pub(super) fn is_too_short(headers: &Headers) -> bool {
    headers.lists("Supported", "timer") && expires(headers).is_some_and(|(seconds, _)| seconds < MIN_SE)
}
