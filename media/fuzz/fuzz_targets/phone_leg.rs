//! Datagrams of a telephone to the leg of a call: the first byte of each piece says which socket and how long it is.
#![no_main]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use media::bridge::leg::{Heard, Leg, Wire};
use media::control::{PhoneCodec, PhoneRemote};

fuzz_target!(|data: &[u8]| {
    let from = SocketAddr::from(([192, 0, 2, 1], 4_000));
    for (codec, payload_type) in [(PhoneCodec::Pcmu, 0), (PhoneCodec::G722, 9), (PhoneCodec::Opus, 111)] {
        let remote = PhoneRemote {
            rtp: from,
            rtcp: from,
            mux: false,
            latch: true,
            codec,
            payload_type,
            payload_type_in: payload_type,
            ptime: 20,
            events: Some((101, 101)),
            comfort_noise: Some(13),
            send: true,
            receive: true,
            music: false,
            srtp: None,
        };
        let mut now = Instant::now();
        let (mut leg, mut wire, mut heard) = (Leg::new(0, || 1), Wire::default(), Heard::default());
        if leg.set(&remote, now).is_err() {
            return;
        }
        let mut rest = data;
        while let Some((head, tail)) = rest.split_first() {
            let (piece, tail) = tail.split_at(usize::from(head & 0x7f).min(tail.len()));
            rest = tail;
            now += Duration::from_millis(10);
            let mut bytes = piece.to_vec();
            let _ = match head & 0x80 {
                0 => leg.rtp(from, &mut bytes, true, now, &mut heard),
                _ => leg.rtcp(from, &mut bytes, now),
            };
            leg.tick(true, now, &mut wire, &mut heard);
            heard.voice.clear();
            heard.events.clear();
            wire.clear();
        }
        leg.end(&mut wire);
    }
});
