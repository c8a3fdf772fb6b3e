//! What crosses on the wire: CANCEL and answers, BYEs, offers.

use super::*;

#[test]
fn a_cancelled_call_ends_with_its_487() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 180, "them", &[], "");
    bench.next();
    bench.order(DialogInput::HangUp { leg: LEG, reason: Some("SIP;cause=200".into()) });
    let DialogOutput::Sip(SipOutput::Cancel { tx, reason }) = bench.next() else { panic!("no CANCEL") };
    assert_eq!((tx, reason.as_deref()), (invite.0, Some("SIP;cause=200")));
    bench.hang_up();
    bench.nothing();
    bench.reply(&invite, 487, "them", &[], "");
    bench.over(Ending::Ours);
}

#[test]
fn a_cancelled_call_that_gets_no_answer_is_given_up() {
    let mut bench = Bench::new();
    bench.dial();
    bench.hang_up();
    bench.next();
    bench.seconds(32);
    bench.over(Ending::Ours);
}

#[test]
fn an_answer_that_crosses_our_cancel_is_ended() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 180, "them", &[], "");
    bench.next();
    bench.hang_up();
    bench.next();
    bench.reply(&invite, 200, "them", &[], ANSWER);
    bench.acked();
    let bye = bench.sent("BYE");
    bench.nothing();
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Ours);
}

#[test]
fn a_challenge_that_crosses_our_cancel_is_not_answered() {
    let mut bench = Bench::new();
    let invite = bench.dial_with(Some(Credentials { user: "u".into(), password: "p".into() }));
    bench.hang_up();
    bench.next();
    bench.reply(&invite, 401, "x", &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\"")], "");
    bench.over(Ending::Ours);
}

#[test]
fn their_cancel_ends_a_ringing_call_and_comes_too_late_for_an_answered_one() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    let mut cancel = peer.request("CANCEL", &[("Reason", "SIP;cause=200;text=\"elsewhere\"")], "");
    cancel.headers.set("CSeq", "1 CANCEL");
    bench.put(DialogInput::Sip(SipInput::Cancelled { tx, request: cancel.clone() }));
    bench.answered(tx, 487);
    bench.over(Ending::Cancelled(Some("SIP;cause=200;text=\"elsewhere\"".into())));

    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    bench.accept();
    peer.learn(&bench.answered(tx, 200));
    bench.put(DialogInput::Sip(SipInput::Cancelled { tx, request: cancel }));
    bench.nothing();
    bench.ack(&mut peer, "");
    let bye = bench.receive(peer.request("BYE", &[], ""));
    bench.answered(bye, 200);
    bench.over(Ending::Bye(None));
}

#[test]
fn a_bye_waits_for_the_ack_to_our_answer() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    bench.accept();
    peer.learn(&bench.answered(tx, 200));
    bench.hang_up();
    bench.nothing();
    bench.ack(&mut peer, "");
    let bye = bench.sent("BYE");
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Ours);
}

#[test]
fn a_bye_to_a_call_that_is_not_answered_ends_its_invite() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    bench.order(DialogInput::Ring { leg: LEG, sdp: None });
    peer.learn(&bench.answered(tx, 180));
    let bye = bench.receive(peer.request("BYE", &[], ""));
    bench.answered(bye, 200);
    bench.answered(tx, 487);
    bench.over(Ending::Cancelled(None));
}

#[test]
fn a_bye_ends_a_pending_change() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let change = bench.receive(peer.request("INVITE", &[], OFFER));
    assert!(matches!(bench.next(), DialogOutput::Offered { .. }));
    let bye = bench.receive(peer.request("BYE", &[], ""));
    bench.answered(bye, 200);
    bench.answered(change, 487);
    bench.over(Ending::Bye(None));
}

#[test]
fn byes_may_cross() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    bench.hang_up();
    let bye = bench.sent("BYE");
    let options = bench.receive(peer.request("OPTIONS", &[], ""));
    bench.answered(options, 481);
    let theirs = bench.receive(peer.request("BYE", &[], ""));
    bench.answered(theirs, 200);
    bench.over(Ending::Ours);
    bench.reply(&bye, 481, "", &[], "");
    bench.nothing();
}

#[test]
fn a_bye_without_answer_does_not_keep_the_leg() {
    let mut bench = Bench::new();
    bench.taken(&[]);
    bench.hang_up();
    let bye = bench.sent("BYE");
    bench.fail(&bye, Failure::Timeout);
    bench.over(Ending::Ours);
}

#[test]
fn a_request_that_they_do_not_know_ends_the_leg() {
    for status in [481, 408] {
        let mut bench = Bench::new();
        bench.taken(&[]);
        bench.order(DialogInput::Info { leg: LEG, digit: '5' });
        let info = bench.sent("INFO");
        bench.reply(&info, status, "", &[], "");
        bench.sent("BYE");
        bench.over(Ending::Lost);
    }
}
