//! Calls of theirs: answers, refusals, what cannot be taken.

use super::*;

#[test]
fn a_call_rings_is_answered_and_ended_by_them() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[("Record-Route", "<sip:p1.example;lr>")], OFFER);
    bench.order(DialogInput::Ring { leg: LEG, sdp: None });
    let ringing = bench.answered(tx, 180);
    assert_eq!(ringing.headers.get("Record-Route"), Some("<sip:p1.example;lr>"));
    bench.order(DialogInput::Ring { leg: LEG, sdp: Some(ANSWER.into()) });
    let early = bench.answered(tx, 183);
    assert_eq!(text(&early.body), ANSWER);
    let identity = Some(address("\"李\" <sip:2001@switchboard.example>"));
    bench.order(DialogInput::Accept { leg: LEG, sdp: ANSWER.into(), identity });
    let answer = bench.answered(tx, 200);
    peer.learn(&answer);
    assert_eq!(answer.headers.address("To"), ringing.headers.address("To"));
    assert_eq!(answer.headers.get("Contact"), Some("<sip:2001@switchboard.invalid>"));
    assert_eq!(answer.headers.get("P-Asserted-Identity"), Some("\"李\" <sip:2001@switchboard.example>"));
    assert!(answer.headers.lists("Allow", "UPDATE"));
    bench.ack(&mut peer, "");
    bench.ack(&mut peer, "");
    bench.seconds(60);
    bench.nothing();
    let bye = bench.receive(peer.request("BYE", &[("Reason", "Q.850;cause=16")], ""));
    bench.answered(bye, 200);
    bench.over(Ending::Bye(Some("Q.850;cause=16".into())));
    let again = bench.receive(peer.request("BYE", &[], ""));
    bench.answered(again, 481);
    bench.nothing();
}

#[test]
fn an_answer_is_sent_again_until_its_ack_and_given_up_after_32_seconds() {
    let mut bench = Bench::new();
    let (tx, _) = bench.invited(&[], OFFER);
    bench.accept();
    let first = bench.answered(tx, 200);
    let began = bench.now;
    let mut times = Vec::new();
    while bench.now < began + Duration::from_millis(31_999) {
        bench.pass(Duration::from_millis(250));
        while matches!(bench.out.front(), Some(DialogOutput::Sip(SipOutput::Respond { .. }))) {
            assert_eq!(bench.answered(tx, 200), first);
            times.push((bench.now - began).as_millis());
        }
    }
    assert_eq!(times, [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    let bye = bench.sent("BYE");
    bench.reply(&bye, 481, "", &[], "");
    bench.over(Ending::NoAck);
}

#[test]
fn a_delayed_offer_is_answered_in_the_ack() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], "");
    // Early media would be an answer, and there is no offer.
    bench.order(DialogInput::Ring { leg: LEG, sdp: Some(OFFER.into()) });
    assert!(bench.answered(tx, 180).body.is_empty());
    bench.order(DialogInput::Accept { leg: LEG, sdp: OFFER.into(), identity: None });
    let answer = bench.answered(tx, 200);
    assert_eq!(text(&answer.body), OFFER);
    peer.learn(&answer);
    bench.ack(&mut peer, ANSWER);
    assert!(matches!(bench.next(), DialogOutput::Confirmed { sdp: Some(sdp), .. } if sdp == ANSWER));
    bench.nothing();
}

#[test]
fn a_delayed_offer_without_answer_ends_the_call() {
    let mut bench = Bench::new();
    let (tx, mut peer) = bench.invited(&[], "");
    bench.order(DialogInput::Accept { leg: LEG, sdp: OFFER.into(), identity: None });
    peer.learn(&bench.answered(tx, 200));
    bench.ack(&mut peer, "");
    bench.sent("BYE");
}

#[test]
fn refusals_are_sent_as_ordered() {
    let mut bench = Bench::new();
    let (tx, _) = bench.invited(&[], OFFER);
    let contact = Some(uri("sip:3000@pbx.example"));
    bench.order(DialogInput::Reject { leg: LEG, status: 302, reason: Some("SIP;cause=302".into()), contact });
    let response = bench.answered(tx, 302);
    assert_eq!(response.headers.get("Contact"), Some("<sip:3000@pbx.example>"));
    assert_eq!(response.headers.get("Reason"), Some("SIP;cause=302"));
    bench.over(Ending::Ours);
    let mut bench = Bench::new();
    let (tx, _) = bench.invited(&[], OFFER);
    bench.hang_up();
    bench.answered(tx, 480);
    bench.over(Ending::Ours);
    let mut bench = Bench::new();
    let (tx, _) = bench.invited(&[], OFFER);
    bench.order(DialogInput::Reject { leg: LEG, status: 7, reason: None, contact: None });
    bench.answered(tx, 480);
    bench.over(Ending::Ours);
}

#[track_caller]
fn not_admitted(more: &[(&str, &str)], body: &str, status: u16) -> Response {
    let mut bench = Bench::new();
    let tx = bench.admit(LEG, Peer::caller().request("INVITE", more, body));
    let response = bench.answered(tx, status);
    bench.over(Ending::Rejected { status, contacts: Vec::new(), reason: None });
    response
}

#[test]
fn what_cannot_be_taken_is_refused() {
    let response = not_admitted(&[("Require", "100rel, precondition"), ("Require", "odd")], OFFER, 420);
    assert_eq!(response.headers.list("Unsupported").collect::<Vec<_>>(), ["precondition", "odd"]);
    let response = not_admitted(&[("Content-Type", "text/plain")], OFFER, 415);
    assert!(response.headers.lists("Accept", "application/sdp"));
    let response = not_admitted(&[("Supported", "timer"), ("Session-Expires", "30")], OFFER, 422);
    assert_eq!(response.headers.get("Min-SE"), Some("90"));
    not_admitted(&[("Replaces", "nobody;to-tag=a;from-tag=b")], OFFER, 481);
    not_admitted(&[("Replaces", "nobody")], OFFER, 400);
    not_admitted(&[], &"v".repeat(20_000), 413);
    not_admitted(&[("Contact", "*")], OFFER, 400);
}

#[test]
fn there_are_no_more_legs_than_configured() {
    let mut bench = Bench::new();
    bench.dialogs = Dialogs::new(DialogsConfig { max_legs: 1, ..DialogsConfig::default() }, 1);
    bench.invited(&[], OFFER);
    let mut other = Peer { call_id: "call-2".into(), ..Peer::caller() };
    let tx = bench.admit(LegId(2), other.request("INVITE", &[], OFFER));
    assert_eq!(bench.answered(tx, 503).headers.get("Retry-After"), Some("10"));
}

#[test]
fn an_invite_that_came_by_two_ways_is_taken_once() {
    let mut bench = Bench::new();
    let (_, peer) = bench.invited(&[], OFFER);
    let mut same = Peer { seq: peer.seq - 1, ..peer };
    let tx = bench.admit(LegId(2), same.request("INVITE", &[], OFFER));
    bench.answered(tx, 482);
    assert_eq!(bench.dialogs.len(), 1);
}

#[test]
fn requests_find_their_dialog_by_all_three_names_or_none() {
    let mut bench = Bench::new();
    let peer = bench.taken(&[]);
    let wrong: [fn(&mut Peer); 3] = [|p| p.call_id.push('x'), |p| p.tag.push('x'), |p| p.our_tag.push('x')];
    for change in wrong {
        let mut stranger = peer.clone();
        change(&mut stranger);
        let request = stranger.request("BYE", &[], "");
        assert_eq!(bench.dialogs.leg_of(&request), None);
        let tx = bench.receive(request);
        bench.answered(tx, 481);
    }
    assert_eq!(bench.dialogs.leg_of(&peer.clone().request("BYE", &[], "")), Some(LEG));
    let replaces = format!("{};from-tag={};to-tag={}", peer.call_id, peer.tag, peer.our_tag);
    let mut other = Peer { call_id: "call-2".into(), ..Peer::caller() };
    let request = other.request("INVITE", &[("Replaces", &replaces)], OFFER);
    assert_eq!(bench.dialogs.leg_of(&request), Some(LEG));
}

#[test]
fn requests_out_of_order_get_500_and_a_new_contact_is_followed() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    peer.seq = 10;
    let tx = bench.receive(peer.request("OPTIONS", &[], ""));
    assert!(bench.answered(tx, 200).headers.lists("Allow", "REFER"));
    peer.seq = 4;
    let tx = bench.receive(peer.request("OPTIONS", &[], ""));
    bench.answered(tx, 500);
    peer.seq = 20;
    let tx = bench.receive(peer.request("MESSAGE", &[], "hello"));
    assert!(bench.answered(tx, 405).headers.lists("Allow", "INFO"));
    let tx = bench.receive(peer.request("UPDATE", &[("Contact", "<sip:moved@192.0.2.77>")], ""));
    bench.answered(tx, 200);
    let tx = bench.receive(peer.request("INFO", &[("Require", "odd")], ""));
    bench.answered(tx, 420);
    bench.hang_up();
    assert_eq!(bench.sent("BYE").1.uri, uri("sip:moved@192.0.2.77"));
}

#[test]
fn an_invite_may_replace_a_call() {
    let mut bench = Bench::new();
    let peer = bench.taken(&[]);
    let replaces = format!("{};from-tag={};to-tag={}", peer.call_id, peer.tag, peer.our_tag);
    let mut other = Peer { call_id: "call-2".into(), ..Peer::caller() };
    let early = format!("{replaces};early-only");
    let tx = bench.admit(LegId(2), other.request("INVITE", &[("Replaces", &early)], OFFER));
    bench.answered(tx, 486);
    bench.next();
    let mut other = Peer { call_id: "call-3".into(), ..Peer::caller() };
    let tx = bench.admit(LegId(3), other.request("INVITE", &[("Replaces", &replaces)], OFFER));
    bench.answered(tx, 100);
    let DialogOutput::Incoming { leg, incoming } = bench.next() else { panic!("not admitted") };
    assert_eq!((leg, incoming.replaces), (LegId(3), Some(LEG)));
}
