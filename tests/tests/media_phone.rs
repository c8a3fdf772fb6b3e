//! Telephones and browsers in rooms of the media engine, on real sockets. The sender of packets is the clock: a test waits for
//! what follows from them.

use std::time::Duration;

use media::bridge::codec::{MAX_PAYLOAD, OpusDecoder, OpusEncoder};
use media::control::PhoneCodec;
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
