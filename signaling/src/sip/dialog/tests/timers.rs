//! Session timers (RFC 4028).

use super::*;

const TIMER: (&str, &str) = ("Supported", "timer");

#[test]
fn we_refresh_at_half_without_a_new_description() {
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "90;refresher=uac"), ("Allow", "INVITE")]);
    bench.seconds(44);
    bench.nothing();
    bench.seconds(1);
    let refresh = bench.sent("INVITE");
    assert_eq!(text(&refresh.1.body), OFFER);
    assert_eq!(refresh.1.headers.get("Session-Expires"), Some("90;refresher=uac"));
    bench.reply(
        &refresh,
        200,
        "them",
        &[("Session-Expires", "90;refresher=uac"), ("Allow", "UPDATE")],
        ANSWER,
    );
    bench.acked();
    bench.nothing();
    bench.seconds(45);
    let refresh = bench.sent("UPDATE");
    assert!(refresh.1.body.is_empty());
    bench.reply(&refresh, 200, "", &[("Session-Expires", "90;refresher=uac")], "");
    bench.seconds(44);
    bench.nothing();
    assert_eq!(bench.dialogs.len(), 1);
}

#[test]
fn an_answer_to_a_refresh_that_says_something_new_is_told() {
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "90")]);
    bench.seconds(45);
    let refresh = bench.sent("INVITE");
    bench.reply(&refresh, 200, "them", &[("Session-Expires", "90")], "v=0 new port");
    bench.acked();
    assert!(
        matches!(bench.next(), DialogOutput::OfferAnswered { sdp: Some(sdp), .. } if sdp == "v=0 new port")
    );
}

#[test]
fn without_their_refresh_the_call_ends_before_its_expiry() {
    let mut bench = Bench::new();
    let mut peer = bench.dialled(&[("Session-Expires", "90;refresher=uas")]);
    bench.seconds(59);
    let tx = bench.receive(peer.request("UPDATE", &[TIMER, ("Session-Expires", "90;refresher=uac")], ""));
    bench.named();
    let answer = bench.answered(tx, 200);
    assert_eq!(answer.headers.get("Session-Expires"), Some("90;refresher=uac"));
    assert!(answer.headers.lists("Require", "timer"));
    bench.seconds(59);
    bench.nothing();
    bench.seconds(1);
    let bye = bench.sent("BYE");
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Lost);
}

#[test]
fn a_refresh_that_fails_is_tried_again_and_at_last_the_call_ends() {
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "180;refresher=uac")]);
    bench.seconds(90);
    let refresh = bench.sent("INVITE");
    bench.reply(&refresh, 500, "", &[], "");
    bench.nothing();
    bench.seconds(32);
    let refresh = bench.sent("INVITE");
    bench.reply(&refresh, 500, "", &[], "");
    bench.seconds(26);
    let bye = bench.sent("BYE");
    bench.reply(&bye, 200, "", &[], "");
    bench.over(Ending::Lost);
}

#[test]
fn a_small_interval_is_refused_and_a_refusal_of_ours_is_obeyed() {
    let mut bench = Bench::new();
    let invite = bench.dial();
    bench.reply(&invite, 422, "x", &[("Min-SE", "3600")], "");
    let again = bench.sent("INVITE");
    assert_eq!(again.1.headers.get("Session-Expires"), Some("3600"));
    assert_eq!(again.1.headers.get("Min-SE"), Some("3600"));
    assert_eq!((again.1.headers.cseq(), text(&again.1.body)), (Ok(2), OFFER));
    // The same again helps nobody.
    bench.reply(&again, 422, "x", &[("Min-SE", "3600")], "");
    bench.over(Ending::Rejected { status: 422, contacts: Vec::new(), reason: None });

    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    for method in ["INVITE", "UPDATE"] {
        let tx = bench.receive(peer.request(method, &[TIMER, ("Session-Expires", "20")], ""));
        assert_eq!(bench.answered(tx, 422).headers.get("Min-SE"), Some("90"));
    }
}

#[test]
fn who_can_refresh_does() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, bool);
    let cases: [Case<'_>; 5] = [
        (&[], "1800;refresher=uas", false),
        (&[("Session-Expires", "600")], "600;refresher=uas", false),
        (&[TIMER], "1800;refresher=uac", true),
        (&[TIMER, ("Session-Expires", "600;refresher=uas")], "600;refresher=uas", true),
        (&[TIMER, ("Session-Expires", "100"), ("Min-SE", "200")], "200;refresher=uac", true),
    ];
    for (headers, value, required) in cases {
        let mut bench = Bench::new();
        let (tx, _) = bench.invited(headers, OFFER);
        bench.accept();
        let answer = bench.answered(tx, 200);
        assert_eq!(answer.headers.get("Session-Expires"), Some(value), "{headers:?}");
        assert_eq!(answer.headers.lists("Require", "timer"), required);
    }
}

#[test]
fn a_long_timer_is_within_bounds() {
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "4294967295;refresher=uas")]);
    assert!(bench.dialogs.deadline().is_some());
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "99999999999999")]);
    let mut bench = Bench::new();
    bench.dialled(&[("Session-Expires", "1;refresher=uac")]);
    bench.seconds(44);
    bench.nothing();
}
