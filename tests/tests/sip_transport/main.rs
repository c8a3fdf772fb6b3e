//! The SIP transport against real telephones and a real PBX, all on loopback.

mod agent;
mod garbage;
mod scenarios;
mod secure;

use agent::{Agent, config, in_dialog, invite, out_of_dialog, place, target_of};
use signaling::sip::message::{Method, Response};
use signaling::sip::port::{Failure, Protocol, SipInput, SipOutput, Target};
use tests::peers::kamailio::Hub;
use tests::peers::{Baresip, BaresipConfig, Certificates, Kamailio, KamailioConfig};

const TRANSPORTS: [(&str, Protocol); 3] =
    [("udp", Protocol::Udp), ("tcp", Protocol::Tcp), ("tls", Protocol::Tls)];

#[test]
fn a_trunk_registers_at_a_pbx_and_is_called_through_it() {
    let certificates = Certificates::new().unwrap();
    let hub = Hub::Registered("7000".into());
    let options = KamailioConfig { hub: Some(&hub), tls: Some(&certificates), ..KamailioConfig::default() };
    let pbx = Kamailio::start(&options).unwrap();
    let at = pbx.address().to_string();
    let password = Kamailio::password("1001");
    let phone = Baresip::start(&BaresipConfig {
        outbound: Some(&at),
        password: Some(("1001", &password)),
        ..BaresipConfig::new("1001", Kamailio::DOMAIN)
    })
    .unwrap();
    for (transport, _) in TRANSPORTS {
        let mut us = Agent::start(&config(Some(&certificates)));
        let registered = us.register(&pbx, "7000", transport);
        assert_eq!(registered.status, 200, "{transport}");
        assert!(registered.headers.get("Contact").is_some());
        phone.dial(&format!("sip:7001@{}", Kamailio::DOMAIN)).unwrap();
        let (tx, _, request) = us.request(Method::Invite);
        assert_eq!(request.uri.user.as_deref(), Some("7001"));
        for status in [100, 180, 200] {
            us.respond(tx, &request, status);
        }
        us.ack();
        phone.wait_event("CALL_ESTABLISHED").unwrap();
        phone.hang_up().unwrap();
        let (tx, _, request) = us.request(Method::Bye);
        us.respond(tx, &request, 200);
        phone.wait_event("CALL_CLOSED").unwrap();
        us.close();
        // The registration of before would be called first.
        drop_registration(&pbx, transport, &certificates);
    }
}

/// Takes all contacts of 7000 back.
fn drop_registration(pbx: &Kamailio, transport: &str, certificates: &Certificates) {
    let mut us = Agent::start(&config(Some(certificates)));
    assert_eq!(us.unregister(pbx, "7000", transport).status, 200);
    us.close();
}

#[test]
fn a_telephone_registers_here_and_is_called_over_what_it_registered_with() {
    let certificates = Certificates::new().unwrap();
    for (transport, protocol) in TRANSPORTS {
        let mut us = Agent::start(&config(Some(&certificates)));
        let domain = us.address(protocol).to_string();
        let mut phone = Baresip::start_unregistered(&BaresipConfig {
            transport,
            password: Some(("1001", "x")),
            tls: Some(&certificates),
            ..BaresipConfig::new("1001", &domain)
        })
        .unwrap();
        let (tx, hop, register) = us.request(Method::Register);
        assert_eq!(hop.protocol, protocol);
        let mut registered = Response::to(&register, 200, Some("ours"));
        registered
            .headers
            .push("Contact", &format!("{};expires=120", register.headers.get("Contact").unwrap()));
        us.carry_out(SipOutput::Respond { tx, response: Box::new(registered) });
        phone.wait_said("binding]").unwrap();
        let contact = register.headers.address("Contact").unwrap().uri;
        let call = invite(&contact.to_string(), "7001");
        let tx = us.send(Target::Hop(hop), call.clone());
        let answer = us.end(tx);
        assert_eq!(answer.status, 200, "{transport}");
        let ack = Box::new(in_dialog(Method::Ack, &call, &answer, 1));
        us.carry_out(SipOutput::Ack { target: Target::Hop(hop), request: ack });
        phone.wait_event("CALL_ESTABLISHED").unwrap();
        let bye = us.send(Target::Hop(hop), in_dialog(Method::Bye, &call, &answer, 2));
        assert_eq!(us.end(bye).status, 200, "{transport}");
        phone.wait_event("CALL_CLOSED").unwrap();
        us.close();
    }
}

#[test]
fn a_caller_who_gives_up_is_told_as_cancelled() {
    let us = Agent::start(&config(None));
    let domain = us.address(Protocol::Udp).to_string();
    let phone = Baresip::start(&BaresipConfig::new("1001", &domain)).unwrap();
    phone.dial(&format!("sip:7001@{domain}")).unwrap();
    let (tx, _, request) = us.request(Method::Invite);
    us.respond(tx, &request, 180);
    phone.wait_event("CALL_RINGING").unwrap();
    phone.hang_up().unwrap();
    let SipInput::Cancelled { tx: cancelled, request: cancel } = us.next() else { panic!("not cancelled") };
    assert_eq!((cancelled, &cancel.method), (tx, &Method::Cancel));
    us.respond(tx, &request, 487);
    phone.wait_event("CALL_CLOSED").unwrap();
    // The ACK to the 487 is the transport's.
    let (_, _, request) = {
        phone.dial(&format!("sip:7002@{domain}")).unwrap();
        us.request(Method::Invite)
    };
    assert_eq!(request.uri.user.as_deref(), Some("7002"));
}

#[test]
fn a_telephone_that_rings_can_be_given_up() {
    let mut us = Agent::start(&config(None));
    let domain = us.address(Protocol::Udp).to_string();
    let phone =
        Baresip::start(&BaresipConfig { answers: false, ..BaresipConfig::new("1001", &domain) }).unwrap();
    let uri = format!("sip:1001@127.0.0.1:{}", phone.port);
    let tx = us.send(target_of(&uri), invite(&uri, "7001"));
    // At once: it waits for the first response.
    us.carry_out(SipOutput::Cancel {
        tx,
        reason: Some("SIP;cause=200;text=\"Call completed elsewhere\"".into()),
    });
    assert_eq!(us.end(tx).status, 487);
    phone.wait_event("CALL_CLOSED").unwrap();
}

#[test]
fn a_pbx_that_is_gone_is_unreachable_at_once() {
    let certificates = Certificates::new().unwrap();
    let mut us = Agent::start(&config(Some(&certificates)));
    let pbx =
        Kamailio::start(&KamailioConfig { tls: Some(&certificates), ..KamailioConfig::default() }).unwrap();
    let places = [place(&pbx, "tcp"), place(&pbx, "tls")];
    for target in &places {
        let tx = us.send(target.clone(), out_of_dialog(Method::Options, "sip:127.0.0.1", "7000"));
        assert_eq!(us.end(tx).status, 200);
    }
    drop(pbx);
    for target in places {
        let tx = us.send(target, out_of_dialog(Method::Options, "sip:127.0.0.1", "7000"));
        assert_eq!(us.next(), SipInput::Failed { tx, failure: Failure::Unreachable });
    }
}
