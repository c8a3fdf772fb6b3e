//! ICE: authentication, nomination, restart, consent.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::sim::{Fate, Sim, config};
use crate::control::LostReason;
use crate::transport::stun::tests::TestRequest;
use crate::transport::{Input, Output, Peer, RemoteCredentials, Ufrag};

fn up() -> Sim {
    let mut sim = Sim::plain();
    assert!(sim.run_until(Duration::from_secs(1), |sim| sim.connected()));
    sim
}

/// Makes the client check from another address.
fn move_to(sim: &mut Sim, address: &str) {
    sim.client.address = address.parse().unwrap();
    sim.client.check();
    let datagrams = sim.client.tick(sim.now);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(100));
}

fn retired(sim: &Sim) -> Vec<Ufrag> {
    let ufrags = sim.outputs.iter().filter_map(|output| match output {
        Output::Retired(ufrag) => Some(*ufrag),
        _ => None,
    });
    ufrags.collect()
}

#[test]
fn the_last_nomination_wins_and_takes_dtls_along() {
    let mut sim = up();
    let first = sim.client.address;
    move_to(&mut sim, "[2001:db8::5]:6000");
    assert_eq!(sim.selected(), [first, sim.client.address]);
    let datagrams = sim.client.connect_sctp(sim.now);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(200));
    let datagrams = sim.client.open_channel(sim.now, 0, "moved");
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(200));
    assert!(sim.outputs.iter().any(|output| matches!(output, Output::ChannelOpened { .. })));
    assert_eq!(sim.client.received.len(), 1, "the acknowledgement found the new address");
}

#[test]
fn a_check_without_nomination_does_not_move_the_route() {
    let mut sim = up();
    let first = sim.client.address;
    sim.client.nominates = false;
    move_to(&mut sim, "192.0.2.77:7000");
    assert_eq!(sim.selected(), [first]);
    let reachable = sim.outputs.iter().filter_map(|output| match output {
        Output::Reachable(from) => Some(*from),
        _ => None,
    });
    assert_eq!(reachable.collect::<BTreeSet<_>>(), BTreeSet::from([first, sim.client.address]));
}

#[test]
fn consent_runs_out_when_checks_stop() {
    let mut sim = up();
    sim.run_for(Duration::from_secs(60));
    assert_eq!(sim.closed(), None, "checks keep it up");
    sim.client.checks = false;
    let stopped = sim.now;
    assert!(sim.run_until(Duration::from_secs(20), |sim| sim.closed().is_some()));
    assert_eq!(sim.closed(), Some(LostReason::ConsentExpired));
    assert!(sim.now - stopped > Duration::from_secs(12));
    assert_eq!(sim.peer.deadline(), None);
}

#[test]
fn a_peer_that_never_comes_expires() {
    let mut sim = Sim::plain();
    sim.client.checks = false;
    assert!(sim.run_until(Duration::from_secs(31), |sim| sim.closed().is_some()));
    assert_eq!(sim.closed(), Some(LostReason::SetupTimeout));
    assert_eq!(sim.now - sim.start, Duration::from_secs(30));
}

#[test]
fn a_peer_that_checks_but_never_shakes_hands_expires() {
    let mut sim = Sim::new(Default::default(), Box::new(|_, _, _| Fate::Lose));
    assert!(sim.run_until(Duration::from_secs(31), |sim| sim.closed().is_some()));
    assert_eq!(sim.closed(), Some(LostReason::SetupTimeout));
}

#[test]
fn a_restart_keeps_the_old_generation_until_the_new_one_is_nominated() {
    let mut sim = up();
    let old = sim.peer.local().ufrag;
    let remote = RemoteCredentials { ufrag: "next".to_owned(), ..sim.client.remote.clone() };
    sim.give(Input::NewOffer(&remote));
    let new = sim.peer.local().clone();
    assert_ne!(new.ufrag, old);
    assert_eq!(sim.peer.ufrags().collect::<Vec<_>>(), [new.ufrag, old]);
    move_to(&mut sim, "192.0.2.77:7000");
    assert_eq!(sim.selected().len(), 1, "the old generation does not nominate any more, but is answered");
    assert_eq!(sim.peer.stats().stun_dropped, 0);
    sim.client.remote = remote;
    sim.client.answered(sim.now, &new);
    sim.run_for(Duration::from_millis(100));
    assert_eq!(sim.selected().last(), Some(&sim.client.address));
    assert_eq!(retired(&sim), [old]);
    assert_eq!(sim.peer.ufrags().collect::<Vec<_>>(), [new.ufrag]);
    let connected = sim.outputs.iter().filter(|output| matches!(output, Output::Connected { .. })).count();
    assert_eq!(connected, 1, "DTLS goes on");
}

#[test]
fn an_offer_without_new_credentials_changes_nothing() {
    let mut sim = up();
    let before = sim.peer.local().ufrag;
    let remote = sim.client.remote.clone();
    sim.give(Input::NewOffer(&remote));
    assert_eq!(sim.peer.local().ufrag, before);
    for step in 0..2 {
        let remote = RemoteCredentials { ufrag: format!("gen{step}"), ..remote.clone() };
        sim.give(Input::NewOffer(&remote));
    }
    assert_eq!(retired(&sim), [before], "two generations at most");
}

#[test]
fn an_offer_with_another_certificate_ends_the_peer() {
    let mut sim = up();
    let mut remote = sim.client.remote.clone();
    remote.fingerprint.0[0] ^= 1;
    sim.give(Input::NewOffer(&remote));
    assert_eq!(sim.closed(), Some(LostReason::FingerprintMismatch));
}

#[test]
fn good_bye_is_said_both_ways() {
    let mut sim = up();
    sim.give(Input::Close);
    sim.run_for(Duration::from_millis(50));
    assert!(sim.client.closed_by_server);
    assert_eq!(sim.closed(), None, "whoever closes knows");
    let mut sim = up();
    let datagrams = sim.client.close(sim.now);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_millis(50));
    assert_eq!(sim.closed(), Some(LostReason::Closed));
}

/// A peer and requests to it, without a client behind.
struct Bare {
    now: Instant,
    peer: Peer,
    username: String,
}

impl Bare {
    fn new() -> Self {
        let sim = Sim::plain();
        let username = format!("{}:{}", sim.peer.local().ufrag.as_str(), sim.client.remote.ufrag);
        Bare { now: sim.start, peer: sim.peer, username }
    }

    fn ask(&mut self, from: SocketAddr, request: &TestRequest<'_>) -> Vec<Output> {
        let mut out = Vec::new();
        self.peer.handle(self.now, Input::Datagram { from, data: &request.build() }, &mut out);
        out
    }
}

#[test]
fn requests_that_do_not_prove_themselves_are_dropped_and_counted() {
    let mut bare = Bare::new();
    let from: SocketAddr = "198.51.100.3:9".parse().unwrap();
    let pwd = bare.peer.local().pwd().to_owned();
    let username = bare.username.clone();
    let right = TestRequest { username: &username, pwd: &pwd, nominate: true, controlling: true };
    let other_client = format!("{}:evil", bare.peer.local().ufrag.as_str());
    for wrong in [
        TestRequest { pwd: "guessed", ..right },
        TestRequest { username: &other_client, ..right },
        TestRequest { username: "", ..right },
    ] {
        assert!(bare.ask(from, &wrong).is_empty());
    }
    assert_eq!(bare.peer.stats().stun_dropped, 3);
    let mut out = Vec::new();
    bare.peer.handle(bare.now, Input::Datagram { from, data: &[22, 254, 253, 0] }, &mut out);
    bare.peer.handle(bare.now, Input::Datagram { from, data: &[99] }, &mut out);
    assert!(out.is_empty());
    assert_eq!((bare.peer.stats().dtls_dropped, bare.peer.stats().other_dropped), (1, 1));
    let answered = bare.ask(from, &right);
    assert!(matches!(answered[..], [Output::Transmit { .. }, Output::Reachable(_), Output::Selected(_)]));
}

/// Another peer may have taken the address meanwhile: by a NAT that gave the port away, or by forging it.
#[test]
fn each_authentic_check_claims_its_address_again() {
    let mut bare = Bare::new();
    let pwd = bare.peer.local().pwd().to_owned();
    let username = bare.username.clone();
    let request = TestRequest { username: &username, pwd: &pwd, nominate: true, controlling: true };
    let from: SocketAddr = "198.51.100.3:9".parse().unwrap();
    for _ in 0..3 {
        let out = bare.ask(from, &request);
        assert!(out.iter().any(|output| matches!(output, Output::Reachable(at) if *at == from)), "{out:?}");
    }
}

#[test]
fn a_client_in_the_controlled_role_is_told_to_change() {
    let mut bare = Bare::new();
    let pwd = bare.peer.local().pwd().to_owned();
    let username = bare.username.clone();
    let request = TestRequest { username: &username, pwd: &pwd, nominate: true, controlling: false };
    let out = bare.ask("198.51.100.3:9".parse().unwrap(), &request);
    let [Output::Transmit { datagram, .. }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(datagram[..2], [0x01, 0x11], "a binding error");
}

#[test]
fn the_address_table_is_bounded_and_never_forgets_the_route() {
    let mut bare = Bare::new();
    let pwd = bare.peer.local().pwd().to_owned();
    let username = bare.username.clone();
    let mut request = TestRequest { username: &username, pwd: &pwd, nominate: true, controlling: true };
    let route: SocketAddr = "198.51.100.3:9".parse().unwrap();
    let _ = bare.ask(route, &request);
    request.nominate = false;
    let (mut reachable, mut forgotten) = (1, Vec::new());
    for port in 1..=100 {
        bare.now += Duration::from_millis(1);
        for output in bare.ask(SocketAddr::new(route.ip(), 1_000 + port), &request) {
            match output {
                Output::Reachable(_) => reachable += 1,
                Output::Forgotten(address) => forgotten.push(address),
                _ => {}
            }
        }
    }
    assert_eq!(reachable - forgotten.len(), 16);
    assert!(!forgotten.contains(&route));
    assert_eq!(forgotten[0].port(), 1_001, "the quietest first");
}

#[test]
fn two_peers_have_nothing_in_common() {
    let sim = Sim::plain();
    let other = Peer::new(sim.now, config(), sim.client.remote.clone()).unwrap();
    assert_ne!(other.local().ufrag, sim.peer.local().ufrag);
    assert_ne!(other.local().pwd(), sim.peer.local().pwd());
}
