//! Who a request comes from when proxies stand between.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::HeaderMap;

use crate::config::Network;

/// The proxies whose word is believed. Everybody can send `X-Forwarded-For`; only what a proxy of ours added to it is true.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Arc<[Network]>);

impl Proxies {
    pub(super) fn new(trusted: &[Network]) -> Proxies {
        Proxies(trusted.into())
    }

    pub(super) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The client behind a connection from `from`. Each proxy appends the address that it was asked from, so the list is read
    /// from its end: past the proxies that are trusted, the next address is the client, and what stands before it is the
    /// client's own invention. Where the list breaks off, the last proxy that is known stands for its clients.
    pub(super) fn client(&self, from: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = from;
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let mut hops = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        while self.trust(client) {
            match hops.next().map(hop) {
                Some(Some(before)) => client = before,
                Some(None) | None => break,
            }
        }
        client
    }
}

/// One address of the list; some proxies add the port.
fn hop(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let address = text.parse::<IpAddr>().or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(from: &str, lines: &[&'static str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8::7"].map(|network| network.parse().expect("network"));
        let mut headers = HeaderMap::new();
        for line in lines {
            // Not `from_static`: the header may have bytes that are no ASCII.
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line.as_bytes()).expect("value"));
        }
        Proxies::new(&trusted).client(from.parse().expect("address"), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_proxy_of_ours() {
        assert_eq!(client("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9, 10.0.0.2"]), "203.0.113.9", "two proxies");
        assert_eq!(client("10.0.0.1", &["203.0.113.9", "10.0.0.2,10.0.0.3"]), "203.0.113.9", "two lines");
        assert_eq!(client("2001:db8::7", &["2001:db8::9"]), "2001:db8::9");
        assert_eq!(client("10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["[2001:db8::9]:4711"]), "2001:db8::9");
        assert_eq!(client("10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
    }

    #[test]
    fn what_a_client_invents_is_not_believed() {
        assert_eq!(client("203.0.113.9", &["192.0.2.1"]), "203.0.113.9", "not by a proxy");
        assert_eq!(client("203.0.113.9", &["10.0.0.1"]), "203.0.113.9", "posing as a proxy");
        assert_eq!(client("10.0.0.1", &["192.0.2.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["192.0.2.1, 10.0.0.9, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.1", &["192.0.2.1", "203.0.113.9, 10.0.0.2"]), "203.0.113.9");
    }

    #[test]
    fn a_list_that_breaks_off_leaves_the_last_known_proxy() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        for broken in ["", "unknown", "_hidden", "192.0.2.1,", "192.0.2.1, \u{e9}", "999.0.0.1"] {
            assert_eq!(client("10.0.0.1", &[broken]), "10.0.0.1", "{broken}");
        }
        assert_eq!(client("10.0.0.1", &["192.0.2.1, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3", "proxies only");
    }
}
