//! Where the telephone is: what its description says, and where its media really comes from (symmetric RTP, RFC 4961).

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long the present source must have been silent before another one nearby takes its place without proof. Smaller: someone
/// on the telephone's network takes over a call sooner. Larger: a telephone whose network address changes stays unheard.
const TAKE_OVER: Duration = Duration::from_secs(2);

/// Follows the source of one stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latch {
    signalled: SocketAddr,
    follow: bool,
    found: Option<(SocketAddr, Instant)>,
}

impl Latch {
    pub(super) fn new(signalled: SocketAddr, follow: bool) -> Latch {
        Latch { signalled: canonical(signalled), follow, found: None }
    }

    /// Takes a later description. Another address there makes the search begin anew.
    pub(super) fn renew(&mut self, signalled: SocketAddr, follow: bool) {
        if canonical(signalled) != self.signalled {
            *self = Latch::new(signalled, follow);
        }
        self.follow = follow;
    }

    /// Whether a packet may come from `from`. `authentic`: it proved so by its keys. A packet from elsewhere is somebody's who
    /// found an open port.
    pub(super) fn admits(&mut self, from: SocketAddr, authentic: bool, now: Instant) -> bool {
        let from = canonical(from);
        let allowed = match self.found {
            Some((known, _)) if known == from => true,
            _ if authentic || from == self.signalled => true,
            Some((_, at)) => self.is_near(from) && now.saturating_duration_since(at) >= TAKE_OVER,
            None => self.is_near(from),
        };
        if allowed {
            self.found = Some((from, now));
        }
        allowed
    }

    /// Where to send; `None` while the description names nowhere.
    pub(super) fn destination(&self) -> Option<SocketAddr> {
        let found = self.found.filter(|_| self.follow).map(|(from, _)| from);
        let to = found.unwrap_or(self.signalled);
        (!to.ip().is_unspecified() && to.port() != 0).then_some(to)
    }

    /// The same /24, or /64 of IPv6: a telephone behind the same translator or a media server of the same exchange.
    fn is_near(&self, from: SocketAddr) -> bool {
        match (self.signalled.ip(), from.ip()) {
            (IpAddr::V4(a), IpAddr::V4(b)) => a.octets()[..3] == b.octets()[..3],
            (IpAddr::V6(a), IpAddr::V6(b)) => a.octets()[..8] == b.octets()[..8],
            _ => false,
        }
    }
}

/// An IPv4 address that an IPv6 socket saw is that address.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn media_of_the_same_network_is_followed_and_other_is_not() {
        let now = Instant::now();
        let mut latch = Latch::new(at("192.0.2.10:4000"), true);
        assert_eq!(latch.destination(), Some(at("192.0.2.10:4000")));
        assert!(!latch.admits(at("192.0.3.10:4000"), false, now));
        assert!(latch.admits(at("[::ffff:192.0.2.77]:9"), false, now));
        assert_eq!(latch.destination(), Some(at("192.0.2.77:9")));
        assert!(!latch.admits(at("192.0.2.78:9"), false, now + TAKE_OVER / 2), "one at a time");
        assert!(latch.admits(at("192.0.2.10:4000"), false, now), "the described address needs no proof");
        assert!(latch.admits(at("192.0.2.78:9"), false, now + TAKE_OVER));
        let mut v6 = Latch::new(at("[2001:db8::1]:4000"), true);
        assert!(!v6.admits(at("[2001:db8:0:1::1]:4000"), false, now));
        assert!(v6.admits(at("[2001:db8::ffff]:4000"), false, now));
    }

    #[test]
    fn authentic_media_may_come_from_anywhere() {
        let mut latch = Latch::new(at("192.0.2.10:4000"), true);
        assert!(latch.admits(at("198.51.100.1:7"), true, Instant::now()));
        assert_eq!(latch.destination(), Some(at("198.51.100.1:7")));
    }

    #[test]
    fn without_latching_the_description_decides() {
        let mut latch = Latch::new(at("192.0.2.10:4000"), false);
        assert!(latch.admits(at("192.0.2.11:5"), false, Instant::now()));
        assert_eq!(latch.destination(), Some(at("192.0.2.10:4000")));
    }

    #[test]
    fn another_description_begins_anew_and_the_same_one_does_not() {
        let now = Instant::now();
        let mut latch = Latch::new(at("192.0.2.10:4000"), true);
        latch.admits(at("192.0.2.77:9"), false, now);
        latch.renew(at("192.0.2.10:4000"), true);
        assert_eq!(latch.destination(), Some(at("192.0.2.77:9")));
        latch.renew(at("0.0.0.0:4000"), true);
        assert_eq!(latch.destination(), None, "the old way to say hold");
    }
}
