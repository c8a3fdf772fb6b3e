//! The two ends of a bridged call: an app with Opus in SRTP, and a telephone with PCMU in plain RTP.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use media::bridge::codec::{Decoder, Encoder, MAX_PAYLOAD, OpusDecoder, OpusEncoder};
use media::control::PhoneCodec;
use media::rtp::Header;
use media::rtp::header::Outgoing;
use media::transport::srtp::{SrtpKeys, SrtpProfile, SrtpReceiver, SrtpSender};

use crate::bench::media::load::drain;
use crate::client::{Client, LEVEL, MID, OPUS, Received, TRANSPORT_CC};

/// Packets of a spoken loop: two seconds.
pub(super) const LOOP: usize = 100;
/// Samples of 20 ms.
const FRAME_48K: usize = 960;
const FRAME_8K: usize = 160;
const HEADER: usize = 12;
/// Bytes of master keys and salts (RFC 4568).
const KEY: usize = 16;
/// The pitch of each voice, in Hz.
pub(super) const APP_PITCH: f64 = 140.0;
pub(super) const PHONE_PITCH: f64 = 190.0;

/// What is said in all calls: something like vowels in a rhythm, as its coding costs about what that of speech does.
pub(super) struct Voices {
    opus: Vec<Vec<u8>>,
    pcmu: Vec<Vec<u8>>,
}

impl Voices {
    pub(super) fn new() -> io::Result<Voices> {
        let mut opus = OpusEncoder::new(48_000).map_err(io::Error::other)?;
        let mut pcmu = Encoder::new(PhoneCodec::Pcmu).map_err(io::Error::other)?;
        let mut bytes = [0; MAX_PAYLOAD];
        let mut voices = Voices { opus: Vec::new(), pcmu: Vec::new() };
        for n in 0..LOOP {
            let len = opus.encode(&voice(48_000, APP_PITCH, n * FRAME_48K, FRAME_48K), &mut bytes);
            voices.opus.push(bytes[..len.map_err(io::Error::other)?].to_vec());
            let len = pcmu.encode(&voice(8_000, PHONE_PITCH, n * FRAME_8K, FRAME_8K), &mut bytes);
            voices.pcmu.push(bytes[..len.map_err(io::Error::other)?].to_vec());
        }
        Ok(voices)
    }
}

/// Overtones that move like two formants, five syllables per second.
fn voice(rate: u32, pitch: f64, from: usize, len: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let at = n as f64 / f64::from(rate);
        let turn = std::f64::consts::TAU * at;
        let formant = 900.0 + 500.0 * (turn * 1.5).sin();
        let part = |k: u32| {
            let hz = pitch * f64::from(k);
            let gain = 1.0 / (1.0 + ((hz - formant) / 300.0).powi(2)) + 0.3 / f64::from(k);
            gain * (turn * hz).sin()
        };
        let syllable = 0.55 - 0.45 * (turn * 5.0).cos();
        (2_500.0 * syllable * (1..=16).map(part).sum::<f64>()) as i16
    };
    (from..from + len).map(sample).collect()
}

/// The side of the app.
pub(super) enum App {
    /// By ICE and DTLS, with our server.
    Client(Box<Client>),
    /// By keys in the description (SDES), with rtpengine.
    Sdes(Box<Sdes>),
}

pub(super) struct Sdes {
    pub(super) socket: UdpSocket,
    sender: SrtpSender,
    receiver: SrtpReceiver,
    ssrc: u32,
}

impl Sdes {
    /// `ours` and `theirs`: master key and salt of AES_CM_128_HMAC_SHA1_80.
    pub(super) fn new(socket: UdpSocket, ssrc: u32, ours: &[u8], theirs: &[u8]) -> io::Result<Sdes> {
        let part = |key: &[u8], from: usize, to: usize| {
            key.get(from..to).map(<[u8]>::to_vec).ok_or_else(|| io::Error::other("a short key"))
        };
        // In the order of DTLS-SRTP, where this side is the client.
        let material = [
            part(ours, 0, KEY)?,
            part(theirs, 0, KEY)?,
            part(ours, KEY, ours.len())?,
            part(theirs, KEY, theirs.len())?,
        ]
        .concat();
        let profile = SrtpProfile::Aes128CmSha1_80;
        let keys = SrtpKeys::of_server(profile, &material).map_err(io::Error::other)?.swapped();
        Ok(Sdes {
            socket,
            sender: SrtpSender::new(profile, &keys.local).map_err(io::Error::other)?,
            receiver: SrtpReceiver::new(profile, &keys.remote).map_err(io::Error::other)?,
            ssrc,
        })
    }
}

impl App {
    /// Says the packet with number `n`.
    pub(super) fn say(&mut self, n: u32, voices: &Voices) -> io::Result<()> {
        let payload = &voices.opus[n as usize % LOOP];
        let ssrc = match self {
            App::Client(client) => client.offer.ssrc,
            App::Sdes(sdes) => sdes.ssrc,
        };
        let header = Outgoing {
            marker: n == 0,
            payload_type: OPUS,
            sequence: n as u16,
            timestamp: n.wrapping_mul(FRAME_48K as u32),
            ssrc,
        };
        match self {
            App::Client(client) => {
                let sequence = (n as u16).to_be_bytes();
                let extensions: [(u8, &[u8]); 3] = [(LEVEL, &[0x9e]), (TRANSPORT_CC, &sequence), (MID, b"0")];
                client.send(&header, &extensions, payload)
            }
            App::Sdes(sdes) => {
                let mut bytes = vec![0; HEADER + payload.len() + 16];
                let head = header.write(&mut bytes, &[]).map_err(io::Error::other)?;
                let len = head + payload.len();
                bytes[head..len].copy_from_slice(payload);
                let len = sdes.sender.seal_rtp(&mut bytes, head, len).map_err(io::Error::other)?;
                sdes.socket.send(&bytes[..len]).map(drop)
            }
        }
    }

    /// Packets that have come since the last look.
    pub(super) fn arrived(&mut self) -> usize {
        match self {
            App::Client(client) => drain(&client.socket).reads,
            App::Sdes(sdes) => drain(&sdes.socket).reads,
        }
    }

    /// What waits, as sound.
    pub(super) fn hear(&mut self, decoder: &mut OpusDecoder) -> io::Result<Vec<i16>> {
        let (mut heard, mut pcm) = (Vec::new(), vec![0; FRAME_48K * 6]);
        loop {
            let packet = match self {
                App::Client(client) => match client.poll()? {
                    None => return Ok(heard),
                    Some(Some(Received::Rtp(header, packet))) => Some((header, packet)),
                    Some(_) => None,
                },
                App::Sdes(sdes) => {
                    let mut bytes = vec![0; 2_048];
                    let Ok(len) = sdes.socket.recv(&mut bytes) else { return Ok(heard) };
                    let opened = sdes.receiver.open_rtp(&mut bytes[..len]).ok();
                    opened.and_then(|len| Some((Header::parse(&bytes[..len]).ok()?, bytes[..len].to_vec())))
                }
            };
            let Some((header, packet)) = packet.filter(|(header, _)| header.payload_type == OPUS) else {
                continue;
            };
            if let Ok(samples) = decoder.decode(header.payload(&packet), &mut pcm) {
                heard.extend_from_slice(&pcm[..samples]);
            }
        }
    }
}

/// The side of the telephone.
pub(super) struct Telephone {
    pub(super) socket: UdpSocket,
    ssrc: u32,
}

impl Telephone {
    pub(super) fn new(ssrc: u32) -> io::Result<Telephone> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        Ok(Telephone { socket, ssrc })
    }

    pub(super) fn connect(&self, to: SocketAddr) -> io::Result<()> {
        self.socket.connect(to)
    }

    /// Says the packet with number `n`.
    pub(super) fn say(&mut self, n: u32, voices: &Voices) -> io::Result<()> {
        let payload = &voices.pcmu[n as usize % LOOP];
        let timestamp = n.wrapping_mul(FRAME_8K as u32);
        let header =
            Outgoing { marker: n == 0, payload_type: 0, sequence: n as u16, timestamp, ssrc: self.ssrc };
        let mut bytes = [0; HEADER + FRAME_8K];
        let head = header.write(&mut bytes, &[]).map_err(io::Error::other)?;
        bytes[head..].copy_from_slice(payload);
        self.socket.send(&bytes).map(drop)
    }

    /// Packets that have come since the last look.
    pub(super) fn arrived(&mut self) -> usize {
        drain(&self.socket).reads
    }

    /// What waits, as sound.
    pub(super) fn hear(&mut self) -> io::Result<Vec<i16>> {
        let mut decoder = Decoder::new(PhoneCodec::Pcmu).map_err(io::Error::other)?;
        let (mut heard, mut pcm, mut bytes) = (Vec::new(), [0; 2_048], [0; 2_048]);
        while let Ok(len) = self.socket.recv(&mut bytes) {
            let Ok(header) = Header::parse(&bytes[..len]) else { continue };
            if let (0, Ok(samples)) =
                (header.payload_type, decoder.decode(header.payload(&bytes[..len]), &mut pcm))
            {
                heard.extend_from_slice(&pcm[..samples]);
            }
        }
        Ok(heard)
    }
}

/// How strongly a voice of `pitch` is in `pcm`, of all that is in it: about 1 for that voice alone. The overtones are searched
/// with Goertzel's algorithm, second by second.
pub(super) fn share(pcm: &[i16], rate: u32, pitch: f64) -> f64 {
    let whole: f64 =
        pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / pcm.len().max(1) as f64;
    let power = |hz: f64| {
        let coefficient = 2.0 * (std::f64::consts::TAU * hz / f64::from(rate)).cos();
        let (mut s1, mut s2) = (0.0, 0.0);
        for sample in pcm {
            (s1, s2) = (f64::from(*sample) + coefficient * s1 - s2, s1);
        }
        2.0 * (s1 * s1 + s2 * s2 - coefficient * s1 * s2).max(0.0) / (pcm.len() as f64).powi(2)
    };
    // The rhythm puts a part of each overtone 5 and 1.5 Hz beside it.
    let overtones = (1..=12).map(|k| pitch * f64::from(k));
    let beside = [-6.5, -5.0, -3.5, -3.0, -1.5, 0.0, 1.5, 3.0, 3.5, 5.0, 6.5];
    overtones.map(|hz| beside.iter().map(|off| power(hz + off)).sum::<f64>()).sum::<f64>() / whole.max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_are_told_apart() {
        let app = voice(8_000, APP_PITCH, 0, 16_000);
        let (own, other) = (share(&app, 8_000, APP_PITCH), share(&app, 8_000, PHONE_PITCH));
        assert!(own > 0.6 && other < 0.2, "{own} {other}");
        assert_eq!(share(&[0; 800], 8_000, APP_PITCH), 0.0);
    }

    #[test]
    fn both_voices_are_coded() {
        let voices = Voices::new().expect("codecs");
        assert!(voices.pcmu.iter().all(|payload| payload.len() == FRAME_8K));
        let bits: usize = voices.opus.iter().map(|payload| payload.len() * 4).sum();
        assert!((20_000..45_000).contains(&bits), "{bits} bit/s");
    }
}
