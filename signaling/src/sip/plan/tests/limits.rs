use std::net::{IpAddr, Ipv4Addr};

use super::super::*;
use crate::ids::PersonId;
use crate::sip::config::{Fallback, LimitsConfig, SipConfig, Srtp, TrunkConfig};
use crate::sip::port::Protocol;
use crate::sip::trunk::TrunkId;
use std::time::{Duration, Instant};

fn trunk(name: &str, max_calls: u32, max_calls_per_second: u32) -> TrunkConfig {
    TrunkConfig {
        name: name.into(),
        host: "pbx.example".into(),
        port: 5060,
        protocol: Protocol::Udp,
        register: false,
        user: "hub".into(),
        credentials: None,
        peers: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        srtp: Srtp::Off,
        codecs: Vec::new(),
        ptime: 20,
        trusted_identity: false,
        outbound: Vec::new(),
        inbound: Vec::new(),
        max_calls,
        max_calls_per_second,
        options_every: Duration::from_secs(30),
        patience: Duration::from_secs(2),
    }
}

/// Two lines on the first trunk, ten on the second; two calls and three a minute for a person, eight in all, five a second.
fn limits() -> Limits {
    Limits::new(&SipConfig {
        listen: Vec::new(),
        listen_tls: Vec::new(),
        tls: None,
        domain: "switchboard.example".into(),
        announced: None,
        trunks: vec![trunk("one", 2, 10), trunk("two", 10, 2)],
        plan: PlanConfig::default(),
        fallback: Fallback::default(),
        limits: LimitsConfig { calls_per_person: 2, dials_per_minute: 3, calls: 8, calls_per_second: 5 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    })
}

fn start() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
    Instant::now()
}

fn person(n: u128) -> Option<PersonId> {
    Some(PersonId(uuid::Uuid::from_u128(n)))
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_person_is_bounded_at_once_and_per_minute() {
    let (mut limits, now) = (limits(), start());
    let who = person(1).unwrap();
    let first = limits.begin(now, Some(who), None).unwrap();
    let second = limits.begin(now, Some(who), None).unwrap();
    let refused = limits.begin(now, Some(who), None).unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (RefusalReason::PersonCalls, None));
    assert_eq!(limits.check(now, who), Err(refused));
    limits.end(first);
    let third = limits.begin(now, Some(who), None).unwrap();
    limits.end(second);
    limits.end(third);
    let refused = limits.begin(now, Some(who), None).unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (RefusalReason::PersonRate, Some(20 * SECOND)));
    assert_eq!(refused.code(), crate::wire::error::ErrorCode::LinesBusy);
    // Somebody else is not touched.
    let other = limits.begin(now, person(2), None).unwrap();
    limits.end(other);
    let later = limits.begin(now + 20 * SECOND, Some(who), None).unwrap();
    limits.end(later);
}

#[test]
fn a_trunk_is_bounded_at_once_and_per_second() {
    let (mut limits, now) = (limits(), start());
    let one = Some(TrunkId(0));
    let permits = [limits.begin(now, None, one).unwrap(), limits.begin(now, person(1), one).unwrap()];
    assert_eq!(limits.begin(now, None, one).unwrap_err().reason, RefusalReason::TrunkCalls);
    assert_eq!((limits.calls_of(TrunkId(0)), limits.calls_of(TrunkId(1))), (2, 0));
    let two = Some(TrunkId(1));
    let more = [limits.begin(now, None, two).unwrap(), limits.begin(now, None, two).unwrap()];
    let refused = limits.begin(now, None, two).unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (RefusalReason::TrunkRate, Some(SECOND / 2)));
    permits.into_iter().chain(more).for_each(|permit| limits.end(permit));
    assert_eq!(limits.calls_of(TrunkId(0)), 0);
    assert_eq!(limits.begin(now, None, Some(TrunkId(7))).unwrap_err().reason, RefusalReason::TrunkCalls);
}

#[test]
fn a_refusal_charges_nothing() {
    let (mut limits, now) = (limits(), start());
    let one = Some(TrunkId(0));
    let permits = [limits.begin(now, None, one).unwrap(), limits.begin(now, None, one).unwrap()];
    for _ in 0..20 {
        assert_eq!(limits.begin(now, person(1), one).unwrap_err().reason, RefusalReason::TrunkCalls);
    }
    let other = limits.begin(now, person(1), Some(TrunkId(1))).unwrap();
    permits.into_iter().chain([other]).for_each(|permit| limits.end(permit));
}

#[test]
fn all_are_bounded_at_once_and_per_second() {
    let (mut limits, now) = (limits(), start());
    let mut permits: Vec<Permit> = (0..5).map(|n| limits.begin(now, person(n), None).unwrap()).collect();
    let refused = limits.begin(now, person(9), None).unwrap_err();
    assert_eq!((refused.reason, refused.retry_after), (RefusalReason::Rate, Some(SECOND / 5)));
    let later = now + SECOND;
    permits.extend((10..13).map(|n| limits.begin(later, person(n), None).unwrap()));
    assert_eq!(limits.begin(later, person(9), None).unwrap_err().reason, RefusalReason::Calls);
    permits.into_iter().for_each(|permit| limits.end(permit));
    let permit = limits.begin(later, person(9), None).unwrap();
    limits.end(permit);
}
