//! A pipe between two nodes, and just enough transactions (RFC 3261 section 17, RFC 6026) at both of its ends.

use std::collections::{BTreeMap, VecDeque};

use super::pairs::Chance;
use super::*;
use crate::sip::dialog::step::{GIVE_UP, T1, T2};
use crate::sip::port::Owner;

/// A transaction as both ends name it: who sent the request, and its number.
type Branch = (usize, u64);

#[derive(Clone)]
pub(super) enum Packet {
    Request(Branch, Request),
    Response(Branch, Response),
    /// CANCEL, and its 200.
    Cancel(Branch, Request),
    Cancelled(Branch),
    /// ACK of the transaction, and of the dialog.
    Ack(Branch),
    Confirm(Request),
    /// Timers, which are packets to oneself.
    Resend(Branch, Duration),
    ResendFinal(Branch, Duration),
    ResendCancel(Branch),
    TimeOut(Branch),
}

struct Client {
    request: Request,
    heard: bool,
    done: bool,
    /// CANCEL wanted, and answered.
    cancel: Option<bool>,
}

struct Server {
    tx: ServerTx,
    invite: bool,
    last: Option<Response>,
    acked: bool,
}

/// The pipe.
pub(super) struct Net {
    /// Chance of a loss, in percent.
    pub loss: u64,
    chance: Chance,
    packets: BTreeMap<(Instant, u64), (usize, Packet)>,
    clients: BTreeMap<Branch, Client>,
    servers: BTreeMap<Branch, Server>,
    branches: BTreeMap<(usize, ServerTx), Branch>,
    order: u64,
}

impl Net {
    pub(super) fn new(seed: u64) -> Net {
        Net {
            loss: 0,
            chance: Chance::new(seed + 77),
            packets: BTreeMap::new(),
            clients: BTreeMap::new(),
            servers: BTreeMap::new(),
            branches: BTreeMap::new(),
            order: 0,
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.packets.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn take(&mut self, now: Instant) -> Option<(usize, Packet)> {
        let first = self.packets.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }

    fn later(&mut self, at: Instant, side: usize, packet: Packet) {
        self.order += 1;
        self.packets.insert((at, self.order), (side, packet));
    }

    /// Sends to the other side, if chance lets it.
    fn send(&mut self, now: Instant, from: usize, packet: Packet) {
        if self.chance.below(100) >= self.loss {
            let delay = Duration::from_millis(1 + self.chance.below(300));
            self.later(now + delay, 1 - from, packet);
        }
    }

    /// What a node wants carried.
    pub(super) fn carry(&mut self, now: Instant, side: usize, output: SipOutput) {
        match output {
            SipOutput::Send { tx, request, .. } => {
                let branch = (side, tx.number);
                let client = Client { request: (*request).clone(), heard: false, done: false, cancel: None };
                assert!(self.clients.insert(branch, client).is_none(), "a transaction twice");
                self.send(now, side, Packet::Request(branch, *request));
                self.later(now + T1, side, Packet::Resend(branch, T1));
                self.later(now + GIVE_UP, side, Packet::TimeOut(branch));
            }
            SipOutput::Ack { request, .. } => self.send(now, side, Packet::Confirm(*request)),
            SipOutput::Cancel { tx, .. } => {
                let branch = (side, tx.number);
                let client = self.clients.get_mut(&branch).expect("of an INVITE of ours");
                client.cancel = Some(false);
                if client.heard {
                    self.later(now, side, Packet::ResendCancel(branch));
                }
            }
            SipOutput::Respond { tx, response } => {
                let branch = self.branches[&(side, tx)];
                let server = self.servers.get_mut(&branch).expect("of a request");
                server.last = Some((*response).clone());
                if server.invite && response.status >= 300 {
                    self.later(now + T1, side, Packet::ResendFinal(branch, T1));
                }
                self.send(now, side, Packet::Response(branch, *response));
            }
        }
    }

    /// What a packet tells the node that it comes to.
    pub(super) fn arrive(&mut self, now: Instant, side: usize, packet: Packet) -> VecDeque<SipInput> {
        let mut told = VecDeque::new();
        match packet {
            Packet::Request(branch, request) => told.extend(self.request(now, side, branch, request)),
            Packet::Response(branch, response) => told.extend(self.response(now, side, branch, response)),
            Packet::Confirm(request) => told.push_back(SipInput::Ack { request }),
            Packet::Ack(branch) => {
                if let Some(server) = self.servers.get_mut(&branch) {
                    server.acked = true;
                }
            }
            Packet::Cancel(branch, request) => {
                if let Some(server) = self.servers.get(&branch) {
                    let open = server.last.as_ref().is_none_or(Response::is_provisional);
                    told.extend(open.then_some(SipInput::Cancelled { tx: server.tx, request }));
                    self.send(now, side, Packet::Cancelled(branch));
                }
            }
            Packet::Cancelled(branch) => {
                if let Some(client) = self.clients.get_mut(&branch) {
                    client.cancel = Some(true);
                }
            }
            timer => told.extend(self.timer(now, side, timer)),
        }
        told
    }

    fn request(&mut self, now: Instant, side: usize, branch: Branch, request: Request) -> Option<SipInput> {
        if let Some(server) = self.servers.get(&branch) {
            if let Some(last) = server.last.clone() {
                self.send(now, side, Packet::Response(branch, last));
            }
            return None;
        }
        let tx = ServerTx(self.servers.len() as u64);
        let invite = request.method == Method::Invite;
        self.servers.insert(branch, Server { tx, invite, last: None, acked: false });
        self.branches.insert((side, tx), branch);
        Some(SipInput::Request { tx, from: hop(), request })
    }

    fn response(
        &mut self,
        now: Instant,
        side: usize,
        branch: Branch,
        response: Response,
    ) -> Option<SipInput> {
        let client = self.clients.get_mut(&branch)?;
        let invite = client.request.method == Method::Invite;
        let done = client.done;
        if !client.heard && client.cancel == Some(false) {
            self.later(now, side, Packet::ResendCancel(branch));
        }
        let client = self.clients.get_mut(&branch)?;
        client.heard = true;
        client.done |= response.status >= 200;
        if invite && response.status >= 300 {
            self.send(now, side, Packet::Ack(branch));
        }
        let again = invite && response.is_success();
        let tx = ClientTx { owner: Owner::Dialogs, number: branch.1 };
        (!done || again).then_some(SipInput::Response { tx, response })
    }

    fn timer(&mut self, now: Instant, side: usize, timer: Packet) -> Option<SipInput> {
        match timer {
            Packet::Resend(branch, interval) => {
                let client = &self.clients[&branch];
                let invite = client.request.method == Method::Invite;
                if !(client.done || invite && client.heard) {
                    let request = client.request.clone();
                    let interval = if invite { 2 * interval } else { (2 * interval).min(T2) };
                    self.send(now, side, Packet::Request(branch, request));
                    self.later(now + interval, side, Packet::Resend(branch, interval));
                }
            }
            Packet::ResendFinal(branch, interval) => {
                let server = &self.servers[&branch];
                if let Some(last) = server.last.clone().filter(|_| !server.acked)
                    && interval <= 64 * T2
                {
                    self.send(now, side, Packet::Response(branch, last));
                    self.later(now + interval, side, Packet::ResendFinal(branch, 2 * interval));
                }
            }
            Packet::ResendCancel(branch) => {
                let client = &self.clients[&branch];
                if client.cancel == Some(false) && !client.done {
                    let request = client.request.clone();
                    self.send(now, side, Packet::Cancel(branch, request));
                    self.later(now + T1, side, Packet::ResendCancel(branch));
                }
            }
            Packet::TimeOut(branch) => {
                let client = self.clients.get_mut(&branch)?;
                let invite = client.request.method == Method::Invite;
                if !(client.done || invite && client.heard) {
                    client.done = true;
                    let tx = ClientTx { owner: Owner::Dialogs, number: branch.1 };
                    return Some(SipInput::Failed { tx, failure: Failure::Timeout });
                }
            }
            _ => {}
        }
        None
    }
}
