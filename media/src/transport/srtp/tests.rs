//! Sealing and opening against each other and against rtc-srtp, both ways, for every profile.

use proptest::prelude::*;
use rtc_srtp::context::Context;
use rtc_srtp::protection_profile::ProtectionProfile;

use super::keys::KEY_LEN;
use super::*;

/// Bytes of a hex string.
pub(in crate::transport) fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

const PROFILES: [SrtpProfile; 3] =
    [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80, SrtpProfile::Aes128CmSha1_32];

fn master(profile: SrtpProfile) -> MasterKey {
    let bytes: Vec<u8> = (0..64).map(|byte| byte * 3 + 1).collect();
    MasterKey::new(&bytes[..KEY_LEN], &bytes[32..32 + profile.salt_len()])
}

fn pair(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
    let master = master(profile);
    (SrtpSender::new(profile, &master).unwrap(), SrtpReceiver::new(profile, &master).unwrap())
}

fn foreign(profile: SrtpProfile) -> Context {
    let theirs = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpProfile::Aes128CmSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
    };
    let master = master(profile);
    let provider = rtc_crypto::default_provider().unwrap();
    Context::new(master.key(), master.salt(), theirs, None, None, provider.crypto()).unwrap()
}

/// A packet with one contributing source and a header extension: 24 bytes of header.
fn rtp(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x91, 0xE0];
    packet.extend_from_slice(&sequence.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 9]);
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0, 0, 0, 7, 0xBE, 0xDE, 0, 1, 0x10, 0x55, 0, 0]);
    packet.extend_from_slice(payload);
    packet
}

const HEADER: usize = 24;

fn seal(sender: &mut SrtpSender, packet: &[u8]) -> Result<Vec<u8>, SrtpError> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + MAX_OVERHEAD, 0);
    let len = sender.seal_rtp(&mut buffer, HEADER, packet.len())?;
    buffer.truncate(len);
    Ok(buffer)
}

fn seal_rtcp(sender: &mut SrtpSender, packet: &[u8]) -> Vec<u8> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + MAX_OVERHEAD, 0);
    let len = sender.seal_rtcp(&mut buffer, packet.len()).unwrap();
    buffer.truncate(len);
    buffer
}

fn receiver_report(ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, 201, 0, 1];
    packet.extend_from_slice(&ssrc.to_be_bytes());
    packet.extend_from_slice(&[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    packet
}

#[test]
fn rtc_srtp_opens_what_we_seal_over_three_roll_overs() {
    for profile in PROFILES {
        let (mut sender, _) = pair(profile);
        let mut theirs = foreign(profile);
        for step in 0..400_u32 {
            let sequence = (60_000 + step * 500) as u16;
            let plain = rtp(sequence, 0xCAFE, &[step as u8; 90]);
            let sealed = seal(&mut sender, &plain).unwrap();
            assert_eq!(theirs.decrypt_rtp(&sealed).unwrap(), plain, "{profile:?} {step}");
            let report = receiver_report(0xCAFE);
            assert_eq!(theirs.decrypt_rtcp(&seal_rtcp(&mut sender, &report)).unwrap(), report);
        }
    }
}

#[test]
fn we_open_what_rtc_srtp_seals_over_three_roll_overs() {
    for profile in PROFILES {
        let (_, mut receiver) = pair(profile);
        let mut theirs = foreign(profile);
        for step in 0..400_u32 {
            let sequence = (30_000 + step * 500) as u16;
            let plain = rtp(sequence, 0xBEEF, &[step as u8; 70]);
            let mut sealed = theirs.encrypt_rtp(&plain).unwrap().to_vec();
            let len = receiver.open_rtp(&mut sealed).unwrap();
            assert_eq!(sealed[..len], plain, "{profile:?} {step}");
            let report = receiver_report(0xBEEF);
            let mut sealed = theirs.encrypt_rtcp(&report).unwrap().to_vec();
            let len = receiver.open_rtcp(&mut sealed).unwrap();
            assert_eq!(sealed[..len], report);
        }
    }
}

#[test]
fn sealing_into_another_buffer_gives_the_same_bytes() {
    for profile in PROFILES {
        let (mut in_place, _) = pair(profile);
        let (mut apart, _) = pair(profile);
        let plain = rtp(7, 1, b"payload");
        let mut out = [0; 200];
        let len = apart.seal_rtp_into(&plain[..HEADER], &plain[HEADER..], &mut out).unwrap();
        assert_eq!(out[..len], seal(&mut in_place, &plain).unwrap());
        assert_eq!(len, plain.len() + apart.rtp_overhead());
    }
}

#[test]
fn an_index_is_sealed_once_and_opened_once() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let sealed = seal(&mut sender, &rtp(5, 1, b"once")).unwrap();
        assert_eq!(seal(&mut sender, &rtp(5, 1, b"twice")), Err(SrtpError::Replayed));
        assert!(seal(&mut sender, &rtp(5, 2, b"other source")).is_ok());
        assert!(receiver.open_rtp(&mut sealed.clone()).is_ok());
        assert_eq!(receiver.open_rtp(&mut sealed.clone()), Err(SrtpError::Replayed));
        let report = seal_rtcp(&mut sender, &receiver_report(1));
        assert!(receiver.open_rtcp(&mut report.clone()).is_ok());
        assert_eq!(receiver.open_rtcp(&mut report.clone()), Err(SrtpError::Replayed));
    }
}

#[test]
fn late_packets_are_opened_after_a_roll_over() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut sealed: Vec<Vec<u8>> = (65_500..65_600_u32)
        .map(|index| seal(&mut sender, &rtp(index as u16, 1, &index.to_be_bytes())).unwrap())
        .collect();
    // The first in order, the rest backwards.
    assert!(receiver.open_rtp(&mut sealed[0]).is_ok());
    for packet in sealed[1..].iter_mut().rev() {
        assert!(receiver.open_rtp(packet).is_ok());
    }
}

#[test]
fn each_flipped_bit_is_noticed_and_changes_no_state() {
    for profile in PROFILES {
        let (mut sender, mut receiver) = pair(profile);
        let sealed = seal(&mut sender, &rtp(100, 1, b"untouched")).unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut damaged = sealed.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(receiver.open_rtp(&mut damaged).is_err(), "{profile:?} bit {bit}");
        }
        assert!(receiver.open_rtp(&mut sealed.clone()).is_ok());
        let report = seal_rtcp(&mut sender, &receiver_report(1));
        for bit in 0..report.len() * 8 {
            let mut damaged = report.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(receiver.open_rtcp(&mut damaged).is_err(), "{profile:?} bit {bit}");
        }
        assert!(receiver.open_rtcp(&mut report.clone()).is_ok());
    }
}

#[test]
fn forged_sources_take_no_memory() {
    let (_, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    for ssrc in 0..10_000 {
        let mut forged = rtp(1, ssrc, &[0; 40]);
        assert_eq!(receiver.open_rtp(&mut forged), Err(SrtpError::Unauthentic));
    }
    let mut other = SrtpSender::new(SrtpProfile::AeadAes128Gcm, &master(SrtpProfile::AeadAes128Gcm)).unwrap();
    for ssrc in 0..MAX_SOURCES as u32 {
        assert!(receiver.open_rtp(&mut seal(&mut other, &rtp(1, ssrc, b"x")).unwrap()).is_ok());
    }
    assert_eq!(seal(&mut other, &rtp(1, 9_999, b"x")), Err(SrtpError::TooManySources));
}

#[test]
fn buffers_and_lengths_are_checked() {
    let (mut sender, mut receiver) = pair(SrtpProfile::AeadAes128Gcm);
    let mut tight = rtp(1, 1, b"no room");
    let len = tight.len();
    assert_eq!(sender.seal_rtp(&mut tight, HEADER, len), Err(SrtpError::NoRoom));
    assert_eq!(sender.seal_rtp(&mut tight, len + 1, len), Err(SrtpError::Malformed));
    assert_eq!(sender.seal_rtcp(&mut [0x80; 40], 7), Err(SrtpError::Malformed));
    assert_eq!(receiver.open_rtp(&mut [0x80; 27]), Err(SrtpError::Malformed));
    assert_eq!(receiver.open_rtcp(&mut [0x80; 27]), Err(SrtpError::Malformed));
    for profile in PROFILES {
        for (key, salt) in [(KEY_LEN, profile.salt_len() + 1), (2 * KEY_LEN, profile.salt_len())] {
            let wrong = MasterKey::new(&[0; 2 * KEY_LEN][..key], &[0; 15][..salt]);
            assert_eq!(SrtpSender::new(profile, &wrong).err(), Some(SrtpError::Key));
            assert_eq!(SrtpReceiver::new(profile, &wrong).err(), Some(SrtpError::Key));
        }
    }
}

#[test]
fn plain_srtcp_is_refused() {
    let (mut sender, mut receiver) = pair(SrtpProfile::Aes128CmSha1_80);
    let mut report = seal_rtcp(&mut sender, &receiver_report(1));
    let word = report.len() - 14;
    report[word] &= 0x7F;
    assert_eq!(receiver.open_rtcp(&mut report), Err(SrtpError::Unauthentic));
}

#[test]
fn exported_material_is_split_by_role() {
    let profile = SrtpProfile::AeadAes128Gcm;
    let material: Vec<u8> = (0..profile.material_len() as u8).collect();
    let keys = SrtpKeys::of_server(profile, &material).unwrap();
    assert_eq!(keys.remote.key(), &material[..16], "the client writes with the first key");
    assert_eq!(keys.local.key(), &material[16..32]);
    assert_eq!(keys.remote.salt(), &material[32..44]);
    assert_eq!(keys.clone().swapped().local.key(), keys.remote.key());
    assert!(SrtpKeys::of_server(profile, &material[1..]).is_err());
    assert!(!format!("{keys:?}").contains("17, 18"), "no key bytes in logs");
}

proptest! {
    #[test]
    fn no_input_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..120), first in 0u8..4, second: u8) {
        if let [a, b, ..] = bytes.as_mut_slice() {
            *a = 0x80 | (*a & 0x3F) | (first & 1) << 6;
            *b = second;
        }
        for profile in PROFILES {
            let (mut sender, mut receiver) = pair(profile);
            prop_assert!(receiver.open_rtp(&mut bytes.clone()).is_err());
            prop_assert!(receiver.open_rtcp(&mut bytes.clone()).is_err());
            let len = bytes.len();
            let _ = sender.seal_rtp(&mut bytes.clone(), len.min(12), len);
            let _ = sender.seal_rtcp(&mut bytes.clone(), len);
        }
    }
}
