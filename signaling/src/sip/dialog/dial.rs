//! Our INVITE: from its sending to its last response, forks included (RFC 3261 section 13.2).

use super::finish::Final;
use super::io::{Dial, DialogOutput, Ending, LegId};
use super::leg::{Leg, Phase};
use super::remote::{Dialog, Exchange, Side};
use super::reply::{capabilities, contacts, describe, described, reason};
use super::step::{Acked, Client, MAX_ANSWERS, Purpose, Step};
use super::timer::{MIN_SE, SessionTimer, min_se};
use crate::sip::message::{Headers, Method, NameAddr, Request, Response};
use crate::sip::port::{Failure, Target};

/// Most early dialogs of one INVITE.
const MAX_FORKS: usize = 8;

impl Leg {
    /// Sends the INVITE.
    pub(super) fn dial(step: &mut Step<'_>, id: LegId, dial: Dial) -> Leg {
        let tag = step.core.random.token();
        let mut from = dial.from;
        from.params.set("tag", Some(&tag));
        let mut uri = dial.uri;
        uri.headers = None;
        let side = Side {
            call_id: step.core.random.token() + &step.core.random.token(),
            local: from,
            local_tag: tag,
            remote: NameAddr::new(uri.clone()),
            contact: Side::contact_of(dial.contact_user.as_deref()),
            hop: if let Target::Hop(hop) = dial.target { Some(hop) } else { None },
        };
        let mut request = Request::new(Method::Invite, uri);
        let headers = &mut request.headers;
        dial.route.iter().for_each(|route| headers.push("Route", route));
        headers.push("From", &side.local.to_string());
        headers.push("To", &side.remote.to_string());
        headers.push("Call-ID", &side.call_id);
        headers.push("CSeq", "1 INVITE");
        headers.push("Contact", &side.contact);
        capabilities(headers);
        headers.push("Session-Expires", &wanted(step).to_string());
        dial.headers.iter().for_each(|(name, value)| headers.push(name, value));
        describe(&mut request.headers, &mut request.body, &dial.offer);
        let mut leg = Leg::new(id, side, Phase::Calling { patience: Some(step.now + dial.patience) });
        leg.caller = true;
        leg.ours = dial.offer;
        leg.credentials = dial.credentials;
        leg.invite = step.send(Client {
            leg: id,
            tag: String::new(),
            purpose: Purpose::Invite,
            request,
            target: dial.target,
            fallback: None,
            credentials: leg.credentials.clone(),
            challenged: 0,
            acks: Vec::new(),
        });
        leg
    }

    /// A provisional response to an INVITE of ours.
    pub(super) fn provisional(&mut self, step: &mut Step<'_>, number: u64, response: &Response) {
        if number != self.invite {
            // To a re-INVITE: only a reliable one needs something of us.
            if let (Phase::Up, false) = (&self.phase, self.dialogs.is_empty()) {
                self.confirm_reliable(step, 0, response);
            }
            return;
        }
        let Phase::Calling { patience } = &mut self.phase else { return };
        *patience = None;
        let to = response.headers.address("To").ok();
        let Some(tag) = to.as_ref().and_then(NameAddr::tag).filter(|_| response.status > 100) else {
            if response.status >= 180 {
                step.tell(DialogOutput::Progress { leg: self.id, status: response.status, sdp: None });
            }
            return;
        };
        let Some(at) = self.early(step, tag, response) else { return };
        self.note_capabilities(&response.headers);
        let Some(firm) = self.confirm_reliable(step, at, response) else { return };
        let Some(dialog) = self.dialogs.get_mut(at) else { return };
        dialog.refresh(&response.headers);
        let sdp = described(response).filter(|_| dialog.exchange != Exchange::Done);
        if let Some(sdp) = &sdp {
            dialog.theirs = Some(sdp.clone());
            dialog.exchange = if firm { Exchange::Done } else { dialog.exchange };
            self.reported = Some(dialog.tag.clone());
        }
        self.note_identity(step, &response.headers, false);
        if response.status >= 180 {
            step.tell(DialogOutput::Progress { leg: self.id, status: response.status, sdp });
        }
    }

    /// Index of an early dialog, which is new or moves to the end: it got on last.
    fn early(&mut self, step: &Step<'_>, tag: &str, response: &Response) -> Option<usize> {
        match self.find(tag) {
            Some(at) => {
                let dialog = self.dialogs.remove(at);
                self.dialogs.push(dialog);
            }
            None if self.dialogs.len() < MAX_FORKS => {
                let client = step.core.clients.get(&self.invite)?;
                let seq = client.request.headers.cseq().ok()?;
                self.dialogs.push(Dialog::of_response(response, seq, &client.request.uri));
            }
            None => return None,
        }
        Some(self.dialogs.len() - 1)
    }

    /// What the other side takes.
    pub(super) fn note_capabilities(&mut self, headers: &Headers) {
        if headers.get("Allow").is_some() {
            self.updates = headers.lists("Allow", "UPDATE");
        }
    }

    /// The first 2xx of a fork to an INVITE of ours.
    pub(super) fn succeeded(&mut self, step: &mut Step<'_>, number: u64, response: &Response) {
        if self.flight.as_ref().is_some_and(|flight| flight.number == number) {
            return self.changed_by_invite(step, number, response);
        }
        let cancelled = match &self.phase {
            Phase::Calling { .. } if number == self.invite => None,
            Phase::Cancelling { ending, .. } if number == self.invite => Some(ending.clone()),
            _ => return step.end_stray(number, response),
        };
        let Some(mut dialog) = self.answering(step, number, response) else { return };
        let before = dialog.theirs.clone().filter(|_| self.reported.as_deref() != Some(&dialog.tag));
        let firm = dialog.exchange == Exchange::Done;
        let answer = described(response).filter(|_| !firm);
        let sdp = answer.clone().or(before);
        let usable = answer.is_some() || dialog.theirs.is_some();
        dialog.theirs = answer.or(dialog.theirs.take());
        dialog.exchange = Exchange::Done;
        step.acknowledge_dialog(number, &dialog, &self.side);
        self.dialogs = vec![dialog];
        self.phase = Phase::Up;
        self.note_capabilities(&response.headers);
        if let Some(ending) = cancelled {
            // It crossed with our CANCEL.
            return self.bye(step, ending, None);
        }
        if !usable {
            tracing::info!(leg = ?self.id, "an answer without session description");
            return self.unusable(step);
        }
        self.timer = SessionTimer::of_response(step.now, &response.headers);
        self.note_identity(step, &response.headers, false);
        step.tell(DialogOutput::Answered { leg: self.id, sdp });
    }

    /// The dialog of a 2xx: an early one that is confirmed, or a new one.
    fn answering(&mut self, step: &Step<'_>, number: u64, response: &Response) -> Option<Dialog> {
        let client = step.core.clients.get(&number)?;
        let seq = client.request.headers.cseq().ok()?;
        let mut dialog = Dialog::of_response(response, seq, &client.request.uri);
        if let Some(at) = self.find(&dialog.tag) {
            dialog = self.dialogs.swap_remove(at);
            dialog.confirm(response);
        }
        Some(dialog)
    }

    /// Our INVITE failed.
    pub(super) fn refused(&mut self, step: &mut Step<'_>, client: Client, outcome: &Final) {
        let Phase::Calling { patience } = self.phase.clone() else {
            if let Phase::Cancelling { ending, .. } = self.phase.clone() {
                self.end(step, ending);
            }
            return;
        };
        let ending = match outcome {
            Final::Response(response) if response.status == 422 && self.raise(step, &client, response) => {
                return;
            }
            Final::Response(response) => Ending::Rejected {
                status: response.status,
                contacts: if response.status < 400 { contacts(&response.headers) } else { Vec::new() },
                reason: reason(&response.headers),
            },
            Final::Failed(Failure::Unreachable) => Ending::Unreachable,
            Final::Failed(Failure::Timeout) if patience.is_some() => Ending::Silent,
            Final::Failed(Failure::Timeout) => {
                Ending::Rejected { status: 408, contacts: Vec::new(), reason: None }
            }
        };
        self.end(step, ending);
    }

    /// 422: tries again with the interval that it names, if that is more than before.
    fn raise(&mut self, step: &mut Step<'_>, client: &Client, response: &Response) -> bool {
        let Some(least) = min_se(&response.headers).filter(|least| *least > self.min_se.max(MIN_SE)) else {
            return false;
        };
        self.min_se = least;
        let mut request = client.request.clone();
        let Ok(seq) = request.headers.cseq() else { return false };
        request.headers.set("CSeq", &format!("{} INVITE", seq.saturating_add(1)));
        request.headers.set("Session-Expires", &least.max(wanted(step)).to_string());
        request.headers.set("Min-SE", &least.to_string());
        self.invite_again(step, client, request);
        true
    }

    /// Sends the first INVITE anew: what it began before is forgotten.
    pub(super) fn invite_again(&mut self, step: &mut Step<'_>, client: &Client, request: Request) {
        self.dialogs.clear();
        self.invite = step.send(Client {
            leg: self.id,
            tag: String::new(),
            purpose: Purpose::Invite,
            request,
            target: client.target.clone(),
            fallback: None,
            credentials: client.credentials.clone(),
            challenged: client.challenged,
            acks: Vec::new(),
        });
    }
}

/// The interval of a session timer that we ask for, in seconds.
pub(super) fn wanted(step: &Step<'_>) -> u32 {
    u32::try_from(step.core.config.session_expires.as_secs()).unwrap_or(u32::MAX).max(MIN_SE)
}

impl Step<'_> {
    /// Acknowledges a 2xx to an INVITE of ours and remembers that.
    pub(super) fn acknowledge_dialog(&mut self, number: u64, dialog: &Dialog, side: &Side) {
        let Some(client) = self.core.clients.get(&number) else { return };
        let Ok(seq) = client.request.headers.cseq() else { return };
        let mut outgoing = dialog.build(side, Method::Ack, seq);
        // The ACK shows the same credentials as its INVITE (RFC 3261 section 22.1).
        for name in ["Authorization", "Proxy-Authorization"] {
            for value in client.request.headers.all(name) {
                outgoing.request.headers.push(name, value);
            }
        }
        let first = client.acks.is_empty();
        let (target, request) = (outgoing.target, outgoing.request);
        if first {
            self.linger(number);
        }
        if let Some(client) = self.core.clients.get_mut(&number) {
            let tag = dialog.tag.clone();
            client.acks.push(Acked { tag, target: target.clone(), request: request.clone() });
        }
        self.acknowledge(target, request);
    }

    /// Acknowledges a 2xx that came again. Whether it needs nothing more.
    pub(super) fn acknowledge_again(&mut self, number: u64, response: &Response) -> bool {
        let Some(client) = self.core.clients.get(&number) else { return true };
        let to = response.headers.address("To").ok();
        let tag = to.as_ref().and_then(NameAddr::tag).unwrap_or_default();
        let Some(acked) = client.acks.iter().find(|acked| acked.tag == tag) else {
            return client.acks.len() >= MAX_ANSWERS;
        };
        let (target, request) = (acked.target.clone(), acked.request.clone());
        self.acknowledge(target, request);
        true
    }

    /// A 2xx that nobody wants any more, such as of another fork: it is acknowledged, and its call ended at once.
    pub(super) fn end_stray(&mut self, number: u64, response: &Response) {
        let Some(client) = self.core.clients.get(&number) else { return };
        let (Ok(local), Ok(mut remote), Ok(seq)) =
            (client.request.address("From"), client.request.address("To"), client.request.headers.cseq())
        else {
            return;
        };
        remote.params.remove("tag");
        let side = Side {
            call_id: client.request.headers.get("Call-ID").unwrap_or_default().to_owned(),
            local_tag: local.tag().unwrap_or_default().to_owned(),
            local,
            remote,
            contact: String::new(),
            hop: if let Target::Hop(hop) = client.target { Some(hop) } else { None },
        };
        let (leg, purpose, credentials) = (client.leg, client.purpose, client.credentials.clone());
        let mut dialog = Dialog::of_response(response, seq, &client.request.uri);
        self.acknowledge_dialog(number, &dialog, &side);
        if purpose == Purpose::Invite {
            let outgoing = dialog.request(&side, Method::Bye);
            self.send(Client {
                leg,
                tag: dialog.tag,
                purpose: Purpose::Bye,
                request: outgoing.request,
                target: outgoing.target,
                fallback: outgoing.fallback,
                credentials,
                challenged: 0,
                acks: Vec::new(),
            });
        }
    }
}
