//! Telephones and browsers in rooms of the media engine, on real sockets. The sender of packets is the clock: a test waits for
//! what follows from them.

use std::time::Duration;

use media::bridge::codec::{MAX_PAYLOAD, OpusDecoder, OpusEncoder};
use media::control::{MediaEvent, PhoneCodec, PhoneCommand, PhoneEvent, PhoneSuite, RoomCommand};
use media::ids::{RoomId, Source::Mic};
use media::rtp::header::Outgoing;
use tests::client::{Client, OPUS, Offer, Phone, Received, Server, peer, tone, tone_level};

const LIMIT: Duration = Duration::from_secs(10);

/// A browser that speaks a tone, packet by packet.
struct Speaker {
    encoder: OpusEncoder,
    decoder: OpusDecoder,
    sequence: u16,
    said: usize,
}

impl Speaker {
    fn new() -> Speaker {
        let (encoder, decoder) = (OpusEncoder::new(48_000).unwrap(), OpusDecoder::new(48_000).unwrap());
        Speaker { encoder, decoder, sequence: 65_530, said: 0 }
    }

    fn say(&mut self, client: &mut Client, hz: f64) {
        let mut payload = [0; MAX_PAYLOAD];
        let len = self.encoder.encode(&tone(48_000, hz, self.said, 960), &mut payload).unwrap();
        let (sequence, timestamp, ssrc) = (self.sequence, self.said as u32, client.offer.ssrc);
        let header = Outgoing { marker: false, payload_type: OPUS, sequence, timestamp, ssrc };
        client.send(&header, &[], &payload[..len]).unwrap();
        self.said += 960;
        self.sequence = self.sequence.wrapping_add(1);
    }

    /// The samples of the next packet that the browser gets, and its numbers.
    fn hear(&mut self, client: &mut Client) -> (u16, u32, Vec<i16>) {
        loop {
            if let Received::Rtp(header, packet) = client.next(LIMIT).unwrap() {
                let mut pcm = vec![0; 5_760];
                let len = self.decoder.decode(header.payload(&packet), &mut pcm).unwrap();
                pcm.truncate(len);
                return (header.sequence, header.timestamp, pcm);
            }
        }
    }
}

/// A browser (peer 1) and a telephone (peer 2) in a call.
fn call(server: &Server, codec: PhoneCodec) -> (RoomId, Client, Phone) {
    let room = server.room(1);
    let client = server.join(room, peer(1), Offer::voice(100)).unwrap();
    let phone = Phone::join(server, room, peer(2), codec).unwrap();
    server.slots(peer(1), &[Some((peer(2), Mic))]);
    (room, client, phone)
}

#[test]
fn a_browser_and_a_telephone_hear_each_other() {
    for codec in [PhoneCodec::Pcmu, PhoneCodec::Pcma, PhoneCodec::G722, PhoneCodec::Opus] {
        let server = Server::start(1).unwrap();
        let (_, mut client, mut phone) = call(&server, codec);
        let (mut speaker, rate) = (Speaker::new(), codec.sample_rate());
        let (mut heard, mut there, mut last) = (Vec::new(), Vec::new(), None);
        for _ in 0..50 {
            phone.say(440.0, rate as usize / 50).unwrap();
            let (sequence, timestamp, pcm) = speaker.hear(&mut client);
            if let Some((s, t)) = last.replace((sequence, timestamp)) {
                assert_eq!(
                    (sequence, timestamp),
                    (u16::wrapping_add(s, 1), u32::wrapping_add(t, 960)),
                    "{codec:?}"
                );
            }
            heard.extend(pcm);
            speaker.say(&mut client, 620.0);
            there.extend(phone.hear().unwrap().1);
        }
        let (heard, there) = (&heard[24_000..], &there[there.len() / 2..]);
        assert!(tone_level(heard, 48_000, 440.0) > 5_000.0, "{codec:?}");
        assert!(tone_level(there, rate, 620.0) > 5_000.0, "{codec:?}");
        assert!(tone_level(heard, 48_000, 620.0) < 500.0, "nobody hears himself");
        let counters = server.engine.counters();
        assert_eq!((counters.phones, counters.dropped_phone), (1, 0), "{codec:?}");
    }
}

/// Sends tones both ways until each side has heard a second of it; the last half of each is given back.
fn talk(client: &mut Client, phone: &mut Phone, speaker: &mut Speaker) -> (Vec<i16>, Vec<i16>) {
    let (mut heard, mut there) = (Vec::new(), Vec::new());
    let frame = phone.remote.codec.sample_rate() as usize / 50;
    for _ in 0..50 {
        phone.say(440.0, frame).unwrap();
        heard.extend(speaker.hear(client).2);
        speaker.say(client, 620.0);
        there.extend(phone.hear().unwrap().1);
    }
    (heard.split_off(24_000), there.split_off(25 * frame))
}

#[test]
fn srtp_of_both_suites() {
    for suite in [PhoneSuite::AesCm128HmacSha1_80, PhoneSuite::AesCm128HmacSha1_32, PhoneSuite::AeadAes128Gcm]
    {
        let server = Server::start(1).unwrap();
        let room = server.room(1);
        let mut client = server.join(room, peer(1), Offer::voice(100)).unwrap();
        let mut phone = Phone::open(&server, room, peer(2), PhoneCodec::Pcma).unwrap();
        phone.secure(suite);
        phone.set(&server, room, peer(2), |_| {});
        server.command(room, RoomCommand::SetOpen { peer: peer(2), open: true });
        server.slots(peer(1), &[Some((peer(2), Mic))]);
        let (heard, there) = talk(&mut client, &mut phone, &mut Speaker::new());
        assert!(tone_level(&heard, 48_000, 440.0) > 5_000.0, "{suite:?}");
        assert!(tone_level(&there, 8_000, 620.0) > 5_000.0, "{suite:?}");
        phone
            .rtp
            .send_to(&[0x80, 8, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9, 9, 9, 9, 9, 9, 9, 9], phone.leg)
            .unwrap();
        phone.say(440.0, 160).unwrap();
        speaker_hears(&mut client);
        assert_eq!(
            server.engine.counters().dropped_unauthentic + server.engine.counters().dropped_malformed,
            1
        );
    }
}

/// Waits for a packet at the browser.
fn speaker_hears(client: &mut Client) {
    Speaker::new().hear(client);
}

#[test]
fn digits_both_ways() {
    let server = Server::start(1).unwrap();
    let (room, mut client, mut phone) = call(&server, PhoneCodec::Pcmu);
    let audio = phone.next.payload_type;
    for key in [4u8, 4] {
        for n in 0..6u16 {
            phone.next.payload_type = 101;
            let end = if n >= 3 { 0x80 } else { 0 };
            let [high, low] = (160 * n.min(3)).to_be_bytes();
            phone.send(0, &[key, end | 10, high, low]).unwrap();
        }
        phone.next.payload_type = audio;
        phone.next.timestamp = phone.next.timestamp.wrapping_add(1_600);
        phone.say(440.0, 160).unwrap();
        speaker_hears(&mut client);
        let digit = server.event(|event| match event {
            MediaEvent::Phone { event: PhoneEvent::Digit(digit), .. } => Some(*digit),
            _ => None,
        });
        assert_eq!(digit, '4');
    }
    let command = PhoneCommand::Digits(String::from("7*"));
    server.command(room, RoomCommand::Phone { peer: peer(2), command });
    let mut keys = Vec::new();
    let mut sequence = None;
    while keys.iter().filter(|(_, end)| *end).count() < 6 {
        let (header, payload) = phone.next().unwrap();
        assert_eq!((header.payload_type, payload.len()), (101, 4));
        if let Some(last) = sequence.replace(header.sequence) {
            assert_eq!(header.sequence, u16::wrapping_add(last, 1));
        }
        keys.push((payload[0], payload[1] & 0x80 != 0));
    }
    keys.dedup();
    assert_eq!(keys, [(7, false), (7, true), (10, false), (10, true)]);
    while let Some(event) = server.try_event() {
        assert!(!matches!(event, MediaEvent::Phone { .. }), "each key once: {event:?}");
    }
}

#[test]
fn a_telephone_on_hold_hears_music_and_the_stream_goes_on() {
    let server = Server::start(1).unwrap();
    let (room, mut client, mut phone) = call(&server, PhoneCodec::Pcmu);
    let mut speaker = Speaker::new();
    speaker.say(&mut client, 620.0);
    let mut last = phone.hear().unwrap().0;
    phone.set(&server, room, peer(2), |remote| (remote.music, remote.receive) = (true, false));
    let mut music = Vec::new();
    while music.len() < 8_000 {
        let (header, pcm) = phone.hear().unwrap();
        assert_eq!((header.ssrc, header.sequence), (last.ssrc, last.sequence.wrapping_add(1)));
        assert!(header.timestamp.wrapping_sub(last.timestamp) >= 160);
        last = header;
        music.extend(pcm);
    }
    assert!(tone_level(&music, 8_000, 293.66) > 300.0, "the first chord is D");
    phone.set(&server, room, peer(2), |remote| (remote.music, remote.receive) = (false, true));
    // Music that was on its way may still come; the voice follows in the same stream.
    let mut voice = Vec::new();
    for _ in 0..40 {
        speaker.say(&mut client, 620.0);
        let (header, pcm) = phone.hear().unwrap();
        assert_eq!((header.ssrc, header.sequence), (last.ssrc, last.sequence.wrapping_add(1)));
        last = header;
        voice.extend(pcm);
    }
    assert!(tone_level(&voice[20 * 160..], 8_000, 620.0) > 5_000.0);
}

#[test]
fn packets_of_30_ms() {
    let server = Server::start(1).unwrap();
    let (room, mut client, mut phone) = call(&server, PhoneCodec::Pcmu);
    phone.set(&server, room, peer(2), |remote| remote.ptime = 30);
    let (mut speaker, mut heard, mut there) = (Speaker::new(), Vec::new(), Vec::new());
    for _ in 0..30 {
        phone.say(440.0, 240).unwrap();
        phone.say(440.0, 240).unwrap();
        for _ in 0..3 {
            heard.extend(speaker.hear(&mut client).2);
            speaker.say(&mut client, 620.0);
        }
        for _ in 0..2 {
            let (_, pcm) = phone.hear().unwrap();
            assert_eq!(pcm.len(), 240);
            there.extend(pcm);
        }
    }
    assert!(tone_level(&heard[43_200..], 48_000, 440.0) > 5_000.0);
    assert!(tone_level(&there[7_200..], 8_000, 620.0) > 5_000.0);
}

#[test]
fn a_telephone_hears_three_people_at_once() {
    let server = Server::start(1).unwrap();
    let room = server.room(1);
    let mut phone = Phone::join(&server, room, peer(9), PhoneCodec::G722).unwrap();
    let tones = [300.0, 520.0, 800.0];
    let mut people: Vec<(Client, Speaker)> = (1..=3)
        .map(|n| (server.join(room, peer(n), Offer::voice(100 * n as u32)).unwrap(), Speaker::new()))
        .collect();
    server.event(|event| match event {
        MediaEvent::Slots { peer: told, slots, .. } if *told == peer(3) => {
            slots.iter().any(|slot| slot.track.is_some()).then_some(())
        }
        _ => None,
    });
    // The mix is the clock: a frame of each voice for every packet that comes.
    let mut heard = Vec::new();
    for _ in 0..100 {
        for ((client, speaker), hz) in people.iter_mut().zip(tones) {
            speaker.say(client, hz);
        }
        heard.extend(phone.hear().unwrap().1);
    }
    for hz in tones {
        assert!(tone_level(&heard[16_000..], 16_000, hz) > 3_000.0, "{hz}");
    }
}

#[test]
fn a_move_to_another_worker_keeps_the_stream() {
    let server = Server::start(2).unwrap();
    let (first, second) = (server.room(1), server.room(2));
    let mut a = server.join(first, peer(1), Offer::voice(100)).unwrap();
    let mut b = server.join(second, peer(2), Offer::voice(200)).unwrap();
    assert_ne!(a.answer.address, b.answer.address, "two workers");
    let mut phone = Phone::join(&server, first, peer(3), PhoneCodec::Pcmu).unwrap();
    phone.secure(PhoneSuite::AesCm128HmacSha1_80);
    phone.set(&server, first, peer(3), |_| {});
    server.slots(peer(1), &[Some((peer(3), Mic))]);
    let (mut speaker_a, mut speaker_b) = (Speaker::new(), Speaker::new());
    speaker_a.say(&mut a, 620.0);
    let before = phone.hear().unwrap().0;
    let command = PhoneCommand::Move { to: second, peer: peer(4) };
    server.command(first, RoomCommand::Phone { peer: peer(3), command });
    // Told at once, before the telephone can have arrived.
    server.command(second, RoomCommand::SetOpen { peer: peer(4), open: true });
    phone.set(&server, second, peer(4), |remote| remote.ptime = 40);
    server.slots(peer(2), &[Some((peer(4), Mic))]);
    speaker_b.say(&mut b, 620.0);
    speaker_b.say(&mut b, 620.0);
    let (after, pcm) = phone.hear().unwrap();
    assert_eq!((after.ssrc, after.sequence), (before.ssrc, before.sequence.wrapping_add(1)));
    assert!(after.timestamp.wrapping_sub(before.timestamp) as i32 > 0);
    assert_eq!(pcm.len(), 320);
    phone.say(440.0, 160).unwrap();
    speaker_hears(&mut b);
    server.command(second, RoomCommand::Leave { peer: peer(4) });
    let report = server.event(|event| match event {
        MediaEvent::Phone { peer: told, event: PhoneEvent::Report(report), .. } => Some((*told, *report)),
        _ => None,
    });
    assert_eq!((report.0, report.1.received, report.1.sent), (peer(4), 1, 2));
    // Its port is free again.
    let again = std::net::UdpSocket::bind(phone.leg);
    assert!(again.is_ok(), "{again:?}");
    let nowhere = RoomId(uuid::Uuid::from_u128(77));
    let command = PhoneCommand::Move { to: nowhere, peer: peer(4) };
    let refused = server.engine.send(first, RoomCommand::Phone { peer: peer(3), command });
    assert!(refused.is_err());
}

#[test]
fn strangers_and_garbage_do_not_disturb_a_call() {
    let server = Server::start(1).unwrap();
    let (_, mut client, mut phone) = call(&server, PhoneCodec::Pcmu);
    let mut speaker = Speaker::new();
    let stranger = std::net::UdpSocket::bind("127.0.1.1:0").unwrap();
    let rtcp = std::net::SocketAddr::new(phone.leg.ip(), phone.leg.port() + 1);
    let mut random = 1u32;
    let mut draw = move |n: usize| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 8) as usize % n
    };
    let mut sent = 0;
    for n in 0..100 {
        // What the telephone itself sends damaged must not become another stream of it: only bytes behind the header differ.
        for _ in 0..20 {
            let mut bytes = phone.packet(&phone.next.clone(), &[0xff; 160]).unwrap();
            for _ in 0..4 {
                let (at, byte) = (draw(bytes.len()), draw(256) as u8);
                bytes[at] = byte;
            }
            bytes.truncate(1 + draw(200));
            let from = if n % 2 == 0 { &stranger } else { &phone.rtcp };
            from.send_to(&bytes, if n % 3 == 0 { rtcp } else { phone.leg }).unwrap();
            sent += 1;
        }
        phone.say(440.0, 160).unwrap();
        speaker.hear(&mut client);
        speaker.say(&mut client, 620.0);
        phone.hear().unwrap();
    }
    let counters = server.engine.counters();
    let dropped = counters.dropped_stranger + counters.dropped_malformed;
    assert!(dropped > sent * 9 / 10, "{counters:?}");
    assert!(counters.dropped_stranger > 500, "{counters:?}");
}
