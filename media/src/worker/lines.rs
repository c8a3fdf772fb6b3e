//! The sockets of telephones: a pair each, RTP on an even port and RTCP on the next (RFC 3550 section 11).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;

use super::core::Core;
use super::poller::Poller;
use super::slab::Key;
use super::sys::Inbox;
use crate::bridge::leg::Channel;
use crate::control::MediaError;

/// Datagrams that are taken from one socket at once; others follow in the next round.
const BATCH: usize = 8;
/// Longest datagram; what is longer is cut off and dropped.
const LONGEST: usize = 2_048;

/// The two sockets of one leg.
pub(super) struct Pair {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    pub(super) port: u16,
    /// Of that family, and then it reaches IPv4 by mapped addresses.
    ipv6: bool,
}

impl Pair {
    fn bind(address: IpAddr, port: u16) -> io::Result<Pair> {
        let (rtp, rtcp) = (UdpSocket::bind((address, port))?, UdpSocket::bind((address, port + 1))?);
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        Ok(Pair { rtp, rtcp, port, ipv6: address.is_ipv6() })
    }

    fn reach(&self, to: SocketAddr) -> SocketAddr {
        match to.ip() {
            IpAddr::V4(v4) if self.ipv6 => SocketAddr::new(v4.to_ipv6_mapped().into(), to.port()),
            _ => to,
        }
    }

    fn socket(&self, channel: Channel) -> &UdpSocket {
        match channel {
            Channel::Rtp => &self.rtp,
            Channel::Rtcp => &self.rtcp,
        }
    }
}

/// All pairs of one worker.
pub(super) struct Lines {
    /// At the index of their name.
    pairs: Vec<Option<(Key, Pair)>>,
    inbox: Inbox,
    /// First and last port.
    range: (u16, u16),
    /// Where the search for a free pair begins: behind the last one, so that a port rests before it is used again.
    next: u16,
}

impl Lines {
    /// `random` spreads the workers over the range, so that they seldom try each other's ports.
    pub(super) fn new(range: (u16, u16), random: u32) -> Lines {
        let lines = Lines { pairs: Vec::new(), inbox: Inbox::with(BATCH, LONGEST), range, next: 0 };
        let next = lines.port(random as usize % lines.count().max(1));
        Lines { next, ..lines }
    }

    /// Even ports of the range that have their odd one.
    fn count(&self) -> usize {
        let first = usize::from(self.range.0).next_multiple_of(2);
        (usize::from(self.range.1) + 1).saturating_sub(first) / 2
    }

    fn port(&self, n: usize) -> u16 {
        (usize::from(self.range.0).next_multiple_of(2) + 2 * n) as u16
    }

    /// Binds a free pair.
    ///
    /// # Errors
    /// [`MediaError::Full`]: no port, or no descriptor, is free. [`MediaError::Unavailable`]: not an address of this machine.
    pub(super) fn bind(&mut self, address: IpAddr) -> Result<Pair, MediaError> {
        let count = self.count();
        let begin = usize::from(self.next.saturating_sub(self.port(0))) / 2;
        for n in 0..count {
            let n = (begin + n) % count;
            match Pair::bind(address, self.port(n)) {
                Ok(pair) => {
                    self.next = self.port((n + 1) % count);
                    return Ok(pair);
                }
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                    tracing::error!(%address, %error, "no telephone can be served at this address");
                    return Err(MediaError::Unavailable);
                }
                Err(error) => {
                    tracing::error!(%error, "no sockets for a telephone");
                    return Err(MediaError::Full);
                }
            }
        }
        tracing::error!(first = self.range.0, last = self.range.1, "no port for a telephone is free");
        Err(MediaError::Full)
    }

    /// Watches a pair under its name.
    pub(super) fn insert(&mut self, line: Key, pair: Pair, poller: &Poller) -> io::Result<()> {
        poller.add(pair.rtp.as_fd(), token(line, Channel::Rtp))?;
        poller.add(pair.rtcp.as_fd(), token(line, Channel::Rtcp))?;
        if self.pairs.len() <= line.index() {
            self.pairs.resize_with(line.index() + 1, || None);
        }
        self.pairs[line.index()] = Some((line, pair));
        Ok(())
    }

    /// Gives a pair away: it is watched no more. Dropping it closes the sockets.
    pub(super) fn remove(&mut self, line: Key, poller: &Poller) -> Option<Pair> {
        let (_, pair) = self.pairs.get_mut(line.index())?.take_if(|(known, _)| *known == line)?;
        for socket in [&pair.rtp, &pair.rtcp] {
            if let Err(error) = poller.remove(socket.as_fd()) {
                tracing::error!(%error, "a telephone's socket was not watched");
            }
        }
        Some(pair)
    }

    fn get(&self, line: Key) -> Option<&Pair> {
        let (known, pair) = self.pairs.get(line.index())?.as_ref()?;
        (*known == line).then_some(pair)
    }

    /// Gives the core what has come to the socket with this token.
    pub(super) fn receive(
        &mut self,
        token: u64,
        mut take: impl FnMut(Key, Channel, super::sys::Received<'_>),
    ) {
        let (line, channel) = (Key::from_bits(token >> 1), CHANNELS[(token & 1) as usize]);
        let Some((known, pair)) = self.pairs.get(line.index()).and_then(Option::as_ref) else { return };
        if *known != line {
            return;
        }
        // An error is that of something sent before.
        let received = self.inbox.receive(pair.socket(channel).as_fd()).unwrap_or(0);
        for i in 0..received {
            if let Some(message) = self.inbox.message(i) {
                take(line, channel, message);
            }
        }
    }

    /// Sends what waits for telephones.
    pub(super) fn flush(&self, core: &mut Core) {
        for (datagram, bytes) in core.egress.phones.datagrams() {
            let Some(pair) = self.get(Key::from_bits(datagram.line)) else { continue };
            match pair.socket(datagram.channel).send_to(bytes, pair.reach(datagram.to)) {
                Ok(_) => {
                    core.counters.phone_out += u64::from(datagram.channel == Channel::Rtp);
                    core.counters.datagrams_out += 1;
                    core.counters.bytes_out += bytes.len() as u64;
                }
                // No way, or an ICMP error about the one before.
                Err(_) => core.counters.dropped_send += 1,
            }
        }
        core.egress.phones.clear();
    }
}

const CHANNELS: [Channel; 2] = [Channel::Rtp, Channel::Rtcp];

/// Names one socket to the poller.
fn token(line: Key, channel: Channel) -> u64 {
    line.to_bits() << 1 | u64::from(channel == Channel::Rtcp)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_pair_on_all_addresses_reaches_ipv4() {
        let mut lines = Lines::new((47_100, 47_199), 7);
        let Ok(pair) = lines.bind(std::net::Ipv6Addr::UNSPECIFIED.into()) else { return };
        let phone = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = pair.reach(phone.local_addr().unwrap());
        pair.socket(Channel::Rtp).send_to(b"abc", to).unwrap();
        phone.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
        let (len, from) = phone.recv_from(&mut [0; 10]).unwrap();
        assert_eq!((len, from.port()), (3, pair.port));
    }

    #[test]
    fn ports_are_even_and_a_full_range_says_so() {
        let mut lines = Lines::new((47_001, 47_006), 5);
        let mut pairs: Vec<Pair> = Vec::new();
        for _ in 0..2 {
            pairs.push(lines.bind(Ipv4Addr::LOCALHOST.into()).unwrap());
        }
        let mut ports: Vec<u16> = pairs.iter().map(|pair| pair.port).collect();
        ports.sort_unstable();
        assert_eq!(ports, [47_002, 47_004], "47,006 has no odd one in the range");
        assert_eq!(lines.bind(Ipv4Addr::LOCALHOST.into()).err(), Some(MediaError::Full));
        let free = pairs.remove(0).port;
        assert_eq!(lines.bind(Ipv4Addr::LOCALHOST.into()).unwrap().port, free);
        let elsewhere = lines.bind("192.0.2.1".parse().unwrap());
        assert_eq!(elsewhere.err(), Some(MediaError::Unavailable));
        assert_eq!(Lines::new((9, 9), 1).bind(Ipv4Addr::LOCALHOST.into()).err(), Some(MediaError::Full));
    }
}
