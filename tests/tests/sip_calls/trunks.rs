//! Calls through a PBX.

use signaling::sip::port::Protocol;
use tests::peers::kamailio::Hub;
use tests::peers::process::free_port;
use tests::peers::{Baresip, BaresipConfig, Kamailio, KamailioConfig, Rtpengine};

use super::office::{registered, trunk};
use super::*;

/// A telephone behind the PBX.
fn behind(pbx: &Kamailio, user: &str, tone: f64) -> Baresip {
    let (at, password) = (pbx.address().to_string(), Kamailio::password(user));
    Baresip::start(&BaresipConfig {
        outbound: Some(&at),
        password: Some((user, &password)),
        tone,
        ..BaresipConfig::new(user, Kamailio::DOMAIN)
    })
    .unwrap()
}

#[test]
fn a_registered_trunk_carries_calls_both_ways_through_a_media_relay() {
    let relay = Rtpengine::start().unwrap();
    let hub = Hub::Registered("7000".into());
    let options = KamailioConfig { hub: Some(&hub), rtpengine: Some(&relay), ..KamailioConfig::default() };
    let pbx = Kamailio::start(&options).unwrap();
    let phone = behind(&pbx, "2001", 440.0);
    let office = Office::start(vec![registered("pbx", pbx.port, Protocol::Udp)], None);
    office.await_trunk("pbx");
    let mut app = office.app(1);
    let call = app.dial("2001", 620.0);
    app.until(&call, "connected");
    phone.wait_tone(620.0).unwrap();
    app.wait_tone(&call, 440.0);
    phone.hang_up().unwrap();
    app.until_ended(&call);
    phone.wait_event("CALL_CLOSED").unwrap();

    phone.dial(&format!("sip:7001@{}", Kamailio::DOMAIN)).unwrap();
    let (call, _, number) = app.ring();
    assert_eq!(number, "2001");
    app.answer(&call, 620.0);
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    app.wait_tone(&call, 440.0);
    app.must("call.leave", json!({"call": call}));
    phone.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn a_silent_trunk_is_passed_by_within_four_seconds() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let dead = free_port(1).unwrap();
    let pbx = Kamailio::start(&KamailioConfig::default()).unwrap();
    let first = trunk("silent", silent.local_addr().unwrap().port(), Protocol::Udp);
    let second = trunk("dead", dead, Protocol::Tcp);
    let office = Office::start(vec![first, second, registered("pbx", pbx.port, Protocol::Tcp)], None);
    office.await_trunk("pbx");
    let phone = behind(&pbx, "2001", 440.0);
    let mut app = office.app(1);
    let begin = now();
    let call = app.dial("2001", 620.0);
    phone.wait_event("CALL_ESTABLISHED").unwrap();
    let taken = begin.elapsed();
    assert!(taken < Duration::from_secs(4), "{taken:?}");
    app.until(&call, "connected");
    app.must("call.leave", json!({"call": call}));
    phone.wait_event("CALL_CLOSED").unwrap();
}
