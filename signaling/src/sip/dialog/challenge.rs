//! Answering a challenge (401, 407): once, and once more if only our nonce was too old.

use super::finish::Final;
use super::leg::{Leg, Phase};
use super::step::{Client, Purpose, Step};
use crate::sip::digest::{Challenge, authorize};
use crate::sip::message::{Request, Response};

/// Challenges that are answered at most, the first and a stale one.
const MAX_CHALLENGES: u8 = 2;

/// The request again with the answer to a challenge and a higher sequence number; `None` if there is nothing to answer with.
fn authorized(step: &mut Step<'_>, client: &Client, response: &Response, seq: u32) -> Option<Request> {
    if !matches!(response.status, 401 | 407) || client.challenged >= MAX_CHALLENGES {
        return None;
    }
    let credentials = client.credentials.as_ref()?;
    let challenge = Challenge::parse(&response.headers)?;
    if client.challenged > 0 && !challenge.is_stale() {
        return None;
    }
    let mut request = client.request.clone();
    let (uri, cnonce) = (request.uri.to_string(), step.core.random.token());
    let (name, value) = authorize(&challenge, credentials, &request.method, &uri, &cnonce, 1);
    request.headers.set(name, &value);
    let cseq = format!("{seq} {}", request.method);
    request.headers.set("CSeq", &cseq);
    Some(request)
}

/// The transaction of a request that is sent again.
fn again(client: &Client, request: Request) -> Client {
    Client {
        leg: client.leg,
        tag: client.tag.clone(),
        purpose: client.purpose,
        request,
        target: client.target.clone(),
        fallback: client.fallback.clone(),
        credentials: client.credentials.clone(),
        challenged: client.challenged + 1,
        acks: Vec::new(),
    }
}

impl Leg {
    /// Whether a request was challenged and is sent again.
    pub(super) fn answers_challenge(
        &mut self,
        step: &mut Step<'_>,
        number: u64,
        client: &Client,
        outcome: &Final,
    ) -> bool {
        let Final::Response(response) = outcome else { return false };
        let wanted = match (client.purpose, &self.phase) {
            (Purpose::Invite, Phase::Calling { .. }) | (Purpose::Bye, Phase::Closing { .. }) => true,
            (Purpose::Invite | Purpose::Bye, _) => false,
            (_, Phase::Calling { .. } | Phase::Up) => true,
            _ => false,
        };
        if !wanted {
            return false;
        }
        let at = self.find(&client.tag);
        let dialog = at.and_then(|at| self.dialogs.get(at)).map(|dialog| dialog.seq);
        let Ok(seq) = client.request.headers.cseq().map(|seq| dialog.unwrap_or(seq).saturating_add(1)) else {
            return false;
        };
        let Some(request) = authorized(step, client, response, seq) else { return false };
        if client.purpose == Purpose::Invite {
            let client = again(client, request.clone());
            self.invite_again(step, &client, request);
            return true;
        }
        if let Some(dialog) = at.and_then(|at| self.dialogs.get_mut(at)) {
            dialog.seq = seq;
        }
        let next = step.send(again(client, request));
        self.renumber(&client.tag, number, next);
        true
    }

    /// A transaction goes on under another number.
    pub(super) fn renumber(&mut self, tag: &str, before: u64, next: u64) {
        if let Some(flight) = self.flight.as_mut().filter(|flight| flight.number == before) {
            flight.number = next;
        }
        if self.digit == Some(before) {
            self.digit = Some(next);
        }
        if let Some(dialog) = self.dialogs.iter_mut().find(|dialog| dialog.tag == tag)
            && dialog.prack == Some(before)
        {
            dialog.prack = Some(next);
        }
    }
}

impl Step<'_> {
    /// A request of a leg that is over: only a BYE still matters, and only a challenge to it.
    pub(super) fn retry_stray(&mut self, client: Client, outcome: &Final) {
        let (Purpose::Bye, Final::Response(response)) = (client.purpose, outcome) else { return };
        let Ok(seq) = client.request.headers.cseq() else { return };
        if let Some(request) = authorized(self, &client, response, seq.saturating_add(1)) {
            self.send(again(&client, request));
        }
    }
}
