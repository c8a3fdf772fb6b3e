//! Where a target leads, and which of our addresses faces it.
//!
//! Names are looked up as addresses (A and AAAA) only: NAPTR and SRV records of RFC 3263 would need a resolver of our own,
//! and a PBX of the house is configured by name or address and port.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::layer::Place;
use super::via::default_port;
use crate::sip::message::{Scheme, Uri};
use crate::sip::port::{Hop, Protocol, Target};

/// Longest that a name is looked up; a trunk is passed by within four seconds.
const LOOKUP: Duration = Duration::from_secs(2);

/// Most names whose address is remembered; trunks have few, telephones are reached by address.
const MAX_NAMES: usize = 256;
/// Somewhere outside (RFC 5737): what faces it faces most of the world.
const OUTSIDE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// Our own addresses.
#[derive(Debug, Default)]
pub(crate) struct Facing {
    /// The address that is announced in place of that of a socket.
    pub(crate) announced: Option<IpAddr>,
    /// Where UDP is listened on.
    pub(crate) udp: Vec<SocketAddr>,
    /// Where TCP is listened on.
    pub(crate) tcp: Vec<SocketAddr>,
    /// Where TLS is listened on.
    pub(crate) tls: Vec<SocketAddr>,
    /// Where names led when they were looked up last.
    pub(crate) names: Mutex<HashMap<String, IpAddr>>,
}

impl Facing {
    fn listening(&self, protocol: Protocol) -> &[SocketAddr] {
        match protocol {
            Protocol::Udp => &self.udp,
            Protocol::Tcp => &self.tcp,
            Protocol::Tls => &self.tls,
        }
    }

    /// Which of the sockets of the protocol of a hop faces it: of its family, and on loopback if it is.
    pub(crate) fn socket(&self, hop: Hop) -> Option<usize> {
        let fits = |own: &SocketAddr| own.is_ipv4() == hop.address.is_ipv4();
        let near = |own: &SocketAddr| own.ip().is_loopback() == hop.address.ip().is_loopback();
        let own = self.listening(hop.protocol);
        let best = own.iter().position(|own| fits(own) && near(own));
        best.or_else(|| own.iter().position(fits))
    }

    /// The same for a name, which must have been looked up before: a trunk is asked whether it lives before it is called.
    pub(crate) fn own_for_name(&self, protocol: Protocol, name: &str, port: u16) -> Hop {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let ip = names.get(name).copied().unwrap_or(OUTSIDE);
        drop(names);
        self.own(Hop { protocol, address: SocketAddr::new(ip, port) })
    }

    fn remember(&self, name: &str, ip: IpAddr) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < MAX_NAMES || names.contains_key(name) {
            names.insert(name.to_owned(), ip);
        }
    }

    /// The address of ours that the other side of a hop is told.
    pub(crate) fn own(&self, hop: Hop) -> Hop {
        let own = self.socket(hop).map(|at| self.listening(hop.protocol)[at]);
        let ip = self.announced.or(own.map(|own| own.ip()).filter(|ip| !ip.is_unspecified()));
        let ip = ip.or_else(|| routed(hop.address)).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let port = own.map_or(default_port(hop.protocol), |own| own.port());
        Hop { protocol: hop.protocol, address: SocketAddr::new(ip, port) }
    }
}

/// The address that the system would send from.
fn routed(to: SocketAddr) -> Option<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(to).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// What a target says before any name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// An address.
    Known(Place),
    /// A name, to be looked up.
    Named(Protocol, String, u16),
    /// Nothing that we can send to.
    Nowhere,
}

/// Reads a target.
pub(crate) fn direction(target: &Target) -> Direction {
    let uri = match target {
        Target::Hop(hop) => return Direction::Known(Place { hop: *hop, name: None }),
        Target::Uri(uri) => uri,
    };
    let Some(protocol) = protocol(uri) else { return Direction::Nowhere };
    let port = uri.port.unwrap_or(default_port(protocol));
    let bare = uri.host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(ip) => Direction::Known(Place {
            hop: Hop { protocol, address: SocketAddr::new(ip, port) },
            name: Some(bare.to_owned()),
        }),
        Err(_) => Direction::Named(protocol, uri.host.clone(), port),
    }
}

fn protocol(uri: &Uri) -> Option<Protocol> {
    let transport = uri.params.get("transport").unwrap_or_default().to_ascii_lowercase();
    match (uri.scheme, transport.as_str()) {
        (Scheme::Tel, _) => None,
        (Scheme::Sips, "" | "tcp" | "tls") | (Scheme::Sip, "tls") => Some(Protocol::Tls),
        (Scheme::Sip, "" | "udp") => Some(Protocol::Udp),
        (Scheme::Sip, "tcp") => Some(Protocol::Tcp),
        _ => None,
    }
}

/// Looks a name up; the first address of a family that we have a socket of.
pub(crate) async fn look_up(facing: &Facing, protocol: Protocol, host: String, port: u16) -> Option<Place> {
    let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((host.as_str(), port))).await;
    let addresses = found.ok()?.ok()?.collect::<Vec<_>>();
    let hop = |address| Hop { protocol, address };
    let reachable =
        |address: &&SocketAddr| protocol != Protocol::Udp || facing.socket(hop(**address)).is_some();
    // IPv4 first: loopback names and PBXs that listen on it only are the rule.
    let mut ordered = addresses.iter().filter(reachable).copied().collect::<Vec<_>>();
    ordered.sort_by_key(SocketAddr::is_ipv6);
    let address = *ordered.first()?;
    facing.remember(&host, address.ip());
    Some(Place { hop: hop(address), name: Some(host) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(text: &str) -> Option<(Protocol, String)> {
        match direction(&Target::Uri(text.parse().unwrap())) {
            Direction::Known(place) => Some((place.hop.protocol, place.hop.address.to_string())),
            Direction::Named(protocol, host, port) => Some((protocol, format!("{host}:{port}"))),
            Direction::Nowhere => None,
        }
    }

    #[test]
    fn a_uri_says_protocol_host_and_port() {
        for (uri, protocol, place) in [
            ("sip:1@192.0.2.1", Protocol::Udp, "192.0.2.1:5060"),
            ("sip:1@192.0.2.1:5070;transport=TCP", Protocol::Tcp, "192.0.2.1:5070"),
            ("sip:pbx.example;transport=tls", Protocol::Tls, "pbx.example:5061"),
            ("sips:[::1]", Protocol::Tls, "[::1]:5061"),
        ] {
            assert_eq!(known(uri), Some((protocol, place.to_owned())), "{uri}");
        }
        for nowhere in ["tel:123", "sip:h;transport=ws", "sip:h;transport=sctp", "sips:h;transport=udp"] {
            assert_eq!(known(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn the_socket_that_faces_a_hop_is_told_to_it() {
        let facing = Facing {
            udp: ["127.0.0.1:5060", "[::1]:5062", "192.0.2.1:5064"].map(|a| a.parse().unwrap()).to_vec(),
            ..Facing::default()
        };
        let own = |to: &str| {
            let hop = Hop { protocol: Protocol::Udp, address: to.parse().unwrap() };
            facing.own(hop).address.to_string()
        };
        assert_eq!(own("127.0.0.9:1"), "127.0.0.1:5060");
        assert_eq!(own("[::1]:1"), "[::1]:5062");
        assert_eq!(own("198.51.100.1:1"), "192.0.2.1:5064");
        let announced = Facing { announced: Some("203.0.113.5".parse().unwrap()), ..facing };
        let hop = Hop { protocol: Protocol::Udp, address: "127.0.0.9:1".parse().unwrap() };
        assert_eq!(announced.own(hop).address.to_string(), "203.0.113.5:5060");
    }
}
