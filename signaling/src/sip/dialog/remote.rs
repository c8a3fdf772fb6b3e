//! A dialog as RFC 3261 section 12 has it: tags, sequence numbers, route set, remote target.

use std::net::IpAddr;

use crate::sip::message::{Headers, Method, NameAddr, Request, Response, Scheme, Uri};
use crate::sip::port::{Hop, Protocol, Target};

/// Longest route set; real ones have one to four.
const MAX_ROUTES: usize = 32;
/// Host of our `Contact`; the transport puts the address of the socket in its place.
const PLACEHOLDER: &str = "switchboard.invalid";

/// What all dialogs of a leg share.
pub(super) struct Side {
    pub call_id: String,
    /// Ours, with its tag.
    pub local: NameAddr,
    pub local_tag: String,
    /// Theirs, without a tag.
    pub remote: NameAddr,
    pub contact: String,
    /// The address that requests came from, or that the first one went to.
    pub hop: Option<Hop>,
}

impl Side {
    pub(super) fn contact_of(user: Option<&str>) -> String {
        NameAddr::new(Uri::sip(user, PLACEHOLDER, None)).to_string()
    }
}

/// How far offer and answer have got before the call is answered (RFC 6337).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// Nobody has offered.
    Nothing,
    /// Our offer waits for a reliable answer.
    Ours,
    /// Theirs waits.
    Theirs,
    /// Agreed.
    Done,
}

/// One dialog.
pub(super) struct Dialog {
    /// Their tag.
    pub tag: String,
    routes: Vec<String>,
    /// Where requests go: their `Contact`.
    target: Uri,
    /// Our last sequence number.
    pub seq: u32,
    /// Theirs.
    pub their_seq: Option<u32>,
    /// Last `RSeq` seen in order.
    pub rseq: Option<u32>,
    /// PRACK under way.
    pub prack: Option<u64>,
    pub exchange: Exchange,
    /// Their last description.
    pub theirs: Option<String>,
}

/// A request and where it goes.
pub(super) struct Outgoing {
    pub request: Request,
    pub target: Target,
    pub fallback: Option<Target>,
}

impl Dialog {
    /// The dialog that a response to our INVITE makes. `seq` is that of the INVITE, `asked` its Request-URI.
    pub(super) fn of_response(response: &Response, seq: u32, asked: &Uri) -> Dialog {
        let to = response.headers.address("To").ok();
        let mut routes = record_route(&response.headers);
        routes.reverse();
        let contact = response.headers.address("Contact").map(|contact| contact.uri);
        Dialog {
            tag: to.as_ref().and_then(NameAddr::tag).unwrap_or_default().to_owned(),
            routes,
            target: contact.unwrap_or_else(|_| asked.clone()),
            seq,
            their_seq: None,
            rseq: None,
            prack: None,
            exchange: Exchange::Ours,
            theirs: None,
        }
    }

    /// The dialog that their INVITE makes; `None` without a tag, a sequence number or a contact.
    pub(super) fn of_request(request: &Request, exchange: Exchange, seq: u32) -> Option<Dialog> {
        Some(Dialog {
            tag: request.address("From").ok()?.tag()?.to_owned(),
            routes: record_route(&request.headers),
            target: request.address("Contact").ok()?.uri,
            seq,
            their_seq: Some(request.headers.cseq().ok()?),
            rseq: None,
            prack: None,
            exchange,
            theirs: None,
        })
    }

    /// Takes the remote target from a request or response that may change it, and the route set from the 2xx to our INVITE
    /// (RFC 3261 section 13.2.2.4).
    pub(super) fn refresh(&mut self, headers: &Headers) {
        if let Ok(contact) = headers.address("Contact") {
            self.target = contact.uri;
        }
    }

    pub(super) fn confirm(&mut self, response: &Response) {
        self.refresh(&response.headers);
        self.routes = record_route(&response.headers);
        self.routes.reverse();
    }

    /// The next request within the dialog.
    pub(super) fn request(&mut self, side: &Side, method: Method) -> Outgoing {
        self.seq = self.seq.saturating_add(1);
        self.build(side, method, self.seq)
    }

    /// A request with this sequence number: also the ACK of an INVITE.
    pub(super) fn build(&self, side: &Side, method: Method, seq: u32) -> Outgoing {
        let first = self.routes.first().and_then(|route| route.parse::<NameAddr>().ok());
        let (mut uri, mut routes) = (self.target.clone(), self.routes.clone());
        let (target, fallback) = match &first {
            Some(first) => (Target::Uri(first.uri.clone()), None),
            None => self.direct(side),
        };
        // A strict router (RFC 2543) wants to be the Request-URI itself.
        if let Some(first) = first.filter(|first| first.uri.params.get("lr").is_none()) {
            routes.remove(0);
            routes.push(NameAddr::new(uri).to_string());
            uri = first.uri;
        }
        uri.headers = None;
        let mut request = Request::new(method, uri);
        let mut remote = side.remote.clone();
        if !self.tag.is_empty() {
            remote.params.set("tag", Some(&self.tag));
        }
        let headers = &mut request.headers;
        routes.iter().for_each(|route| headers.push("Route", route));
        headers.push("From", &side.local.to_string());
        headers.push("To", &remote.to_string());
        headers.push("Call-ID", &side.call_id);
        headers.push("CSeq", &format!("{seq} {}", request.method));
        Outgoing { request, target, fallback }
    }

    /// Without proxies: where the contact says, but along the open connection, and to where the packets of a telephone behind
    /// an address translation came from.
    fn direct(&self, side: &Side) -> (Target, Option<Target>) {
        let contact = Target::Uri(self.target.clone());
        match side.hop {
            Some(hop) if hop.protocol != Protocol::Udp => (Target::Hop(hop), Some(contact)),
            Some(hop) if is_hidden(&self.target, &hop) => (Target::Hop(hop), None),
            _ => (contact, None),
        }
    }
}

/// Whether a contact cannot be meant for us: a private address told by somebody who is not at one, or no address at all.
fn is_hidden(contact: &Uri, hop: &Hop) -> bool {
    let bare = contact.host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => ip != hop.address.ip() && is_private(ip) && !is_private(hop.address.ip()),
        Err(_) => contact.scheme == Scheme::Tel || contact.host.ends_with(".invalid"),
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        IpAddr::V6(ip) => {
            ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local() || ip.is_unspecified()
        }
    }
}

fn record_route(headers: &Headers) -> Vec<String> {
    headers.list("Record-Route").take(MAX_ROUTES).map(str::to_owned).collect()
}
