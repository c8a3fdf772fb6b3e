//! Requests of ours.

use std::time::Instant;

use bytes::Bytes;

use super::{
    LIFE, Layer, MAX_UDP_ONLY, Output, Place, RINGING, Slot, T1, T2, T4, Timer, Transmit, fail, is_invite,
    longer,
};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::{ClientTx, Failure, Hop, Protocol, SipInput};
use crate::sip::transport::codec::{cseq_method, our_via, write_request};
use crate::sip::transport::via::Via;

/// Longest request that goes by UDP (RFC 3261 section 18.1.1): what fits into a packet of Ethernet with room for tunnels.
const MAX_DATAGRAM: usize = 1_300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has come ("calling", "trying").
    Sent,
    /// A provisional response has come.
    Proceeding,
    /// A 2xx to an INVITE has come; others may follow.
    Accepted,
    /// Any other final response has come.
    Completed,
}

/// A client transaction.
#[derive(Debug)]
pub(super) struct Client {
    /// `None` for a CANCEL, of which nobody wants to hear.
    tx: Option<ClientTx>,
    request: Box<Request>,
    branch: String,
    place: Place,
    bytes: Bytes,
    state: State,
    timer: Timer,
    /// A CANCEL that is held back, with its reason.
    held: Option<Option<String>>,
    /// The ACK to a final response other than 2xx.
    ack: Option<Bytes>,
    /// Goes by TCP only because it is long; the datagram is the way out.
    long: bool,
}

impl Client {
    fn is_stream(&self) -> bool {
        self.place.hop.protocol != Protocol::Udp
    }

    fn transmit(&self, number: u64, bytes: Bytes) -> Output {
        let of = Some(number);
        Output::Transmit(Transmit { place: self.place.clone(), otherwise: None, bytes, of, hurry: self.long })
    }
}

impl Layer {
    /// The place of a request is known.
    pub(super) fn located(&mut self, now: Instant, number: u64, place: Option<Place>, out: &mut Vec<Output>) {
        let Some(waiting) = self.waiting.remove(&number) else { return };
        let Some(place) = place else {
            if let Some(tx) = waiting.tx {
                self.by_tx.remove(&tx);
            }
            return fail(waiting.tx, Failure::Unreachable, out);
        };
        let branch = self.branch(number);
        if waiting.tx.is_none() {
            let us = (self.facing)(place.hop);
            let bytes = write_request(&waiting.request, &our_via(us, &branch), us);
            let transmit = Transmit { place, otherwise: None, bytes, of: None, hurry: false };
            return out.push(Output::Transmit(transmit));
        }
        self.begin(now, number, waiting.tx, waiting.request, branch, place, out);
        if let (Some(reason), Some(client)) = (waiting.cancel, self.clients.get_mut(&number)) {
            client.held = Some(reason);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a transaction, once")]
    fn begin(
        &mut self,
        now: Instant,
        number: u64,
        tx: Option<ClientTx>,
        request: Box<Request>,
        branch: String,
        mut place: Place,
        out: &mut Vec<Output>,
    ) {
        let us = (self.facing)(place.hop);
        let mut bytes = write_request(&request, &our_via(us, &branch), us);
        let long = place.hop.protocol == Protocol::Udp
            && bytes.len() > MAX_DATAGRAM
            && !self.is_udp_only(now, place.hop.address);
        if long {
            place.hop.protocol = Protocol::Tcp;
            let us = (self.facing)(place.hop);
            bytes = write_request(&request, &our_via(us, &branch), us);
        }
        let timer = first_timer(now, place.hop);
        self.by_branch.insert((branch.clone(), request.method == Method::Cancel), number);
        let client = Client {
            tx,
            request,
            branch,
            place,
            bytes: bytes.clone(),
            state: State::Sent,
            timer,
            held: None,
            ack: None,
            long,
        };
        out.push(client.transmit(number, bytes));
        self.timers.insert((timer.next(), Slot::Client(number)));
        self.clients.insert(number, client);
    }

    pub(super) fn cancel(
        &mut self,
        now: Instant,
        tx: ClientTx,
        reason: Option<String>,
        out: &mut Vec<Output>,
    ) {
        let Some(&number) = self.by_tx.get(&tx) else { return };
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.cancel = Some(reason);
        } else if let Some(client) = self.clients.get_mut(&number) {
            match client.state {
                State::Sent => client.held = Some(reason),
                State::Proceeding => self.send_cancel(now, number, reason, out),
                State::Accepted | State::Completed => {}
            }
        }
    }

    /// Sends the CANCEL; the INVITE is given up if nothing comes of it (RFC 3261 section 9.1).
    fn send_cancel(&mut self, now: Instant, number: u64, reason: Option<String>, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get(&number).filter(|client| is_invite(&client.request.method))
        else {
            return;
        };
        if self.by_branch.contains_key(&(client.branch.clone(), true)) {
            return;
        }
        let mut cancel = Box::new(beside(&client.request, Method::Cancel));
        if let Some(reason) = reason {
            cancel.headers.push("Reason", &reason);
        }
        let (branch, place) = (client.branch.clone(), client.place.clone());
        self.rearm(number, Timer { repeat: None, ends: now + LIFE });
        let own = self.number();
        self.begin(now, own, None, cancel, branch, place, out);
    }

    /// A response came.
    pub(super) fn response(&mut self, now: Instant, response: Response, via: Via, out: &mut Vec<Output>) {
        let Some(method) = cseq_method(&response.headers).map(Method::from) else { return };
        let Some(&number) = self.by_branch.get(&(via.branch, method == Method::Cancel)) else { return };
        let Some(client) = self.clients.get(&number).filter(|client| client.request.method == method) else {
            return;
        };
        if is_invite(&method) {
            self.invite_response(now, number, response, out);
        } else if matches!(client.state, State::Sent | State::Proceeding) {
            self.other_response(now, number, response, out);
        }
    }

    fn invite_response(&mut self, now: Instant, number: u64, response: Response, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        match client.state {
            State::Sent | State::Proceeding if response.is_provisional() => {
                client.state = State::Proceeding;
                let held = client.held.take();
                let is_cancelled = self.by_branch.contains_key(&(client.branch.clone(), true));
                if !is_cancelled {
                    self.rearm(number, Timer { repeat: None, ends: now + RINGING });
                }
                if let Some(reason) = held {
                    self.send_cancel(now, number, reason, out);
                }
                self.tell(number, response, out);
            }
            State::Sent | State::Proceeding if response.is_success() => {
                client.state = State::Accepted;
                self.rearm(number, Timer { repeat: None, ends: now + LIFE });
                self.tell(number, response, out);
            }
            State::Sent | State::Proceeding => {
                client.state = State::Completed;
                let stays = if client.is_stream() { now } else { now + LIFE };
                self.acknowledge(number, &response, out);
                self.rearm(number, Timer { repeat: None, ends: stays });
                self.tell(number, response, out);
            }
            State::Accepted if response.is_success() => self.tell(number, response, out),
            State::Completed if response.status >= 300 => {
                out.extend(client.ack.clone().map(|ack| client.transmit(number, ack)));
            }
            State::Accepted | State::Completed => {}
        }
    }

    /// ACK to a final response other than 2xx: part of the transaction (RFC 3261 section 17.1.1.3).
    fn acknowledge(&mut self, number: u64, response: &Response, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let mut ack = beside(&client.request, Method::Ack);
        if let Some(to) = response.headers.get("To") {
            ack.headers.set("To", to);
        }
        let us = (self.facing)(client.place.hop);
        let bytes = write_request(&ack, &our_via(us, &client.branch), us);
        client.ack = Some(bytes.clone());
        out.push(client.transmit(number, bytes));
    }

    fn other_response(&mut self, now: Instant, number: u64, response: Response, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        let mut timer = client.timer;
        if response.is_provisional() {
            client.state = State::Proceeding;
            timer.repeat = timer.repeat.map(|(at, _)| (at, T2));
        } else {
            client.state = State::Completed;
            timer = Timer { repeat: None, ends: if client.is_stream() { now } else { now + T4 } };
        }
        self.rearm(number, timer);
        self.tell(number, response, out);
    }

    fn tell(&self, number: u64, response: Response, out: &mut Vec<Output>) {
        if let Some(tx) = self.clients.get(&number).and_then(|client| client.tx) {
            out.push(Output::Tell(SipInput::Response { tx, response }));
        }
    }

    fn rearm(&mut self, number: u64, timer: Timer) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        self.timers.remove(&(client.timer.next(), Slot::Client(number)));
        client.timer = timer;
        self.timers.insert((timer.next(), Slot::Client(number)));
    }

    /// A timer has run out: repeat, or end.
    pub(super) fn client_timer(&mut self, now: Instant, number: u64, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(&number) else { return };
        if client.timer.ends <= now {
            let unanswered = matches!(client.state, State::Sent | State::Proceeding);
            let tx = client.tx.filter(|_| unanswered);
            self.forget(number);
            return fail(tx, Failure::Timeout, out);
        }
        if let Some((_, pause)) = client.timer.repeat {
            // An INVITE is repeated at ever longer pauses, another request at most every T2 (timers A and E).
            let next = if is_invite(&client.request.method) { pause * 2 } else { longer(pause) };
            client.timer.repeat = Some((now + next, next));
            out.push(client.transmit(number, client.bytes.clone()));
        }
        self.timers.insert((client.timer.next(), Slot::Client(number)));
    }

    /// A request could not be sent: the other way, or none.
    pub(super) fn unsent(&mut self, now: Instant, number: u64, protocol: Protocol, out: &mut Vec<Output>) {
        let waits =
            |client: &&mut Client| client.state == State::Sent && client.place.hop.protocol == protocol;
        let Some(client) = self.clients.get_mut(&number).filter(waits) else { return };
        if !client.long {
            let tx = client.tx;
            self.forget(number);
            return fail(tx, Failure::Unreachable, out);
        }
        client.long = false;
        client.place.hop.protocol = Protocol::Udp;
        let us = (self.facing)(client.place.hop);
        client.bytes = write_request(&client.request, &our_via(us, &client.branch), us);
        let hop = client.place.hop;
        out.push(client.transmit(number, client.bytes.clone()));
        self.rearm(number, first_timer(now, hop));
        if self.udp_only.len() < MAX_UDP_ONLY {
            self.udp_only.insert(hop.address, now);
        }
    }

    /// A connection has closed: requests that nothing has come to will get nothing.
    pub(super) fn lost(&mut self, now: Instant, hop: Hop, out: &mut Vec<Output>) {
        let waits = |client: &Client| client.place.hop == hop && client.state == State::Sent;
        let lost = self.clients.iter().filter(|(_, client)| waits(client)).map(|(number, _)| *number);
        let mut lost = lost.collect::<Vec<_>>();
        lost.sort_unstable();
        for number in lost {
            self.unsent(now, number, hop.protocol, out);
        }
    }

    fn forget(&mut self, number: u64) {
        let Some(client) = self.clients.remove(&number) else { return };
        self.timers.remove(&(client.timer.next(), Slot::Client(number)));
        self.by_branch.remove(&(client.branch, client.request.method == Method::Cancel));
        if let Some(tx) = client.tx {
            self.by_tx.remove(&tx);
        }
    }
}

/// Timers of a request that has just been sent: repeated over UDP only.
fn first_timer(now: Instant, hop: Hop) -> Timer {
    let repeat = (hop.protocol == Protocol::Udp).then_some((now + T1, T1));
    Timer { repeat, ends: now + LIFE }
}

/// A request that goes with an INVITE: ACK or CANCEL, with what must be the same.
fn beside(invite: &Request, method: Method) -> Request {
    let mut request = Request::new(method, invite.uri.clone());
    for name in ["Route", "Max-Forwards", "From", "To", "Call-ID"] {
        for value in invite.headers.all(name) {
            request.headers.push(name, value);
        }
    }
    let number = invite.headers.cseq().unwrap_or_default();
    let cseq = format!("{number} {}", request.method);
    request.headers.push("CSeq", &cseq);
    request
}
