//! Any text as the session description of a telephone, as an offer and as an answer, with and without encryption.
#![no_main]

use std::net::SocketAddr;

use libfuzzer_sys::fuzz_target;
use media::control::PhoneCodec;
use signaling::sip::config::Srtp;
use signaling::sip::sdp::{KEY_BYTES, Negotiation, Profile};

fuzz_target!(|text: &str| {
    let local = SocketAddr::from(([192, 0, 2, 1], 40_000));
    for srtp in [Srtp::Off, Srtp::Optional, Srtp::Required] {
        let codecs = vec![PhoneCodec::G722, PhoneCodec::Pcma, PhoneCodec::Opus];
        let profile = Profile { codecs, ptime: 20, srtp };
        let mut theirs = Negotiation::new(profile.clone(), local, 1, [7; KEY_BYTES]);
        if let Ok((answer, _)) = theirs.answer(text) {
            // They change their mind, and we do.
            assert!(answer.starts_with("v=0\r\n"));
            let _ = theirs.answer(text);
            assert!(theirs.offer(true).starts_with("v=0\r\n"));
        }
        let mut ours = Negotiation::new(profile, local, 1, [7; KEY_BYTES]);
        let _ = ours.offer(false);
        let _ = ours.answered(text);
    }
});
