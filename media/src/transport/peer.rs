//! One peer: ICE, DTLS and data channels behind one entry.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::dtls::{self, Dtls};
use super::ice::Ice;
use super::sctp::{self, Sctp};
use super::{
    ChannelId, Input, LocalCredentials, Message, Output, PeerStats, Protocol, RemoteCredentials,
    TransportConfig, TransportError, Ufrag, classify,
};
use crate::control::LostReason;

/// Time from the first offer until ICE and DTLS must be up. A phone on a poor network needs a few seconds, a client behind a
/// firewall that blocks UDP never gets there; shorter cuts off the slow, longer keeps dead peers.
const SETUP_TIMEOUT: Duration = Duration::from_secs(30);

/// The transport of one peer.
pub struct Peer {
    config: Arc<TransportConfig>,
    remote: RemoteCredentials,
    ice: Ice,
    dtls: Dtls,
    /// Made with the first application data, so that a peer without channels does not pay for it.
    sctp: Option<Sctp>,
    setup_until: Instant,
    connected: bool,
    closed: bool,
    stats: PeerStats,
}

impl Peer {
    /// A peer for the first offer of a client.
    ///
    /// # Errors
    /// [`TransportError::Crypto`] without entropy.
    pub fn new(
        now: Instant,
        config: Arc<TransportConfig>,
        remote: RemoteCredentials,
    ) -> Result<Self, TransportError> {
        let local = LocalCredentials::random(config.provider.random())?;
        Ok(Peer {
            ice: Ice::new(local, &remote),
            dtls: Dtls::new(config.clone()),
            sctp: None,
            setup_until: now + SETUP_TIMEOUT,
            connected: false,
            closed: false,
            stats: PeerStats::default(),
            remote,
            config,
        })
    }

    /// Our ICE credentials, for the answer.
    pub fn local(&self) -> &LocalCredentials {
        self.ice.local()
    }

    /// The ufrags by which requests may ask for this peer: the current one, during a restart also the one before.
    pub fn ufrags(&self) -> impl Iterator<Item = Ufrag> + '_ {
        self.ice.ufrags()
    }

    /// Whether an offer comes from the client that this peer is connected with: a connection keeps its certificate.
    pub fn is_of(&self, remote: &RemoteCredentials) -> bool {
        self.remote.fingerprint == remote.fingerprint
    }

    /// Counters.
    pub fn stats(&self) -> PeerStats {
        PeerStats { data_dropped: self.sctp.as_ref().map_or(0, |sctp| sctp.dropped), ..self.stats }
    }

    /// When [`Input::Timeout`] is due; `None` once the peer is over. It may move with every input.
    pub fn deadline(&self) -> Option<Instant> {
        if self.closed {
            return None;
        }
        let sctp = self.sctp.as_ref().and_then(Sctp::deadline);
        [Some(self.expiry().0), self.dtls.deadline(), sctp].into_iter().flatten().min()
    }

    /// When the peer is given up if nothing comes, and why.
    fn expiry(&self) -> (Instant, LostReason) {
        match self.ice.consent_until() {
            Some(until) if self.connected => (until, LostReason::ConsentExpired),
            _ => (self.setup_until, LostReason::SetupTimeout),
        }
    }

    /// Takes one input and appends what has to be done.
    pub fn handle(&mut self, now: Instant, input: Input<'_>, out: &mut Vec<Output>) {
        if self.closed {
            return;
        }
        match input {
            Input::Datagram { from, data } => self.datagram(now, from, data, out),
            Input::NewOffer(remote) => self.new_offer(now, remote, out),
            Input::SendData { channel, message } => self.send(now, channel, &message, out),
            Input::Timeout => self.timeout(now, out),
            Input::Close => self.close(now, None, out),
        }
    }

    fn datagram(&mut self, now: Instant, from: SocketAddr, data: &[u8], out: &mut Vec<Output>) {
        match classify(data) {
            Some(Protocol::Stun) => {
                if self.ice.handle(now, from, data, out).is_err() {
                    self.stats.stun_dropped += 1;
                }
            }
            Some(Protocol::Dtls) => {
                let mut events = Vec::new();
                let known = self.ice.knows(from);
                if !known || self.dtls.handle(now, data, &self.remote.fingerprint, &mut events).is_err() {
                    self.stats.dtls_dropped += 1;
                }
                self.carry_out(now, events, out);
            }
            _ => self.stats.other_dropped += 1,
        }
    }

    fn new_offer(&mut self, now: Instant, remote: &RemoteCredentials, out: &mut Vec<Output>) {
        if !self.is_of(remote) {
            // Another certificate is another client: it needs a peer of its own.
            self.close(now, Some(LostReason::FingerprintMismatch), out);
        } else if *remote != self.remote
            && let Ok(local) = LocalCredentials::random(self.config.provider.random())
        {
            out.extend(self.ice.restart(local, remote).map(Output::Retired));
            self.remote = remote.clone();
        }
    }

    fn send(&mut self, now: Instant, channel: ChannelId, message: &Message, out: &mut Vec<Output>) {
        let mut events = Vec::new();
        let sent = self.sctp.as_mut().map(|sctp| sctp.send(now, channel, message, &mut events));
        if sent != Some(Ok(())) {
            out.push(Output::SendRefused(channel));
        }
        self.carry_out_sctp(now, events, out);
    }

    fn timeout(&mut self, now: Instant, out: &mut Vec<Output>) {
        let (expiry, reason) = self.expiry();
        if now >= expiry {
            return self.close(now, Some(reason), out);
        }
        let mut events = Vec::new();
        self.dtls.handle_timeout(now, &mut events);
        self.carry_out(now, events, out);
        if let Some(sctp) = &mut self.sctp {
            let mut events = Vec::new();
            sctp.handle_timeout(now, &mut events);
            self.carry_out_sctp(now, events, out);
        }
    }

    fn close(&mut self, now: Instant, reason: Option<LostReason>, out: &mut Vec<Output>) {
        let mut events = Vec::new();
        self.dtls.close(now, &mut events);
        self.carry_out(now, events, out);
        self.closed = true;
        out.extend(reason.map(Output::Closed));
    }

    fn carry_out(&mut self, now: Instant, events: Vec<dtls::Event>, out: &mut Vec<Output>) {
        for event in events {
            match event {
                dtls::Event::Transmit(datagram) => {
                    out.extend(self.ice.route().map(|to| Output::Transmit { to, datagram }));
                }
                dtls::Event::Connected(keys) => {
                    self.connected = true;
                    self.ice.select_for_now(out);
                    out.push(Output::Connected { keys });
                }
                dtls::Event::Data(packet) => {
                    let mut events = Vec::new();
                    let sctp = self.sctp.get_or_insert_with(|| Sctp::new(&self.config.sctp));
                    sctp.handle(now, packet.freeze(), &mut events);
                    self.carry_out_sctp(now, events, out);
                }
                dtls::Event::Closed => self.close(now, Some(LostReason::Closed), out),
                dtls::Event::Refused => self.close(now, Some(LostReason::FingerprintMismatch), out),
            }
        }
    }

    fn carry_out_sctp(&mut self, now: Instant, events: Vec<sctp::Event>, out: &mut Vec<Output>) {
        for event in events {
            match event {
                sctp::Event::Packet(packet) => {
                    let mut sealed = Vec::new();
                    self.dtls.write(now, &packet, &mut sealed);
                    self.carry_out(now, sealed, out);
                }
                sctp::Event::Opened(channel, label) => out.push(Output::ChannelOpened { channel, label }),
                sctp::Event::Message(channel, label, message) => {
                    out.push(Output::Data { channel, label, message });
                }
                sctp::Event::Closed(channel) => out.push(Output::ChannelClosed(channel)),
            }
        }
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Peer({}, connected: {})", self.local().ufrag.as_str(), self.connected)
    }
}
