//! What a telephone sends as audio, comfort noise and digits, and what a browser sends to the mix: packets one after the other,
//! as a length and a byte that says what it is.
#![no_main]

use std::sync::OnceLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use media::bridge::codec::{Decoder, MAX_PACKET_MS, OpusDecoder};
use media::bridge::digits::DigitReceiver;
use media::bridge::noise::ComfortNoise;
use media::bridge::source::{Source, frame_len};
use media::control::PhoneCodec;

/// Some instant to count from.
static START: OnceLock<Instant> = OnceLock::new();

fuzz_target!(|data: &[u8]| {
    let Some((codec, mut rest)) = data.split_first() else { return };
    let codec =
        [PhoneCodec::Pcmu, PhoneCodec::Pcma, PhoneCodec::G722, PhoneCodec::Opus][usize::from(codec % 4)];
    let rate = codec.sample_rate();
    let now = *START.get_or_init(Instant::now);
    let (Ok(mut decoder), Ok(mut opus), Ok(mut source)) =
        (Decoder::new(codec), OpusDecoder::new(rate), Source::new(rate, now))
    else {
        return;
    };
    let (mut digits, mut noise) = (DigitReceiver::new(codec.clock_hz()), ComfortNoise::new(1));
    let mut pcm = vec![0; rate as usize * MAX_PACKET_MS / 1_000];
    let mut timestamp = 0u32;
    while let [kind, step, len, more @ ..] = rest {
        let (payload, next) = more.split_at(more.len().min(usize::from(*len)));
        rest = next;
        timestamp = timestamp.wrapping_add(u32::from(*step) << (kind >> 3));
        match kind % 8 {
            0 => drop(decoder.decode(payload, &mut pcm)),
            1 => drop(digits.receive(timestamp, kind & 0x80 != 0, payload)),
            2 => noise.receive(payload),
            3 => drop(opus.recover(payload, &mut pcm[..frame_len(rate)])),
            4 => drop(source.push(timestamp, payload, now)),
            _ => drop(source.pull(&mut pcm[..frame_len(rate)])),
        }
    }
    noise.fill(&mut pcm);
});
