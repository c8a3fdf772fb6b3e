//! A leg: its state, its deadlines, and how it ends.

use std::collections::VecDeque;
use std::time::Instant;

use super::arrivals::{Arrival, Asked};
use super::change::{Flight, Wants};
use super::confirm::Unacked;
use super::io::{Credentials, DialogId, DialogOutput, Ending, LegId};
use super::refer::{Asking, Subscription};
use super::remote::{Dialog, Exchange, Outgoing, Side};
use super::reply::{refusal, reply};
use super::step::{Client, GIVE_UP, Purpose, Step};
use super::timer::SessionTimer;
use crate::sip::message::{Headers, Method, Request, Response};
use crate::sip::port::ServerTx;

/// Where a leg stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Our INVITE is out; `patience` while nothing at all has come.
    Calling { patience: Option<Instant> },
    /// It is cancelled, and its final response awaited.
    Cancelling { until: Instant, ending: Ending },
    /// Their INVITE waits for our answer.
    Ringing,
    /// Answered.
    Up,
    /// Our BYE is out.
    Closing { until: Instant, ending: Ending },
    /// To be forgotten.
    Over,
}

/// One side of a call.
pub(super) struct Leg {
    pub id: LegId,
    pub side: Side,
    pub phase: Phase,
    /// Early ones, the last to get on at the end, or the one that is up.
    pub dialogs: Vec<Dialog>,
    pub credentials: Option<Credentials>,
    /// Our first INVITE.
    pub invite: u64,
    /// Whether the INVITE was ours: then the Call-ID is too.
    pub caller: bool,
    /// Smallest interval of a session timer that a 422 told, in seconds.
    pub min_se: u32,
    /// Their tag in the early dialog whose answer was reported last.
    pub reported: Option<String>,
    /// Their first INVITE.
    pub arrival: Option<Arrival>,
    /// Their request with an offer, or for one, that waits for the gateway.
    pub asked: Option<Asked>,
    /// Our 2xx that waits for its ACK.
    pub unacked: Option<Unacked>,
    /// Hang up as soon as that has come (RFC 3261 section 15).
    pub leaving: Option<(Ending, Option<String>)>,
    /// What of the session is to be changed, and what is being changed.
    pub wants: Wants,
    pub flight: Option<Flight>,
    pub retry_at: Option<Instant>,
    /// How often a change met the other side's in turn.
    pub glares: u8,
    /// Our last description that is agreed on.
    pub ours: String,
    pub timer: Option<SessionTimer>,
    /// Whether the other side takes UPDATE.
    pub updates: bool,
    /// Who is at the other end, as last told.
    pub known: Option<String>,
    /// Their REFER.
    pub subscription: Option<Subscription>,
    /// Our REFER.
    pub asking: Option<Asking>,
    pub digits: VecDeque<char>,
    pub digit: Option<u64>,
    /// Under which time the leg stands in the list of deadlines.
    pub scheduled: Option<Instant>,
}

impl Leg {
    pub(super) fn new(id: LegId, side: Side, phase: Phase) -> Leg {
        Leg {
            id,
            side,
            phase,
            dialogs: Vec::new(),
            credentials: None,
            invite: 0,
            caller: false,
            min_se: 0,
            reported: None,
            arrival: None,
            asked: None,
            unacked: None,
            leaving: None,
            wants: Wants::default(),
            flight: None,
            retry_at: None,
            glares: 0,
            ours: String::new(),
            timer: None,
            updates: false,
            known: None,
            subscription: None,
            asking: None,
            digits: VecDeque::new(),
            digit: None,
            scheduled: None,
        }
    }

    /// When the leg must be looked at again.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let phase = match &self.phase {
            Phase::Calling { patience } => *patience,
            Phase::Cancelling { until, .. } | Phase::Closing { until, .. } => Some(*until),
            Phase::Ringing | Phase::Up | Phase::Over => None,
        };
        let timer = self.timer.filter(|_| self.phase == Phase::Up && self.leaving.is_none());
        let refresh = timer.filter(|timer| timer.ours && self.flight.is_none() && !self.wants.refresh);
        let retry = self.retry_at.filter(|_| self.is_free() && self.wants.any());
        let parts = [
            phase,
            timer.map(|timer| timer.ends_at),
            refresh.map(|timer| timer.refresh_at),
            retry,
            self.unacked.as_ref().map(Unacked::deadline),
            self.arrival.as_ref().and_then(Arrival::deadline),
            self.asking.as_ref().map(|asking| asking.until),
        ];
        parts.into_iter().flatten().min()
    }

    /// The deadline has come.
    pub(super) fn tick(&mut self, step: &mut Step<'_>) {
        let now = step.now;
        match self.phase.clone() {
            Phase::Calling { patience: Some(at) } if at <= now => {
                step.cancel(self.invite, None);
                step.linger(self.invite);
                return self.end(step, Ending::Silent);
            }
            Phase::Cancelling { until, ending } | Phase::Closing { until, ending } if until <= now => {
                step.linger(self.invite);
                return self.end(step, ending);
            }
            _ => {}
        }
        self.resend_reliable(step);
        self.resend_success(step);
        self.expire_asking(step);
        let up = self.phase == Phase::Up && self.leaving.is_none();
        let Some(timer) = self.timer.as_mut().filter(|_| up) else { return };
        if timer.ends_at <= now {
            tracing::info!(leg = ?self.id, "a session timer ran out");
            return self.bye(step, Ending::Lost, None);
        }
        if timer.ours && timer.refresh_at <= now && self.flight.is_none() {
            // If this one fails, the next try is not at once.
            timer.refresh_at = now + GIVE_UP;
            self.wants.refresh = true;
        }
    }

    /// The index of the dialog that their tag names.
    pub(super) fn find(&self, tag: &str) -> Option<usize> {
        self.dialogs.iter().position(|dialog| dialog.tag == tag)
    }

    /// The names of the dialog: the one that is up, or the early one that got on last.
    pub(super) fn dialog_id(&self) -> Option<DialogId> {
        let dialog = self.dialogs.last()?;
        Some(DialogId {
            call_id: self.side.call_id.clone(),
            local_tag: self.side.local_tag.clone(),
            remote_tag: dialog.tag.clone(),
        })
    }

    /// Makes the next request within a dialog.
    pub(super) fn request(&mut self, at: usize, method: Method) -> Option<Outgoing> {
        let Leg { dialogs, side, .. } = self;
        dialogs.get_mut(at).map(|dialog| dialog.request(side, method))
    }

    /// Sends a request within a dialog.
    pub(super) fn send(
        &mut self,
        step: &mut Step<'_>,
        tag: &str,
        purpose: Purpose,
        outgoing: Outgoing,
    ) -> u64 {
        let Outgoing { request, target, fallback } = outgoing;
        step.send(Client {
            leg: self.id,
            tag: tag.to_owned(),
            purpose,
            request,
            target,
            fallback,
            credentials: self.credentials.clone(),
            challenged: 0,
            acks: Vec::new(),
        })
    }

    /// Refuses a request within the dialog.
    pub(super) fn refuse(&self, step: &mut Step<'_>, tx: ServerTx, request: &Request, status: u16) {
        let mut response = refusal(&self.side, request, status);
        if status == 500 {
            // The other request is over soon (RFC 3261 section 14.2).
            response.headers.push("Retry-After", &step.core.random.below(10).to_string());
        }
        step.respond(tx, response);
    }

    /// A success within the dialog.
    pub(super) fn success(&self, request: &Request) -> Response {
        reply(&self.side, request, 200)
    }

    /// Remembers who is at the other end, and tells if that is news. `From` says so within dialogs only (RFC 4916).
    pub(super) fn note_identity(&mut self, step: &mut Step<'_>, headers: &Headers, from: bool) {
        let asserted = headers.address("P-Asserted-Identity").ok();
        let said = asserted.or_else(|| headers.address("From").ok().filter(|_| from));
        let Some(mut identity) = said else { return };
        identity.params.remove("tag");
        let text = identity.to_string();
        if text.len() <= 512 && self.known.as_ref() != Some(&text) {
            self.known = Some(text);
            step.tell(DialogOutput::Identity { leg: self.id, identity });
        }
    }

    /// Ends the leg with a BYE; before the ACK to our 2xx has come, only as soon as it does.
    pub(super) fn bye(&mut self, step: &mut Step<'_>, ending: Ending, reason: Option<String>) {
        if self.unacked.is_some() {
            self.leaving.get_or_insert((ending, reason));
            return;
        }
        self.refuse_open(step, 487);
        self.phase = Phase::Closing { until: step.now + GIVE_UP, ending: ending.clone() };
        if !self.send_bye(step, reason) {
            self.end(step, ending);
        }
    }

    fn send_bye(&mut self, step: &mut Step<'_>, reason: Option<String>) -> bool {
        let Some(tag) = self.dialogs.last().map(|dialog| dialog.tag.clone()) else { return false };
        let Some(mut outgoing) = self.request(self.dialogs.len() - 1, Method::Bye) else { return false };
        if let Some(reason) = reason {
            outgoing.request.headers.push("Reason", &reason);
        }
        self.send(step, &tag, Purpose::Bye, outgoing);
        true
    }

    /// The other side does not know the dialog any more, or is gone. A BYE is sent all the same, and not waited for.
    pub(super) fn lost(&mut self, step: &mut Step<'_>) {
        if self.phase == Phase::Up {
            self.send_bye(step, None);
            self.end(step, Ending::Lost);
        }
    }

    /// Every request of theirs that is not answered yet is refused.
    pub(super) fn refuse_open(&mut self, step: &mut Step<'_>, status: u16) {
        if let Some(arrival) = self.arrival.take() {
            self.refuse(step, arrival.tx, &arrival.request, status);
        }
        if let Some(asked) = self.asked.take() {
            self.refuse(step, asked.tx, &asked.request, status);
        }
    }

    /// The leg is over.
    pub(super) fn end(&mut self, step: &mut Step<'_>, ending: Ending) {
        if self.phase != Phase::Over {
            self.phase = Phase::Over;
            self.refuse_open(step, 487);
            step.tell(DialogOutput::Ended { leg: self.id, ending });
        }
    }

    /// We hang up, whatever the state.
    pub(super) fn hang_up(&mut self, step: &mut Step<'_>, reason: Option<String>) {
        match self.phase {
            Phase::Calling { .. } => {
                step.cancel(self.invite, reason);
                self.phase = Phase::Cancelling { until: step.now + GIVE_UP, ending: Ending::Ours };
            }
            Phase::Ringing => self.reject(step, 480, reason, None),
            Phase::Up => self.bye(step, Ending::Ours, reason),
            Phase::Cancelling { .. } | Phase::Closing { .. } | Phase::Over => {}
        }
    }

    /// Offer and answer before the call is answered; afterwards it is always [`Exchange::Done`].
    pub(super) fn exchange(&self, at: usize) -> Exchange {
        self.dialogs.get(at).map_or(Exchange::Nothing, |dialog| dialog.exchange)
    }
}
