//! The link between a peer and a client, with faults, in virtual time.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use super::client::{Behaviour, Client};
use crate::control::LostReason;
use crate::transport::srtp::SrtpKeys;
use crate::transport::{Input, Output, Peer, Protocol, TransportConfig, classify};

const LATENCY: Duration = Duration::from_millis(10);

/// Where a datagram goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    ToServer,
    ToClient,
}

/// What the link does with a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Deliver,
    Lose,
    Twice,
    /// Deliver so much later than usual.
    Late(Duration),
}

/// Decides about the DTLS datagrams, which it sees with their number in their direction.
pub(super) type Faults = Box<dyn FnMut(Way, usize, &[u8]) -> Fate>;

struct Flying {
    at: Instant,
    way: Way,
    client: SocketAddr,
    datagram: Vec<u8>,
}

pub(super) struct Sim {
    pub(super) start: Instant,
    pub(super) now: Instant,
    pub(super) peer: Peer,
    pub(super) client: Client,
    /// All outputs but the datagrams.
    pub(super) outputs: Vec<Output>,
    /// Every datagram that reached the peer, for replays and mutations.
    pub(super) log: Vec<Vec<u8>>,
    /// DTLS datagrams sent by the peer.
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) faults: Faults,
    counts: [usize; 2],
    wire: Vec<Flying>,
}

/// One certificate for all tests of the process: making it is most of a test's time.
pub(super) fn config() -> Arc<TransportConfig> {
    static CONFIG: OnceLock<Arc<TransportConfig>> = OnceLock::new();
    CONFIG.get_or_init(|| TransportConfig::new().unwrap()).clone()
}

impl Sim {
    pub(super) fn new(behaviour: Behaviour, faults: Faults) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "virtual time has to start somewhere; nothing depends on when"
        )]
        let start = Instant::now();
        let mut client = Client::new(start, behaviour, &config());
        let peer = Peer::new(start, config(), client.remote.clone()).unwrap();
        client.answered(start, peer.local());
        Sim {
            start,
            now: start,
            peer,
            client,
            outputs: Vec::new(),
            log: Vec::new(),
            sent: Vec::new(),
            faults,
            counts: [0; 2],
            wire: Vec::new(),
        }
    }

    /// A link without faults and a client like Chromium.
    pub(super) fn plain() -> Self {
        Sim::new(Behaviour::default(), Box::new(|_, _, _| Fate::Deliver))
    }

    /// Brought up, with an SCTP association.
    pub(super) fn with_channels() -> Self {
        let mut sim = Sim::plain();
        assert!(sim.run_until(Duration::from_secs(1), |sim| sim.connected()));
        let datagrams = sim.client.connect_sctp(sim.now);
        sim.client_sends(datagrams);
        sim.run_for(Duration::from_millis(200));
        sim
    }

    pub(super) fn keys(&self) -> Option<&SrtpKeys> {
        self.outputs.iter().find_map(|output| match output {
            Output::Connected { keys } => Some(keys),
            _ => None,
        })
    }

    pub(super) fn connected(&self) -> bool {
        self.keys().is_some() && self.client.keys.is_some()
    }

    pub(super) fn closed(&self) -> Option<LostReason> {
        self.outputs.iter().find_map(|output| match output {
            Output::Closed(reason) => Some(*reason),
            _ => None,
        })
    }

    pub(super) fn selected(&self) -> Vec<SocketAddr> {
        self.outputs
            .iter()
            .filter_map(|output| match output {
                Output::Selected(address) => Some(*address),
                _ => None,
            })
            .collect()
    }

    pub(super) fn run_for(&mut self, time: Duration) {
        let end = self.now + time;
        self.run_until(time, |_| false);
        self.now = end;
    }

    /// Lets time pass until the condition holds; `false` if it did not within the limit.
    pub(super) fn run_until(&mut self, limit: Duration, done: impl Fn(&Sim) -> bool) -> bool {
        let end = self.now + limit;
        while !done(self) {
            let flying = self.wire.iter().map(|flying| flying.at).min();
            let due = [flying, self.peer.deadline(), self.client.deadline()].into_iter().flatten().min();
            match due {
                Some(at) if at <= end => self.now = self.now.max(at),
                _ => return false,
            }
            self.step();
        }
        true
    }

    fn step(&mut self) {
        if self.client.deadline().is_some_and(|at| at <= self.now) {
            let datagrams = self.client.tick(self.now);
            self.client_sends(datagrams);
        }
        if self.peer.deadline().is_some_and(|at| at <= self.now) {
            self.give(Input::Timeout);
        }
        while let Some(at) = (0..self.wire.len()).find(|&at| self.wire[at].at <= self.now) {
            let flying = self.wire.remove(at);
            match flying.way {
                Way::ToServer => {
                    self.log.push(flying.datagram.clone());
                    self.give(Input::Datagram { from: flying.client, data: &flying.datagram });
                }
                // A client that has moved does not hear what comes to its old address.
                Way::ToClient if flying.client == self.client.address => {
                    let datagrams = self.client.handle(self.now, &flying.datagram);
                    self.client_sends(datagrams);
                }
                Way::ToClient => {}
            }
        }
    }

    /// Gives the peer an input and carries out what it says.
    pub(super) fn give(&mut self, input: Input<'_>) {
        let mut out = Vec::new();
        self.peer.handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Transmit { to, datagram } => {
                    if classify(&datagram) == Some(Protocol::Dtls) {
                        self.sent.push(datagram.clone());
                    }
                    self.fly(Way::ToClient, to, datagram);
                }
                other => self.outputs.push(other),
            }
        }
    }

    pub(super) fn client_sends(&mut self, datagrams: Vec<Vec<u8>>) {
        for datagram in datagrams {
            self.fly(Way::ToServer, self.client.address, datagram);
        }
    }

    fn fly(&mut self, way: Way, client: SocketAddr, datagram: Vec<u8>) {
        let mut fate = Fate::Deliver;
        if classify(&datagram) == Some(Protocol::Dtls) {
            let count = &mut self.counts[way as usize];
            fate = (self.faults)(way, *count, &datagram);
            *count += 1;
        }
        let at = match fate {
            Fate::Lose => return,
            Fate::Late(by) => self.now + LATENCY + by,
            Fate::Deliver | Fate::Twice => self.now + LATENCY,
        };
        if fate == Fate::Twice {
            self.wire.push(Flying { at: at + LATENCY / 2, way, client, datagram: datagram.clone() });
        }
        self.wire.push(Flying { at, way, client, datagram });
    }
}
