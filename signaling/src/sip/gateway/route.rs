//! Messages of the transport to the part that they are for, and what the dialogs say to the lines.

use super::Gateway;
use super::GatewayOutput;
use super::arrive::respond;
use super::step::Step;
use crate::sip::dialog::{DialogInput, DialogOutput};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::{Hop, Owner, ServerTx, SipInput, SipOutput};
use crate::sip::registrar::RegistrarInput;
use crate::sip::trunk::TrunkInput;

/// What we understand.
const ALLOW: &str =
    "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, REGISTER, SUBSCRIBE";

impl Gateway {
    pub(super) fn sip(&mut self, step: &mut Step<'_>, input: SipInput) {
        let owner = match &input {
            SipInput::Response { tx, .. } | SipInput::Failed { tx, .. } => tx.owner,
            SipInput::Ack { .. } | SipInput::Cancelled { .. } => Owner::Dialogs,
            SipInput::Request { .. } => {
                let SipInput::Request { tx, from, request } = input else { return };
                return self.request(step, tx, from, request);
            }
        };
        match owner {
            Owner::Dialogs => step.dialog(DialogInput::Sip(input)),
            Owner::Trunks => self.trunk(step, TrunkInput::Sip(input)),
            Owner::Registrar => self.register(step, RegistrarInput::Sip(input)),
        }
    }

    fn request(&mut self, step: &mut Step<'_>, tx: ServerTx, from: Hop, request: Request) {
        let inside = request.address("To").is_ok_and(|to| to.tag().is_some());
        match &request.method {
            Method::Register | Method::Subscribe => {
                self.register(step, RegistrarInput::Sip(SipInput::Request { tx, from, request }));
            }
            _ if inside => step.dialog(DialogInput::Sip(SipInput::Request { tx, from, request })),
            Method::Invite => self.invite(step, tx, from, request),
            Method::Options => self.options(step, tx, &from, &request),
            Method::Ack => {}
            Method::Bye | Method::Prack | Method::Update | Method::Info | Method::Cancel => {
                respond(step, tx, &request, 481);
            }
            Method::Notify => respond(step, tx, &request, 489),
            Method::Refer => respond(step, tx, &request, 403),
            Method::Other(_) => {
                let mut response = Response::to(&request, 405, Some("none"));
                response.headers.push("Allow", ALLOW);
                step.out.push(GatewayOutput::Sip(SipOutput::Respond { tx, response: Box::new(response) }));
            }
        }
    }

    /// Whether we live; strangers learn nothing.
    fn options(&mut self, step: &mut Step<'_>, tx: ServerTx, from: &Hop, request: &Request) {
        if self.trunks.identify(from, request).is_none() && !self.registrar.knows(from) {
            return respond(step, tx, request, 403);
        }
        let mut response = Response::to(request, 200, Some("none"));
        response.headers.push("Allow", ALLOW);
        response.headers.push("Accept", "application/sdp");
        response.headers.push("Supported", "replaces, timer, 100rel");
        step.out.push(GatewayOutput::Sip(SipOutput::Respond { tx, response: Box::new(response) }));
    }

    pub(super) fn dialog_output(&mut self, step: &mut Step<'_>, output: DialogOutput) {
        match output {
            DialogOutput::Sip(output) => step.out.push(GatewayOutput::Sip(output)),
            DialogOutput::Incoming { leg, incoming } => self.incoming(step, leg, *incoming),
            DialogOutput::Progress { leg, status, sdp } => self.progress(step, leg, status, sdp),
            DialogOutput::Answered { leg, sdp } => self.answered(step, leg, sdp),
            DialogOutput::Confirmed { leg, sdp } => self.confirmed(step, leg, sdp),
            DialogOutput::Offered { leg, sdp } => self.offered(step, leg, sdp),
            DialogOutput::OfferAnswered { leg, sdp } => self.offer_answered(step, leg, sdp),
            DialogOutput::Referred { leg, target } => self.referred(step, leg, &target),
            // We refer nobody: both ends of a transfer stay with us.
            DialogOutput::ReferProgress { .. } => {}
            // Names of the call are the directory's.
            DialogOutput::Identity { .. } => {}
            DialogOutput::Digit { leg, digit } => {
                if let Some(line) = self.legs.get(&leg).map(|leg| leg.line) {
                    self.digit(step, line, digit);
                }
            }
            DialogOutput::Ended { leg, ending } => self.dialog_ended(step, leg, &ending),
        }
    }

    /// No new calls, and trunks are taken leave of. Calls end as the call core ends them.
    pub(super) fn drain(&mut self, step: &mut Step<'_>) {
        self.draining = true;
        self.trunk(step, TrunkInput::Drain);
    }
}
