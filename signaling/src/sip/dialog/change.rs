//! Changes of a session by us: re-INVITE and UPDATE, one after the other, and what is tried again.

use std::time::Duration;

use super::dial::wanted;
use super::finish::Final;
use super::io::{DialogInput, DialogOutput};
use super::leg::{Leg, Phase};
use super::reply::{capabilities, describe, described};
use super::step::{Purpose, Step};
use super::timer::{SessionTimer, min_se};
use crate::sip::message::{Method, NameAddr, Response};

/// How often one change is tried again after glare.
const MAX_GLARES: u8 = 6;

/// What is to be changed as soon as nothing else is under way.
#[derive(Default)]
pub(super) struct Wants {
    /// Our offer.
    pub offer: Option<String>,
    /// Who the telephone is to show.
    pub identity: Option<NameAddr>,
    /// Only to say that we live (RFC 4028).
    pub refresh: bool,
}

impl Wants {
    pub(super) fn any(&self) -> bool {
        self.offer.is_some() || self.identity.is_some() || self.refresh
    }
}

/// A change that is under way.
pub(super) struct Flight {
    pub number: u64,
    pub wants: Wants,
}

impl Leg {
    /// What the gateway orders.
    pub(super) fn order(&mut self, step: &mut Step<'_>, input: DialogInput) {
        match input {
            DialogInput::Ring { sdp, .. } => self.ring(step, sdp),
            DialogInput::Accept { sdp, identity, .. } => self.accept(step, sdp, identity),
            DialogInput::Reject { status, reason, contact, .. } => self.reject(step, status, reason, contact),
            DialogInput::HangUp { reason, .. } => self.hang_up(step, reason),
            DialogInput::Offer { sdp, .. } => self.wants.offer = Some(sdp),
            DialogInput::Identify { identity, .. } => self.wants.identity = Some(identity),
            DialogInput::Answer { sdp, .. } => self.answer(step, sdp),
            DialogInput::Refer { to, .. } => self.refer(step, &to),
            DialogInput::ReferProgress { status, .. } => self.refer_progress(step, status),
            DialogInput::Info { digit, .. } => self.press(digit),
            DialogInput::Sip(_)
            | DialogInput::Admit { .. }
            | DialogInput::Dial { .. }
            | DialogInput::Tick => {}
        }
    }

    /// Whether nothing stands in the way of a change.
    pub(super) fn is_free(&self) -> bool {
        let open = self.flight.is_some() || self.asked.is_some() || self.unacked.is_some();
        self.phase == Phase::Up && self.leaving.is_none() && !open
    }

    /// Does what waits, if nothing stands in its way.
    pub(super) fn go_on(&mut self, step: &mut Step<'_>) {
        self.send_digit(step);
        let early = self.retry_at.is_some_and(|at| at > step.now);
        if early || !self.is_free() || !self.wants.any() {
            return;
        }
        self.retry_at = None;
        let wants = std::mem::take(&mut self.wants);
        // An UPDATE has no description to be misunderstood, where the other side takes one.
        let purpose = match wants.offer.is_none() && self.updates {
            true => Purpose::Update,
            false => Purpose::Reinvite,
        };
        let method = if purpose == Purpose::Update { Method::Update } else { Method::Invite };
        let tag = self.dialogs.first().map(|dialog| dialog.tag.clone());
        let (Some(tag), Some(mut outgoing)) = (tag, self.request(0, method)) else { return };
        let request = &mut outgoing.request;
        request.headers.push("Contact", &self.side.contact);
        capabilities(&mut request.headers);
        match &self.timer {
            Some(timer) => timer.ask(&mut request.headers),
            None => request.headers.push("Session-Expires", &wanted(step).max(self.min_se).to_string()),
        }
        if self.min_se > 0 {
            request.headers.push("Min-SE", &self.min_se.to_string());
        }
        if let Some(identity) = &wants.identity {
            request.headers.push("P-Asserted-Identity", &identity.to_string());
        }
        if purpose == Purpose::Reinvite {
            let sdp = wants.offer.as_ref().unwrap_or(&self.ours);
            describe(&mut request.headers, &mut request.body, sdp);
        }
        if let Some(dialog) = self.dialogs.first_mut() {
            // Every INVITE numbers its provisional responses anew (RFC 3262 section 3).
            dialog.rseq = None;
        }
        let number = self.send(step, &tag, purpose, outgoing);
        self.flight = Some(Flight { number, wants });
    }

    /// A re-INVITE of ours was answered.
    pub(super) fn changed_by_invite(&mut self, step: &mut Step<'_>, number: u64, response: &Response) {
        let Some(flight) = self.flight.take() else { return };
        let Some(dialog) = self.dialogs.first_mut() else { return };
        dialog.refresh(&response.headers);
        step.acknowledge_dialog(number, dialog, &self.side);
        if self.phase != Phase::Up {
            return;
        }
        let sdp = described(response);
        let news = sdp.is_some() && sdp != dialog.theirs;
        dialog.theirs = sdp.clone().or(dialog.theirs.take());
        self.agreed(step, response);
        let offered = flight.wants.offer.is_some();
        if let Some(offer) = flight.wants.offer.filter(|_| sdp.is_some()) {
            self.ours = offer;
        }
        // Even to a refresh the answer may be another, such as a new port.
        if offered || (news && self.wants.offer.is_none()) {
            step.tell(DialogOutput::OfferAnswered { leg: self.id, sdp });
        }
    }

    /// A change of ours was accepted.
    fn agreed(&mut self, step: &mut Step<'_>, response: &Response) {
        self.glares = 0;
        self.note_capabilities(&response.headers);
        self.timer = SessionTimer::of_response(step.now, &response.headers);
        self.note_identity(step, &response.headers, false);
    }

    /// A re-INVITE of ours failed, or an UPDATE is over.
    pub(super) fn changed(&mut self, step: &mut Step<'_>, number: u64, purpose: Purpose, outcome: &Final) {
        let Some(flight) = self.flight.take_if(|flight| flight.number == number) else { return };
        let status = outcome.status();
        let Final::Response(response) = outcome else {
            return self.give_up(step, flight.wants);
        };
        match status {
            200..300 => {
                if let Some(dialog) = self.dialogs.first_mut() {
                    dialog.refresh(&response.headers);
                }
                self.agreed(step, response);
            }
            491 if self.glares < MAX_GLARES => {
                self.glares += 1;
                // In units of 10 ms; the owner of the Call-ID waits longer (RFC 3261 section 14.1).
                let units = match self.caller {
                    true => 210 + step.core.random.below(191),
                    false => step.core.random.below(201),
                };
                self.later(step, flight.wants, Duration::from_millis(10 * units));
            }
            500 if self.glares < MAX_GLARES && retry_after(response).is_some() => {
                self.glares += 1;
                self.later(step, flight.wants, retry_after(response).unwrap_or_default());
            }
            422 if min_se(&response.headers).is_some_and(|least| least > self.min_se) => {
                self.min_se = min_se(&response.headers).unwrap_or_default();
                if let Some(timer) = &mut self.timer {
                    timer.interval = timer.interval.max(self.min_se);
                }
                self.later(step, flight.wants, Duration::ZERO);
            }
            405 | 501 if purpose == Purpose::Update => {
                self.updates = false;
                self.later(step, flight.wants, Duration::ZERO);
            }
            _ => self.give_up(step, flight.wants),
        }
    }

    /// Tries a change again; what was ordered since comes first.
    fn later(&mut self, step: &Step<'_>, wants: Wants, wait: Duration) {
        self.retry_at = Some(step.now + wait);
        self.wants.offer = self.wants.offer.take().or(wants.offer);
        self.wants.identity = self.wants.identity.take().or(wants.identity);
        self.wants.refresh |= wants.refresh;
    }

    fn give_up(&mut self, step: &mut Step<'_>, wants: Wants) {
        self.glares = 0;
        if wants.offer.is_some() && self.phase == Phase::Up {
            step.tell(DialogOutput::OfferAnswered { leg: self.id, sdp: None });
        }
    }
}

/// `Retry-After`, if it is short enough to be waited for.
fn retry_after(response: &Response) -> Option<Duration> {
    let value = response.headers.get("Retry-After")?;
    let seconds: u64 = value.split([';', ' ', '(']).next()?.trim().parse().ok()?;
    (seconds <= 10).then(|| Duration::from_secs(seconds))
}
