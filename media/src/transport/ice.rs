//! ICE-lite (RFC 8445, section 2.5): answer checks, follow nominations, watch consent (RFC 7675).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::event::Output;
use super::stun::{self, Role};
use super::{LocalCredentials, RemoteCredentials, Ufrag};

/// Time without an authenticated check after which a connected peer is gone. Browsers check every 2.5 s at most, so this is
/// six checks lost in a row. Longer (RFC 7675 allows 30 s) keeps a dead peer's slots; shorter drops calls on a change of
/// network, which takes some seconds.
pub(super) const CONSENT_TIMEOUT: Duration = Duration::from_secs(15);

/// Most source addresses of one peer: each network interface and address family of a client is one. When more come, the one
/// that was quiet longest is forgotten.
const MAX_ADDRESSES: usize = 16;

/// Credentials of one ICE generation.
#[derive(Debug)]
struct Generation {
    local: LocalCredentials,
    /// What USERNAME must be: `ours:theirs`.
    username: String,
}

impl Generation {
    fn new(local: LocalCredentials, remote: &RemoteCredentials) -> Self {
        Generation { username: format!("{}:{}", local.ufrag.as_str(), remote.ufrag), local }
    }
}

/// A STUN datagram was dropped: malformed, for another ufrag, or not authentic.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dropped;

/// The lite agent of one peer.
#[derive(Debug)]
pub(super) struct Ice {
    current: Generation,
    /// The generation before a restart: valid until the new one is nominated, so that media goes on meanwhile.
    previous: Option<Generation>,
    /// Where authenticated requests came from, and when last.
    addresses: Vec<(SocketAddr, Instant)>,
    selected: Option<SocketAddr>,
    last_seen: Option<(SocketAddr, Instant)>,
}

impl Ice {
    pub(super) fn new(local: LocalCredentials, remote: &RemoteCredentials) -> Self {
        Ice {
            current: Generation::new(local, remote),
            previous: None,
            addresses: Vec::new(),
            selected: None,
            last_seen: None,
        }
    }

    pub(super) fn local(&self) -> &LocalCredentials {
        &self.current.local
    }

    /// Starts a new generation; returns the ufrag of a generation that is given up for it.
    pub(super) fn restart(&mut self, local: LocalCredentials, remote: &RemoteCredentials) -> Option<Ufrag> {
        let old = std::mem::replace(&mut self.current, Generation::new(local, remote));
        self.previous.replace(old).map(|given_up| given_up.local.ufrag)
    }

    /// All ufrags that requests may name.
    pub(super) fn ufrags(&self) -> impl Iterator<Item = Ufrag> + '_ {
        std::iter::once(&self.current).chain(&self.previous).map(|generation| generation.local.ufrag)
    }

    /// Where to send: the nominated address, before that the last one that proved itself.
    pub(super) fn route(&self) -> Option<SocketAddr> {
        self.selected.or(self.last_seen.map(|(from, _)| from))
    }

    /// Whether a datagram from this address may be from the peer.
    pub(super) fn knows(&self, from: SocketAddr) -> bool {
        self.addresses.iter().any(|&(known, _)| known == from)
    }

    /// When consent runs out, if a check ever came.
    pub(super) fn consent_until(&self) -> Option<Instant> {
        self.last_seen.map(|(_, at)| at + CONSENT_TIMEOUT)
    }

    /// Takes a STUN datagram; answers an authentic binding request.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
        out: &mut Vec<Output>,
    ) -> Result<(), Dropped> {
        let request = stun::parse(datagram).map_err(|_| Dropped)?;
        let generation = std::iter::once(&self.current)
            .chain(&self.previous)
            .find(|generation| generation.username.as_bytes() == request.username)
            .ok_or(Dropped)?;
        // Made anew for each request: it is a microsecond of work twice a second at most, and 1.7 KB to keep.
        let key = stun::integrity_key(generation.local.pwd());
        if !request.authentic(&key) {
            return Err(Dropped);
        }
        if request.role == Some(Role::Controlled) {
            let datagram = stun::role_conflict(request.transaction, &key);
            out.push(Output::Transmit { to: from, datagram });
            return Ok(());
        }
        let datagram = stun::success(request.transaction, from, &key);
        out.push(Output::Transmit { to: from, datagram });
        let is_current = generation.local.ufrag == self.current.local.ufrag;
        self.note(now, from, out);
        if request.use_candidate && (is_current || self.selected.is_none()) {
            self.nominate(from, is_current, out);
        }
        Ok(())
    }

    /// Notes that the peer is reachable at an address. Said each time: another peer may have taken the address meanwhile, by a
    /// NAT that gave its port away or by forging it, and media would be that peer's for good.
    fn note(&mut self, now: Instant, from: SocketAddr, out: &mut Vec<Output>) {
        self.last_seen = Some((from, now));
        out.push(Output::Reachable(from));
        if let Some(entry) = self.addresses.iter_mut().find(|(known, _)| *known == from) {
            entry.1 = now;
            return;
        }
        if self.addresses.len() == MAX_ADDRESSES {
            let quietest = (0..self.addresses.len())
                .filter(|&at| Some(self.addresses[at].0) != self.selected)
                .min_by_key(|&at| self.addresses[at].1);
            if let Some(at) = quietest {
                out.push(Output::Forgotten(self.addresses.swap_remove(at).0));
            }
        }
        self.addresses.push((from, now));
    }

    /// Selects the last address that proved itself when DTLS is up before a nomination came, so that media can flow.
    pub(super) fn select_for_now(&mut self, out: &mut Vec<Output>) {
        if self.selected.is_none()
            && let Some((from, _)) = self.last_seen
        {
            self.selected = Some(from);
            out.push(Output::Selected(from));
        }
    }

    /// The last nomination wins: that is how a client moves to another network.
    fn nominate(&mut self, from: SocketAddr, is_current: bool, out: &mut Vec<Output>) {
        if is_current && let Some(previous) = self.previous.take() {
            out.push(Output::Retired(previous.local.ufrag));
        }
        if self.selected != Some(from) {
            self.selected = Some(from);
            out.push(Output::Selected(from));
        }
    }
}
