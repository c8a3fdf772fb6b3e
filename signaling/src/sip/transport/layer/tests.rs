use super::*;
use crate::sip::message::{Headers, Response};
use crate::sip::port::Owner;
use crate::sip::transport::codec;

/// A layer in virtual time, and what it has said.
struct Bench {
    layer: Layer,
    now: Instant,
    sent: Vec<(Place, String, Option<u64>)>,
    told: Vec<SipInput>,
    overload: usize,
}

const PEER: &str = "192.0.2.7:5060";

fn tx(number: u64) -> ClientTx {
    ClientTx { owner: Owner::Dialogs, number }
}

fn hop(protocol: Protocol) -> Hop {
    Hop { protocol, address: PEER.parse().unwrap() }
}

impl Bench {
    fn new() -> Bench {
        let own = |hop: Hop| Hop { address: "198.51.100.1:5060".parse().unwrap(), ..hop };
        #[expect(clippy::disallowed_methods, reason = "the beginning of virtual time")]
        let now = Instant::now();
        let layer = Layer::new([7; 32], Box::new(own));
        Bench { layer, now, sent: Vec::new(), told: Vec::new(), overload: 0 }
    }

    fn step(&mut self, input: Input) {
        let mut out = Vec::new();
        self.layer.handle(self.now, input, &mut out);
        while !out.is_empty() {
            for output in std::mem::take(&mut out) {
                match output {
                    Output::Locate(number, Target::Hop(hop)) => {
                        let place = Some(Place { hop, name: None });
                        self.layer.handle(self.now, Input::Located(number, place), &mut out);
                    }
                    Output::Locate(number, Target::Uri(_)) => {
                        self.layer.handle(self.now, Input::Located(number, None), &mut out);
                    }
                    Output::Transmit(transmit) => {
                        let text = String::from_utf8(transmit.bytes.to_vec()).unwrap();
                        self.sent.push((transmit.place, text, transmit.of));
                    }
                    Output::Tell(input) => self.told.push(input),
                    Output::Overload => self.overload += 1,
                }
            }
        }
    }

    /// Lets time pass, timer by timer.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.layer.deadline().filter(|due| *due <= end) {
            self.now = due;
            self.step(Input::Tick);
        }
        self.now = end;
    }

    fn send(&mut self, number: u64, method: &str, protocol: Protocol) {
        let request = Box::new(request(method));
        let target = Target::Hop(hop(protocol));
        self.step(Input::Do(SipOutput::Send { tx: tx(number), target, request }));
    }

    /// The peer answers what we have sent as number `at`.
    fn answer(&mut self, at: usize, status: u16) {
        let Ok(codec::Message::Request(request, via)) = codec::read(self.sent[at].1.as_bytes()) else {
            panic!("not a request")
        };
        let response = Response::to(&request, status, Some("peer"));
        self.step(Input::Received(hop(Protocol::Udp), Message::Response(response, via)));
    }

    fn receive(&mut self, protocol: Protocol, method: &str, branch: &str) {
        let text = request_text(method, branch);
        let message = codec::read(text.as_bytes()).unwrap();
        self.step(Input::Received(hop(protocol), message));
    }

    fn respond(&mut self, tx: ServerTx, status: u16) {
        let text = request_text("INVITE", "z9hG4bKx");
        let Ok(codec::Message::Request(request, _)) = codec::read(text.as_bytes()) else { panic!() };
        let response = Box::new(Response::to(&request, status, Some("ours")));
        self.step(Input::Do(SipOutput::Respond { tx, response }));
    }

    fn first_server(&self) -> ServerTx {
        let found = self.told.iter().find_map(|input| match input {
            SipInput::Request { tx, .. } => Some(*tx),
            _ => None,
        });
        found.unwrap()
    }

    fn starts(&self) -> Vec<&str> {
        self.sent.iter().map(|(_, text, _)| text.lines().next().unwrap()).collect()
    }

    fn is_empty(&self) -> bool {
        let layer = &self.layer;
        layer.len() == (0, 0)
            && layer.by_branch.is_empty()
            && layer.by_tx.is_empty()
            && layer.by_key.is_empty()
            && layer.timers.is_empty()
            && layer.pending == 0
    }
}

fn request_text(method: &str, branch: &str) -> String {
    format!(
        "{method} sip:7001@198.51.100.1 SIP/2.0\r\nVia: SIP/2.0/UDP {PEER};branch={branch}\r\nFrom: <sip:1@h>;tag=a\r\n\
         To: <sip:7001@h>\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

fn request(method: &str) -> Request {
    let mut request = Request::new(Method::from(method), "sip:1001@192.0.2.7".parse().unwrap());
    request.headers = Headers::default();
    for (name, value) in [
        ("Route", "<sip:192.0.2.7;lr>"),
        ("From", "<sip:7001@h>;tag=a"),
        ("To", "<sip:1001@h>"),
        ("Call-ID", "c1"),
        ("Contact", "<sip:7001@switchboard.invalid>"),
    ] {
        request.headers.push(name, value);
    }
    request.headers.push("CSeq", &format!("5 {method}"));
    request
}

fn statuses(told: &[SipInput]) -> Vec<u16> {
    let status = |input: &SipInput| match input {
        SipInput::Response { response, .. } => Some(response.status),
        _ => None,
    };
    told.iter().filter_map(status).collect()
}

#[test]
fn a_request_over_udp_is_repeated_and_given_up_after_32_seconds() {
    for (method, times) in [("INVITE", 7), ("OPTIONS", 11)] {
        let mut bench = Bench::new();
        bench.send(1, method, Protocol::Udp);
        bench.pass(Duration::from_secs(40));
        assert_eq!(bench.sent.len(), times, "{method}");
        assert!(bench.sent.iter().all(|(_, text, _)| *text == bench.sent[0].1));
        assert_eq!(bench.told, [SipInput::Failed { tx: tx(1), failure: Failure::Timeout }]);
        assert!(bench.is_empty());
    }
}

#[test]
fn over_a_connection_nothing_is_repeated() {
    let mut bench = Bench::new();
    bench.send(1, "OPTIONS", Protocol::Tcp);
    bench.pass(Duration::from_secs(20));
    assert_eq!(bench.sent.len(), 1);
    assert!(bench.sent[0].1.contains("\r\nContact: <sip:7001@198.51.100.1:5060;transport=tcp>\r\n"));
    bench.answer(0, 200);
    bench.pass(Duration::ZERO);
    assert_eq!(statuses(&bench.told), [200]);
    assert!(bench.is_empty());
}

#[test]
fn a_refused_invite_is_acknowledged_each_time_and_told_once() {
    let mut bench = Bench::new();
    bench.send(1, "INVITE", Protocol::Udp);
    bench.answer(0, 100);
    bench.pass(Duration::from_secs(60));
    for _ in 0..3 {
        bench.answer(0, 486);
    }
    assert_eq!(statuses(&bench.told), [100, 486]);
    assert_eq!(bench.starts()[1..], ["ACK sip:1001@192.0.2.7 SIP/2.0"; 3]);
    let ack = &bench.sent[1].1;
    for line in ["To: <sip:1001@h>;tag=peer", "Route: <sip:192.0.2.7;lr>", "CSeq: 5 ACK"] {
        assert!(ack.contains(line), "{line} in {ack}");
    }
    bench.pass(Duration::from_secs(33));
    assert!(bench.is_empty());
}

#[test]
fn every_2xx_is_told_for_32_seconds_and_acknowledged_by_the_core() {
    let mut bench = Bench::new();
    bench.send(1, "INVITE", Protocol::Udp);
    bench.answer(0, 180);
    for _ in 0..4 {
        bench.answer(0, 200);
        bench.pass(Duration::from_secs(7));
    }
    assert_eq!(statuses(&bench.told), [180, 200, 200, 200, 200]);
    assert_eq!(bench.sent.len(), 1);
    let target = Target::Hop(hop(Protocol::Udp));
    bench.step(Input::Do(SipOutput::Ack { target, request: Box::new(request("ACK")) }));
    assert_eq!(bench.starts()[1], "ACK sip:1001@192.0.2.7 SIP/2.0");
    assert_ne!(branch(&bench.sent[0].1), branch(&bench.sent[1].1));
    bench.pass(Duration::from_secs(33));
    assert!(bench.is_empty());
}

fn branch(text: &str) -> &str {
    text.split("branch=").nth(1).unwrap().lines().next().unwrap()
}

#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::new();
    bench.send(1, "INVITE", Protocol::Udp);
    let reason = Some("SIP;cause=200;text=\"Call completed elsewhere\"".to_owned());
    bench.step(Input::Do(SipOutput::Cancel { tx: tx(1), reason }));
    assert_eq!(bench.sent.len(), 1);
    bench.answer(0, 100);
    let cancel = bench.sent[1].1.clone();
    assert!(cancel.starts_with("CANCEL sip:1001@192.0.2.7 SIP/2.0\r\n"), "{cancel}");
    assert_eq!(branch(&cancel), branch(&bench.sent[0].1));
    for line in ["CSeq: 5 CANCEL", "To: <sip:1001@h>\r\n", "Reason: SIP;cause=200", "Route: <sip:192"] {
        assert!(cancel.contains(line), "{line} in {cancel}");
    }
    bench.step(Input::Do(SipOutput::Cancel { tx: tx(1), reason: None }));
    bench.answer(1, 200);
    bench.answer(0, 487);
    assert_eq!(statuses(&bench.told), [100, 487]);
    bench.pass(Duration::from_secs(33));
    assert!(bench.is_empty());
}

#[test]
fn a_cancel_that_crosses_an_answer_is_not_sent() {
    let mut bench = Bench::new();
    bench.send(1, "INVITE", Protocol::Udp);
    bench.step(Input::Do(SipOutput::Cancel { tx: tx(1), reason: None }));
    bench.answer(0, 200);
    assert_eq!((bench.sent.len(), statuses(&bench.told)), (1, vec![200]));
}

#[test]
fn a_cancelled_invite_without_an_end_is_given_up() {
    let mut bench = Bench::new();
    bench.send(1, "INVITE", Protocol::Udp);
    bench.answer(0, 180);
    bench.step(Input::Do(SipOutput::Cancel { tx: tx(1), reason: None }));
    bench.answer(1, 200);
    bench.pass(Duration::from_secs(33));
    assert_eq!(bench.told.last(), Some(&SipInput::Failed { tx: tx(1), failure: Failure::Timeout }));
    assert!(bench.is_empty());
}

#[test]
fn what_cannot_be_sent_fails_at_once() {
    let mut bench = Bench::new();
    let target = Target::Uri("sip:nobody.invalid".parse().unwrap());
    bench.step(Input::Do(SipOutput::Send { tx: tx(1), target, request: Box::new(request("INVITE")) }));
    bench.send(2, "INVITE", Protocol::Tcp);
    bench.step(Input::Unsent(bench.sent[0].2.unwrap(), Protocol::Tcp));
    bench.send(3, "OPTIONS", Protocol::Tls);
    bench.step(Input::Lost(hop(Protocol::Tls)));
    let failed = |number| SipInput::Failed { tx: tx(number), failure: Failure::Unreachable };
    assert_eq!(bench.told, [failed(1), failed(2), failed(3)]);
    assert!(bench.is_empty());
}

#[test]
fn a_long_request_goes_by_tcp_and_by_udp_only_when_that_is_refused() {
    let mut bench = Bench::new();
    let mut long = request("INVITE");
    long.body = vec![b'x'; 1_400];
    for number in [1, 2] {
        let target = Target::Hop(hop(Protocol::Udp));
        let request = Box::new(long.clone());
        bench.step(Input::Do(SipOutput::Send { tx: tx(number), target, request }));
        if number == 1 {
            assert_eq!(bench.sent[0].0.hop.protocol, Protocol::Tcp);
            assert!(bench.sent[0].1.contains("Via: SIP/2.0/TCP "));
            let of = bench.sent[0].2.unwrap();
            bench.step(Input::Lost(hop(Protocol::Tcp)));
            bench.step(Input::Unsent(of, Protocol::Tcp));
        }
    }
    // The second one does not try TCP again.
    for sent in &bench.sent[1..] {
        assert_eq!(sent.0.hop.protocol, Protocol::Udp);
        assert!(sent.1.contains("Via: SIP/2.0/UDP "));
    }
    bench.answer(1, 200);
    assert_eq!(bench.sent.len(), 3);
    assert_eq!(statuses(&bench.told), [200]);
}

#[test]
fn a_repeated_request_gets_the_same_answer_and_is_told_once() {
    let mut bench = Bench::new();
    bench.receive(Protocol::Udp, "OPTIONS", "z9hG4bK1");
    bench.receive(Protocol::Udp, "OPTIONS", "z9hG4bK1");
    assert_eq!((bench.told.len(), bench.sent.len()), (1, 0));
    bench.respond(bench.first_server(), 200);
    bench.receive(Protocol::Udp, "OPTIONS", "z9hG4bK1");
    assert_eq!((bench.told.len(), bench.sent.len()), (1, 2));
    assert_eq!(bench.sent[0].1, bench.sent[1].1);
    assert!(bench.sent[0].1.contains(";received=192.0.2.7"));
    bench.pass(Duration::from_secs(33));
    assert!(bench.is_empty());
}

#[test]
fn a_refusal_is_repeated_until_its_ack_which_is_not_told() {
    let mut bench = Bench::new();
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bK1");
    bench.respond(bench.first_server(), 100);
    bench.respond(bench.first_server(), 486);
    bench.pass(Duration::from_secs(4));
    assert_eq!(
        bench.starts(),
        ["SIP/2.0 100 Trying"].into_iter().chain(["SIP/2.0 486 Busy Here"; 4]).collect::<Vec<_>>()
    );
    bench.receive(Protocol::Udp, "ACK", "z9hG4bK1");
    bench.pass(Duration::from_secs(10));
    assert_eq!((bench.sent.len(), bench.told.len()), (5, 1));
    assert!(bench.is_empty());
}

#[test]
fn a_2xx_is_repeated_by_the_core_only_and_its_ack_is_told() {
    let mut bench = Bench::new();
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bK1");
    let server = bench.first_server();
    for _ in 0..3 {
        bench.respond(server, 200);
        bench.pass(Duration::from_secs(10));
    }
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bK1");
    assert_eq!(bench.starts(), ["SIP/2.0 200 OK"; 3]);
    bench.receive(Protocol::Udp, "ACK", "z9hG4bK2");
    bench.receive(Protocol::Udp, "ACK", "z9hG4bK1");
    let acks = bench.told.iter().filter(|input| matches!(input, SipInput::Ack { .. })).count();
    assert_eq!(acks, 2);
    bench.pass(Duration::from_secs(8));
    assert!(bench.is_empty());
}

#[test]
fn a_cancel_is_answered_and_told_once_while_the_invite_is_open() {
    let mut bench = Bench::new();
    bench.receive(Protocol::Udp, "CANCEL", "z9hG4bK1");
    assert_eq!(bench.starts(), ["SIP/2.0 481 Call/Transaction Does Not Exist"]);
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bK1");
    let server = bench.first_server();
    bench.respond(server, 180);
    bench.receive(Protocol::Udp, "CANCEL", "z9hG4bK1");
    bench.receive(Protocol::Udp, "CANCEL", "z9hG4bK1");
    assert!(bench.sent[2].1.contains("CSeq: 1 CANCEL") && bench.sent[2].1.contains("tag=ours"));
    let cancelled =
        bench.told.iter().filter(|input| matches!(input, SipInput::Cancelled { tx, .. } if *tx == server));
    assert_eq!(cancelled.count(), 1);
    bench.respond(server, 487);
    bench.receive(Protocol::Udp, "ACK", "z9hG4bK1");
    bench.pass(Duration::from_secs(6));
    assert!(bench.is_empty());
}

#[test]
fn a_cancel_after_the_answer_changes_nothing() {
    let mut bench = Bench::new();
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bK1");
    bench.respond(bench.first_server(), 200);
    bench.receive(Protocol::Udp, "CANCEL", "z9hG4bK1");
    assert_eq!((bench.starts(), bench.told.len()), (vec!["SIP/2.0 200 OK"; 2], 1));
}

#[test]
fn past_the_bound_requests_get_503_and_nothing_is_kept_of_them() {
    let mut bench = Bench::new();
    for number in 0..=MAX_PENDING {
        bench.receive(Protocol::Udp, "INVITE", &format!("z9hG4bK{number}"));
    }
    assert_eq!((bench.told.len(), bench.overload), (MAX_PENDING, 1));
    assert!(bench.sent[0].1.starts_with("SIP/2.0 503 ") && bench.sent[0].1.contains("Retry-After: 5"));
    bench.respond(bench.first_server(), 486);
    bench.receive(Protocol::Udp, "INVITE", "z9hG4bKlater");
    assert_eq!(bench.overload, 1);
    bench.pass(RINGING + Duration::from_secs(1));
    assert!(bench.is_empty());
}
