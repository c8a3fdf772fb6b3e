//! `Via`: which transaction a message belongs to, and where its response goes (RFC 3261 section 18.2.2, RFC 3581).

use std::net::SocketAddr;

use crate::sip::message::{Headers, Params, split_list};
use crate::sip::port::{Hop, Protocol};

/// What a branch of RFC 3261 begins with; older ones are not unique.
const MAGIC: &str = "z9hG4bK";
/// Longest branch; it is kept for every transaction.
const MAX_BRANCH: usize = 256;

/// The parts of the topmost `Via` that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    /// Host and port as written by who sent it.
    pub(crate) sent_by: String,
    /// Port where it listens, if it says so.
    pub(crate) port: Option<u16>,
    /// The branch.
    pub(crate) branch: String,
    /// Whether it wants its responses at the port that the request came from.
    rport: bool,
}

impl Via {
    /// Reads one element; `None` if it is broken or has no branch.
    pub(crate) fn read(element: &str) -> Option<Via> {
        let (place, params) = element.split_once(';').unwrap_or((element, ""));
        let (protocol, sent_by) = place.trim().rsplit_once(char::is_whitespace)?;
        let spaceless: String = protocol.split_whitespace().collect();
        if !spaceless.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("SIP/2.0/")) {
            return None;
        }
        let params = Params::parse(params);
        let branch =
            params.get("branch").filter(|branch| !branch.is_empty() && branch.len() <= MAX_BRANCH)?;
        let port = match sent_by.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => Some(port.parse().ok()?),
            _ => None,
        };
        Some(Via {
            sent_by: sent_by.to_ascii_lowercase(),
            port,
            branch: branch.to_owned(),
            rport: params.get("rport").is_some(),
        })
    }

    /// Whether the branch alone names the transaction.
    pub(crate) fn is_unique(&self) -> bool {
        self.branch.len() > MAGIC.len() && self.branch.starts_with(MAGIC)
    }

    /// Where a response to what came from there goes: over UDP to the port of `Via` unless `rport` is asked for. The second
    /// address is where a connection is opened when the one that it came over has closed.
    pub(crate) fn back_to(&self, from: Hop) -> (Hop, Option<SocketAddr>) {
        let listening = SocketAddr::new(from.address.ip(), self.port.unwrap_or(default_port(from.protocol)));
        match from.protocol {
            Protocol::Udp if !self.rport => (Hop { address: listening, ..from }, None),
            Protocol::Udp => (from, None),
            Protocol::Tcp | Protocol::Tls => (from, Some(listening)),
        }
    }
}

/// Port of a protocol where none is written.
pub(crate) fn default_port(protocol: Protocol) -> u16 {
    match protocol {
        Protocol::Udp | Protocol::Tcp => 5060,
        Protocol::Tls => 5061,
    }
}

/// The `Via` values for the responses to a request: the top one says where the request came from.
pub(crate) fn stamped(headers: &Headers, from: Hop) -> Vec<String> {
    let mut elements = headers.all("Via").flat_map(split_list).map(str::to_owned).collect::<Vec<_>>();
    if let Some(top) = elements.first_mut() {
        *top = stamp(top, from.address);
    }
    elements
}

fn stamp(top: &str, from: SocketAddr) -> String {
    let (place, params) = top.split_once(';').unwrap_or((top, ""));
    let mut params = Params::parse(params);
    let wanted = params.get("rport").is_some();
    params.set("received", Some(&from.ip().to_string()));
    if wanted {
        params.set("rport", Some(&from.port().to_string()));
    }
    format!("{}{params}", place.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(protocol: Protocol) -> Hop {
        Hop { protocol, address: "192.0.2.9:40000".parse().unwrap() }
    }

    #[test]
    fn a_response_goes_where_the_via_says() {
        let plain = Via::read("SIP/2.0/UDP phone.example:5071;branch=z9hG4bKa").unwrap();
        assert_eq!(plain.back_to(hop(Protocol::Udp)).0.address.port(), 5071);
        let asks = Via::read("SIP / 2.0 / UDP phone.example ;rport;branch=z9hG4bKa").unwrap();
        assert_eq!(asks.back_to(hop(Protocol::Udp)).0, hop(Protocol::Udp));
        let stream = Via::read("SIP/2.0/TCP [2001:db8::1]:5062;branch=z9hG4bKa").unwrap();
        assert_eq!(
            stream.back_to(hop(Protocol::Tcp)),
            (hop(Protocol::Tcp), Some("192.0.2.9:5062".parse().unwrap()))
        );
        let bare = Via::read("SIP/2.0/TLS [2001:db8::1];branch=z9hG4bKa").unwrap();
        assert_eq!(bare.back_to(hop(Protocol::Tls)).1, Some("192.0.2.9:5061".parse().unwrap()));
    }

    #[test]
    fn broken_ones_are_refused() {
        for broken in [
            "",
            ";",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP h",
            "SIP/2.0/UDP h;branch=",
            "HTTP/1.1 h;branch=a",
            "SIP/2.0/UDP h:x;branch=a",
        ] {
            assert_eq!(Via::read(broken), None, "{broken}");
        }
        assert!(!Via::read("SIP/2.0/UDP h;branch=1").unwrap().is_unique());
    }

    #[test]
    fn the_top_one_is_stamped_and_the_others_are_kept() {
        let mut headers = Headers::default();
        headers.push("v", "SIP/2.0/UDP 10.0.0.1:5060;rport;branch=z9hG4bKa, SIP/2.0/UDP b;branch=2");
        headers.push("Via", "SIP/2.0/UDP c;branch=3");
        assert_eq!(
            stamped(&headers, hop(Protocol::Udp)),
            [
                "SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bKa;received=192.0.2.9;rport=40000",
                "SIP/2.0/UDP b;branch=2",
                "SIP/2.0/UDP c;branch=3"
            ]
        );
    }
}
