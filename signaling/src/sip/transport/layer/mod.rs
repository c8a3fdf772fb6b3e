//! Transactions (RFC 3261 section 17, RFC 6026), without I/O.
//!
//! Own, because those of the library do not fit the border of [`crate::sip::port`]: they repeat a 2xx themselves and swallow
//! its ACK and its repetitions, report a failed connection after 32 seconds only, and queue without bound.

mod client;
mod server;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::codec::Message;
use crate::sip::message::{Method, Request};
use crate::sip::port::{ClientTx, Failure, Hop, Protocol, ServerTx, SipInput, SipOutput, Target};
use client::Client;
use server::{Server, ServerKey};

/// Estimate of the round trip; the first repetition over UDP comes after it. Smaller: more needless repetitions.
const T1: Duration = Duration::from_millis(500);
/// Longest pause between repetitions.
const T2: Duration = Duration::from_secs(4);
/// Longest time that a message stays in the network.
const T4: Duration = Duration::from_secs(5);
/// How long an answer is waited for, and how long a transaction remembers its answer.
const LIFE: Duration = Duration::from_secs(32);
/// Longest that an INVITE may ring; the dialogs end it much sooner, this is for those that are forgotten.
const RINGING: Duration = Duration::from_secs(900);
/// Most transactions of ours, and of others, that are remembered at once: 1,000 calls per second for 32 seconds.
const MAX_TRANSACTIONS: usize = 65_536;
/// Most requests of others that wait for an answer of the cores; past it they get 503.
const MAX_PENDING: usize = 4_096;
/// How long is remembered that somebody takes long requests by UDP only.
const UDP_ONLY: Duration = Duration::from_secs(600);
/// Most of whom that is remembered.
const MAX_UDP_ONLY: usize = 1_024;

/// What goes in.
#[derive(Debug)]
pub(crate) enum Input {
    /// What the cores want.
    Do(SipOutput),
    /// The answer to [`Output::Locate`]; `None`: it leads nowhere.
    Located(u64, Option<Place>),
    /// A message came.
    Received(Hop, Message),
    /// This could not be sent by this protocol.
    Unsent(u64, Protocol),
    /// A connection has closed.
    Lost(Hop),
    /// Time has passed.
    Tick,
}

/// What comes out.
#[derive(Debug)]
pub(crate) enum Output {
    /// Where does this lead?
    Locate(u64, Target),
    /// Send this.
    Transmit(Transmit),
    /// For the cores.
    Tell(SipInput),
    /// A request was refused for want of room.
    Overload,
}

/// Where a target leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Address and protocol.
    pub(crate) hop: Hop,
    /// The name that a certificate must have.
    pub(crate) name: Option<String>,
}

/// Something to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Transmit {
    /// Where to.
    pub(crate) place: Place,
    /// Where a connection is opened if there is none to `place`; `None`: at the place itself.
    pub(crate) otherwise: Option<SocketAddr>,
    /// The message.
    pub(crate) bytes: Bytes,
    /// Whom [`Input::Unsent`] is about.
    pub(crate) of: Option<u64>,
    /// Whether there is another way, so that a connection is not waited for long.
    pub(crate) hurry: bool,
}

/// A request that waits for its place.
#[derive(Debug)]
struct Waiting {
    /// `None` for an ACK.
    tx: Option<ClientTx>,
    request: Box<Request>,
    cancel: Option<Option<String>>,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Slot {
    Client(u64),
    Server(ServerTx),
}

/// When something is to be done next.
#[derive(Clone, Copy, Debug)]
struct Timer {
    /// The next repetition, and the pause after it.
    repeat: Option<(Instant, Duration)>,
    /// The end.
    ends: Instant,
}

impl Timer {
    fn next(&self) -> Instant {
        self.repeat.map_or(self.ends, |(at, _)| at.min(self.ends))
    }
}

/// All transactions.
pub(crate) struct Layer {
    /// Our address that faces a hop.
    facing: Box<dyn Fn(Hop) -> Hop + Send>,
    /// Makes branches that nobody can guess.
    secret: aws_lc_rs::hmac::Key,
    last: u64,
    waiting: HashMap<u64, Waiting>,
    clients: HashMap<u64, Client>,
    by_branch: HashMap<(String, bool), u64>,
    by_tx: HashMap<ClientTx, u64>,
    servers: HashMap<ServerTx, Server>,
    by_key: HashMap<ServerKey, ServerTx>,
    pending: usize,
    timers: BTreeSet<(Instant, Slot)>,
    udp_only: HashMap<SocketAddr, Instant>,
}

impl Layer {
    /// None yet. `facing` gives our own address and protocol towards a hop; `seed` must not be known to others.
    pub(crate) fn new(seed: [u8; 32], facing: Box<dyn Fn(Hop) -> Hop + Send>) -> Layer {
        Layer {
            facing,
            secret: aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &seed),
            last: 0,
            waiting: HashMap::new(),
            clients: HashMap::new(),
            by_branch: HashMap::new(),
            by_tx: HashMap::new(),
            servers: HashMap::new(),
            by_key: HashMap::new(),
            pending: 0,
            timers: BTreeSet::new(),
            udp_only: HashMap::new(),
        }
    }

    /// Takes one input.
    pub(crate) fn handle(&mut self, now: Instant, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Do(SipOutput::Send { tx, target, request }) => self.locate(Some(tx), target, request, out),
            Input::Do(SipOutput::Ack { target, request }) => self.locate(None, target, request, out),
            Input::Do(SipOutput::Cancel { tx, reason }) => self.cancel(now, tx, reason, out),
            Input::Do(SipOutput::Respond { tx, response }) => self.respond(now, tx, &response, out),
            Input::Located(number, place) => self.located(now, number, place, out),
            Input::Received(from, Message::Request(request, via)) => {
                self.request(now, from, request, via, out);
            }
            Input::Received(_, Message::Response(response, via)) => self.response(now, response, via, out),
            Input::Unsent(number, protocol) => self.unsent(now, number, protocol, out),
            Input::Lost(hop) => self.lost(now, hop, out),
            Input::Tick => self.tick(now, out),
        }
    }

    /// When [`Input::Tick`] is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// How many transactions there are, of ours and of others.
    pub(crate) fn len(&self) -> (usize, usize) {
        (self.clients.len() + self.waiting.len(), self.servers.len())
    }

    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn branch(&self, number: u64) -> String {
        let tag = aws_lc_rs::hmac::sign(&self.secret, &number.to_be_bytes());
        let hex = tag.as_ref().iter().take(12).map(|byte| format!("{byte:02x}"));
        format!("z9hG4bK{}", hex.collect::<String>())
    }

    fn locate(&mut self, tx: Option<ClientTx>, target: Target, request: Box<Request>, out: &mut Vec<Output>) {
        if self.waiting.len() + self.clients.len() >= MAX_TRANSACTIONS {
            out.push(Output::Overload);
            return fail(tx, Failure::Unreachable, out);
        }
        let number = self.number();
        if let Some(tx) = tx {
            self.by_tx.insert(tx, number);
        }
        self.waiting.insert(number, Waiting { tx, request, cancel: None });
        out.push(Output::Locate(number, target));
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<Output>) {
        while let Some((at, slot)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, slot));
            match slot {
                Slot::Client(number) => self.client_timer(now, number, out),
                Slot::Server(tx) => self.server_timer(now, tx, out),
            }
        }
    }

    /// Whether long requests go there by UDP as well, because it took no connection.
    fn is_udp_only(&mut self, now: Instant, address: SocketAddr) -> bool {
        self.udp_only.retain(|_, since| now.duration_since(*since) < UDP_ONLY);
        self.udp_only.contains_key(&address)
    }
}

fn fail(tx: Option<ClientTx>, failure: Failure, out: &mut Vec<Output>) {
    if let Some(tx) = tx {
        out.push(Output::Tell(SipInput::Failed { tx, failure }));
    }
}

/// The pause after one of this length.
fn longer(pause: Duration) -> Duration {
    (pause * 2).min(T2)
}

fn is_invite(method: &Method) -> bool {
    *method == Method::Invite
}
