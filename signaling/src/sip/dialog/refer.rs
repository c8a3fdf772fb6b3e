//! REFER in both roles, with the subscription that it implies (RFC 3515, RFC 4488).

use std::time::{Duration, Instant};

use super::dialogs::Dialogs;
use super::finish::Final;
use super::io::{DialogOutput, ReferTarget};
use super::leg::{Leg, Phase};
use super::reply::refusal;
use super::step::{GIVE_UP, Purpose, Step};
use crate::sip::message::{Method, NameAddr, Request, reason_phrase};
use crate::sip::port::ServerTx;

/// Longest that a telephone may take for what we asked it for; it rings that long at most.
const LONGEST: Duration = Duration::from_secs(300);

/// Their REFER, of whose progress they are told.
pub(super) struct Subscription {
    /// Value of `Event`.
    event: String,
}

/// Our REFER.
pub(super) struct Asking {
    /// Until when news of it must come.
    pub until: Instant,
}

impl Dialogs {
    /// Whom a REFER names.
    ///
    /// # Errors
    /// The status of the refusal.
    pub(super) fn refer_target(&self, request: &Request) -> Result<ReferTarget, u16> {
        let mut named = request.headers.list("Refer-To");
        let (Some(to), None) = (named.next(), named.next()) else { return Err(400) };
        let mut uri = to.parse::<NameAddr>().map_err(|_| 400_u16)?.uri;
        if uri.params.get("method").is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
            return Err(501);
        }
        let replaces = match uri.header("Replaces") {
            Some(value) => Some(super::replaces::read(&value).ok_or(400_u16)?.dialog),
            None => None,
        };
        uri.headers = None;
        uri.params.remove("method");
        let replaces_leg = replaces.as_ref().and_then(|dialog| self.leg_by(dialog));
        Ok(ReferTarget { uri, replaces, replaces_leg })
    }
}

impl Leg {
    /// A REFER has come.
    pub(super) fn refer_came(
        &mut self,
        step: &mut Step<'_>,
        tx: ServerTx,
        request: &Request,
        at: usize,
        target: Result<ReferTarget, u16>,
    ) {
        if !self.is_due(step, tx, request, at) {
            return;
        }
        let target = match (target, &self.phase) {
            (Err(status), _) => return self.refuse(step, tx, request, status),
            (Ok(_), phase) if *phase != Phase::Up || self.leaving.is_some() => {
                return self.refuse(step, tx, request, 403);
            }
            (Ok(_), _) if self.subscription.is_some() => return self.refuse(step, tx, request, 491),
            (Ok(target), _) => target,
        };
        let silent =
            request.headers.get("Refer-Sub").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let mut response = refusal(&self.side, request, 202);
        response.headers.push("Contact", &self.side.contact);
        if silent {
            response.headers.push("Refer-Sub", "false");
        }
        step.respond(tx, response);
        if !silent {
            let seq = request.headers.cseq().unwrap_or_default();
            self.subscription = Some(Subscription { event: format!("refer;id={seq}") });
            self.refer_progress(step, 100);
        }
        step.tell(DialogOutput::Referred { leg: self.id, target });
    }

    /// Tells them how it gets on.
    pub(super) fn refer_progress(&mut self, step: &mut Step<'_>, status: u16) {
        let Some(event) = self.subscription.as_ref().map(|subscription| subscription.event.clone()) else {
            return;
        };
        let Some(tag) = self.dialogs.first().map(|dialog| dialog.tag.clone()) else { return };
        let Some(mut outgoing) = self.request(0, Method::Notify) else { return };
        let last = status >= 200;
        let state = if last { "terminated;reason=noresource" } else { "active;expires=60" };
        let request = &mut outgoing.request;
        request.headers.push("Contact", &self.side.contact);
        request.headers.push("Event", &event);
        request.headers.push("Subscription-State", state);
        request.headers.push("Content-Type", "message/sipfrag;version=2.0");
        request.body = format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)).into_bytes();
        self.send(step, &tag, Purpose::Notify, outgoing);
        if last {
            self.subscription = None;
        }
    }

    /// Asks the telephone to call somebody.
    pub(super) fn refer(&mut self, step: &mut Step<'_>, to: &NameAddr) {
        let tag = self.dialogs.first().map(|dialog| dialog.tag.clone());
        let free = self.phase == Phase::Up && self.asking.is_none() && self.leaving.is_none();
        let outgoing = if free { self.request(0, Method::Refer) } else { None };
        let (Some(tag), Some(mut outgoing)) = (tag, outgoing) else {
            return step.tell(DialogOutput::ReferProgress { leg: self.id, status: 491 });
        };
        let mut by = self.side.local.clone();
        by.params.remove("tag");
        let headers = &mut outgoing.request.headers;
        headers.push("Contact", &self.side.contact);
        headers.push("Refer-To", &to.to_string());
        headers.push("Referred-By", &by.to_string());
        self.send(step, &tag, Purpose::Refer, outgoing);
        self.asking = Some(Asking { until: step.now + 2 * GIVE_UP });
    }

    /// Our REFER was answered. News may have come before.
    pub(super) fn refer_answered(&mut self, step: &mut Step<'_>, outcome: &Final) {
        let status = outcome.status();
        let silent = matches!(outcome, Final::Response(response)
            if response.headers.get("Refer-Sub").is_some_and(|value| value.eq_ignore_ascii_case("false")));
        match status {
            200..300 if !silent => {
                if let Some(asking) = &mut self.asking {
                    asking.until = step.now + GIVE_UP;
                }
            }
            200..300 => self.asked_for(step, 200),
            status => self.asked_for(step, status),
        }
    }

    /// News of our REFER.
    fn asked_for(&mut self, step: &mut Step<'_>, status: u16) {
        if self.asking.is_none() {
            return;
        }
        self.asking = (status < 200).then_some(Asking { until: step.now + LONGEST });
        step.tell(DialogOutput::ReferProgress { leg: self.id, status });
    }

    /// No news came in time.
    pub(super) fn expire_asking(&mut self, step: &mut Step<'_>) {
        if self.asking.as_ref().is_some_and(|asking| asking.until <= step.now) {
            self.asked_for(step, 408);
        }
    }

    /// A NOTIFY has come.
    pub(super) fn notified(&mut self, step: &mut Step<'_>, tx: ServerTx, request: &Request) {
        let event = request.headers.get("Event").and_then(|event| event.split(';').next());
        if !event.is_some_and(|event| event.trim().eq_ignore_ascii_case("refer")) {
            return self.refuse(step, tx, request, 489);
        }
        if self.asking.is_none() {
            return self.refuse(step, tx, request, 481);
        }
        step.respond(tx, refusal(&self.side, request, 200));
        let state = request.headers.get("Subscription-State").unwrap_or_default().trim_start();
        let over = state.get(..10).is_some_and(|state| state.eq_ignore_ascii_case("terminated"));
        match sipfrag(&request.body) {
            Some(status) if status >= 200 || !over => self.asked_for(step, status),
            // It tells no more, and never said how it ended.
            _ if over => self.asked_for(step, 500),
            _ => {}
        }
    }
}

/// Status in a `message/sipfrag`.
fn sipfrag(body: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(body).ok()?.trim_start();
    let status = text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
    (100..700).contains(&status).then_some(status)
}
