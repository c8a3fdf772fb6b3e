//! Reliable provisional responses (RFC 3262): theirs always, ours where their INVITE requires them.

use std::time::{Duration, Instant};

use super::arrivals::Asked;
use super::io::{DialogOutput, Ending};
use super::leg::Leg;
use super::remote::Exchange;
use super::reply::{describe, description, refusal, reply};
use super::step::{GIVE_UP, Purpose, Step, T1};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::ServerTx;

/// Most provisional responses that wait for the PRACK of another.
const MAX_WAITING: usize = 4;

/// A provisional response of ours that waits for its PRACK.
pub(super) struct Reliable {
    response: Response,
    rseq: u32,
    /// Whether it holds our answer.
    pub described: bool,
    next: Instant,
    interval: Duration,
    until: Instant,
}

impl Reliable {
    pub(super) fn deadline(&self) -> Instant {
        self.next.min(self.until)
    }
}

impl Leg {
    /// Sends a provisional response reliably, when the one before is confirmed.
    pub(super) fn ring_reliably(&mut self, step: &mut Step<'_>, status: u16, sdp: Option<String>) {
        let Some(arrival) = &mut self.arrival else { return };
        if arrival.reliable.is_some() {
            if arrival.waiting.len() < MAX_WAITING {
                arrival.waiting.push_back((status, sdp));
            }
            return;
        }
        arrival.rseq += 1;
        let mut response = reply(&self.side, &arrival.request, status);
        response.headers.push("Require", "100rel");
        response.headers.push("RSeq", &arrival.rseq.to_string());
        // The answer is given once (RFC 6337 section 2.2).
        let sdp = sdp.filter(|_| arrival.described.is_none());
        if let Some(sdp) = &sdp {
            describe(&mut response.headers, &mut response.body, sdp);
            arrival.described = Some(sdp.clone());
        }
        arrival.reliable = Some(Reliable {
            response: response.clone(),
            rseq: arrival.rseq,
            described: sdp.is_some(),
            next: step.now + T1,
            interval: T1,
            until: step.now + GIVE_UP,
        });
        step.respond(arrival.tx, response);
    }

    /// Sends it again, or gives the INVITE up.
    pub(super) fn resend_reliable(&mut self, step: &mut Step<'_>) {
        let Some(arrival) = &mut self.arrival else { return };
        let Some(reliable) = &mut arrival.reliable else { return };
        if reliable.until <= step.now {
            self.refuse_open(step, 504);
            return self.end(step, Ending::Lost);
        }
        if reliable.next <= step.now {
            reliable.interval *= 2;
            reliable.next = step.now + reliable.interval;
            let response = reliable.response.clone();
            step.respond(arrival.tx, response);
        }
    }

    /// A PRACK has come; it may bring an offer.
    pub(super) fn pracked(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) {
        let named = self.arrival.as_mut().and_then(|arrival| {
            let seq = arrival.request.headers.cseq().ok()?;
            let confirms = |reliable: &mut Reliable| confirms(request, reliable.rseq, seq);
            arrival.reliable.take_if(confirms)
        });
        let Some(confirmed) = named else {
            return self.refuse(step, tx, request, 481);
        };
        if confirmed.described
            && let Some(dialog) = self.dialogs.get_mut(at)
        {
            dialog.exchange = Exchange::Done;
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(status) => {
                self.refuse(step, tx, request, status);
                None
            }
        };
        match offer {
            Some(_) if self.collision(at).is_some() => self.refuse(step, tx, request, 488),
            Some(offer) => self.ask(step, tx, request, at, Some(offer)),
            None if request.body.is_empty() => step.respond(tx, refusal(&self.side, request, 200)),
            None => {}
        }
        let Some(arrival) = &mut self.arrival else { return };
        if let Some((sdp, identity)) = arrival.accepting.take() {
            return self.accept(step, sdp, identity);
        }
        if let Some((status, sdp)) = arrival.waiting.pop_front() {
            self.ring_reliably(step, status, sdp);
        }
    }

    /// Hands a request of theirs to the gateway, which answers.
    pub(super) fn ask(
        &mut self,
        step: &mut Step<'_>,
        tx: ServerTx,
        request: &Request,
        at: usize,
        offer: Option<String>,
    ) {
        let Some(dialog) = self.dialogs.get(at) else { return };
        step.core.servers.insert(tx, self.id);
        let tag = dialog.tag.clone();
        self.asked = Some(Asked { tx, request: request.clone(), tag, offer: offer.clone() });
        step.tell(DialogOutput::Offered { leg: self.id, sdp: offer });
    }

    /// Confirms a reliable provisional response of theirs. `None`: it is not new, or not its turn; otherwise whether it was
    /// reliable.
    pub(super) fn confirm_reliable(
        &mut self,
        step: &mut Step<'_>,
        at: usize,
        response: &Response,
    ) -> Option<bool> {
        let dialog = self.dialogs.get_mut(at)?;
        let rseq = response.headers.get("RSeq").and_then(|value| value.parse::<u32>().ok());
        let Some(rseq) = rseq.filter(|_| response.headers.lists("Require", "100rel")) else {
            return Some(false);
        };
        let news = match dialog.rseq {
            None => true,
            Some(last) if rseq == last.wrapping_add(1) => true,
            // Its PRACK was lost; one under way sends itself again.
            Some(last) if rseq == last && dialog.prack.is_none() => false,
            Some(_) => return None,
        };
        dialog.rseq = Some(rseq);
        let seq = response.headers.cseq().ok()?;
        let tag = dialog.tag.clone();
        let mut outgoing = self.request(at, Method::Prack)?;
        outgoing.request.headers.push("RAck", &format!("{rseq} {seq} INVITE"));
        let number = self.send(step, &tag, Purpose::Prack, outgoing);
        if let Some(dialog) = self.dialogs.get_mut(at) {
            dialog.prack = Some(number);
        }
        news.then_some(true)
    }
}

/// Whether the `RAck` of a PRACK names this response to this INVITE.
fn confirms(request: &Request, rseq: u32, seq: u32) -> bool {
    let Some(value) = request.headers.get("RAck") else { return false };
    let mut parts = value.split_ascii_whitespace();
    let mut number = || parts.next().and_then(|part| part.parse::<u32>().ok());
    (number(), number()) == (Some(rseq), Some(seq)) && parts.next() == Some("INVITE")
}
