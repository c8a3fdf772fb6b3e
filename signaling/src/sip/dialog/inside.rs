//! Requests of theirs within a dialog (RFC 3261 section 12.2.2).

use super::io::Ending;
use super::leg::{Leg, Phase};
use super::reply::{description, reason, refusal, unsupported};
use super::step::Step;
use super::timer::{MIN_SE, is_too_short};
use crate::sip::message::{Method, Request};
use crate::sip::port::ServerTx;

impl Leg {
    /// Any of them but REFER.
    pub(super) fn inside(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) {
        if !self.is_due(step, tx, request, at) {
            return;
        }
        match &request.method {
            Method::Invite => self.reinvited(step, tx, request, at),
            Method::Update => self.updated(step, tx, request, at),
            Method::Bye => self.ended(step, tx, request, at),
            Method::Prack => self.pracked(step, tx, request, at),
            Method::Info => self.informed(step, tx, request),
            Method::Notify => self.notified(step, tx, request),
            Method::Options => {
                let mut response = self.success(request);
                response.headers.push("Accept", "application/sdp");
                step.respond(tx, response);
            }
            Method::Ack
            | Method::Cancel
            | Method::Refer
            | Method::Register
            | Method::Subscribe
            | Method::Other(_) => self.refuse(step, tx, request, 405),
        }
    }

    /// Whether a request may be looked at now. What comes out of order, for a dialog that is ending, or with a demand that is
    /// not known, is answered here.
    pub(super) fn is_due(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) -> bool {
        let over = matches!(self.phase, Phase::Cancelling { .. } | Phase::Closing { .. } | Phase::Over);
        if over && request.method != Method::Bye {
            self.refuse(step, tx, request, 481);
            return false;
        }
        let (Some(dialog), Ok(seq)) = (self.dialogs.get_mut(at), request.headers.cseq()) else {
            self.refuse(step, tx, request, 400);
            return false;
        };
        if dialog.their_seq.is_some_and(|last| seq <= last) {
            self.refuse(step, tx, request, 500);
            return false;
        }
        dialog.their_seq = Some(seq);
        if request.method != Method::Bye && unsupported(&request.headers).next().is_some() {
            self.refuse(step, tx, request, 420);
            return false;
        }
        true
    }

    /// A re-INVITE.
    fn reinvited(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) {
        match self.phase {
            Phase::Up => {}
            // Our own INVITE is not answered yet; or theirs is not.
            Phase::Calling { .. } => return self.refuse(step, tx, request, 491),
            _ => return self.refuse(step, tx, request, 500),
        }
        // Who sends a new INVITE has had the answer to the last one: its ACK is lost or late. It cannot have answered us.
        if self.unacked.take_if(|unacked| !unacked.offered).is_some() && self.leaves(step) {
            return self.refuse(step, tx, request, 487);
        }
        if let Some(status) = self.collision(at) {
            return self.refuse(step, tx, request, status);
        }
        if is_too_short(&request.headers) {
            return self.refuse_interval(step, tx, request);
        }
        match description(&request.headers, &request.body) {
            Err(status) => self.refuse(step, tx, request, status),
            Ok(offer) => {
                self.note_capabilities(&request.headers);
                self.note_identity(step, &request.headers, true);
                self.ask(step, tx, request, at, offer);
            }
        }
    }

    /// An UPDATE (RFC 3311): with an offer only where offer and answer stand still.
    fn updated(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) {
        if is_too_short(&request.headers) {
            return self.refuse_interval(step, tx, request);
        }
        let offer = match description(&request.headers, &request.body) {
            Ok(offer) => offer,
            Err(status) => return self.refuse(step, tx, request, status),
        };
        if offer.is_some()
            && let Some(status) = self.collision(at)
        {
            return self.refuse(step, tx, request, status);
        }
        self.note_capabilities(&request.headers);
        self.note_identity(step, &request.headers, true);
        if offer.is_some() {
            return self.ask(step, tx, request, at, offer);
        }
        let tag = self.dialogs.get(at).map(|dialog| dialog.tag.clone()).unwrap_or_default();
        let mut response = self.success(request);
        self.accept_change(step, request, &tag, &mut response);
        step.respond(tx, response);
    }

    fn refuse_interval(&self, step: &mut Step<'_>, tx: ServerTx, request: &Request) {
        let mut response = refusal(&self.side, request, 422);
        response.headers.push("Min-SE", &MIN_SE.to_string());
        step.respond(tx, response);
    }

    /// A BYE.
    fn ended(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request, at: usize) {
        step.respond(tx, refusal(&self.side, request, 200));
        let reason = reason(&request.headers);
        match self.phase.clone() {
            // Of one fork; the others go on.
            Phase::Calling { .. } => {
                self.dialogs.remove(at);
            }
            Phase::Ringing => self.end(step, Ending::Cancelled(reason)),
            Phase::Up => {
                let leaving = self.leaving.take().map(|(ending, _)| ending);
                self.end(step, leaving.unwrap_or(Ending::Bye(reason)));
            }
            Phase::Closing { ending, .. } => self.end(step, ending),
            Phase::Cancelling { .. } | Phase::Over => {}
        }
    }
}
