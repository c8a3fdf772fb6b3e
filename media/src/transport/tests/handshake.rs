//! DTLS through loss, duplication and reordering; profiles; certificates.

use std::time::Duration;

use rtc_dtls::config::ExtendedMasterSecretType;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

use super::client::Behaviour;
use super::sim::{Fate, Faults, Sim, Way};
use crate::control::LostReason;
use crate::transport::srtp::{MAX_OVERHEAD, SrtpProfile, SrtpReceiver, SrtpSender};
use crate::transport::{Fingerprint, Output, Peer};

const HELLO_VERIFY: u8 = 3;
/// A client whose ClientHello needs two datagrams, as Chromium's does.
const FRAGMENTS: usize = 90;

fn lossless() -> Faults {
    Box::new(|_, _, _| Fate::Deliver)
}

/// Time until both sides were up.
fn connect(mut sim: Sim, limit: Duration) -> (Sim, Option<Duration>) {
    let up = sim.run_until(limit, Sim::connected);
    let time = up.then(|| sim.now - sim.start);
    (sim, time)
}

/// The keys of both sides fit together.
fn assert_keys_fit(sim: &Sim) {
    let (ours, theirs) = (sim.keys().unwrap(), sim.client.keys.as_ref().unwrap());
    assert_eq!(ours.profile, theirs.profile);
    for (sender, receiver) in [(&ours.local, &theirs.remote), (&theirs.local, &ours.remote)] {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 42];
        packet.resize(13 + MAX_OVERHEAD, 0);
        let mut sender = SrtpSender::new(ours.profile, sender).unwrap();
        let len = sender.seal_rtp(&mut packet, 12, 13).unwrap();
        let mut receiver = SrtpReceiver::new(ours.profile, receiver).unwrap();
        assert_eq!(receiver.open_rtp(&mut packet[..len]), Ok(13));
        assert_eq!(packet[12], 42);
    }
}

fn hello_verifies(sim: &Sim) -> usize {
    sim.sent.iter().filter(|datagram| datagram.get(13) == Some(&HELLO_VERIFY)).count()
}

#[test]
fn gcm_of_128_bits_is_chosen_though_the_client_lists_it_last() {
    let (sim, time) = connect(Sim::plain(), Duration::from_secs(1));
    assert!(time.unwrap() <= Duration::from_millis(100), "{time:?}");
    assert_eq!(sim.keys().unwrap().profile, SrtpProfile::AeadAes128Gcm);
    assert_eq!(hello_verifies(&sim), 1);
    assert_keys_fit(&sim);
    assert_eq!(sim.peer.stats(), Default::default());
    let order: Vec<_> = sim
        .outputs
        .iter()
        .filter(|output| matches!(output, Output::Selected(_) | Output::Connected { .. }))
        .collect();
    assert!(matches!(order[..], [Output::Selected(_), Output::Connected { .. }]), "a route before the keys");
}

#[test]
fn a_client_without_our_gcm_connects_with_counter_mode() {
    const COUNTER_MODE: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;
    let other_gcm = vec![SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm, COUNTER_MODE];
    for (mtu, profiles) in [(1_200, vec![COUNTER_MODE]), (FRAGMENTS, vec![COUNTER_MODE]), (1_200, other_gcm)]
    {
        let behaviour = Behaviour { profiles, mtu, ..Behaviour::default() };
        let (sim, time) = connect(Sim::new(behaviour, lossless()), Duration::from_secs(1));
        assert!(time.is_some(), "mtu {mtu}");
        assert_eq!(sim.keys().unwrap().profile, SrtpProfile::Aes128CmSha1_80);
        assert_keys_fit(&sim);
    }
}

#[test]
fn each_single_loss_is_recovered() {
    for mtu in [1_200, FRAGMENTS] {
        for way in [Way::ToClient, Way::ToServer] {
            for lost in 0..16 {
                let faults: Faults =
                    Box::new(move |w, n, _| if w == way && n == lost { Fate::Lose } else { Fate::Deliver });
                let behaviour = Behaviour { mtu, ..Behaviour::default() };
                let (sim, time) = connect(Sim::new(behaviour, faults), Duration::from_secs(3));
                assert!(time.is_some(), "mtu {mtu}: {way:?} datagram {lost}");
                assert_keys_fit(&sim);
            }
        }
    }
}

#[test]
fn three_losses_in_a_row_are_recovered() {
    for way in [Way::ToClient, Way::ToServer] {
        for lost in 0..6 {
            let faults: Faults =
                Box::new(
                    move |w, n, _| {
                        if w == way && (lost..lost + 3).contains(&n) { Fate::Lose } else { Fate::Deliver }
                    },
                );
            let (_, time) = connect(Sim::new(Behaviour::default(), faults), Duration::from_secs(10));
            assert!(time.is_some(), "{way:?} datagrams {lost} to {}", lost + 2);
        }
    }
}

#[test]
fn half_of_all_datagrams_lost_is_only_slow() {
    for seed in 1..=20_u64 {
        let mut state = seed;
        let faults: Faults = Box::new(move |_, _, _| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state % 2 == 0 { Fate::Lose } else { Fate::Deliver }
        });
        let (_, time) = connect(Sim::new(Behaviour::default(), faults), Duration::from_secs(29));
        assert!(time.is_some(), "seed {seed}");
    }
}

#[test]
fn one_hello_verify_request_goes_out_in_either_order_of_the_fragments() {
    for late in [None, Some(0), Some(2)] {
        let faults: Faults = Box::new(move |way, n, _| match way {
            Way::ToServer if late == Some(n) => Fate::Late(Duration::from_millis(3)),
            _ => Fate::Deliver,
        });
        let behaviour = Behaviour { mtu: FRAGMENTS, ..Behaviour::default() };
        let (sim, time) = connect(Sim::new(behaviour, faults), Duration::from_secs(1));
        assert!(time.is_some_and(|time| time < Duration::from_millis(150)), "late {late:?}: {time:?}");
        let hello_parts = sim.log.iter().filter(|datagram| datagram[0] == 22 && datagram[13] == 1).count();
        assert_eq!(hello_parts, 4, "two ClientHellos of two parts");
        assert_eq!(hello_verifies(&sim), 1, "late {late:?}");
    }
}

#[test]
fn a_repeated_first_hello_is_verified_once() {
    let faults: Faults = Box::new(|way, n, _| match (way, n) {
        (Way::ToServer, 0) => Fate::Lose,
        _ => Fate::Deliver,
    });
    let behaviour = Behaviour { mtu: FRAGMENTS, ..Behaviour::default() };
    let (sim, time) = connect(Sim::new(behaviour, faults), Duration::from_secs(1));
    assert!(time.is_some());
    assert_eq!(hello_verifies(&sim), 1, "its second part is no reason for another");
}

#[test]
fn duplicates_do_no_harm() {
    for mtu in [1_200, FRAGMENTS] {
        let behaviour = Behaviour { mtu, ..Behaviour::default() };
        let (sim, time) =
            connect(Sim::new(behaviour, Box::new(|_, _, _| Fate::Twice)), Duration::from_secs(1));
        assert!(time.is_some(), "mtu {mtu}");
        assert_keys_fit(&sim);
    }
}

#[test]
fn another_certificate_gets_no_keys() {
    let mut sim = Sim::plain();
    sim.client.remote.fingerprint = Fingerprint([7; 32]);
    sim.peer = Peer::new(sim.now, super::sim::config(), sim.client.remote.clone()).unwrap();
    let local = sim.peer.local().clone();
    sim.client.answered(sim.now, &local);
    assert!(sim.run_until(Duration::from_secs(2), |sim| sim.closed().is_some()));
    assert_eq!(sim.closed(), Some(LostReason::FingerprintMismatch));
    assert!(sim.keys().is_none());
    let outputs = sim.outputs.len();
    let datagrams = sim.client.connect_sctp(sim.now);
    sim.client_sends(datagrams);
    sim.run_for(Duration::from_secs(3));
    assert_eq!(sim.outputs.len(), outputs, "nothing is taken afterwards");
    assert_eq!(sim.peer.deadline(), None);
}

#[test]
fn a_client_without_extended_master_secret_is_not_let_in() {
    let extended_master_secret = ExtendedMasterSecretType::Disable;
    let behaviour = Behaviour { extended_master_secret, ..Behaviour::default() };
    let (sim, time) = connect(Sim::new(behaviour, lossless()), Duration::from_secs(31));
    assert_eq!(time, None);
    assert_eq!(sim.closed(), Some(LostReason::SetupTimeout));
}

#[test]
fn a_client_that_shows_no_certificate_is_not_let_in() {
    let behaviour = Behaviour { shows_certificate: false, ..Behaviour::default() };
    let (sim, _) = connect(Sim::new(behaviour, lossless()), Duration::from_secs(31));
    assert!(sim.keys().is_none());
    assert_eq!(sim.closed(), Some(LostReason::SetupTimeout));
}
