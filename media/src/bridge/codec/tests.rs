use proptest::prelude::*;

use super::*;
use crate::bridge::signal::{Lcg, decibels, level, snr, tone};

const ALL: [PhoneCodec; 4] = [PhoneCodec::Pcmu, PhoneCodec::Pcma, PhoneCodec::G722, PhoneCodec::Opus];

/// Two seconds of a tone through encoder and decoder in frames of 20 ms; the second half, when all has settled.
fn through(codec: PhoneCodec, hz: f64, peak: f64) -> Vec<i16> {
    let (mut encoder, mut decoder) =
        (Encoder::new(codec).expect("encoder"), Decoder::new(codec).expect("decoder"));
    let frame = codec.sample_rate() as usize / 50;
    let (mut payload, mut pcm, mut heard) = ([0; MAX_PAYLOAD], vec![0; frame], Vec::new());
    for n in 0..100 {
        let len = encoder
            .encode(&tone(codec.sample_rate(), hz, peak, n * frame, frame), &mut payload)
            .expect("a frame of 20 ms");
        assert_eq!(decoder.decode(&payload[..len], &mut pcm), Ok(frame));
        heard.extend_from_slice(&pcm);
    }
    heard.split_off(50 * frame)
}

#[test]
fn tones_keep_frequency_and_level() {
    for codec in ALL {
        for hz in [200.0, 440.0, 1_000.0, 3_000.0] {
            let heard = through(codec, hz, 8_000.0);
            let gain = decibels(level(&heard, codec.sample_rate(), hz) / 8_000.0);
            assert!(gain.abs() < 1.0, "{codec:?} {hz} Hz: {gain} dB");
            let clear = snr(&heard, codec.sample_rate(), hz);
            // The recommendation asks for 33 dB of G.711. Opus need not follow the wave.
            let wanted = if codec == PhoneCodec::Opus { 15.0 } else { 33.0 };
            assert!(clear > wanted, "{codec:?} {hz} Hz: {clear} dB");
        }
    }
}

#[test]
fn g722_has_the_upper_band() {
    for hz in [4_500.0, 6_000.0] {
        let heard = through(PhoneCodec::G722, hz, 8_000.0);
        assert!(decibels(level(&heard, 16_000, hz) / 8_000.0).abs() < 1.5, "{hz} Hz");
        assert!(snr(&heard, 16_000, hz) > 12.0, "{hz} Hz: {}", snr(&heard, 16_000, hz));
    }
}

fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

fn bytes(pcm: &[i16]) -> impl Iterator<Item = u8> {
    pcm.iter().flat_map(|sample| sample.to_le_bytes())
}

#[test]
fn g722_agrees_with_another_implementation_bit_by_bit() {
    // The sums are those of spandsp 0.0.6 over the same samples and the same bytes.
    let wave = |n: i32| (n * 37 % 1024 - 512).abs() * 40 - 10_240;
    let pcm: Vec<i16> = (0..16_000)
        .zip(Lcg(1))
        .map(|(n, random)| {
            let noise = i32::from((random >> 16) as i16 >> (1 + n / 2_000));
            (noise + if n % 4_000 >= 1_000 { wave(n) } else { 0 }).clamp(-32_768, 32_767) as i16
        })
        .collect();
    let (mut payload, mut heard) = (vec![0; 8_000], vec![0; 16_000]);
    assert_eq!(Encoder::new(PhoneCodec::G722).expect("encoder").encode(&pcm, &mut payload), Ok(8_000));
    assert_eq!(fnv(payload.iter().copied()), 0x2435_cd85_9e2a_ffaf);
    assert_eq!(Decoder::new(PhoneCodec::G722).expect("decoder").decode(&payload, &mut heard), Ok(16_000));
    assert_eq!(fnv(bytes(&heard)), 0x0f75_19af_53d7_50f9);
    let noise: Vec<u8> = Lcg(7).take(8_000).map(|random| (random >> 24) as u8 | 0x10).collect();
    assert_eq!(Decoder::new(PhoneCodec::G722).expect("decoder").decode(&noise, &mut heard), Ok(16_000));
    assert_eq!(fnv(bytes(&heard)), 0x6a2e_499f_2558_dad5);
}

/// A browser's stream: full band, 20 ms, 48 kHz.
fn browser(parts: &[(f64, f64)], packets: usize) -> Vec<Vec<u8>> {
    let mut encoder =
        ::opus::Encoder::new(48_000, ::opus::Channels::Mono, ::opus::Application::Audio).expect("encoder");
    let packet = |n| {
        let mut pcm = vec![0i16; 960];
        for (hz, peak) in parts {
            pcm.iter_mut()
                .zip(tone(48_000, *hz, *peak, n * 960, 960))
                .for_each(|(sum, sample)| *sum += sample);
        }
        encoder.encode_vec(&pcm, MAX_PAYLOAD).expect("a frame of 20 ms")
    };
    (0..packets).map(packet).collect()
}

#[test]
fn opus_decoded_at_a_lower_rate_does_not_alias() {
    // 5 and 6.2 kHz would come back as 3 and 1.8 kHz at a rate of 8 kHz.
    let packets = browser(&[(1_000.0, 6_000.0), (5_000.0, 6_000.0), (6_200.0, 6_000.0)], 100);
    let mut decoder = OpusDecoder::new(8_000).expect("decoder");
    let (mut pcm, mut heard) = ([0; 160], Vec::new());
    for packet in &packets {
        assert_eq!(decoder.decode(packet, &mut pcm), Ok(160));
        heard.extend_from_slice(&pcm);
    }
    let heard = &heard[8_000..];
    assert!(decibels(level(heard, 8_000, 1_000.0) / 6_000.0).abs() < 1.0);
    for image in [3_000.0, 1_800.0] {
        assert!(decibels(level(heard, 8_000, image) / 6_000.0) < -45.0, "{image} Hz");
    }
}

#[test]
fn a_phone_s_opus_is_heard_at_48_khz() {
    for (rate, hz) in [(8_000, 440.0), (8_000, 3_000.0), (16_000, 6_000.0)] {
        let (mut encoder, mut decoder) =
            (OpusEncoder::new(rate).expect("encoder"), OpusDecoder::new(48_000).expect("decoder"));
        let frame = rate as usize / 50;
        let (mut payload, mut pcm, mut heard, mut sent) = ([0; MAX_PAYLOAD], [0; 960], Vec::new(), 0);
        for n in 0..100 {
            let len =
                encoder.encode(&tone(rate, hz, 8_000.0, n * frame, frame), &mut payload).expect("20 ms");
            assert_eq!(decoder.decode(&payload[..len], &mut pcm), Ok(960));
            heard.extend_from_slice(&pcm);
            sent += len;
        }
        let gain = decibels(level(&heard[48_000..], 48_000, hz) / 8_000.0);
        assert!(gain.abs() < 2.0, "{rate} {hz}: {gain} dB");
        assert!((3_000..9_000).contains(&sent), "{rate}: {} bit/s", sent * 4);
    }
}

#[test]
fn a_lost_packet_is_recovered_from_the_next_one() {
    // A voice-like tone that changes its pitch in the lost frame: concealment cannot know, recovery does.
    let rate = 8_000;
    let mut encoder = OpusEncoder::new(rate).expect("encoder");
    let pitch = |n: usize| if n < 50 { 300.0 } else { 500.0 };
    let packets: Vec<Vec<u8>> = (0..60)
        .map(|n| {
            let mut payload = [0; MAX_PAYLOAD];
            let len =
                encoder.encode(&tone(rate, pitch(n), 8_000.0, n * 160, 160), &mut payload).expect("20 ms");
            payload[..len].to_vec()
        })
        .collect();
    let lost = 52;
    let play = |recover: bool| {
        let mut decoder = OpusDecoder::new(rate).expect("decoder");
        let (mut pcm, mut heard) = ([0; 160], Vec::new());
        for (n, packet) in packets.iter().enumerate() {
            let filled = match n == lost {
                false => decoder.decode(packet, &mut pcm),
                true if recover => decoder.recover(&packets[n + 1], &mut pcm),
                true => decoder.conceal(160, &mut pcm),
            };
            assert_eq!(filled, Ok(160));
            heard.extend_from_slice(&pcm);
        }
        heard
    };
    for recover in [true, false] {
        let heard = play(recover);
        let gap = level(&heard[lost * 160..(lost + 1) * 160], rate, 500.0);
        assert!(gap > 4_000.0, "recover {recover}: {gap}");
        assert!(level(&heard[58 * 160..], rate, 500.0) > 6_000.0);
    }
    assert_ne!(play(true), play(false), "the next packet repeats the lost one");
}

#[test]
fn concealment_goes_on_and_fades() {
    let packets = browser(&[(400.0, 8_000.0)], 50);
    let mut decoder = OpusDecoder::new(8_000).expect("decoder");
    let mut pcm = [0; 160];
    for packet in &packets {
        decoder.decode(packet, &mut pcm).expect("a packet");
    }
    assert_eq!(decoder.conceal(160, &mut pcm), Ok(160));
    assert!(level(&pcm, 8_000, 400.0) > 4_000.0);
    for _ in 0..50 {
        decoder.conceal(160, &mut pcm).expect("concealment");
    }
    assert!(level(&pcm, 8_000, 400.0) < 800.0);
}

#[test]
fn what_does_not_fit_is_an_error() {
    let mut opus = OpusDecoder::new(48_000).expect("decoder");
    let packet = &browser(&[(400.0, 8_000.0)], 1)[0];
    assert_eq!(opus.samples(packet), Ok(960));
    assert_eq!(opus.decode(packet, &mut [0; 480]), Err(CodecError::Space));
    assert_eq!(opus.decode(&[], &mut [0; 960]), Err(CodecError::Payload));
    // A frame of more than 1275 bytes; code 3 without its count.
    assert_eq!(opus.decode(&[0x03], &mut [0; 5_760]), Err(CodecError::Payload));
    assert_eq!(opus.conceal(960, &mut [0; 480]), Err(CodecError::Space));
    assert_eq!(opus.conceal(0, &mut [0; 480]), Err(CodecError::Length));
    assert_eq!(opus.recover(&[], &mut [0; 960]), Err(CodecError::Payload));
    assert_eq!(opus.recover(packet, &mut []), Err(CodecError::Length));
    assert!(OpusDecoder::new(44_100).is_err() && OpusEncoder::new(0).is_err());
    let mut out = [0; MAX_PAYLOAD];
    assert_eq!(
        OpusEncoder::new(8_000).expect("encoder").encode(&[0; 150], &mut out),
        Err(CodecError::Length)
    );
    assert_eq!(
        Encoder::new(PhoneCodec::G722).expect("encoder").encode(&[0; 3], &mut out),
        Err(CodecError::Length)
    );
    for codec in ALL {
        let mut decoder = Decoder::new(codec).expect("decoder");
        assert_eq!(decoder.decode(&[], &mut [0; 960]), Err(CodecError::Payload), "{codec:?}");
        assert_eq!(decoder.decode(packet, &mut [0; 1]), Err(CodecError::Space), "{codec:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_payload_is_read_without_panic(payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8)) {
        for codec in ALL {
            let mut decoder = Decoder::new(codec).expect("decoder");
            let mut pcm = vec![0; codec.sample_rate() as usize * MAX_PACKET_MS / 1_000];
            for payload in &payloads {
                if let Ok(samples) = decoder.decode(payload, &mut pcm) {
                    prop_assert!(samples <= pcm.len());
                }
            }
        }
        let mut decoder = OpusDecoder::new(8_000).expect("decoder");
        for payload in &payloads {
            let _ = (decoder.samples(payload), decoder.recover(payload, &mut [0; 160]));
        }
    }

    #[test]
    fn any_samples_are_written_without_panic(pcm in prop::collection::vec(any::<i16>(), 160)) {
        let mut out = [0; MAX_PAYLOAD];
        for codec in [PhoneCodec::Pcmu, PhoneCodec::Pcma, PhoneCodec::G722] {
            prop_assert!(Encoder::new(codec).expect("encoder").encode(&pcm, &mut out).is_ok());
        }
        prop_assert!(OpusEncoder::new(8_000).expect("encoder").encode(&pcm, &mut out).is_ok());
    }
}
