//! Calls that are handed on, by the telephone and by the app. Heard at the telephone that came last: baresip 1.0 decodes nothing
//! more once a re-INVITE has put it on hold, though packets reach it.

use super::*;

#[test]
fn the_telephone_hands_the_app_on_to_another_telephone() {
    let office = Office::start(Vec::new(), None);
    let (first, second) = (office.phone("1001", 440.0), office.phone("1002", 880.0));
    let mut app = office.app(1);
    let call = app.dial("1001", 620.0);
    app.until(&call, "connected");
    app.wait_tone(&call, 440.0);
    first.transfer(&format!("sip:1002@{DOMAIN}")).unwrap();
    second.wait_event("CALL_ESTABLISHED").unwrap();
    app.wait_tone(&call, 880.0);
    second.wait_tone(620.0).unwrap();
    second.hang_up().unwrap();
    app.until_ended(&call);
}

#[test]
fn the_app_hands_a_telephone_on_to_a_number() {
    let office = Office::start(Vec::new(), None);
    let (first, second) = (office.phone("1001", 440.0), office.phone("1002", 880.0));
    let mut app = office.app(1);
    first.dial(&format!("sip:7001@{DOMAIN}")).unwrap();
    let (call, ..) = app.ring();
    app.answer(&call, 620.0);
    first.wait_event("CALL_ESTABLISHED").unwrap();
    app.must("call.transfer", json!({"call": call, "to": {"number": "1002"}}));
    second.wait_event("CALL_ESTABLISHED").unwrap();
    second.wait_tone(440.0).unwrap();
    first.hang_up().unwrap();
    second.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn the_app_joins_two_telephones_after_asking() {
    let office = Office::start(Vec::new(), None);
    let (first, second) = (office.phone("1001", 440.0), office.phone("1002", 880.0));
    let mut app = office.app(1);
    let one = app.dial("1001", 620.0);
    app.until(&one, "connected");
    app.must("call.hold", json!({"call": one, "hold": true}));
    let two = app.dial("1002", 620.0);
    app.until(&two, "connected");
    app.wait_tone(&two, 880.0);
    app.must("call.transfer", json!({"call": one, "to": {"call": two}}));
    second.wait_tone(440.0).unwrap();
    second.hang_up().unwrap();
    first.wait_event("CALL_CLOSED").unwrap();
}
