//! What one input brings about, and the requests that go to a PBX.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{TrunkId, TrunkOutput};
use crate::sip::config::TrunkConfig;
use crate::sip::message::{Method, NameAddr, Request, Uri};
use crate::sip::port::{ClientTx, Owner, Protocol, SipOutput, Target};
use crate::sip::random::Random;

/// Host of our contacts; the transport puts the address there that the other side sees.
const OURSELVES: &str = "switchboard.invalid";

/// Why a request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Health,
    Registration,
}

/// A request that has no final response yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub trunk: TrunkId,
    pub purpose: Purpose,
    pub at: Instant,
}

/// What requests need that outlives one step.
pub(super) struct Office {
    pub random: Random,
    /// Ours: host of our addresses towards a PBX that we do not register with.
    pub domain: String,
    pub sent: BTreeMap<u64, Sent>,
    pub next_tx: u64,
}

/// One step.
pub(super) struct Step<'a> {
    pub now: Instant,
    pub office: &'a mut Office,
    pub out: &'a mut Vec<TrunkOutput>,
}

impl Step<'_> {
    /// Sends a request and says under which number its response will come.
    pub fn send(&mut self, trunk: TrunkId, config: &TrunkConfig, purpose: Purpose, request: Request) -> u64 {
        let number = self.office.next_tx;
        self.office.next_tx += 1;
        self.office.sent.insert(number, Sent { trunk, purpose, at: self.now });
        let tx = ClientTx { owner: Owner::Trunks, number };
        let send = SipOutput::Send { tx, target: target(config), request: Box::new(request) };
        self.out.push(TrunkOutput::Sip(send));
        number
    }
}

/// Where requests to a PBX go.
pub(super) fn target(config: &TrunkConfig) -> Target {
    let mut uri = Uri::sip(None, &config.host, Some(config.port));
    let transport = match config.protocol {
        Protocol::Udp => "udp",
        Protocol::Tcp => "tcp",
        Protocol::Tls => "tls",
    };
    uri.params.set("transport", Some(transport));
    Target::Uri(uri)
}

/// An address at a PBX, with its port where it is not the usual one.
pub(super) fn at_pbx(config: &TrunkConfig, user: Option<&str>) -> Uri {
    let usual = if config.protocol == Protocol::Tls { 5061 } else { 5060 };
    Uri::sip(user, &config.host, (config.port != usual).then_some(config.port))
}

/// Who we are to a PBX: its user where we register, else one of our own domain.
pub(super) fn ourselves(config: &TrunkConfig, domain: &str, user: &str) -> Uri {
    let host = if config.register { config.host.as_str() } else { domain };
    Uri::sip((!user.is_empty()).then_some(user), host, None)
}

/// A request outside of calls.
pub(super) fn request(
    config: &TrunkConfig,
    office: &mut Office,
    method: Method,
    call_id: &str,
    cseq: u32,
) -> Request {
    let us = ourselves(config, &office.domain, &config.user);
    let mut from = NameAddr::new(us.clone());
    from.params.set("tag", Some(&office.random.token()));
    let to = if method == Method::Register { us } else { at_pbx(config, None) };
    let contact = Uri::sip((!config.user.is_empty()).then_some(config.user.as_str()), OURSELVES, None);
    let cseq = format!("{cseq} {method}");
    let mut request = Request::new(method, at_pbx(config, None));
    for (name, value) in [
        ("From", from.to_string()),
        ("To", NameAddr::new(to).to_string()),
        ("Call-ID", call_id.to_owned()),
        ("CSeq", cseq),
        ("Contact", NameAddr::new(contact).to_string()),
    ] {
        request.headers.push(name, &value);
    }
    request
}
