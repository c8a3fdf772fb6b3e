//! Requests of others.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use super::{
    LIFE, Layer, MAX_PENDING, MAX_TRANSACTIONS, Output, Place, RINGING, Slot, T1, T4, Timer, Transmit,
    is_invite, longer,
};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::{Hop, Protocol, ServerTx, SipInput};
use crate::sip::transport::codec::write_response;
use crate::sip::transport::via::{Via, stamped};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No final response yet.
    Proceeding,
    /// An INVITE got its 2xx; the dialogs repeat it.
    Accepted,
    /// Any other final response was sent.
    Completed,
    /// The ACK to it has come.
    Confirmed,
}

/// What makes requests one transaction (RFC 3261 section 17.2.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ServerKey {
    branch: String,
    sent_by: String,
    method: Method,
}

impl ServerKey {
    /// The key of a request; ACK and CANCEL have that of their INVITE.
    fn new(via: &Via, request: &Request) -> ServerKey {
        let method = match request.method {
            Method::Ack | Method::Cancel => Method::Invite,
            ref method => method.clone(),
        };
        let branch = if via.is_unique() { via.branch.clone() } else { old_branch(via, request) };
        ServerKey { branch, sent_by: via.sent_by.clone(), method }
    }
}

/// A name for the transaction of who does not make unique branches.
fn old_branch(via: &Via, request: &Request) -> String {
    let tag = request.address("From").ok().and_then(|from| from.tag().map(str::to_owned)).unwrap_or_default();
    let call_id = request.headers.get("Call-ID").unwrap_or_default();
    let cseq = request.headers.cseq().unwrap_or_default();
    format!("{} {call_id} {tag} {cseq}", via.branch)
}

/// A server transaction.
#[derive(Debug)]
pub(super) struct Server {
    key: ServerKey,
    hop: Hop,
    otherwise: Option<SocketAddr>,
    vias: Vec<String>,
    state: State,
    last: Option<Bytes>,
    /// Tag of our responses, for the response to a CANCEL.
    tag: Option<String>,
    cancelled: bool,
    timer: Timer,
}

impl Server {
    fn transmit(&self, bytes: Bytes) -> Output {
        let place = Place { hop: self.hop, name: None };
        Output::Transmit(Transmit { place, otherwise: self.otherwise, bytes, of: None, hurry: false })
    }
}

impl Layer {
    /// A request came.
    pub(super) fn request(
        &mut self,
        now: Instant,
        from: Hop,
        request: Request,
        via: Via,
        out: &mut Vec<Output>,
    ) {
        let key = ServerKey::new(&via, &request);
        let known = self.by_key.get(&key).copied();
        match request.method {
            Method::Ack => self.acknowledged(now, known, request, out),
            Method::Cancel => self.cancelled(known, from, request, &via, out),
            _ => match known.and_then(|tx| self.servers.get(&tx)) {
                // A 2xx is repeated by the dialogs, at their pace.
                Some(server) if server.state == State::Accepted => {}
                Some(server) => out.extend(server.last.clone().map(|last| server.transmit(last))),
                None => self.admit(now, key, from, request, &via, out),
            },
        }
    }

    fn admit(
        &mut self,
        now: Instant,
        key: ServerKey,
        from: Hop,
        mut request: Request,
        via: &Via,
        out: &mut Vec<Output>,
    ) {
        let vias = stamped(&request.headers, from);
        if self.pending >= MAX_PENDING || self.servers.len() >= MAX_TRANSACTIONS {
            let mut busy = Response::to(&request, 503, Some("full"));
            busy.headers.push("Retry-After", "5");
            out.push(Output::Overload);
            return out.push(self.stateless(&busy, &vias, from, via));
        }
        request.headers.remove("Via");
        for via in &vias {
            request.headers.push("Via", via);
        }
        let tx = ServerTx(self.number());
        let (hop, otherwise) = via.back_to(from);
        let ends = now + if is_invite(&request.method) { RINGING } else { LIFE };
        let timer = Timer { repeat: None, ends };
        self.timers.insert((timer.next(), Slot::Server(tx)));
        self.by_key.insert(key.clone(), tx);
        let state = State::Proceeding;
        let server =
            Server { key, hop, otherwise, vias, state, last: None, tag: None, cancelled: false, timer };
        self.servers.insert(tx, server);
        self.pending += 1;
        out.push(Output::Tell(SipInput::Request { tx, from, request }));
    }

    fn stateless(&self, response: &Response, vias: &[String], from: Hop, via: &Via) -> Output {
        let (hop, otherwise) = via.back_to(from);
        let bytes = write_response(response, vias, (self.facing)(hop));
        let place = Place { hop, name: None };
        Output::Transmit(Transmit { place, otherwise, bytes, of: None, hurry: false })
    }

    fn acknowledged(
        &mut self,
        now: Instant,
        known: Option<ServerTx>,
        request: Request,
        out: &mut Vec<Output>,
    ) {
        let server = known.and_then(|tx| Some((tx, self.servers.get_mut(&tx)?)));
        match server {
            Some((tx, server)) if server.state == State::Completed => {
                server.state = State::Confirmed;
                let stays = if server.hop.protocol == Protocol::Udp { now + T4 } else { now };
                self.rearm_server(tx, Timer { repeat: None, ends: stays });
            }
            Some((_, server)) if server.state == State::Confirmed => {}
            // Some repeat the branch of the INVITE in the ACK to a 2xx.
            Some(_) | None => out.push(Output::Tell(SipInput::Ack { request })),
        }
    }

    fn cancelled(
        &mut self,
        known: Option<ServerTx>,
        from: Hop,
        request: Request,
        via: &Via,
        out: &mut Vec<Output>,
    ) {
        let vias = stamped(&request.headers, from);
        let Some((tx, server)) = known.and_then(|tx| Some((tx, self.servers.get_mut(&tx)?))) else {
            let gone = Response::to(&request, 481, Some("gone"));
            return out.push(self.stateless(&gone, &vias, from, via));
        };
        let first = server.state == State::Proceeding && !server.cancelled;
        server.cancelled = true;
        let done = Response::to(&request, 200, Some(server.tag.as_deref().unwrap_or("cancelled")));
        out.push(self.stateless(&done, &vias, from, via));
        if first {
            out.push(Output::Tell(SipInput::Cancelled { tx, request }));
        }
    }

    /// Sends an answer of the cores.
    pub(super) fn respond(&mut self, now: Instant, tx: ServerTx, response: &Response, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get_mut(&tx) else { return };
        let again = server.state == State::Accepted && response.is_success();
        if server.state != State::Proceeding && !again {
            return;
        }
        let bytes = write_response(response, &server.vias, (self.facing)(server.hop));
        if let Ok(to) = response.headers.address("To") {
            server.tag = to.tag().map(str::to_owned).or(server.tag.take());
        }
        server.last = Some(bytes.clone());
        out.push(server.transmit(bytes));
        if again || response.is_provisional() {
            return;
        }
        self.pending -= 1;
        let (is_udp, is_invite) = (server.hop.protocol == Protocol::Udp, is_invite(&server.key.method));
        let timer = match (is_invite, response.is_success()) {
            (true, true) => {
                server.state = State::Accepted;
                // One more pause than a 2xx is repeated for.
                Timer { repeat: None, ends: now + LIFE + T4 }
            }
            (true, false) => {
                server.state = State::Completed;
                Timer { repeat: is_udp.then_some((now + T1, T1)), ends: now + LIFE }
            }
            (false, _) => {
                server.state = State::Completed;
                Timer { repeat: None, ends: if is_udp { now + LIFE } else { now } }
            }
        };
        if server.state != State::Accepted {
            server.vias = Vec::new();
        }
        self.rearm_server(tx, timer);
    }

    fn rearm_server(&mut self, tx: ServerTx, timer: Timer) {
        let Some(server) = self.servers.get_mut(&tx) else { return };
        self.timers.remove(&(server.timer.next(), Slot::Server(tx)));
        server.timer = timer;
        self.timers.insert((timer.next(), Slot::Server(tx)));
    }

    /// A timer has run out: repeat, or end.
    pub(super) fn server_timer(&mut self, now: Instant, tx: ServerTx, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get_mut(&tx) else { return };
        if server.timer.ends <= now {
            if server.state == State::Proceeding {
                self.pending -= 1;
                tracing::warn!(method = %server.key.method, "a request was never answered");
            }
            if let Some(server) = self.servers.remove(&tx) {
                self.by_key.remove(&server.key);
            }
            return;
        }
        if let Some((_, pause)) = server.timer.repeat {
            let next = longer(pause);
            server.timer.repeat = Some((now + next, next));
            out.extend(server.last.clone().map(|last| server.transmit(last)));
        }
        self.timers.insert((server.timer.next(), Slot::Server(tx)));
    }
}
