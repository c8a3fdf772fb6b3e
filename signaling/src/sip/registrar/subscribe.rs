//! SUBSCRIBE (RFC 6665), and telling those who subscribed.

use std::time::{Duration, Instant};

use super::io::{RegistrarOutput, Watched};
use super::subscription::{DialogKey, Package, Subscription, SubscriptionId};
use super::{Registrar, respond};
use crate::ports::{Numbers, PhoneAccount};
use crate::sip::message::{NameAddr, Request, Response, Uri};
use crate::sip::port::{ClientTx, Hop, Owner, ServerTx, SipOutput, Target};

/// Events that can be subscribed to.
const EVENTS: &str = "dialog, message-summary";
/// Time that is granted: at least, at most and when nothing is asked for.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(3600);
/// Most proxies of a dialog.
const MAX_ROUTE: usize = 8;

/// A refusal: status and a header that says more.
type Refused = (u16, Option<(&'static str, String)>);

impl Registrar {
    /// A SUBSCRIBE of a telephone that is known.
    pub(super) fn subscribe(
        &mut self,
        now: Instant,
        (tx, hop, request): (ServerTx, Hop, &Request),
        account: &PhoneAccount,
        numbers: &dyn Numbers,
        out: &mut Vec<RegistrarOutput>,
    ) {
        let to_tag = request.address("To").ok().and_then(|to| to.tag().map(str::to_owned));
        let done = match to_tag {
            Some(tag) => self.refresh(now, hop, request, &tag, account),
            None => self.begin(now, hop, request, account, numbers),
        };
        let (id, granted) = match done {
            Ok(done) => done,
            Err((status, header)) => {
                let mut response = Response::to(request, status, Some(&self.random.token()));
                header.iter().for_each(|(name, value)| response.headers.push(name, value));
                return respond(tx, response, out);
            }
        };
        let Some(subscription) = self.subscriptions.get(id) else { return };
        let mut response = Response::to(request, 200, Some(&subscription.key.1));
        response.headers.push("Expires", &granted.as_secs().to_string());
        let us = Uri::sip(subscription.local.uri.user.as_deref(), "switchboard.invalid", None);
        response.headers.push("Contact", &NameAddr::new(us).to_string());
        for route in request.headers.list("Record-Route").take(MAX_ROUTE) {
            response.headers.push("Record-Route", route);
        }
        respond(tx, response, out);
        if granted.is_zero() {
            self.end(now, id, "timeout", out);
        } else {
            self.tell(now, id, out);
        }
    }

    fn begin(
        &mut self,
        now: Instant,
        hop: Hop,
        request: &Request,
        account: &PhoneAccount,
        numbers: &dyn Numbers,
    ) -> Result<(SubscriptionId, Duration), Refused> {
        let package = package(request, account, numbers)?;
        let granted = granted(request)?;
        if !self.subscriptions.has_room(&account.user) {
            return Err((503, Some(("Retry-After", "300".to_owned()))));
        }
        let bad = |_| (400, None);
        let (remote, mut local) =
            (request.address("From").map_err(bad)?, request.address("To").map_err(bad)?);
        let contact = request.address("Contact").map_err(bad)?;
        let call_id = request.headers.get("Call-ID").ok_or((400, None))?.to_owned();
        let remote_tag = remote.tag().ok_or((400, None))?.to_owned();
        let tag = self.random.token();
        local.params.set("tag", Some(&tag));
        let route: Vec<String> =
            request.headers.list("Record-Route").take(MAX_ROUTE).map(str::to_owned).collect();
        let subscription = Subscription {
            user: account.user.clone(),
            package,
            key: (call_id, tag, remote_tag),
            event: request.headers.get("Event").unwrap_or_default().to_owned(),
            local,
            remote,
            contact: contact.uri,
            route,
            hop,
            remote_cseq: request.headers.cseq().map_err(bad)?,
            local_cseq: 0,
            version: 0,
            expires_at: now + granted,
            busy: false,
            dirty: false,
        };
        Ok((self.subscriptions.insert(subscription), granted))
    }

    fn refresh(
        &mut self,
        now: Instant,
        hop: Hop,
        request: &Request,
        to_tag: &str,
        account: &PhoneAccount,
    ) -> Result<(SubscriptionId, Duration), Refused> {
        let key = key(request, to_tag).ok_or((481, None))?;
        let id = self.subscriptions.find(&key).ok_or((481, None))?;
        let granted = granted(request)?;
        let cseq = request.headers.cseq().map_err(|_| (400, None))?;
        let subscription = self.subscriptions.get_mut(id).filter(|known| known.user == account.user);
        let subscription = subscription.ok_or((481, None))?;
        if cseq <= subscription.remote_cseq {
            return Err((500, None));
        }
        subscription.remote_cseq = cseq;
        subscription.hop = hop;
        if let Ok(contact) = request.address("Contact") {
            subscription.contact = contact.uri;
        }
        self.subscriptions.prolong(id, now + granted);
        Ok((id, granted))
    }

    /// Sends a NOTIFY with how things are, now or once the one before is answered.
    pub(super) fn tell(&mut self, now: Instant, id: SubscriptionId, out: &mut Vec<RegistrarOutput>) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        if std::mem::replace(&mut subscription.busy, true) {
            subscription.dirty = true;
            return;
        }
        subscription.dirty = false;
        let request = subscription.notify(now, &self.news, None);
        let hop = subscription.hop;
        self.send(id, hop, request, out);
    }

    /// Ends a subscription with a last NOTIFY.
    pub(super) fn end(
        &mut self,
        now: Instant,
        id: SubscriptionId,
        reason: &str,
        out: &mut Vec<RegistrarOutput>,
    ) {
        let Some(mut subscription) = self.subscriptions.remove(id) else { return };
        let request = subscription.notify(now, &self.news, Some(reason));
        self.send(id, subscription.hop, request, out);
    }

    /// The answer to a NOTIFY, or that there was none (`None`).
    pub(super) fn notified(
        &mut self,
        now: Instant,
        tx: u64,
        status: Option<u16>,
        out: &mut Vec<RegistrarOutput>,
    ) {
        if matches!(status, Some(100..=199)) {
            return;
        }
        let Some(id) = self.sent.remove(&tx) else { return };
        // The telephone knows nothing of it, or is gone.
        if matches!(status, None | Some(404 | 405 | 408 | 410 | 481 | 489)) {
            self.subscriptions.remove(id);
            return;
        }
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        subscription.busy = false;
        if subscription.dirty {
            self.tell(now, id, out);
        }
    }

    fn send(&mut self, id: SubscriptionId, hop: Hop, request: Request, out: &mut Vec<RegistrarOutput>) {
        self.next_tx += 1;
        self.sent.insert(self.next_tx, id);
        let tx = ClientTx { owner: Owner::Registrar, number: self.next_tx };
        let (target, request) = (Target::Hop(hop), Box::new(request));
        out.push(RegistrarOutput::Sip(SipOutput::Send { tx, target, request }));
    }
}

/// What a SUBSCRIBE is about.
fn package(request: &Request, account: &PhoneAccount, numbers: &dyn Numbers) -> Result<Package, Refused> {
    let event = request.headers.get("Event").unwrap_or_default();
    let event = event.split(';').next().unwrap_or_default().trim();
    let user = request.uri.user.as_deref().unwrap_or_default();
    if event.eq_ignore_ascii_case("message-summary") {
        let own = user.is_empty() || user == account.user || user == account.extension;
        return if own { Ok(Package::Waiting(account.person)) } else { Err((403, None)) };
    }
    if !event.eq_ignore_ascii_case("dialog") {
        return Err((489, Some(("Allow-Events", EVENTS.to_owned()))));
    }
    if let Some(card) = numbers.by_extension(user) {
        return Ok(Package::Dialog(Watched::Person(card.person)));
    }
    let phone = numbers.account_by_extension(user).or_else(|| numbers.account(user)).ok_or((404, None))?;
    Ok(Package::Dialog(phone.person.map_or(Watched::Phone(phone.user), Watched::Person)))
}

fn granted(request: &Request) -> Result<Duration, Refused> {
    let wanted = request.headers.get("Expires").and_then(|said| said.trim().parse().ok());
    let wanted = wanted.map_or(LONGEST, Duration::from_secs);
    if !wanted.is_zero() && wanted < SHORTEST {
        return Err((423, Some(("Min-Expires", SHORTEST.as_secs().to_string()))));
    }
    Ok(wanted.min(LONGEST))
}

fn key(request: &Request, to_tag: &str) -> Option<DialogKey> {
    let remote = request.address("From").ok()?.tag()?.to_owned();
    Some((request.headers.get("Call-ID")?.to_owned(), to_tag.to_owned(), remote))
}
