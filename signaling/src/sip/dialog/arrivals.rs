//! Requests of theirs that wait for the gateway: the first INVITE, and later offers.

use std::collections::VecDeque;
use std::time::Instant;

use super::confirm::Unacked;
use super::leg::{Leg, Phase};
use super::reliable::Reliable;
use super::remote::Exchange;
use super::reply::describe;
use super::step::Step;
use super::timer::SessionTimer;
use crate::sip::message::{Method, NameAddr, Request, Response};
use crate::sip::port::ServerTx;

/// Their first INVITE.
pub(super) struct Arrival {
    pub tx: ServerTx,
    pub request: Request,
    /// Whether they offered.
    pub offered: bool,
    /// Whether provisional responses must be reliable (`Require: 100rel`).
    pub reliably: bool,
    /// Last `RSeq`.
    pub rseq: u32,
    /// One that waits for its PRACK.
    pub reliable: Option<Reliable>,
    /// Those that wait for that, with their session description.
    pub waiting: VecDeque<(u16, Option<String>)>,
    /// The final answer, which waits for it too.
    pub accepting: Option<(String, Option<NameAddr>)>,
    /// Early media was told.
    pub described: Option<String>,
}

impl Arrival {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.reliable.as_ref().map(Reliable::deadline)
    }
}

/// A request within a dialog that offers, or wants an offer.
pub(super) struct Asked {
    pub tx: ServerTx,
    pub request: Request,
    /// Their tag.
    pub tag: String,
    /// Their offer.
    pub offer: Option<String>,
}

impl Leg {
    /// The gateway's answer to their offer, or its offer for their offerless re-INVITE.
    pub(super) fn answer(&mut self, step: &mut Step<'_>, sdp: Option<String>) {
        let Some(asked) = self.asked.take() else { return };
        let Some(sdp) = sdp else {
            return self.refuse(step, asked.tx, &asked.request, 488);
        };
        let mut response = self.success(&asked.request);
        self.accept_change(step, &asked.request, &asked.tag, &mut response);
        describe(&mut response.headers, &mut response.body, &sdp);
        if let Some(dialog) = self.dialogs.iter_mut().find(|dialog| dialog.tag == asked.tag) {
            dialog.theirs = asked.offer.clone().or(dialog.theirs.take());
        }
        self.ours = sdp;
        if asked.request.method == Method::Invite {
            let seq = asked.request.headers.cseq().unwrap_or_default();
            let offered = asked.offer.is_none();
            self.unacked = Some(Unacked::new(step.now, asked.tx, seq, response.clone(), offered));
        }
        step.respond(asked.tx, response);
    }

    /// What an accepted re-INVITE or UPDATE changes besides the description: remote target, session timer.
    pub(super) fn accept_change(
        &mut self,
        step: &Step<'_>,
        request: &Request,
        tag: &str,
        response: &mut Response,
    ) {
        if let Some(dialog) = self.dialogs.iter_mut().find(|dialog| dialog.tag == tag) {
            dialog.refresh(&request.headers);
        }
        if self.phase == Phase::Up && request.method != Method::Prack {
            let interval = self.timer.map_or(super::dial::wanted(step), |timer| timer.interval);
            let timer = SessionTimer::of_request(step.now, &request.headers, interval);
            timer.answer(&request.headers, &mut response.headers);
            self.timer = Some(timer);
        }
    }

    /// They want to change something with a description of theirs while another exchange is under way.
    pub(super) fn collision(&self, at: usize) -> Option<u16> {
        let ours = self.flight.is_some() || self.unacked.as_ref().is_some_and(|unacked| unacked.offered);
        match self.exchange(at) {
            _ if self.asked.is_some() => Some(500),
            _ if ours => Some(491),
            Exchange::Ours => Some(491),
            Exchange::Theirs | Exchange::Nothing => Some(500),
            Exchange::Done => None,
        }
    }
}
