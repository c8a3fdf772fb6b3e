//! INVITEs that begin something: who sent them decides what they may.

use super::Gateway;
use super::step::Step;
use crate::ports::PhoneAccount;
use crate::sip::dialog::{DialogInput, LegId};
use crate::sip::gateway::GatewayOutput;
use crate::sip::message::{Request, Response};
use crate::sip::port::{Hop, ServerTx, SipOutput};
use crate::sip::registrar::Authentication;
use crate::sip::trunk::TrunkId;

/// Who an INVITE is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Trunk(TrunkId),
    Phone(PhoneAccount),
}

impl Gateway {
    /// Who sent this request. What has no business here is answered at once.
    pub(super) fn source(
        &mut self,
        step: &mut Step<'_>,
        tx: ServerTx,
        hop: &Hop,
        request: &Request,
    ) -> Option<Source> {
        if let Some(trunk) = self.trunks.identify(hop, request) {
            return Some(Source::Trunk(trunk));
        }
        match self.registrar.authenticate(step.now, request, hop, &*self.numbers) {
            Authentication::Ok(account) => Some(Source::Phone(account)),
            Authentication::Challenge(response) | Authentication::Refuse(response) => {
                tracing::info!(from = %hop.address, status = response.status, "an unknown caller");
                step.out.push(GatewayOutput::Sip(SipOutput::Respond { tx, response: Box::new(response) }));
                None
            }
        }
    }

    /// A new INVITE.
    pub(super) fn invite(&mut self, step: &mut Step<'_>, tx: ServerTx, from: Hop, request: Request) {
        if self.draining {
            return respond(step, tx, &request, 503);
        }
        let Some(source) = self.source(step, tx, &from, &request) else { return };
        let leg = LegId(self.fresh());
        self.arrivals.insert(leg, source);
        step.dialog(DialogInput::Admit { leg, tx, from, request });
    }
}

/// Answers a request without more ado.
pub(super) fn respond(step: &mut Step<'_>, tx: ServerTx, request: &Request, status: u16) {
    let response = Box::new(Response::to(request, status, Some("none")));
    step.out.push(GatewayOutput::Sip(SipOutput::Respond { tx, response }));
}
