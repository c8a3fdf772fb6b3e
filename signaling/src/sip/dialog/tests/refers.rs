//! REFER in both roles (RFC 3515, RFC 4488).

use super::*;

#[track_caller]
fn referred(bench: &mut Bench) -> ReferTarget {
    match bench.next() {
        DialogOutput::Referred { leg: LEG, target } => target,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn notified(bench: &mut Bench, status: u16, state: &str) {
    let notify = bench.sent("NOTIFY");
    assert!(text(&notify.1.body).starts_with(&format!("SIP/2.0 {status} ")));
    let told = notify.1.headers.get("Subscription-State").unwrap();
    assert!(told.starts_with(state), "{told}");
    assert_eq!(notify.1.headers.get("Content-Type"), Some("message/sipfrag;version=2.0"));
    bench.reply(&notify, 200, "", &[], "");
}

#[test]
fn a_telephone_hands_its_call_on() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let tx = bench.receive(peer.request("REFER", &[("Refer-To", "<tel:+886227208889>")], ""));
    bench.answered(tx, 202);
    notified(&mut bench, 100, "active");
    let target = referred(&mut bench);
    assert_eq!((target.uri, target.replaces), (uri("tel:+886227208889"), None));
    let second = bench.receive(peer.request("REFER", &[("Refer-To", "<sip:a@b>")], ""));
    bench.answered(second, 491);
    bench.order(DialogInput::ReferProgress { leg: LEG, status: 180 });
    notified(&mut bench, 180, "active");
    bench.order(DialogInput::ReferProgress { leg: LEG, status: 200 });
    bench.hang_up();
    // The last news goes out before the BYE.
    notified(&mut bench, 200, "terminated;reason=noresource");
    bench.sent("BYE");
}

#[test]
fn an_attended_transfer_names_the_other_call() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let mut other = Peer { call_id: "call@2".into(), tag: "z".into(), ..Peer::caller() };
    bench.admit(LegId(2), other.request("INVITE", &[], OFFER));
    bench.out.clear();
    let id = bench.dialogs.dialog_id(LegId(2)).unwrap();
    let to = format!(
        "<sip:3000@pbx.example;method=INVITE?Replaces=call%402%3Bto-tag%3D{}%3Bfrom-tag%3Dz>",
        id.local_tag
    );
    let tx = bench.receive(peer.request("REFER", &[("Refer-To", &to), ("Refer-Sub", "false")], ""));
    assert_eq!(bench.answered(tx, 202).headers.get("Refer-Sub"), Some("false"));
    let target = referred(&mut bench);
    assert_eq!((target.replaces, target.replaces_leg), (Some(id), Some(LegId(2))));
    assert_eq!(target.uri, uri("sip:3000@pbx.example"));
    bench.order(DialogInput::ReferProgress { leg: LEG, status: 200 });
    bench.nothing();
}

#[test]
fn a_refer_that_says_nothing_useful_is_refused() {
    let mut bench = Bench::new();
    let mut peer = bench.taken(&[]);
    let cases: [(&[(&str, &str)], u16); 5] = [
        (&[], 400),
        (&[("Refer-To", "<sip:a@b>, <sip:c@d>")], 400),
        (&[("Refer-To", "<http://a>")], 400),
        (&[("Refer-To", "<sip:a@b?Replaces=x>")], 400),
        (&[("Refer-To", "<sip:a@b;method=BYE>")], 501),
    ];
    for (headers, status) in cases {
        let tx = bench.receive(peer.request("REFER", headers, ""));
        bench.answered(tx, status);
        bench.nothing();
    }
}

fn progress(bench: &mut Bench) -> u16 {
    match bench.next() {
        DialogOutput::ReferProgress { leg: LEG, status } => status,
        other => panic!("{other:?}"),
    }
}

fn notify(bench: &mut Bench, peer: &mut Peer, state: &str, body: &str, status: u16) {
    let headers =
        [("Event", "refer;id=2"), ("Subscription-State", state), ("Content-Type", "message/sipfrag")];
    let tx = bench.receive(peer.request("NOTIFY", &headers, body));
    bench.answered(tx, status);
}

#[test]
fn we_ask_a_telephone_to_call_somebody() {
    let mut bench = Bench::new();
    let mut peer = bench.dialled(&[]);
    notify(&mut bench, &mut peer, "active", "SIP/2.0 100 Trying", 481);
    let refer = |bench: &mut Bench| {
        bench.order(DialogInput::Refer { leg: LEG, to: Box::new(address("<sip:3000@pbx.example>")) });
        bench.sent("REFER")
    };
    let sent = refer(&mut bench);
    assert_eq!(sent.1.headers.get("Refer-To"), Some("<sip:3000@pbx.example>"));
    assert_eq!(sent.1.headers.get("Referred-By"), Some("\"王\" <sip:2001@switchboard.example>"));
    // News may come before the answer.
    notify(&mut bench, &mut peer, "active;expires=60", "SIP/2.0 100 Trying\r\n", 200);
    assert_eq!(progress(&mut bench), 100);
    bench.reply(&sent, 202, "", &[], "");
    bench.order(DialogInput::Refer { leg: LEG, to: Box::new(address("<sip:4000@pbx.example>")) });
    assert_eq!(progress(&mut bench), 491);
    notify(&mut bench, &mut peer, "terminated;reason=noresource", "SIP/2.0 200 OK\r\n", 200);
    assert_eq!(progress(&mut bench), 200);
    notify(&mut bench, &mut peer, "terminated", "SIP/2.0 200 OK\r\n", 481);
    let sent = refer(&mut bench);
    bench.reply(&sent, 603, "", &[], "");
    assert_eq!(progress(&mut bench), 603);
    let sent = refer(&mut bench);
    bench.reply(&sent, 202, "", &[("Refer-Sub", "false")], "");
    assert_eq!(progress(&mut bench), 200);
    let sent = refer(&mut bench);
    bench.reply(&sent, 202, "", &[], "");
    bench.seconds(32);
    assert_eq!(progress(&mut bench), 408);
    bench.nothing();
}

#[test]
fn news_that_end_without_a_result_are_a_failure() {
    let mut bench = Bench::new();
    let mut peer = bench.dialled(&[]);
    bench.order(DialogInput::Refer { leg: LEG, to: Box::new(address("<sip:3000@pbx.example>")) });
    bench.sent("REFER");
    notify(&mut bench, &mut peer, "terminated;reason=timeout", "SIP/2.0 100 Trying", 200);
    assert_eq!(progress(&mut bench), 500);
    let tx = bench.receive(peer.request("NOTIFY", &[("Event", "presence")], ""));
    bench.answered(tx, 489);
}
