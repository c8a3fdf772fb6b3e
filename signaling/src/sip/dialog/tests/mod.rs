//! Scripted peers: what a telephone sends, and what it gets.

mod called;
mod calling;
mod changes;
mod crossing;
mod hostile;
mod pairs;
mod pipe;
mod refers;
mod reliably;
mod timers;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::*;
use crate::sip::message::{Method, NameAddr, Request, Response, Uri};
use crate::sip::port::{ClientTx, Failure, Hop, Protocol, ServerTx, SipInput, SipOutput, Target};

/// The leg of most tests.
const LEG: LegId = LegId(1);
const OFFER: &str = "v=0 offer";
const ANSWER: &str = "v=0 answer";
const THEIRS: (&str, &str) = ("Contact", "<sip:them@192.0.2.9:5062>");

fn hop() -> Hop {
    Hop { protocol: Protocol::Udp, address: "192.0.2.9:5060".parse().unwrap() }
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

#[expect(clippy::disallowed_methods, reason = "any instant will do; only differences count")]
fn start() -> Instant {
    Instant::now()
}

/// Dialogs, their time, and what they did that no test has looked at yet.
struct Bench {
    dialogs: Dialogs,
    now: Instant,
    out: VecDeque<DialogOutput>,
    next: u64,
}

impl Bench {
    fn new() -> Bench {
        let dialogs = Dialogs::new(DialogsConfig::default(), 7);
        Bench { dialogs, now: start(), out: VecDeque::new(), next: 0 }
    }

    fn put(&mut self, input: DialogInput) {
        let mut out = Vec::new();
        self.dialogs.handle(self.now, input, &mut out);
        self.out.extend(out);
    }

    /// Lets time pass, with every deadline in it.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.dialogs.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.put(DialogInput::Tick);
            let next = self.dialogs.deadline();
            assert!(next.is_none_or(|next| next > self.now), "a deadline that no tick moves");
        }
        self.now = end;
    }

    fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    #[track_caller]
    fn next(&mut self) -> DialogOutput {
        self.out.pop_front().expect("something happens")
    }

    #[track_caller]
    fn nothing(&self) {
        assert!(self.out.is_empty(), "{:?}", self.out);
    }

    /// The next output is a request of ours.
    #[track_caller]
    fn sent(&mut self, method: &str) -> (ClientTx, Request) {
        match self.next() {
            DialogOutput::Sip(SipOutput::Send { tx, request, .. }) if request.method.as_str() == method => {
                (tx, *request)
            }
            other => panic!("not a {method}: {other:?}"),
        }
    }

    #[track_caller]
    fn acked(&mut self) -> Request {
        match self.next() {
            DialogOutput::Sip(SipOutput::Ack { request, .. }) => *request,
            other => panic!("not an ACK: {other:?}"),
        }
    }

    /// The next output answers this transaction.
    #[track_caller]
    fn answered(&mut self, tx: ServerTx, status: u16) -> Response {
        match self.next() {
            DialogOutput::Sip(SipOutput::Respond { tx: to, response }) if to == tx => {
                assert_eq!(response.status, status);
                *response
            }
            other => panic!("not an answer to {tx:?}: {other:?}"),
        }
    }

    #[track_caller]
    fn over(&mut self, ending: Ending) {
        match self.next() {
            DialogOutput::Ended { leg, ending: why } => assert_eq!((leg, why), (LEG, ending)),
            other => panic!("not the end: {other:?}"),
        }
        self.nothing();
        assert!(self.dialogs.is_empty());
    }

    /// Their `From` tells a name that we did not dial.
    #[track_caller]
    fn named(&mut self) {
        let named =
            matches!(self.next(), DialogOutput::Identity { identity, .. } if identity.display.is_some());
        assert!(named);
    }

    fn order(&mut self, input: DialogInput) {
        self.put(input);
    }

    fn receive(&mut self, request: Request) -> ServerTx {
        let tx = self.fresh();
        self.put(DialogInput::Sip(SipInput::Request { tx, from: hop(), request }));
        tx
    }

    fn fresh(&mut self) -> ServerTx {
        self.next += 1;
        ServerTx(self.next)
    }

    /// A response to a request of ours: status, their tag, headers and a description.
    fn reply(
        &mut self,
        sent: &(ClientTx, Request),
        status: u16,
        tag: &str,
        more: &[(&str, &str)],
        sdp: &str,
    ) {
        let tag = Some(tag).filter(|tag| !tag.is_empty());
        let mut response = Response::to(&sent.1, status, tag);
        response.headers.push(THEIRS.0, THEIRS.1);
        fill(&mut response.headers, &mut response.body, more, sdp);
        self.put(DialogInput::Sip(SipInput::Response { tx: sent.0, response }));
    }

    fn fail(&mut self, sent: &(ClientTx, Request), failure: Failure) {
        self.put(DialogInput::Sip(SipInput::Failed { tx: sent.0, failure }));
    }

    fn dial(&mut self) -> (ClientTx, Request) {
        self.dial_with(None)
    }

    fn dial_with(&mut self, credentials: Option<Credentials>) -> (ClientTx, Request) {
        let dial = Dial {
            uri: uri("sip:1001@pbx.example"),
            target: Target::Uri(uri("sip:pbx.example")),
            route: Vec::new(),
            from: "\"王\" <sip:2001@switchboard.example>".parse().unwrap(),
            contact_user: Some("2001".into()),
            headers: vec![("Alert-Info".into(), "internal".into())],
            offer: OFFER.into(),
            credentials,
            patience: Duration::from_secs(4),
        };
        self.put(DialogInput::Dial { leg: LEG, dial: Box::new(dial) });
        self.sent("INVITE")
    }

    /// A call of ours that is up, and who is at its other end.
    fn dialled(&mut self, more: &[(&str, &str)]) -> Peer {
        let invite = self.dial();
        self.reply(&invite, 200, "them", more, ANSWER);
        assert_eq!(self.acked().headers.cseq(), invite.1.headers.cseq());
        match self.next() {
            DialogOutput::Answered { leg: LEG, sdp } => assert_eq!(sdp.as_deref(), Some(ANSWER)),
            other => panic!("{other:?}"),
        }
        self.nothing();
        Peer::called_by(&invite.1, "them")
    }

    /// An INVITE of theirs, with 100 and the report of it looked at.
    #[track_caller]
    fn invited(&mut self, more: &[(&str, &str)], sdp: &str) -> (ServerTx, Peer) {
        let mut peer = Peer::caller();
        let tx = self.admit(LEG, peer.request("INVITE", more, sdp));
        self.answered(tx, 100);
        match self.next() {
            DialogOutput::Incoming { leg: LEG, incoming } => {
                assert_eq!(incoming.offer.is_some(), !sdp.is_empty());
            }
            other => panic!("{other:?}"),
        }
        self.nothing();
        (tx, peer)
    }

    fn admit(&mut self, leg: LegId, request: Request) -> ServerTx {
        let tx = self.fresh();
        self.put(DialogInput::Admit { leg, tx, from: hop(), request });
        tx
    }

    fn accept(&mut self) {
        self.order(DialogInput::Accept { leg: LEG, sdp: ANSWER.into(), identity: None });
    }

    /// A call of theirs that is up.
    #[track_caller]
    fn taken(&mut self, more: &[(&str, &str)]) -> Peer {
        let (tx, mut peer) = self.invited(more, OFFER);
        self.accept();
        let response = self.answered(tx, 200);
        peer.learn(&response);
        self.ack(&mut peer, "");
        self.nothing();
        peer
    }

    /// Their ACK to the INVITE that they sent last.
    fn ack(&mut self, peer: &mut Peer, sdp: &str) {
        let mut request = peer.request("ACK", &[], sdp);
        peer.seq -= 1;
        request.headers.set("CSeq", &format!("{} ACK", peer.invite));
        self.put(DialogInput::Sip(SipInput::Ack { request }));
    }

    fn hang_up(&mut self) {
        self.order(DialogInput::HangUp { leg: LEG, reason: None });
    }
}

fn fill(headers: &mut crate::sip::message::Headers, body: &mut Vec<u8>, more: &[(&str, &str)], sdp: &str) {
    more.iter().for_each(|(name, value)| headers.push(name, value));
    if !sdp.is_empty() {
        if headers.get("Content-Type").is_none() {
            headers.push("Content-Type", "application/sdp");
        }
        *body = sdp.as_bytes().to_vec();
    }
}

/// The other end of a dialog.
#[derive(Clone)]
struct Peer {
    call_id: String,
    tag: String,
    our_tag: String,
    seq: u32,
    /// Sequence number of its last INVITE.
    invite: u32,
}

impl Peer {
    fn caller() -> Peer {
        Peer { call_id: "call-1".into(), tag: "them".into(), our_tag: String::new(), seq: 0, invite: 0 }
    }

    fn called_by(invite: &Request, tag: &str) -> Peer {
        let our_tag = invite.address("From").unwrap().tag().unwrap().to_owned();
        let call_id = invite.headers.get("Call-ID").unwrap().to_owned();
        Peer { call_id, tag: tag.into(), our_tag, seq: 0, invite: 0 }
    }

    fn learn(&mut self, response: &Response) {
        self.our_tag = response.headers.address("To").unwrap().tag().unwrap().to_owned();
    }

    fn request(&mut self, method: &str, more: &[(&str, &str)], body: &str) -> Request {
        self.seq += 1;
        let mut request = Request::new(Method::from(method), uri("sip:2001@127.0.0.1"));
        if method == "INVITE" {
            self.invite = self.seq;
        }
        let to = if self.our_tag.is_empty() { String::new() } else { format!(";tag={}", self.our_tag) };
        let headers = &mut request.headers;
        headers.push("From", &format!("\"Them\" <sip:1001@pbx.example>;tag={}", self.tag));
        headers.push("To", &format!("<sip:2001@switchboard.example>{to}"));
        headers.push("Call-ID", &self.call_id);
        headers.push("CSeq", &format!("{} {method}", self.seq));
        if !more.iter().any(|(name, _)| *name == "Contact") {
            headers.push(THEIRS.0, THEIRS.1);
        }
        fill(headers, &mut request.body, more, body);
        request
    }
}

fn text(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap()
}

fn address(text: &str) -> NameAddr {
    text.parse().unwrap()
}
