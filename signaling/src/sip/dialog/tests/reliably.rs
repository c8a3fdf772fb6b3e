//! Reliable provisional responses (RFC 3262).

use super::*;

const REQUIRED: (&str, &str) = ("Require", "100rel");

#[test]
fn theirs_are_confirmed_in_order() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 183, "them", &[REQUIRED, ("RSeq", "10")], ANSWER);
    let prack = bench.sent("PRACK");
    assert_eq!(prack.1.headers.get("RAck"), Some("10 1 INVITE"));
    assert_eq!((prack.1.headers.cseq(), prack.1.uri.clone()), (Ok(2), uri("sip:them@192.0.2.9:5062")));
    assert!(matches!(bench.next(), DialogOutput::Progress { status: 183, sdp: Some(_), .. }));
    // Its PRACK is under way, so it is on its way again by itself.
    bench.reply(&invite, 183, "them", &[REQUIRED, ("RSeq", "10")], ANSWER);
    bench.nothing();
    bench.reply(&prack, 200, "", &[], "");
    bench.reply(&invite, 183, "them", &[REQUIRED, ("RSeq", "10")], ANSWER);
    assert_eq!(bench.sent("PRACK").1.headers.get("RAck"), Some("10 1 INVITE"));
    bench.nothing();
    bench.reply(&invite, 180, "them", &[REQUIRED, ("RSeq", "12")], "");
    bench.nothing();
    bench.reply(&invite, 180, "them", &[REQUIRED, ("RSeq", "11")], "");
    assert_eq!(bench.sent("PRACK").1.headers.get("RAck"), Some("11 1 INVITE"));
    assert!(matches!(bench.next(), DialogOutput::Progress { status: 180, sdp: None, .. }));
    bench.reply(&invite, 200, "them", &[], "");
    bench.acked();
    assert!(matches!(bench.next(), DialogOutput::Answered { sdp: None, .. }));
}

#[test]
fn forks_number_theirs_apart() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    for tag in ["a", "b"] {
        bench.reply(&invite, 180, tag, &[REQUIRED, ("RSeq", "1")], "");
        assert_eq!(bench.sent("PRACK").1.address("To").unwrap().tag(), Some(tag));
        bench.next();
    }
}

#[test]
fn a_lost_prack_ends_nothing() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 180, "them", &[REQUIRED, ("RSeq", "1")], "");
    let prack = bench.sent("PRACK");
    bench.next();
    bench.reply(&prack, 481, "", &[], "");
    bench.nothing();
    assert_eq!(bench.dialogs.len(), 1);
}

/// An INVITE that requires reliability, rung with early media; and the PRACK for that.
fn ringing(bench: &mut Bench, sdp: Option<&str>) -> (ServerTx, Peer, String) {
    let (tx, mut peer) = bench.invited(&[REQUIRED], OFFER);
    bench.order(DialogInput::Ring { leg: LEG, sdp: sdp.map(str::to_owned) });
    let response = bench.answered(tx, if sdp.is_some() { 183 } else { 180 });
    assert!(response.headers.lists("Require", "100rel"));
    peer.learn(&response);
    let rack = format!("{} 1 INVITE", response.headers.get("RSeq").unwrap());
    (tx, peer, rack)
}

#[test]
fn ours_are_sent_again_until_their_prack() {
    let mut bench = Bench::new();
    let (tx, mut peer, rack) = ringing(&mut bench, Some(ANSWER));
    bench.pass(Duration::from_millis(1500));
    bench.answered(tx, 183);
    bench.answered(tx, 183);
    bench.nothing();
    bench.order(DialogInput::Ring { leg: LEG, sdp: None });
    // The answer must not overtake it.
    bench.accept();
    bench.nothing();
    let wrong = bench.receive(peer.request("PRACK", &[("RAck", "1 1 INVITE")], ""));
    bench.answered(wrong, 481);
    let prack = bench.receive(peer.request("PRACK", &[("RAck", &rack)], ""));
    bench.answered(prack, 200);
    let answer = bench.answered(tx, 200);
    assert!(answer.body.is_empty(), "the answer was given in the 183");
    bench.ack(&mut peer, "");
    bench.seconds(60);
    bench.nothing();
}

#[test]
fn ours_follow_one_another() {
    let mut bench = Bench::new();
    let (tx, mut peer, rack) = ringing(&mut bench, None);
    bench.order(DialogInput::Ring { leg: LEG, sdp: Some(ANSWER.into()) });
    bench.nothing();
    let prack = bench.receive(peer.request("PRACK", &[("RAck", &rack)], ""));
    bench.answered(prack, 200);
    let second = bench.answered(tx, 183);
    let first: u32 = rack.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(second.headers.get("RSeq"), Some(&*(first + 1).to_string()));
    let rack = format!("{} 1 INVITE", first + 1);
    // Once answered by them it may be changed before we answer the call.
    let prack = bench.receive(peer.request("PRACK", &[("RAck", &rack)], "v=0 next"));
    assert!(matches!(bench.next(), DialogOutput::Offered { sdp: Some(sdp), .. } if sdp == "v=0 next"));
    bench.order(DialogInput::Answer { leg: LEG, sdp: Some("v=0 agreed".into()) });
    assert_eq!(text(&bench.answered(prack, 200).body), "v=0 agreed");
    bench.accept();
    bench.answered(tx, 200);
}

#[test]
fn without_their_prack_the_invite_is_refused() {
    let mut bench = Bench::new();
    let (tx, _, _) = ringing(&mut bench, None);
    bench.seconds(32);
    for _ in 0..6 {
        bench.answered(tx, 180);
    }
    bench.answered(tx, 504);
    bench.over(Ending::Lost);
}
