//! A leg in memory: a telephone on one side, the Opus of a room on the other.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::bridge::codec::{Decoder, Encoder, MAX_PAYLOAD, OpusDecoder, OpusEncoder};
use crate::bridge::digits::TelephoneEvent;
use crate::bridge::signal::{level, rms, tone};
use crate::control::{PhoneCodec, PhoneEvent, PhoneSrtp, PhoneSuite};
use crate::rtp::Header;
use crate::rtp::header::Outgoing;
use crate::rtp::rtcp::{self, Packet, ReportBlock, Writer};
use crate::transport::srtp::{KEY_LEN, MasterKey, SrtpProfile, SrtpReceiver, SrtpSender};

const HOME: &str = "192.0.2.10:4000";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// A packet that reached the telephone.
#[derive(Clone, Debug)]
struct Got {
    to: SocketAddr,
    header: Header,
    payload: Vec<u8>,
}

/// A person in the room, heard in one slot.
struct Voice48 {
    encoder: OpusEncoder,
    said: usize,
    sequence: u64,
}

struct World {
    now: Instant,
    leg: Leg,
    remote: PhoneRemote,
    wire: Wire,
    heard: Heard,
    got: Vec<Got>,
    compounds: Vec<Vec<u8>>,
    /// Samples that the room heard, at 48,000 Hz, and the numbers of its packets.
    room: Vec<i16>,
    frames: Vec<(u64, u32, bool)>,
    room_decoder: OpusDecoder,
    encoder: Encoder,
    next: Outgoing,
    said: usize,
    keys: Option<(SrtpSender, SrtpReceiver)>,
    people: Vec<Voice48>,
}

impl World {
    fn new(codec: PhoneCodec) -> World {
        let payload_type = match codec {
            PhoneCodec::Pcmu => 0,
            PhoneCodec::Pcma => 8,
            PhoneCodec::G722 => 9,
            PhoneCodec::Opus => 111,
        };
        let remote = PhoneRemote {
            rtp: address(HOME),
            rtcp: address("192.0.2.10:4001"),
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
        let mut random = 7u32;
        let leg = Leg::new(5, || {
            random = random.wrapping_mul(0x9e37_79b1);
            random
        });
        let person = || Voice48 { encoder: OpusEncoder::new(48_000).unwrap(), said: 0, sequence: 70_000 };
        let next = Outgoing {
            marker: true,
            payload_type,
            sequence: 65_500,
            timestamp: u32::MAX - 900,
            ssrc: 0x7e1e,
        };
        World {
            now: Instant::now(),
            leg,
            remote,
            wire: Wire::default(),
            heard: Heard::default(),
            got: Vec::new(),
            compounds: Vec::new(),
            room: Vec::new(),
            frames: Vec::new(),
            room_decoder: OpusDecoder::new(48_000).unwrap(),
            encoder: Encoder::new(codec).unwrap(),
            next,
            said: 0,
            keys: None,
            people: (0..SLOTS).map(|_| person()).collect(),
        }
    }

    /// Negotiated, open, with one person in the room.
    fn call(codec: PhoneCodec) -> World {
        let mut world = World::new(codec);
        assert_eq!(world.leg.set(&world.remote, world.now), Ok(true));
        world.leg.set_open(true, world.now);
        world.leg.bind(0, true, world.now);
        world
    }

    fn set(&mut self, change: impl FnOnce(&mut PhoneRemote)) {
        change(&mut self.remote);
        assert_eq!(self.leg.set(&self.remote, self.now), Ok(false));
    }

    /// Time passes; the leg is ticked when it wants.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(at) = self.leg.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.leg.tick(true, self.now, &mut self.wire, &mut self.heard);
            self.collect();
        }
        self.now = until;
    }

    fn packet(&mut self, header: &Outgoing, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 1_600];
        let head = header.write(&mut bytes, &[]).unwrap();
        let mut len = head + payload.len();
        bytes[head..len].copy_from_slice(payload);
        if let Some((sender, _)) = &mut self.keys {
            len = sender.seal_rtp(&mut bytes, head, len).unwrap();
        }
        bytes.truncate(len);
        bytes
    }

    /// The telephone's next packet, which the test may lose.
    fn say(&mut self, hz: f64, len: usize) -> Vec<u8> {
        let rate = self.encoder.rate();
        let pcm = tone(rate, hz, 8_000.0, self.said, len);
        self.said += len;
        let mut payload = [0; MAX_PAYLOAD];
        let bytes = self.encoder.encode(&pcm, &mut payload).unwrap();
        let packet = self.packet(&self.next.clone(), &payload[..bytes]);
        self.next.sequence = self.next.sequence.wrapping_add(1);
        let ticks = len as u32 * self.remote.codec.clock_hz() / rate;
        self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
        self.next.marker = false;
        packet
    }

    fn arrive_from(&mut self, from: SocketAddr, mut packet: Vec<u8>) -> Result<(), Refusal> {
        let taken = self.leg.rtp(from, &mut packet, true, self.now, &mut self.heard);
        self.collect();
        taken
    }

    fn arrive(&mut self, packet: Vec<u8>) -> Result<(), Refusal> {
        self.arrive_from(address(HOME), packet)
    }

    /// A person in a slot says 20 ms.
    fn person(&mut self, slot: usize, hz: f64) -> (u64, u32, Vec<u8>) {
        let person = &mut self.people[slot];
        let mut payload = [0; MAX_PAYLOAD];
        let len = person.encoder.encode(&tone(48_000, hz, 8_000.0, person.said, 960), &mut payload).unwrap();
        let packet = (person.sequence, person.said as u32, payload[..len].to_vec());
        person.said += 960;
        person.sequence += 1;
        packet
    }

    fn give(&mut self, slot: usize, (sequence, timestamp, payload): &(u64, u32, Vec<u8>)) -> bool {
        let packet = RoomPacket { sequence: *sequence, timestamp: *timestamp, payload };
        let sent = self.leg.room(slot, &packet, self.now, &mut self.wire);
        self.collect();
        sent
    }

    fn collect(&mut self) {
        for (datagram, bytes) in self.wire.datagrams() {
            assert_eq!(datagram.line, 5);
            let mut bytes = bytes.to_vec();
            if datagram.channel == Channel::Rtcp {
                self.compounds.push(bytes);
                continue;
            }
            if let Some((_, receiver)) = &mut self.keys {
                let len = receiver.open_rtp(&mut bytes).unwrap();
                bytes.truncate(len);
            }
            let header = Header::parse(&bytes).unwrap();
            self.got.push(Got { to: datagram.to, header, payload: header.payload(&bytes).to_vec() });
        }
        self.wire.clear();
        for (frame, payload) in self.heard.voice.frames() {
            let mut pcm = [0; 5_760];
            let len = self.room_decoder.decode(payload, &mut pcm).unwrap();
            self.room.extend_from_slice(&pcm[..len]);
            self.frames.push((frame.sequence, frame.timestamp, frame.marker));
        }
        self.heard.voice.clear();
    }

    /// What the telephone hears, decoded; other payload types are left out.
    fn pcm(&self) -> Vec<i16> {
        let mut decoder = Decoder::new(self.remote.codec).unwrap();
        let mut out = Vec::new();
        for got in self.got.iter().filter(|got| got.header.payload_type == self.remote.payload_type) {
            let mut pcm = [0; 5_760];
            let len = decoder.decode(&got.payload, &mut pcm).unwrap();
            out.extend_from_slice(&pcm[..len]);
        }
        out
    }

    /// One stream: one source, numbers one after the other, time never back.
    fn is_one_stream(&self) {
        for pair in self.got.windows(2) {
            let (a, b) = (&pair[0].header, &pair[1].header);
            assert_eq!(b.ssrc, a.ssrc);
            assert_eq!(b.sequence, a.sequence.wrapping_add(1));
            assert!(b.timestamp.wrapping_sub(a.timestamp) as i32 >= 0, "{a:?} {b:?}");
        }
    }

    fn digits_heard(&self) -> String {
        let digit = |event: &PhoneEvent| match event {
            PhoneEvent::Digit(digit) => Some(*digit),
            _ => None,
        };
        self.heard.events.iter().filter_map(digit).collect()
    }
}

#[test]
fn a_tone_goes_both_ways_in_every_codec() {
    for codec in [PhoneCodec::Pcmu, PhoneCodec::Pcma, PhoneCodec::G722, PhoneCodec::Opus] {
        let mut world = World::call(codec);
        let rate = codec.sample_rate();
        for _ in 0..50 {
            let packet = world.say(440.0, rate as usize / 50);
            assert_eq!(world.arrive(packet), Ok(()));
            let packet = world.person(0, 620.0);
            assert!(world.give(0, &packet));
            world.pass(ms(20));
        }
        assert!(level(&world.room[24_000..], 48_000, 440.0) > 5_000.0, "{codec:?}");
        let pcm = world.pcm();
        assert!(level(&pcm[pcm.len() / 2..], rate, 620.0) > 5_000.0, "{codec:?}");
        world.is_one_stream();
        let ticks = codec.clock_hz() / 50;
        assert!(world.got.iter().all(|got| got.to == address(HOME)));
        assert!(world.got.windows(2).all(|w| w[1].header.timestamp - w[0].header.timestamp == ticks));
        assert_eq!(world.got.iter().filter(|got| got.header.marker).count(), 1, "{codec:?}");
        let report = world.leg.end(&mut world.wire);
        assert_eq!((report.received, report.lost, report.sent), (50, 0, 50));
        assert!(report.mos > 4.0 && report.mos <= 4.5, "{}", report.mos);
    }
}

#[test]
fn packets_have_the_length_that_was_negotiated() {
    for (ptime, packets) in [(10, 60), (20, 30), (30, 20), (40, 15), (60, 10)] {
        let mut world = World::call(PhoneCodec::Pcma);
        world.set(|remote| remote.ptime = ptime);
        for _ in 0..30 {
            let packet = world.person(0, 500.0);
            world.give(0, &packet);
            world.pass(ms(20));
        }
        assert_eq!(world.got.len(), packets, "{ptime}");
        assert!(world.got.iter().all(|got| got.payload.len() == 8 * ptime as usize));
        world.is_one_stream();
    }
}

#[test]
fn short_gaps_to_the_telephone_are_filled_and_long_ones_are_pauses() {
    let mut world = World::call(PhoneCodec::Pcmu);
    for n in 0..60 {
        let packet = world.person(0, 500.0);
        // Two packets lost, one late, then five lost.
        if !matches!(n, 20 | 21 | 30 | 40..45) {
            world.give(0, &packet);
        }
        if n == 31 {
            world.give(0, &packet);
        }
        world.pass(ms(20));
    }
    assert_eq!(world.got.len(), 55);
    world.is_one_stream();
    let markers: Vec<usize> = (0..55).filter(|n| world.got[*n].header.marker).collect();
    assert_eq!(markers, [0, 40]);
    let jump = world.got[40].header.timestamp.wrapping_sub(world.got[39].header.timestamp);
    assert_eq!(jump, 6 * 160);
    let pcm = world.pcm();
    assert!(level(&pcm[20 * 160..22 * 160], 8_000, 500.0) > 2_000.0, "concealed");
}

#[test]
fn the_stream_goes_on_over_hold_music_and_another_codec() {
    let mut world = World::call(PhoneCodec::Pcmu);
    let talk = |world: &mut World| {
        for _ in 0..10 {
            let packet = world.person(0, 500.0);
            world.give(0, &packet);
            world.pass(ms(20));
        }
    };
    talk(&mut world);
    world.set(|remote| (remote.music, remote.receive) = (true, false));
    talk(&mut world);
    world.pass(ms(800));
    let music = world.got.len() - 10;
    assert!((48..=52).contains(&music), "{music}: a second of music, and nobody's voice");
    let pcm = world.pcm();
    assert!(rms(&pcm[20 * 160..]) > 300.0);
    assert!(level(&pcm[20 * 160..40 * 160], 8_000, 500.0) < 1_000.0);
    world.set(|remote| (remote.music, remote.send) = (false, false));
    talk(&mut world);
    assert_eq!(world.got.len(), 10 + music, "silence");
    world.set(|remote| (remote.send, remote.receive) = (true, true));
    talk(&mut world);
    world.is_one_stream();
    let before = world.got[world.got.len() - 11].header.timestamp;
    let pause = world.got[world.got.len() - 10].header.timestamp.wrapping_sub(before);
    assert!((1_600..=1_920).contains(&pause), "{pause}: as long as it was");
    world
        .set(|remote| (remote.codec, remote.payload_type, remote.payload_type_in) = (PhoneCodec::G722, 9, 9));
    talk(&mut world);
    world.is_one_stream();
    assert_eq!(world.got.last().unwrap().header.payload_type, 9);
}

#[test]
fn several_people_are_mixed_and_one_is_not_delayed() {
    let mut world = World::call(PhoneCodec::G722);
    let tones = [300.0, 520.0, 800.0];
    world.leg.bind(1, true, world.now);
    world.leg.bind(2, true, world.now);
    for _ in 0..60 {
        for (slot, hz) in tones.into_iter().enumerate() {
            let packet = world.person(slot, hz);
            assert!(world.give(slot, &packet));
        }
        world.pass(ms(20));
    }
    let pcm = world.pcm();
    assert!((58..=60).contains(&world.got.len()), "{}", world.got.len());
    for hz in tones {
        assert!(level(&pcm[pcm.len() / 2..], 16_000, hz) > 4_000.0, "{hz}");
    }
    world.leg.bind(1, false, world.now);
    world.leg.bind(2, false, world.now);
    for _ in 0..10 {
        let before = world.got.len();
        let packet = world.person(0, 300.0);
        world.give(0, &packet);
        assert_eq!(world.got.len(), before + 1, "at once");
        world.pass(ms(20));
    }
    world.is_one_stream();
}

#[test]
fn a_telephone_whose_people_are_all_muted_hears_that_the_line_is_alive() {
    let mut world = World::new(PhoneCodec::Pcmu);
    world.leg.set(&world.remote, world.now).unwrap();
    world.pass(ms(500));
    assert!(world.got.is_empty(), "early");
    world.leg.set_open(true, world.now);
    world.pass(ms(1_000));
    assert!((48..=50).contains(&world.got.len()), "{}", world.got.len());
    assert!((5.0..200.0).contains(&rms(&world.pcm())), "{}", rms(&world.pcm()));
    world.leg.bind(0, true, world.now);
    world.pass(ms(500));
    let before = world.got.len();
    assert!(before <= 51, "somebody is there");
    let packet = world.person(0, 500.0);
    assert!(world.give(0, &packet) && world.got[before].header.marker);
    world.leg.bind(0, false, world.now);
    world.set(|remote| remote.send = false);
    world.pass(ms(500));
    assert_eq!(world.got.len(), before + 1);
    world.is_one_stream();
}

#[test]
fn digits_of_the_telephone_are_told_once() {
    let mut world = World::call(PhoneCodec::Pcmu);
    for key in [1u8, 1, 11] {
        let packet = world.say(440.0, 160);
        world.arrive(packet).unwrap();
        let timestamp = world.next.timestamp;
        for n in 0..8u16 {
            let event = TelephoneEvent { code: key, end: n >= 5, volume: 10, duration: 160 * n.clamp(1, 5) };
            let header = Outgoing { payload_type: 101, marker: n == 0, timestamp, ..world.next };
            world.next.sequence = world.next.sequence.wrapping_add(1);
            let packet = world.packet(&header, &event.write());
            world.arrive(packet).unwrap();
            world.pass(ms(20));
        }
        world.next.timestamp = timestamp.wrapping_add(8 * 160);
    }
    let packet = world.say(440.0, 160);
    world.arrive(packet).unwrap();
    assert_eq!(world.digits_heard(), "11#");
    let report = world.leg.end(&mut world.wire);
    assert!(report.jitter_ms < 4.0, "{}: a key that is held is no jitter", report.jitter_ms);
    let numbers: Vec<_> = world.frames.iter().map(|(s, t, _)| (s - (1 << 16), *t)).collect();
    assert_eq!(numbers, [(0, 0), (1, 9 * 960), (2, 18 * 960), (3, 27 * 960)], "a pause, but nothing lost");
}

#[test]
fn digits_to_the_telephone_take_the_place_of_audio() {
    let mut world = World::call(PhoneCodec::Pcmu);
    for n in 0..60 {
        if n == 10 {
            world.leg.digits("4#", world.now).unwrap();
        }
        let packet = world.person(0, 500.0);
        world.give(0, &packet);
        world.pass(ms(20));
    }
    world.is_one_stream();
    let events: Vec<&Got> = world.got.iter().filter(|got| got.header.payload_type == 101).collect();
    let keys: Vec<_> =
        events.iter().map(|got| TelephoneEvent::parse(&got.payload).unwrap().key().unwrap()).collect();
    assert_eq!(keys.iter().filter(|key| **key == '4').count(), keys.len() / 2);
    assert_eq!(keys.iter().filter(|key| **key == '#').count(), keys.len() / 2);
    let first = world.got.iter().position(|got| got.header.payload_type == 101).unwrap();
    let last = world.got.iter().rposition(|got| got.header.payload_type == 101).unwrap();
    assert!(world.got[first..=last].iter().all(|got| got.header.payload_type == 101), "audio rests");
    assert!(world.got.len() > last + 10 && world.got[last + 1].header.marker);
    assert!(world.leg.digits("x", world.now).is_err());
    world.set(|remote| remote.events = None);
    assert_eq!(world.leg.digits("1", world.now), Ok(()));
    world.pass(ms(100));
    assert_eq!(world.got.iter().filter(|got| got.header.payload_type == 101).count(), keys.len());
}

#[test]
fn srtp_of_every_suite_both_ways() {
    let suites = [
        (PhoneSuite::AesCm128HmacSha1_80, SrtpProfile::Aes128CmSha1_80, 10),
        (PhoneSuite::AesCm128HmacSha1_32, SrtpProfile::Aes128CmSha1_32, 4),
        (PhoneSuite::AeadAes128Gcm, SrtpProfile::AeadAes128Gcm, 16),
    ];
    for (suite, profile, tag) in suites {
        let mut world = World::new(PhoneCodec::Pcma);
        let len = KEY_LEN + profile.salt_len();
        let key = |byte: u8| MasterKey::new(&[byte; KEY_LEN], &vec![byte; len - KEY_LEN]);
        world.remote.srtp = Some(PhoneSrtp { suite, local: vec![1; len], remote: vec![2; len] });
        let sender = SrtpSender::new(profile, &key(2)).unwrap();
        world.keys = Some((sender, SrtpReceiver::new(profile, &key(1)).unwrap()));
        world.leg.set(&world.remote, world.now).unwrap();
        world.leg.bind(0, true, world.now);
        // Over the roll-over of both streams' numbers: a re-negotiation in between must keep the counters.
        for n in 0..60 {
            if n == 45 {
                world.set(|remote| remote.ptime = 20);
            }
            let packet = world.say(440.0, 160);
            assert_eq!(packet.len(), 12 + 160 + tag);
            // From anywhere: the packets prove who sends them.
            assert_eq!(world.arrive_from(address("203.0.113.7:9"), packet), Ok(()), "{suite:?} {n}");
            let packet = world.person(0, 620.0);
            assert!(world.give(0, &packet));
            world.pass(ms(20));
        }
        assert_eq!(world.got.last().unwrap().to, address("203.0.113.7:9"));
        assert!(level(&world.room[24_000..], 48_000, 440.0) > 5_000.0);
        let mut forged = world.say(440.0, 160);
        forged[20] ^= 1;
        assert_eq!(world.arrive(forged), Err(Refusal::Srtp(SrtpError::Unauthentic)));
        let mut short = world.remote.clone();
        short.srtp = Some(PhoneSrtp { suite, local: vec![1; 5], remote: vec![2; len] });
        assert!(world.leg.set(&short, world.now).is_err());
    }
}

#[test]
fn media_from_elsewhere_is_nobodys() {
    let mut world = World::call(PhoneCodec::Pcmu);
    let packet = world.say(440.0, 160);
    assert_eq!(world.arrive_from(address("192.0.3.10:4000"), packet.clone()), Err(Refusal::Stranger));
    assert!(world.frames.is_empty());
    assert_eq!(world.arrive_from(address("192.0.2.99:7"), packet), Ok(()));
    let packet = world.person(0, 500.0);
    world.give(0, &packet);
    assert_eq!(world.got[0].to, address("192.0.2.99:7"));
    let mut deaf = World::new(PhoneCodec::Pcmu);
    let packet = deaf.say(440.0, 160);
    assert_eq!(deaf.arrive(packet), Err(Refusal::Unexpected));
}

#[test]
fn another_source_goes_on_in_the_room() {
    let mut world = World::call(PhoneCodec::Pcmu);
    for n in 0..20 {
        if n == 10 {
            let mut late = world.next;
            (world.next.ssrc, world.next.sequence, world.next.timestamp) = (0xbeef, 7, 99);
            let packet = world.say(440.0, 160);
            assert_eq!(world.arrive(packet), Ok(()));
            late.sequence = late.sequence.wrapping_add(5);
            let packet = world.packet(&late, &[0xff; 160]);
            assert_eq!(world.arrive(packet), Err(Refusal::Late), "a straggler of the old one");
            world.pass(ms(20));
            continue;
        }
        let packet = world.say(440.0, 160);
        assert_eq!(world.arrive(packet), Ok(()));
        world.pass(ms(20));
    }
    let numbers: Vec<_> = world.frames.iter().map(|(s, t, _)| (s - (1 << 16), *t)).collect();
    let wanted: Vec<_> = (0..20u64).map(|n| (n, n as u32 * 960)).collect();
    assert_eq!(numbers, wanted);
    assert_eq!(world.leg.end(&mut world.wire).lost, 0);
}

#[test]
fn a_telephone_that_is_quiet_leaves_noise_and_one_that_is_gone_is_told() {
    let mut world = World::call(PhoneCodec::Pcmu);
    let packet = world.say(440.0, 160);
    world.arrive(packet).unwrap();
    let header = Outgoing { payload_type: 13, ..world.next };
    world.next.sequence = world.next.sequence.wrapping_add(1);
    let packet = world.packet(&header, &[50]);
    world.arrive(packet).unwrap();
    world.pass(ms(1_000));
    assert!((49..=51).contains(&world.frames.len()), "{}", world.frames.len());
    assert!(rms(&world.room[24_000..]) > 20.0);
    world.next.timestamp = world.next.timestamp.wrapping_add(8_000);
    let before = *world.frames.last().unwrap();
    let packet = world.say(440.0, 160);
    world.arrive(packet).unwrap();
    let after = *world.frames.last().unwrap();
    assert_eq!(after.0, before.0 + 1);
    assert!((960..=1_920).contains(&(after.1 - before.1)), "{before:?} {after:?}");
    let count = world.frames.len();
    world.pass(ms(29_000));
    assert_eq!((world.frames.len(), world.heard.events.len()), (count, 0));
    world.pass(ms(40_000));
    assert_eq!(world.heard.events, [PhoneEvent::Silent]);
    world.leg.set_open(false, world.now);
    world.pass(ms(40_000));
    assert_eq!(world.heard.events.len(), 1, "early or on hold nothing is expected");
}

#[test]
fn reports_tell_round_trip_and_loss_both_ways() {
    let mut world = World::call(PhoneCodec::Pcmu);
    for n in 0..300 {
        let packet = world.say(440.0, 160);
        if n % 10 != 3 {
            world.arrive(packet).unwrap();
        }
        let packet = world.person(0, 500.0);
        world.give(0, &packet);
        world.pass(ms(20));
    }
    let compound = world.compounds.last().unwrap().clone();
    let (mut sender, mut block) = (None, None);
    for packet in rtcp::packets(&compound).flatten() {
        if let Packet::SenderReport { ssrc, info, blocks } = packet {
            sender = Some((ssrc, info));
            block = blocks.iter().next();
        }
    }
    let ((ssrc, info), block) = (sender.unwrap(), block.unwrap());
    assert_eq!(block.ssrc, 0x7e1e);
    assert_eq!(ssrc, world.got[0].header.ssrc);
    assert!(info.packets > 100 && info.octets == info.packets * 160);
    assert!(block.fraction_lost > 15, "{}", block.fraction_lost);
    // The telephone answers 100 ms later, 60 of which it waited.
    world.pass(ms(100));
    let mut bytes = [0; 100];
    let mut writer = Writer::new(&mut bytes);
    let answer = ReportBlock {
        ssrc,
        total_lost: 7,
        last_sr: info.ntp_middle(),
        delay_since_last_sr: 65_536 * 60 / 1_000,
        ..ReportBlock::default()
    };
    rtcp::receiver_report(&mut writer, 0x7e1e, &[answer]).unwrap();
    let len = writer.len();
    let mut stranger = bytes;
    let from = world.leg.rtcp(address("198.51.100.1:1"), &mut stranger[..len], world.now);
    assert_eq!(from, Err(Refusal::Stranger));
    world.leg.rtcp(address("192.0.2.10:4001"), &mut bytes[..len], world.now).unwrap();
    let report = world.leg.end(&mut world.wire);
    // The report was made when the last one was due, a second before.
    assert!(report.rtt_ms > 0 && report.lost_there == 7);
    assert!((27..=30).contains(&report.lost), "{}", report.lost);
    world.collect();
    let last = world.compounds.last().unwrap();
    assert!(rtcp::packets(last).flatten().any(|packet| matches!(packet, Packet::Bye(_))));
}

#[test]
fn disorder_and_duplicates_do_not_reach_the_room() {
    let mut world = World::call(PhoneCodec::Pcmu);
    let packets: Vec<Vec<u8>> = (0..20).map(|_| world.say(440.0, 160)).collect();
    for n in [0, 1, 3, 2, 4, 6, 7, 5, 8, 8, 9, 11, 12, 13] {
        let taken = world.arrive(packets[n].clone());
        assert!(taken.is_ok() || n == 8);
        world.pass(ms(10));
    }
    world.pass(ms(40));
    let sequences: Vec<u64> = world.frames.iter().map(|(s, ..)| s - (1 << 16)).collect();
    assert_eq!(sequences, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13], "10 is lost");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn nothing_that_comes_stops_a_call(
        mutations in prop::collection::vec((0usize..200, any::<u8>(), 0usize..220, any::<bool>()), 1..120)
    ) {
        for codec in [PhoneCodec::Pcmu, PhoneCodec::G722, PhoneCodec::Opus] {
            let mut world = World::call(codec);
            let frame = codec.sample_rate() as usize / 50;
            for (at, byte, len, rtcp) in &mutations {
                let mut packet = world.say(440.0, frame);
                let at = at % packet.len();
                packet[at] = *byte;
                packet.truncate((*len).max(1));
                if *rtcp {
                    let (now, mut copy) = (world.now, packet.clone());
                    let _ = world.leg.rtcp(address(HOME), &mut copy, now);
                    if let Some(kind) = packet.get_mut(1) {
                        *kind = 200 + byte % 8;
                    }
                }
                let mut heard = Heard::default();
                let _ = world.leg.rtp(address(HOME), &mut packet, true, world.now, &mut heard);
                world.pass(ms(20));
            }
            // Another stream that is whole is heard.
            world.pass(ms(300));
            world.next.ssrc = 0x1234_5678;
            world.frames.clear();
            for _ in 0..10 {
                let packet = world.say(440.0, frame);
                let _ = world.arrive(packet);
                world.pass(ms(20));
            }
            prop_assert!(world.frames.len() >= 9, "{}", world.frames.len());
            world.leg.end(&mut world.wire);
        }
    }
}
