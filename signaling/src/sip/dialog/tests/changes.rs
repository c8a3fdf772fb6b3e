//! Changes of a session: re-INVITE and UPDATE from both sides, glare, identity, digits.

use super::*;

fn offer(bench: &mut Bench, sdp: &str) {
    bench.order(DialogInput::Offer { leg: LEG, sdp: sdp.into() });
}

#[track_caller]
fn offer_answered(bench: &mut Bench) -> Option<String> {
    match bench.next() {
        DialogOutput::OfferAnswered { leg: LEG, sdp } => sdp,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn offered(bench: &mut Bench) -> Option<String> {
    match bench.next() {
        DialogOutput::Offered { leg: LEG, sdp } => sdp,
        other => panic!("{other:?}"),
    }
}

fn answer(bench: &mut Bench, sdp: Option<&str>) {
    bench.order(DialogInput::Answer { leg: LEG, sdp: sdp.map(str::to_owned) });
}

#[test]
fn an_offer_of_ours_is_answered_refused_or_left() {
    let mut bench = Bench::new();
    bench.dialled(&[]);
    offer(&mut bench, "v=0 hold");
    let change = bench.sent("INVITE");
    assert_eq!(text(&change.1.body), "v=0 hold");
    assert_eq!(change.1.headers.get("Contact"), Some("<sip:2001@switchboard.invalid>"));
    bench.reply(&change, 200, "them", &[("Contact", "<sip:new@h>")], "v=0 held");
    assert_eq!(bench.acked().headers.cseq(), change.1.headers.cseq());
    assert_eq!(offer_answered(&mut bench).as_deref(), Some("v=0 held"));
    bench.reply(&change, 200, "them", &[], "v=0 held");
    bench.acked();
    bench.nothing();
    offer(&mut bench, "v=0 more");
    let change = bench.sent("INVITE");
    bench.reply(&change, 488, "them", &[], "");
    assert_eq!(offer_answered(&mut bench), None);
    offer(&mut bench, "v=0 gone");
    let change = bench.sent("INVITE");
    bench.fail(&change, Failure::Timeout);
    assert_eq!(offer_answered(&mut bench), None);
    bench.sent("BYE");
    bench.over(Ending::Lost);
}

#[test]
fn an_offer_waits_for_the_ack_of_our_answer() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    bench.accept();
    peer.learn(&bench.answered(tx, 200));
    offer(&mut bench, "v=0 hold");
    bench.nothing();
    bench.ack(&mut peer, "");
    bench.sent("INVITE");
}

#[test]
fn glare_is_tried_again_after_the_wait_of_the_owner_of_the_call_id() {
    for (ours, least, most) in [(true, 2100, 4000), (false, 0, 2000)] {
        let mut bench = Bench::new();
        if ours {
            bench.dialled(&[]);
        } else {
            bench.taken(&[]);
        }
        for _ in 0..4 {
            offer(&mut bench, "v=0 hold");
            let change = bench.sent("INVITE");
            bench.reply(&change, 491, "them", &[], "");
            let began = bench.now;
            while bench.out.is_empty() {
                bench.pass(Duration::from_millis(10));
                assert!(bench.now - began <= Duration::from_millis(most + 10));
            }
            assert!(bench.now - began >= Duration::from_millis(least));
            let change = bench.sent("INVITE");
            bench.reply(&change, 200, "them", &[], ANSWER);
            bench.acked();
            assert!(offer_answered(&mut bench).is_some());
        }
    }
}

#[test]
fn glare_without_end_is_a_refusal() {
    let mut bench = Bench::new();
    bench.dialled(&[]);
    offer(&mut bench, "v=0 hold");
    for _ in 0..6 {
        let change = bench.sent("INVITE");
        bench.reply(&change, 491, "them", &[], "");
        bench.seconds(5);
    }
    let change = bench.sent("INVITE");
    bench.reply(&change, 491, "them", &[], "");
    assert_eq!(offer_answered(&mut bench), None);
}

#[test]
fn their_offer_meets_ours() {
    let mut bench = Bench::new();
    let mut peer = bench.dialled(&[]);
    offer(&mut bench, "v=0 hold");
    bench.sent("INVITE");
    for method in ["INVITE", "UPDATE"] {
        let tx = bench.receive(peer.request(method, &[], OFFER));
        bench.answered(tx, 491);
    }
}

#[test]
fn their_offer_is_answered_or_refused() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let tx = bench.receive(peer.request("INVITE", &[("Contact", "<sip:new@192.0.2.9>")], "v=0 hold"));
    assert_eq!(offered(&mut bench).as_deref(), Some("v=0 hold"));
    let second = bench.receive(peer.request("INVITE", &[], "v=0 again"));
    assert!(bench.answered(second, 500).headers.get("Retry-After").is_some());
    peer.invite -= 1;
    answer(&mut bench, Some("v=0 held"));
    let response = bench.answered(tx, 200);
    assert_eq!(text(&response.body), "v=0 held");
    assert!(response.headers.get("Contact").is_some());
    bench.pass(Duration::from_millis(500));
    bench.answered(tx, 200);
    bench.ack(&mut peer, "");
    bench.seconds(40);
    bench.nothing();
    let tx = bench.receive(peer.request("INVITE", &[], "v=0 odd"));
    offered(&mut bench);
    answer(&mut bench, None);
    bench.answered(tx, 488);
    let tx = bench.receive(peer.request("UPDATE", &[], "v=0 resume"));
    assert_eq!(offered(&mut bench).as_deref(), Some("v=0 resume"));
    answer(&mut bench, Some(ANSWER));
    assert_eq!(text(&bench.answered(tx, 200).body), ANSWER);
    answer(&mut bench, Some(ANSWER));
    bench.nothing();
    bench.hang_up();
    assert_eq!(bench.sent("BYE").1.uri, uri("sip:them@192.0.2.9:5062"));
}

#[test]
fn they_may_ask_for_our_offer() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let tx = bench.receive(peer.request("INVITE", &[], ""));
    assert_eq!(offered(&mut bench), None);
    answer(&mut bench, Some("v=0 ours"));
    assert_eq!(text(&bench.answered(tx, 200).body), "v=0 ours");
    // Until their answer has come, nothing else can be offered.
    let update = bench.receive(peer.request("UPDATE", &[], OFFER));
    bench.answered(update, 491);
    bench.ack(&mut peer, "v=0 theirs");
    assert!(matches!(bench.next(), DialogOutput::Confirmed { sdp: Some(sdp), .. } if sdp == "v=0 theirs"));
    bench.nothing();
}

#[test]
fn a_change_whose_ack_never_comes_ends_the_call() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let tx = bench.receive(peer.request("INVITE", &[], OFFER));
    offered(&mut bench);
    answer(&mut bench, Some(ANSWER));
    bench.answered(tx, 200);
    bench.seconds(32);
    while matches!(bench.out.front(), Some(DialogOutput::Sip(SipOutput::Respond { .. }))) {
        bench.next();
    }
    let bye = bench.sent("BYE");
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::NoAck);
}

#[test]
fn a_cancelled_change_gets_487_and_the_call_stands() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let tx = bench.receive(peer.request("INVITE", &[], OFFER));
    offered(&mut bench);
    let request = peer.clone().request("CANCEL", &[], "");
    bench.put(DialogInput::Sip(SipInput::Cancelled { tx, request }));
    bench.answered(tx, 487);
    answer(&mut bench, Some(ANSWER));
    bench.nothing();
    assert_eq!(bench.dialogs.len(), 1);
}

#[test]
fn early_updates_are_taken_only_where_an_offer_may_stand() {
    // We call; no reliable answer yet: our offer is open.
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 183, "them", &[], ANSWER);
    bench.next();
    let mut peer = Peer::called_by(&invite.1, "them");
    let tx = bench.receive(peer.request("UPDATE", &[], OFFER));
    bench.answered(tx, 491);
    let tx = bench.receive(peer.request("UPDATE", &[], ""));
    bench.named();
    bench.answered(tx, 200);
    let tx = bench.receive(peer.request("INVITE", &[], OFFER));
    bench.answered(tx, 491);
    let tx = bench.receive(peer.request("REFER", &[("Refer-To", "<sip:a@b>")], ""));
    bench.answered(tx, 403);
    // With a reliable answer offers are possible.
    bench.reply(&invite, 183, "firm", &[("Require", "100rel"), ("RSeq", "5")], ANSWER);
    bench.sent("PRACK");
    bench.next();
    let mut peer = Peer::called_by(&invite.1, "firm");
    let tx = bench.receive(peer.request("UPDATE", &[], "v=0 early"));
    assert_eq!(offered(&mut bench).as_deref(), Some("v=0 early"));
    answer(&mut bench, Some(ANSWER));
    bench.answered(tx, 200);
    // They call; their offer waits for our answer.
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], OFFER);
    bench.order(DialogInput::Ring { leg: LEG, sdp: None });
    peer.learn(&bench.answered(tx, 180));
    let update = bench.receive(peer.request("UPDATE", &[], OFFER));
    bench.answered(update, 500);
    let again = bench.receive(peer.request("INVITE", &[], OFFER));
    bench.answered(again, 500);
}

#[test]
fn identity_goes_by_update_where_that_is_known_and_by_reinvite_elsewhere() {
    let identity = address("\"李\" <sip:2002@switchboard.example>");
    let mut bench = Bench::new();
    bench.dialled(&[("Allow", "INVITE, UPDATE")]);
    bench.order(DialogInput::Identify { leg: LEG, identity: identity.clone() });
    let update = bench.sent("UPDATE");
    assert_eq!(update.1.headers.get("P-Asserted-Identity"), Some(&*identity.to_string()));
    assert!(update.1.body.is_empty());
    // It is not spoken after all.
    bench.reply(&update, 501, "", &[], "");
    let change = bench.sent("INVITE");
    assert_eq!(text(&change.1.body), OFFER);
    assert_eq!(change.1.headers.get("P-Asserted-Identity"), Some(&*identity.to_string()));
    bench.reply(&change, 200, "them", &[], ANSWER);
    bench.acked();
    bench.nothing();
}

#[test]
fn a_new_identity_is_told_once() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let li = ("P-Asserted-Identity", "\"Li\" <sip:1002@pbx.example>");
    for (method, news) in [("UPDATE", true), ("UPDATE", false), ("INVITE", false)] {
        let tx = bench.receive(peer.request(method, &[li], ""));
        if news {
            let DialogOutput::Identity { identity, .. } = bench.next() else { panic!("not told") };
            assert_eq!(identity.to_string(), li.1);
        }
        if method == "UPDATE" {
            bench.answered(tx, 200);
        } else {
            offered(&mut bench);
        }
    }
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 200, "them", &[li], ANSWER);
    bench.acked();
    assert!(matches!(bench.next(), DialogOutput::Identity { .. }));
}

#[test]
fn digits_go_one_after_the_other_and_come_in_both_forms() {
    let mut bench = Bench::new();
    let mut peer = bench.dialled(&[]);
    for digit in "1x#".chars() {
        bench.order(DialogInput::Info { leg: LEG, digit });
    }
    let one = bench.sent("INFO");
    assert_eq!(text(&one.1.body), "Signal=1\r\nDuration=160\r\n");
    bench.nothing();
    bench.reply(&one, 200, "", &[], "");
    let hash = bench.sent("INFO");
    assert!(text(&hash.1.body).starts_with("Signal=#\r\n"));
    bench.reply(&hash, 415, "", &[], "");
    bench.nothing();
    let relay = ("Content-Type", "application/dtmf-relay");
    let plain = ("Content-Type", "application/dtmf");
    let cases = [
        (relay, "Signal= 5\r\nDuration=100\r\n", Some('5')),
        (relay, "signal=*", Some('*')),
        (relay, "Duration=100", None),
        (plain, "11", Some('#')),
        (plain, "d", Some('D')),
        (plain, "77", None),
    ];
    for (kind, body, digit) in cases {
        let tx = bench.receive(peer.request("INFO", &[kind], body));
        bench.answered(tx, 200);
        if let Some(digit) = digit {
            assert!(matches!(bench.next(), DialogOutput::Digit { digit: told, .. } if told == digit));
        }
        bench.nothing();
    }
    let tx = bench.receive(peer.request("INFO", &[("Content-Type", "text/plain")], "5"));
    bench.answered(tx, 415);
    let tx = bench.receive(peer.request("INFO", &[("Info-Package", "odd")], "5"));
    bench.answered(tx, 469);
    let tx = bench.receive(peer.request("INFO", &[], ""));
    bench.answered(tx, 200);
    bench.nothing();
}

#[test]
fn a_change_that_waits_for_theirs_costs_no_time() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    offer(&mut bench, "v=0 hold");
    let change = bench.sent("INVITE");
    bench.reply(&change, 491, "them", &[], "");
    let tx = bench.receive(peer.request("INVITE", &[], OFFER));
    offered(&mut bench);
    // Ours is due, but theirs is not answered.
    bench.seconds(10);
    bench.nothing();
    answer(&mut bench, Some(ANSWER));
    bench.answered(tx, 200);
    bench.ack(&mut peer, "");
    bench.sent("INVITE");
}

#[test]
fn a_timer_that_runs_out_ends_a_pending_change_too() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[("Supported", "timer"), ("Session-Expires", "90")]);
    bench.seconds(59);
    let tx = bench.receive(peer.request("INVITE", &[], ""));
    offered(&mut bench);
    bench.seconds(1);
    bench.answered(tx, 487);
    bench.sent("BYE");
}
