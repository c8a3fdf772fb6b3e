//! Calls between the app and real telephones, over the whole hub: signaling, transport, media plane.

mod app;
mod office;
mod transfer;
mod trunks;

use std::time::{Duration, Instant};

use office::{DOMAIN, Office};
use serde_json::json;
use tests::peers::Certificates;

#[expect(clippy::disallowed_methods, reason = "a test on real sockets")]
fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when sound has come")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// Digits come out of the telephone's mouth as lines of its log.
const DIGIT: &str = "event: '5'";

#[test]
fn the_app_calls_a_desk_telephone_and_both_are_heard() {
    let office = Office::start(Vec::new(), None);
    let mut phone = office.phone("1001", 440.0);
    let mut app = office.app(1);
    let call = app.dial("1001", 620.0);
    app.until(&call, "connected");
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    phone.wait_tone(620.0).unwrap();
    app.wait_tone(&call, 440.0);
    app.must("call.digits", json!({"call": call, "digits": "5"}));
    phone.wait_said(DIGIT).unwrap();
    app.must("call.leave", json!({"call": call}));
    phone.wait_event("CALL_CLOSED").unwrap();
    app.until_ended(&call);
}

#[test]
fn a_desk_telephone_calls_the_app_and_hangs_up() {
    let office = Office::start(Vec::new(), None);
    let phone = office.phone("1001", 440.0);
    let mut app = office.app(1);
    phone.dial(&format!("sip:7001@{DOMAIN}")).unwrap();
    let (call, name, number) = app.ring();
    assert_eq!((name.as_str(), number.as_str()), ("話機1001", "1001"));
    phone.wait_event("CALL_RINGING").unwrap();
    app.answer(&call, 620.0);
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    phone.wait_tone(620.0).unwrap();
    app.wait_tone(&call, 440.0);
    phone.hang_up().unwrap();
    app.until_ended(&call);
}

#[test]
fn an_encrypted_telephone_is_heard_both_ways() {
    let certificates = Certificates::new().unwrap();
    let office = Office::start(Vec::new(), Some(&certificates));
    let phone = office.phone_with("1001", |config| {
        (config.transport, config.tls, config.encrypts) = ("tls", Some(&certificates), true);
    });
    let mut app = office.app(1);
    phone.dial(&format!("sip:7001@{DOMAIN}")).unwrap();
    let (call, ..) = app.ring();
    app.answer(&call, 620.0);
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    phone.wait_tone(620.0).unwrap();
    app.wait_tone(&call, 440.0);
    app.must("call.leave", json!({"call": call}));
    phone.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn two_desk_telephones_hear_each_other() {
    let office = Office::start(Vec::new(), None);
    let (first, second) = (office.phone("1001", 440.0), office.phone("1002", 880.0));
    first.dial(&format!("sip:1002@{DOMAIN}")).unwrap();
    first.wait_event("CALL_ESTABLISHED").unwrap();
    second.wait_event("CALL_ESTABLISHED").unwrap();
    first.wait_tone(880.0).unwrap();
    second.wait_tone(440.0).unwrap();
    second.hang_up().unwrap();
    first.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn hold_and_resume_from_both_sides() {
    let office = Office::start(Vec::new(), None);
    let phone = office.phone("1001", 440.0);
    let mut app = office.app(1);
    let call = app.dial("1001", 620.0);
    app.until(&call, "connected");
    app.wait_tone(&call, 440.0);
    phone.hold().unwrap();
    app.until(&call, "held");
    phone.resume().unwrap();
    app.until(&call, "connected");
    app.wait_tone(&call, 440.0);
    app.must("call.hold", json!({"call": call, "hold": true}));
    app.must("call.hold", json!({"call": call, "hold": false}));
    app.wait_tone(&call, 440.0);
    app.must("call.leave", json!({"call": call}));
    phone.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn a_hub_that_stops_hangs_up() {
    let office = Office::start(Vec::new(), None);
    let phone = office.phone("1001", 440.0);
    let mut app = office.app(1);
    let call = app.dial("1001", 620.0);
    app.until(&call, "connected");
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    office.drain();
    phone.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn busy_declined_and_unknown_are_told_apart() {
    let office = Office::start(Vec::new(), None);
    let phone = office.phone_with("1001", |config| config.answers = false);
    let mut app = office.app(1);
    let call = app.dial("1001", 620.0);
    app.until(&call, "ringing");
    phone.wait_event("CALL_INCOMING").unwrap();
    phone.hang_up().unwrap();
    let refused = app.until_ended(&call);
    let call = app.start("1009");
    let unknown = app.until_ended(&call);
    assert_ne!(refused, unknown);
    assert!(!office.records().is_empty());
}
