//! Certificates: whose are believed, whose are asked for, and new ones while calls run.

use super::*;
use signaling::sip::port::Hop;

fn options(us: &mut Agent, at: Hop) -> SipInput {
    let tx = us.send(Target::Uri(format!("sips:{}", at.address).parse().unwrap()), {
        let mut request = out_of_dialog(Method::Options, "sips:127.0.0.1", "7000");
        request.headers.set("Call-ID", &format!("options-{}", at.address));
        request
    });
    match us.next() {
        SipInput::Response { tx: to, response } if to == tx => SipInput::Response { tx: to, response },
        other => other,
    }
}

/// Answers one OPTIONS of `caller`, who must get through.
fn gets_through(caller: &mut Agent, us: &Agent) {
    let at = Hop { protocol: Protocol::Tls, address: us.address(Protocol::Tls) };
    let request = out_of_dialog(Method::Options, "sips:127.0.0.1", "7000");
    let tx = caller.send(Target::Uri(format!("sips:{}", at.address).parse().unwrap()), request);
    let (server, from, request) = us.request(Method::Options);
    assert_eq!(from.protocol, Protocol::Tls);
    us.respond(server, &request, 200);
    assert_eq!(caller.end(tx).status, 200);
}

fn is_refused(caller: &mut Agent, us: &Agent) {
    let at = Hop { protocol: Protocol::Tls, address: us.address(Protocol::Tls) };
    let told = options(caller, at);
    assert!(matches!(told, SipInput::Failed { failure: Failure::Unreachable, .. }), "{told:?}");
}

#[test]
fn only_certificates_of_our_ca_are_believed() {
    let (ours, theirs) = (Certificates::new().unwrap(), Certificates::new().unwrap());
    let us = Agent::start(&config(Some(&ours)));
    let (mut friend, mut stranger) =
        (Agent::start(&config(Some(&ours))), Agent::start(&config(Some(&theirs))));
    gets_through(&mut friend, &us);
    is_refused(&mut stranger, &us);
    // Another name than that of the certificate is refused as well.
    let port = us.address(Protocol::Tls).port();
    let wrong = target_of(&format!("sips:127.0.0.2:{port}"));
    let tx = friend.send(wrong, out_of_dialog(Method::Options, "sips:127.0.0.2", "7000"));
    assert_eq!(friend.next(), SipInput::Failed { tx, failure: Failure::Unreachable });
}

#[test]
fn a_telephone_with_a_certificate_of_another_ca_is_not_called() {
    let (ours, theirs) = (Certificates::new().unwrap(), Certificates::new().unwrap());
    let mut us = Agent::start(&config(Some(&ours)));
    for (certificates, believed) in [(&ours, true), (&theirs, false)] {
        let phone = Baresip::start(&BaresipConfig {
            transport: "tls",
            tls: Some(certificates),
            ..BaresipConfig::new("1001", "127.0.0.1")
        })
        .unwrap();
        let uri = format!("sip:1001@127.0.0.1:{};transport=tls", phone.port + 1);
        let call = invite(&uri, "7001");
        let tx = us.send(target_of(&uri), call);
        if believed {
            assert_eq!(us.end(tx).status, 200);
        } else {
            assert_eq!(us.next(), SipInput::Failed { tx, failure: Failure::Unreachable });
        }
    }
}

#[test]
fn who_connects_must_show_a_certificate_where_it_is_asked_for() {
    let (ours, theirs) = (Certificates::new().unwrap(), Certificates::new().unwrap());
    let mut strict = config(Some(&ours));
    if let Some(tls) = &mut strict.tls {
        tls.require_client = true;
    }
    let us = Agent::start(&strict);
    gets_through(&mut Agent::start(&config(Some(&ours))), &us);
    // Believes us, but shows a certificate of another CA.
    let mut mixed = config(Some(&theirs));
    if let Some(tls) = &mut mixed.tls {
        tls.ca = ours.ca.clone();
    }
    is_refused(&mut Agent::start(&mixed), &us);
}

#[test]
fn new_certificates_are_taken_without_dropping_connections() {
    let (old, new) = (Certificates::new().unwrap(), Certificates::new().unwrap());
    let us = Agent::start(&config(Some(&old)));
    let mut open = Agent::start(&config(Some(&old)));
    let mut later = config(Some(&new));
    later.listen_tls = Vec::new();
    gets_through(&mut open, &us);
    is_refused(&mut Agent::start(&later), &us);
    for (from, to) in [(&new.key, &old.key), (&new.certificate, &old.certificate), (&new.ca, &old.ca)] {
        std::fs::copy(from, to).unwrap();
    }
    gets_through(&mut Agent::start(&later), &us);
    gets_through(&mut open, &us);
}

#[test]
fn without_usable_files_it_does_not_begin() {
    let certificates = Certificates::new().unwrap();
    let mut broken = config(Some(&certificates));
    if let Some(tls) = &mut broken.tls {
        tls.key = certificates.ca.clone();
    }
    assert!(Agent::try_start(&broken).is_err());
    broken.tls = None;
    assert!(Agent::try_start(&broken).is_err());
}
