//! Our 2xx to an INVITE until its ACK has come (RFC 3261 section 13.3.1.4).

use std::time::{Duration, Instant};

use super::io::{DialogOutput, Ending};
use super::leg::Leg;
use super::reply::description;
use super::step::{GIVE_UP, Step, T1, T2};
use crate::sip::message::{Request, Response};
use crate::sip::port::ServerTx;

/// A 2xx that waits for its ACK.
pub(super) struct Unacked {
    tx: ServerTx,
    seq: u32,
    response: Response,
    next: Instant,
    interval: Duration,
    until: Instant,
    /// Whether the ACK brings the answer to our offer.
    pub offered: bool,
}

impl Unacked {
    pub(super) fn new(now: Instant, tx: ServerTx, seq: u32, response: Response, offered: bool) -> Unacked {
        Unacked { tx, seq, response, next: now + T1, interval: T1, until: now + GIVE_UP, offered }
    }

    pub(super) fn deadline(&self) -> Instant {
        self.next.min(self.until)
    }
}

impl Leg {
    /// Sends the 2xx again, or gives the other side up.
    pub(super) fn resend_success(&mut self, step: &mut Step<'_>) {
        let Some(unacked) = &mut self.unacked else { return };
        if unacked.until <= step.now {
            self.unacked = None;
            let (ending, reason) = self.leaving.take().unwrap_or((Ending::NoAck, None));
            return self.bye(step, ending, reason);
        }
        if unacked.next <= step.now {
            unacked.interval = (unacked.interval * 2).min(T2);
            unacked.next = step.now + unacked.interval;
            let (tx, response) = (unacked.tx, unacked.response.clone());
            step.respond(tx, response);
        }
    }

    /// An ACK has come. One for another INVITE is late, and ignored.
    pub(super) fn acknowledged(&mut self, step: &mut Step<'_>, request: &Request) {
        let seq = request.headers.cseq().ok();
        let Some(unacked) = self.unacked.take_if(|unacked| Some(unacked.seq) == seq) else { return };
        if self.leaves(step) || !unacked.offered {
            return;
        }
        let sdp = description(&request.headers, &request.body).ok().flatten();
        if sdp.is_none() {
            tracing::info!(leg = ?self.id, "an offer of ours got no answer");
            return self.unusable(step);
        }
        if let Some(dialog) = self.dialogs.first_mut() {
            dialog.theirs = sdp.clone();
        }
        step.tell(DialogOutput::Confirmed { leg: self.id, sdp });
    }

    /// Hangs up now if that had to wait.
    pub(super) fn leaves(&mut self, step: &mut Step<'_>) -> bool {
        let Some((ending, reason)) = self.leaving.take() else { return false };
        self.bye(step, ending, reason);
        true
    }
}
