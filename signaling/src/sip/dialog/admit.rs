//! Their INVITE: from its arrival to our final response (RFC 3261 section 13.3).

use std::collections::VecDeque;

use super::arrivals::Arrival;
use super::confirm::Unacked;
use super::dial::wanted;
use super::io::{DialogOutput, Ending, Incoming, LegId};
use super::leg::{Leg, Phase};
use super::remote::{Dialog, Exchange, Side};
use super::reply::{describe, description, refusal, reply, unsupported};
use super::step::Step;
use super::timer::{MIN_SE, SessionTimer, is_too_short};
use crate::sip::message::{NameAddr, Request, Response, Uri};
use crate::sip::port::{Hop, ServerTx};

impl Leg {
    /// Takes an INVITE in, or refuses it: with `status`, because of what it replaces, or for what it says.
    pub(super) fn admit(
        step: &mut Step<'_>,
        id: LegId,
        (tx, from, request): (ServerTx, Hop, Request),
        (status, replaced): (Option<u16>, Result<Option<LegId>, u16>),
    ) -> Option<Leg> {
        let side = side_of(step, from, &request);
        let checked = status.map_or(Ok(()), Err).and_then(|()| check(&request)).and_then(|offer| {
            let exchange = if offer.is_some() { Exchange::Theirs } else { Exchange::Nothing };
            let dialog =
                Dialog::of_request(&request, exchange, step.core.random.first_seq()).ok_or(400_u16)?;
            Ok((offer, dialog, replaced?))
        });
        let (offer, dialog, replaces) = match checked {
            Ok(checked) => checked,
            Err(status) => {
                let mut response = refusal(&side, &request, status);
                match status {
                    422 => response.headers.push("Min-SE", &MIN_SE.to_string()),
                    503 => response.headers.push("Retry-After", "10"),
                    _ => {}
                }
                step.respond(tx, response);
                let ending = Ending::Rejected { status, contacts: Vec::new(), reason: None };
                step.tell(DialogOutput::Ended { leg: id, ending });
                return None;
            }
        };
        step.respond(tx, Response::to(&request, 100, None));
        step.core.servers.insert(tx, id);
        let mut leg = Leg::new(id, side, Phase::Ringing);
        leg.note_capabilities(&request.headers);
        leg.known = said(&request);
        leg.dialogs.push(dialog);
        leg.arrival = Some(Arrival {
            tx,
            offered: offer.is_some(),
            reliably: request.headers.lists("Require", "100rel"),
            rseq: u32::try_from(step.core.random.below(1 << 30)).unwrap_or_default(),
            reliable: None,
            waiting: VecDeque::new(),
            accepting: None,
            described: None,
            request: request.clone(),
        });
        let incoming = Box::new(Incoming { from_hop: from, request, offer, replaces });
        step.tell(DialogOutput::Incoming { leg: id, incoming });
        Some(leg)
    }

    /// Answers provisionally: 180, or 183 with early media.
    pub(super) fn ring(&mut self, step: &mut Step<'_>, sdp: Option<String>) {
        let Some(arrival) = &mut self.arrival else { return };
        // Early media is an answer: without an offer there is none to give.
        let sdp = sdp.filter(|_| arrival.offered && arrival.accepting.is_none());
        let status = if sdp.is_some() { 183 } else { 180 };
        if arrival.reliably {
            return self.ring_reliably(step, status, sdp);
        }
        let mut response = reply(&self.side, &arrival.request, status);
        if let Some(sdp) = sdp {
            describe(&mut response.headers, &mut response.body, &sdp);
        }
        step.respond(arrival.tx, response);
    }

    /// Answers: 200. A reliable provisional response with a description must be confirmed first (RFC 3262 section 3).
    pub(super) fn accept(&mut self, step: &mut Step<'_>, sdp: String, identity: Option<NameAddr>) {
        let Some(arrival) = &mut self.arrival else { return };
        if arrival.reliable.as_ref().is_some_and(|reliable| reliable.described) {
            arrival.accepting = Some((sdp, identity));
            return;
        }
        let Some(arrival) = self.arrival.take() else { return };
        let Some(dialog) = self.dialogs.first_mut() else { return };
        let mut response = reply(&self.side, &arrival.request, 200);
        if let Some(identity) = identity {
            response.headers.push("P-Asserted-Identity", &identity.to_string());
        }
        let timer = SessionTimer::of_request(step.now, &arrival.request.headers, wanted(step));
        timer.answer(&arrival.request.headers, &mut response.headers);
        // An answer that was confirmed already is not given twice (RFC 6337 section 2.2).
        if dialog.exchange != Exchange::Done {
            describe(&mut response.headers, &mut response.body, &sdp);
        }
        dialog.exchange = Exchange::Done;
        let seq = arrival.request.headers.cseq().unwrap_or_default();
        let unacked = Unacked::new(step.now, arrival.tx, seq, response.clone(), !arrival.offered);
        self.unacked = Some(unacked);
        self.timer = Some(timer);
        self.ours = sdp;
        self.phase = Phase::Up;
        step.respond(arrival.tx, response);
    }

    /// Refuses; what is answered already is hung up.
    pub(super) fn reject(
        &mut self,
        step: &mut Step<'_>,
        status: u16,
        reason: Option<String>,
        contact: Option<Uri>,
    ) {
        let Some(arrival) = self.arrival.take() else {
            return self.hang_up(step, reason);
        };
        let status = if (300..700).contains(&status) { status } else { 480 };
        let mut response = refusal(&self.side, &arrival.request, status);
        if let Some(reason) = reason {
            response.headers.push("Reason", &reason);
        }
        if let Some(contact) = contact {
            response.headers.push("Contact", &NameAddr::new(contact).to_string());
        }
        step.respond(arrival.tx, response);
        self.end(step, Ending::Ours);
    }

    /// A CANCEL came. After our 2xx it means nothing any more: the call stands until a BYE.
    pub(super) fn cancelled(&mut self, step: &mut Step<'_>, tx: ServerTx, reason: Option<String>) {
        if self.arrival.as_ref().is_some_and(|arrival| arrival.tx == tx) {
            return self.end(step, Ending::Cancelled(reason));
        }
        if let Some(asked) = self.asked.take_if(|asked| asked.tx == tx) {
            self.refuse(step, tx, &asked.request, 487);
        }
    }
}

/// Our side of the dialog that an INVITE makes.
fn side_of(step: &mut Step<'_>, from: Hop, request: &Request) -> Side {
    let fallback = || NameAddr::new(request.uri.clone());
    let local_tag = step.core.random.token();
    let mut local = request.address("To").unwrap_or_else(|_| fallback());
    local.params.set("tag", Some(&local_tag));
    let mut remote = request.address("From").unwrap_or_else(|_| fallback());
    remote.params.remove("tag");
    Side {
        call_id: request.headers.get("Call-ID").unwrap_or_default().to_owned(),
        local,
        local_tag,
        remote,
        contact: Side::contact_of(request.uri.user.as_deref()),
        hop: Some(from),
    }
}

/// Who called, as the INVITE says.
fn said(request: &Request) -> Option<String> {
    let address = request.address("P-Asserted-Identity").or_else(|_| request.address("From"));
    let mut address = address.ok()?;
    address.params.remove("tag");
    Some(address.to_string())
}

/// What an INVITE offers, if it can be taken.
///
/// # Errors
/// The status of the refusal.
fn check(request: &Request) -> Result<Option<String>, u16> {
    let sane = |text: &str| !text.is_empty() && text.len() <= 256;
    let call_id = request.headers.get("Call-ID").is_some_and(sane);
    let tag = request.address("From").is_ok_and(|from| from.tag().is_some_and(sane));
    if !call_id || !tag {
        return Err(400);
    }
    if unsupported(&request.headers).next().is_some() {
        return Err(420);
    }
    if is_too_short(&request.headers) {
        return Err(422);
    }
    description(&request.headers, &request.body)
}
