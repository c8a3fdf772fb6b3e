//! sipp as load and as a peer that does what telephones do not do on demand.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use tests::peers::Sipp;
use tests::peers::sipp::Scenario;

use super::*;

const PATIENCE: Duration = Duration::from_secs(60);

fn script(steps: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"odd\">\n{steps}\n</scenario>\n"
    )
}

/// A message that sipp sends, its lines between `[last_Via:]` and the length.
fn reply(status: &str, extra: &str) -> String {
    format!(
        "<send><![CDATA[\n\nSIP/2.0 {status}\n[last_Via:]\n[last_From:]\n[last_To:];tag=[pid]odd[call_number]\n[last_Call-ID:]\n\
         [last_CSeq:]\nContact: <sip:odd@[local_ip]:[local_port]>\n{extra}Content-Length: 0\n\n]]></send>\n"
    )
}

/// Answers everything until `calls` BYEs have come, as fast as it comes.
fn serve(us: &Agent, calls: usize) -> usize {
    let (mut ended, mut acks) = (0, 0);
    while ended < calls {
        match us.next() {
            SipInput::Request { tx, request, .. } => {
                if request.method == Method::Invite {
                    us.respond(tx, &request, 180);
                }
                us.respond(tx, &request, 200);
                ended += usize::from(request.method == Method::Bye);
            }
            SipInput::Ack { .. } => acks += 1,
            other => panic!("{other:?}"),
        }
    }
    acks
}

#[test]
fn two_hundred_calls_a_second_are_carried() {
    for (transport, protocol) in [("u1", Protocol::Udp), ("t1", Protocol::Tcp)] {
        let us = Agent::start(&config(None));
        let at = us.address(protocol);
        let options =
            ["-t", transport, "-r", "200", "-m", "800", "-d", "200", "-l", "800", "-max_retrans", "6"];
        let sipp = Sipp::start(Scenario::Own("uac"), Some(at), &options).unwrap();
        let acks = serve(&us, 800);
        assert!(acks >= 800, "{acks} ACKs");
        sipp.finish(PATIENCE).unwrap();
        let counts = us.counts();
        // An answered INVITE is remembered for its repetitions, a BYE over a connection is not.
        let kept = if protocol == Protocol::Udp { 1_600 } else { 800 };
        assert_eq!((counts.clients, counts.servers <= kept), (0, true), "{counts:?}");
        assert_eq!((counts.malformed, counts.overload), (0, 0));
        us.close();
    }
}

fn sipp_uri(sipp: &Sipp) -> String {
    format!("sip:odd@{}", SocketAddr::from(([127, 0, 0, 1], sipp.port)))
}

#[test]
fn a_repeated_200_is_told_each_time_and_acknowledged_each_time() {
    let steps = format!(
        "<recv request=\"INVITE\" />\n{}{}{}<recv request=\"ACK\" />\n<recv request=\"ACK\" />\n",
        reply("180 Ringing", ""),
        reply("200 OK", ""),
        reply("200 OK", "")
    );
    let sipp = Sipp::start(Scenario::Script(&script(&steps)), None, &["-m", "1"]).unwrap();
    let mut us = Agent::start(&config(None));
    let uri = sipp_uri(&sipp);
    let call = invite(&uri, "7001");
    let tx = us.send(target_of(&uri), call.clone());
    let first = us.end(tx);
    let second = us.response(tx);
    assert_eq!((first.status, &second), (200, &first));
    for answer in [first, second] {
        let ack = Box::new(in_dialog(Method::Ack, &call, &answer, 1));
        us.carry_out(SipOutput::Ack { target: target_of(&uri), request: ack });
    }
    sipp.finish(PATIENCE).unwrap();
}

#[test]
fn our_200_goes_out_as_often_as_it_is_said_and_a_late_ack_is_told() {
    let us = Agent::start(&config(None));
    let own = us.address(Protocol::Udp);
    // By hand: sipp takes a repeated response for one.
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let at = peer.local_addr().unwrap();
    let message = |method: &str, tag: &str| {
        format!(
            "{method} sip:7001@{own} SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch=z9hG4bK{method}\r\nFrom: <sip:odd@h>;tag=a\r\n\
             To: <sip:7001@h>{tag}\r\nCall-ID: c\r\nCSeq: 1 {method}\r\nContact: <sip:odd@{at}>\r\n\r\n"
        )
    };
    peer.send_to(message("INVITE", "").as_bytes(), own).unwrap();
    let (tx, _, request) = us.request(Method::Invite);
    let mut buffer = [0; 4_096];
    for _ in 0..3 {
        us.respond(tx, &request, 200);
        let length = peer.recv(&mut buffer).unwrap();
        assert!(buffer[..length].starts_with(b"SIP/2.0 200 OK\r\n"));
    }
    peer.send_to(message("ACK", ";tag=ours").as_bytes(), own).unwrap();
    assert_eq!(us.ack().headers.cseq(), Ok(1));
}

#[test]
fn an_answer_that_crosses_our_cancel_is_told() {
    let ringing = reply("180 Ringing", "");
    let done = "<send><![CDATA[\n\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n\
                CSeq: 1 INVITE\nContact: <sip:odd@[local_ip]:[local_port]>\nContent-Length: 0\n\n]]></send>\n";
    let answered = done.replace("[last_To:]", "[last_To:];tag=crossed");
    let cancelled = done.replace("CSeq: 1 INVITE", "[last_CSeq:]");
    let steps = format!(
        "<recv request=\"INVITE\" />\n{ringing}<recv request=\"CANCEL\" />\n{cancelled}{answered}<recv request=\"ACK\" />\n"
    );
    let sipp = Sipp::start(Scenario::Script(&script(&steps)), None, &["-m", "1"]).unwrap();
    let mut us = Agent::start(&config(None));
    let uri = sipp_uri(&sipp);
    let call = invite(&uri, "7001");
    let tx = us.send(target_of(&uri), call.clone());
    assert_eq!(us.response(tx).status, 180);
    us.carry_out(SipOutput::Cancel { tx, reason: None });
    let answer = us.end(tx);
    assert_eq!(answer.status, 200);
    let ack = Box::new(in_dialog(Method::Ack, &call, &answer, 1));
    us.carry_out(SipOutput::Ack { target: target_of(&uri), request: ack });
    sipp.finish(PATIENCE).unwrap();
}

#[test]
fn a_refusal_is_acknowledged_by_the_transport() {
    let steps = format!(
        "<recv request=\"INVITE\" />\n{}<recv request=\"ACK\" />\n",
        reply("486 Busy Here", "Retry-After: 5\n")
    );
    let sipp = Sipp::start(Scenario::Script(&script(&steps)), None, &["-m", "1"]).unwrap();
    let mut us = Agent::start(&config(None));
    let uri = sipp_uri(&sipp);
    let tx = us.send(target_of(&uri), invite(&uri, "7001"));
    let refused = us.end(tx);
    assert_eq!((refused.status, refused.headers.get("Retry-After")), (486, Some("5")));
    sipp.finish(PATIENCE).unwrap();
}
