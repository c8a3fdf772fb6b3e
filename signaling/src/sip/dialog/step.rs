//! One input's work, and what all legs share: client transactions, randomness, configuration.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::io::{Credentials, DialogOutput, LegId};
use super::random::Random;
use crate::sip::message::{Request, Response};
use crate::sip::port::{ClientTx, Owner, ServerTx, SipOutput, Target};

/// Estimate of the round-trip time (RFC 3261 section 17.1.1.1).
pub(super) const T1: Duration = Duration::from_millis(500);
/// Longest interval of a retransmission.
pub(super) const T2: Duration = Duration::from_secs(4);
/// Longest that anything is waited for which must come soon: 64 * T1.
pub(super) const GIVE_UP: Duration = Duration::from_secs(32);
/// Most answers to one INVITE that are told apart; forks beyond are left to their own timers.
pub(super) const MAX_ANSWERS: usize = 16;

/// What the operator decides about dialogs.
#[derive(Clone, Debug)]
pub struct DialogsConfig {
    /// Interval of a session timer that we ask for (RFC 4028), at least 90 s.
    pub session_expires: Duration,
    /// Most legs at once; further INVITEs get 503.
    pub max_legs: usize,
}

impl Default for DialogsConfig {
    fn default() -> DialogsConfig {
        DialogsConfig { session_expires: Duration::from_secs(1800), max_legs: 10_000 }
    }
}

/// What a request of ours is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The INVITE that began the leg.
    Invite,
    /// An INVITE within a dialog.
    Reinvite,
    Update,
    Prack,
    Bye,
    Refer,
    Notify,
    Info,
}

/// An ACK that was sent, for when its 2xx comes again.
pub(super) struct Acked {
    /// Their tag.
    pub tag: String,
    pub target: Target,
    pub request: Request,
}

/// A client transaction of a leg.
pub(super) struct Client {
    pub leg: LegId,
    /// Their tag in the dialog; empty for the first INVITE.
    pub tag: String,
    pub purpose: Purpose,
    pub request: Request,
    pub target: Target,
    /// Where it goes if `target` cannot be reached: the connection of a telephone may be gone, its address not.
    pub fallback: Option<Target>,
    pub credentials: Option<Credentials>,
    /// Challenges answered so far.
    pub challenged: u8,
    /// ACKs to its 2xx responses.
    pub acks: Vec<Acked>,
}

/// What all legs share.
pub(super) struct Core {
    pub config: DialogsConfig,
    pub random: Random,
    pub clients: BTreeMap<u64, Client>,
    /// INVITEs that are over, and until when a 2xx may yet come.
    pub lingering: BTreeSet<(Instant, u64)>,
    /// INVITEs of theirs without a final answer: a CANCEL names them.
    pub servers: BTreeMap<ServerTx, LegId>,
    next: u64,
}

impl Core {
    pub(super) fn new(config: DialogsConfig, seed: u64) -> Core {
        Core {
            config,
            random: Random::new(seed),
            clients: BTreeMap::new(),
            lingering: BTreeSet::new(),
            servers: BTreeMap::new(),
            next: 0,
        }
    }
}

/// One input's work.
pub(super) struct Step<'a> {
    pub now: Instant,
    pub core: &'a mut Core,
    pub out: &'a mut Vec<DialogOutput>,
}

impl Step<'_> {
    pub(super) fn tell(&mut self, output: DialogOutput) {
        self.out.push(output);
    }

    /// Sends a request in a new transaction.
    pub(super) fn send(&mut self, client: Client) -> u64 {
        let number = self.core.next;
        self.core.next += 1;
        let (target, request) = (client.target.clone(), Box::new(client.request.clone()));
        self.tell(DialogOutput::Sip(SipOutput::Send { tx: client_tx(number), target, request }));
        self.core.clients.insert(number, client);
        number
    }

    pub(super) fn cancel(&mut self, number: u64, reason: Option<String>) {
        self.tell(DialogOutput::Sip(SipOutput::Cancel { tx: client_tx(number), reason }));
    }

    /// Answers a request.
    pub(super) fn respond(&mut self, tx: ServerTx, response: Response) {
        if !response.is_provisional() {
            self.core.servers.remove(&tx);
        }
        self.tell(DialogOutput::Sip(SipOutput::Respond { tx, response: Box::new(response) }));
    }

    /// Answers a request with nothing but a status.
    pub(super) fn refuse(&mut self, tx: ServerTx, request: &Request, status: u16) {
        self.respond(tx, Response::to(request, status, Some("none")));
    }

    pub(super) fn acknowledge(&mut self, target: Target, request: Request) {
        self.tell(DialogOutput::Sip(SipOutput::Ack { target, request: Box::new(request) }));
    }

    /// Keeps an INVITE in mind for 2xx responses that come late or again; its body is not needed for that.
    pub(super) fn linger(&mut self, number: u64) {
        if let Some(client) = self.core.clients.get_mut(&number) {
            client.request.body = Vec::new();
            self.core.lingering.insert((self.now + GIVE_UP, number));
        }
    }
}

fn client_tx(number: u64) -> ClientTx {
    ClientTx { owner: Owner::Dialogs, number }
}
