//! Calls of ours: answers, refusals, forks, challenges.

use super::*;

#[test]
fn a_call_is_dialled_answered_and_hung_up() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    let headers = &invite.1.headers;
    assert_eq!(headers.get("Alert-Info"), Some("internal"));
    assert_eq!(headers.get("Contact"), Some("<sip:2001@switchboard.invalid>"));
    assert!(headers.lists("Supported", "100rel") && headers.lists("Supported", "timer"));
    assert_eq!(headers.get("Session-Expires"), Some("1800"));
    assert_eq!(text(&invite.1.body), OFFER);
    bench.reply(&invite, 100, "", &[], "");
    bench.nothing();
    bench.reply(&invite, 180, "them", &[], "");
    assert!(matches!(bench.next(), DialogOutput::Progress { leg: LEG, status: 180, sdp: None }));
    bench.reply(&invite, 183, "them", &[], ANSWER);
    assert!(
        matches!(bench.next(), DialogOutput::Progress { status: 183, sdp: Some(sdp), .. } if sdp == ANSWER)
    );
    bench.seconds(60);
    bench.nothing();
    let more = [("Record-Route", "<sip:p2.example;lr>, <sip:p1.example;lr>")];
    bench.reply(&invite, 200, "them", &more, "");
    let DialogOutput::Sip(SipOutput::Ack { target, request }) = bench.next() else { panic!("no ACK") };
    assert_eq!(target, Target::Uri(uri("sip:p1.example;lr")));
    assert_eq!(request.uri, uri("sip:them@192.0.2.9:5062"));
    let routes: Vec<_> = request.headers.list("Route").collect();
    assert_eq!(routes, ["<sip:p1.example;lr>", "<sip:p2.example;lr>"]);
    // The answer was in the 183 already.
    assert!(matches!(bench.next(), DialogOutput::Answered { leg: LEG, sdp: None }));
    bench.order(DialogInput::HangUp { leg: LEG, reason: Some("Q.850;cause=16".into()) });
    let bye = bench.sent("BYE");
    assert_eq!((bye.1.headers.cseq(), bye.1.headers.get("Reason")), (Ok(2), Some("Q.850;cause=16")));
    assert_eq!(bye.1.address("To").unwrap().tag(), Some("them"));
    bench.nothing();
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Ours);
}

#[test]
fn every_success_that_comes_again_is_acknowledged_again() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 200, "them", &[], ANSWER);
    let ack = bench.acked();
    bench.next();
    bench.reply(&invite, 200, "them", &[], ANSWER);
    assert_eq!(bench.acked(), ack);
    bench.nothing();
    // Not for ever: who comes later than any retransmission is not heard.
    bench.seconds(40);
    bench.reply(&invite, 200, "them", &[], ANSWER);
    bench.nothing();
}

#[test]
fn the_first_fork_wins_and_the_others_are_ended() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    for tag in ["a", "b"] {
        bench.reply(&invite, 183, tag, &[], &format!("v=0 {tag}"));
        assert!(matches!(bench.next(), DialogOutput::Progress { .. }));
    }
    bench.reply(&invite, 200, "a", &[], "");
    assert_eq!(bench.acked().address("To").unwrap().tag(), Some("a"));
    // What was heard last was the other fork.
    assert!(matches!(bench.next(), DialogOutput::Answered { sdp: Some(sdp), .. } if sdp == "v=0 a"));
    for tag in ["b", "c"] {
        bench.reply(&invite, 200, tag, &[], ANSWER);
        assert_eq!(bench.acked().address("To").unwrap().tag(), Some(tag));
        let bye = bench.sent("BYE");
        assert_eq!(bye.1.address("To").unwrap().tag(), Some(tag));
        bench.reply(&bye, 200, "", &[], "");
        bench.reply(&invite, 200, tag, &[], ANSWER);
        assert_eq!(bench.acked().address("To").unwrap().tag(), Some(tag));
        bench.nothing();
    }
    assert_eq!(bench.dialogs.len(), 1);
    assert_eq!(bench.dialogs.dialog_id(LEG).unwrap().remote_tag, "a");
}

#[test]
fn forks_without_end_are_bounded() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    for fork in 0..100 {
        bench.reply(&invite, 180, &format!("t{fork}"), &[], "");
    }
    assert_eq!(bench.out.len(), 8);
    bench.out.clear();
    for fork in 0..100 {
        bench.reply(&invite, 200, &format!("t{fork}"), &[], ANSWER);
    }
    let acks = bench.out.iter().filter(|out| matches!(out, DialogOutput::Sip(SipOutput::Ack { .. })));
    assert_eq!(acks.count(), 16);
}

#[test]
fn silence_is_told_in_time_and_a_late_answer_is_ended() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.seconds(4);
    assert!(matches!(bench.next(), DialogOutput::Sip(SipOutput::Cancel { tx, .. }) if tx == invite.0));
    bench.over(Ending::Silent);
    bench.reply(&invite, 200, "late", &[], ANSWER);
    bench.acked();
    bench.sent("BYE");
    bench.nothing();
}

#[test]
fn a_trying_ends_the_patience() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.seconds(3);
    bench.reply(&invite, 100, "", &[], "");
    bench.seconds(300);
    bench.nothing();
    bench.fail(&invite, Failure::Timeout);
    bench.over(Ending::Rejected { status: 408, contacts: Vec::new(), reason: None });
}

#[test]
fn refusals_say_why_and_redirections_where() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 486, "them", &[("Reason", "Q.850;cause=17")], "");
    let reason = Some("Q.850;cause=17".to_owned());
    bench.over(Ending::Rejected { status: 486, contacts: Vec::new(), reason });
    let mut bench = Bench::new();
    let invite = bench.dial();
    let mut response = Response::to(&invite.1, 302, Some("them"));
    response.headers.push("Contact", "<sip:a@h>;q=0.3, <sip:b@h>");
    response.headers.push("Contact", "<sip:c@h>;q=0.7");
    bench.put(DialogInput::Sip(SipInput::Response { tx: invite.0, response }));
    let DialogOutput::Ended { ending: Ending::Rejected { status: 302, contacts, .. }, .. } = bench.next()
    else {
        panic!("not redirected");
    };
    let users: Vec<_> = contacts.iter().filter_map(|contact| contact.uri.user.as_deref()).collect();
    assert_eq!(users, ["b", "c", "a"]);
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.fail(&invite, Failure::Unreachable);
    bench.over(Ending::Unreachable);
}

fn credentials() -> Option<Credentials> {
    Some(Credentials { user: "trunk".into(), password: "secret".into() })
}

const CHALLENGE: (&str, &str) = ("Proxy-Authenticate", "Digest realm=\"pbx\", nonce=\"n1\", qop=\"auth\"");
const STALE: (&str, &str) =
    ("Proxy-Authenticate", "Digest realm=\"pbx\", nonce=\"n2\", qop=\"auth\", stale=true");

#[test]
fn a_challenge_is_answered_once_and_a_stale_one_once_more() {
    let mut bench = Bench::new();
    let first = bench.dial_with(credentials());
    bench.reply(&first, 407, "x", &[CHALLENGE], "");
    let second = bench.sent("INVITE");
    assert_eq!(second.1.headers.cseq(), Ok(2));
    assert_eq!(second.1.headers.get("Call-ID"), first.1.headers.get("Call-ID"));
    assert_eq!(second.1.address("To").unwrap().tag(), None);
    assert!(second.1.headers.get("Proxy-Authorization").unwrap().contains("nonce=\"n1\""));
    bench.reply(&second, 407, "x", &[STALE], "");
    let third = bench.sent("INVITE");
    assert!(third.1.headers.get("Proxy-Authorization").unwrap().contains("nonce=\"n2\""));
    assert_eq!(third.1.headers.all("Proxy-Authorization").count(), 1);
    bench.reply(&third, 200, "them", &[], ANSWER);
    let ack = bench.acked();
    assert_eq!(ack.headers.cseq(), Ok(3));
    assert_eq!(ack.headers.get("Proxy-Authorization"), third.1.headers.get("Proxy-Authorization"));
    bench.next();
    // And within the dialog.
    bench.hang_up();
    let bye = bench.sent("BYE");
    bench.reply(&bye, 407, "", &[CHALLENGE], "");
    let again = bench.sent("BYE");
    assert_eq!(again.1.headers.cseq(), Ok(5));
    bench.reply(&again, 200, "", &[], "");
    bench.over(Ending::Ours);
}

#[test]
fn a_wrong_password_is_not_tried_again() {
    let mut bench = Bench::new();
    let first = bench.dial_with(credentials());
    bench.reply(&first, 407, "x", &[CHALLENGE], "");
    let second = bench.sent("INVITE");
    bench.reply(&second, 407, "x", &[CHALLENGE], "");
    bench.over(Ending::Rejected { status: 407, contacts: Vec::new(), reason: None });
    let mut bench = Bench::new();
    let first = bench.dial();
    bench.reply(&first, 407, "x", &[CHALLENGE], "");
    bench.over(Ending::Rejected { status: 407, contacts: Vec::new(), reason: None });
}

#[test]
fn an_answer_without_description_ends_the_call() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 200, "them", &[], "");
    bench.acked();
    let bye = bench.sent("BYE");
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Rejected { status: 488, contacts: Vec::new(), reason: None });
}

#[test]
fn a_gone_connection_is_replaced_by_the_contact() {
    let mut bench = Bench::new();
    let tcp = Hop { protocol: Protocol::Tcp, ..hop() };
    let mut peer = Peer::caller();
    let tx = bench.fresh();
    let request = peer.request("INVITE", &[], OFFER);
    bench.put(DialogInput::Admit { leg: LEG, tx, from: tcp, request });
    bench.accept();
    bench.out.clear();
    peer.our_tag = bench.dialogs.dialog_id(LEG).unwrap().local_tag;
    bench.ack(&mut peer, "");
    bench.hang_up();
    let DialogOutput::Sip(SipOutput::Send { tx, target, .. }) = bench.next() else { panic!("no BYE") };
    assert_eq!(target, Target::Hop(tcp));
    bench.put(DialogInput::Sip(SipInput::Failed { tx, failure: Failure::Unreachable }));
    let DialogOutput::Sip(SipOutput::Send { tx, target, .. }) = bench.next() else { panic!("no BYE") };
    assert_eq!(target, Target::Uri(uri("sip:them@192.0.2.9:5062")));
    bench.put(DialogInput::Sip(SipInput::Failed { tx, failure: Failure::Unreachable }));
    bench.over(Ending::Ours);
}
