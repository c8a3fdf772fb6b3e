//! A telephone for the media tests: plain RTP by hand, so that a test says exactly which packet is sent.

use std::f64::consts::TAU;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::channel;
use std::time::Duration;

use media::bridge::codec::{Decoder, Encoder, MAX_PAYLOAD};
use media::control::{MediaError, PhoneCodec, PhoneCommand, PhoneRemote, PhoneSrtp, PhoneSuite, RoomCommand};
use media::ids::{PeerId, RoomId};
use media::rtp::Header;
use media::rtp::header::Outgoing;
use media::transport::srtp::{KEY_LEN, MasterKey, SrtpProfile, SrtpReceiver, SrtpSender};

use super::{Server, wait};

/// What does not come in this time never will.
const LIMIT: Duration = Duration::from_secs(10);
/// Payload types of the tests.
const OPUS: u8 = 111;
const EVENTS: u8 = 101;

/// A telephone with two sockets.
pub struct Phone {
    /// RTP.
    pub rtp: UdpSocket,
    /// RTCP.
    pub rtcp: UdpSocket,
    /// Where the leg is.
    pub leg: SocketAddr,
    /// What it negotiates.
    pub remote: PhoneRemote,
    /// Header of the next packet.
    pub next: Outgoing,
    /// Samples sent so far.
    said: usize,
    encoder: Encoder,
    decoder: Decoder,
    keys: Option<(SrtpSender, SrtpReceiver)>,
}

impl Phone {
    /// Opens a leg for `peer` and negotiates `codec`; the gate is opened.
    ///
    /// # Errors
    /// The engine's, and those of sockets.
    pub fn join(server: &Server, room: RoomId, peer: PeerId, codec: PhoneCodec) -> io::Result<Phone> {
        let mut phone = Phone::open(server, room, peer, codec)?;
        phone.set(server, room, peer, |_| {});
        server.command(room, RoomCommand::SetOpen { peer, open: true });
        Ok(phone)
    }

    /// Opens a leg for `peer`; nothing is negotiated yet.
    ///
    /// # Errors
    /// The engine's, and those of sockets.
    pub fn open(server: &Server, room: RoomId, peer: PeerId, codec: PhoneCodec) -> io::Result<Phone> {
        let port = open(server, room, peer).map_err(io::Error::other)?;
        let (rtp, rtcp) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        rtp.set_nonblocking(true)?;
        rtcp.set_nonblocking(true)?;
        let payload_type = match codec {
            PhoneCodec::Pcmu => 0,
            PhoneCodec::Pcma => 8,
            PhoneCodec::G722 => 9,
            PhoneCodec::Opus => OPUS,
        };
        let remote = PhoneRemote {
            rtp: rtp.local_addr()?,
            rtcp: rtcp.local_addr()?,
            mux: false,
            latch: true,
            codec,
            payload_type,
            payload_type_in: payload_type,
            ptime: 20,
            events: Some((EVENTS, EVENTS)),
            comfort_noise: Some(13),
            send: true,
            receive: true,
            music: false,
            srtp: None,
        };
        let next = Outgoing {
            marker: true,
            payload_type,
            sequence: 65_500,
            timestamp: u32::MAX - 500,
            ssrc: 0x7e1e,
        };
        Ok(Phone {
            rtp,
            rtcp,
            leg: SocketAddr::from(([127, 0, 0, 1], port)),
            remote,
            next,
            said: 0,
            encoder: Encoder::new(codec).map_err(io::Error::other)?,
            decoder: Decoder::new(codec).map_err(io::Error::other)?,
            keys: None,
        })
    }

    /// Negotiates what it has, changed by `change`.
    pub fn set(
        &mut self,
        server: &Server,
        room: RoomId,
        peer: PeerId,
        change: impl FnOnce(&mut PhoneRemote),
    ) {
        change(&mut self.remote);
        let command = PhoneCommand::Set(Box::new(self.remote.clone()));
        server.command(room, RoomCommand::Phone { peer, command });
    }

    /// Keys of a suite from now on; to be negotiated with [`Phone::set`].
    pub fn secure(&mut self, suite: PhoneSuite) {
        let profile = match suite {
            PhoneSuite::AesCm128HmacSha1_80 => SrtpProfile::Aes128CmSha1_80,
            PhoneSuite::AesCm128HmacSha1_32 => SrtpProfile::Aes128CmSha1_32,
            PhoneSuite::AeadAes128Gcm => SrtpProfile::AeadAes128Gcm,
        };
        let len = KEY_LEN + profile.salt_len();
        let (ours, theirs) = (vec![0x11; len], vec![0x22; len]);
        let key = |inline: &[u8]| MasterKey::new(&inline[..KEY_LEN], &inline[KEY_LEN..]);
        let sender = SrtpSender::new(profile, &key(&theirs)).expect("a key of the suite");
        let receiver = SrtpReceiver::new(profile, &key(&ours)).expect("a key of the suite");
        self.keys = Some((sender, receiver));
        self.remote.srtp = Some(PhoneSrtp { suite, local: ours, remote: theirs });
    }

    /// Sends `len` samples of a tone of `hz` as one packet.
    ///
    /// # Errors
    /// Samples that the codec cannot take; the socket's.
    pub fn say(&mut self, hz: f64, len: usize) -> io::Result<()> {
        let rate = self.encoder.rate();
        let pcm = tone(rate, hz, self.said, len);
        self.said += len;
        let mut payload = [0; MAX_PAYLOAD];
        let bytes = self.encoder.encode(&pcm, &mut payload).map_err(io::Error::other)?;
        let ticks = len as u32 * self.remote.codec.clock_hz() / rate;
        self.send(ticks, &payload[..bytes])
    }

    /// Sends a payload; the timestamp goes on by `ticks`.
    ///
    /// # Errors
    /// The socket's.
    pub fn send(&mut self, ticks: u32, payload: &[u8]) -> io::Result<()> {
        let packet = self.packet(&self.next.clone(), payload)?;
        self.next.marker = false;
        self.next.sequence = self.next.sequence.wrapping_add(1);
        self.next.timestamp = self.next.timestamp.wrapping_add(ticks);
        self.rtp.send_to(&packet, self.leg).map(drop)
    }

    /// A packet as it goes out.
    ///
    /// # Errors
    /// Not sealable.
    pub fn packet(&mut self, header: &Outgoing, payload: &[u8]) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; 1_600];
        let head = header.write(&mut bytes, &[]).map_err(io::Error::other)?;
        let mut len = head + payload.len();
        bytes[head..len].copy_from_slice(payload);
        if let Some((sender, _)) = &mut self.keys {
            len = sender.seal_rtp(&mut bytes, head, len).map_err(io::Error::other)?;
        }
        bytes.truncate(len);
        Ok(bytes)
    }

    /// The next packet that comes: header and payload.
    ///
    /// # Errors
    /// Nothing in time, or what cannot be opened.
    #[expect(clippy::should_implement_trait, reason = "it waits and can fail, as that of the browser does")]
    pub fn next(&mut self) -> io::Result<(Header, Vec<u8>)> {
        self.next_within(LIMIT)
    }

    /// The same with another limit.
    ///
    /// # Errors
    /// Nothing in time, or what cannot be opened.
    pub fn next_within(&mut self, limit: Duration) -> io::Result<(Header, Vec<u8>)> {
        let mut bytes = [0; 2_048];
        wait(&self.rtp, limit)?;
        let mut len = match self.rtp.recv(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Err(io::ErrorKind::TimedOut.into());
            }
            other => other?,
        };
        if let Some((_, receiver)) = &mut self.keys {
            len = receiver.open_rtp(&mut bytes[..len]).map_err(io::Error::other)?;
        }
        let header = Header::parse(&bytes[..len]).map_err(io::Error::other)?;
        Ok((header, header.payload(&bytes[..len]).to_vec()))
    }

    /// The next packet's samples and header; packets of other payload types are an error.
    ///
    /// # Errors
    /// Nothing in time, or no audio.
    pub fn hear(&mut self) -> io::Result<(Header, Vec<i16>)> {
        let (header, payload) = self.next()?;
        if header.payload_type != self.remote.payload_type {
            return Err(io::Error::other(format!("payload type {}", header.payload_type)));
        }
        let mut pcm = vec![0; 48 * 120];
        let samples = self.decoder.decode(&payload, &mut pcm).map_err(io::Error::other)?;
        pcm.truncate(samples);
        Ok((header, pcm))
    }

    /// The next compound that comes to the RTCP socket.
    ///
    /// # Errors
    /// Nothing in time, or what cannot be opened.
    pub fn compound(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 2_048];
        wait(&self.rtcp, LIMIT)?;
        let mut len = self.rtcp.recv(&mut bytes)?;
        if let Some((_, receiver)) = &mut self.keys {
            len = receiver.open_rtcp(&mut bytes[..len]).map_err(io::Error::other)?;
        }
        Ok(bytes[..len].to_vec())
    }
}

/// Opens a leg and says its port.
fn open(server: &Server, room: RoomId, peer: PeerId) -> Result<u16, MediaError> {
    let (sender, port) = channel();
    let opened = Box::new(move |result| {
        // The receiver waits below, unless it gave up.
        let _ = sender.send(result);
    });
    let bind = std::net::Ipv4Addr::LOCALHOST.into();
    let command = PhoneCommand::Open { bind, opened };
    server.engine.send(room, RoomCommand::Phone { peer, command })?;
    port.recv_timeout(LIMIT).map_err(|_| MediaError::Unavailable)?
}

/// `len` samples of a tone, from sample `from` on.
pub fn tone(rate: u32, hz: f64, from: usize, len: usize) -> Vec<i16> {
    let step = TAU * hz / f64::from(rate);
    (from..from + len).map(|n| (8_000.0 * (step * n as f64).sin()) as i16).collect()
}

/// Peak of the sine of `hz` in `pcm` (Goertzel's algorithm); that of [`tone`] is 8,000.
pub fn tone_level(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate)).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in pcm {
        (s1, s2) = (f64::from(*sample) + coefficient * s1 - s2, s1);
    }
    (s1 * s1 + s2 * s2 - coefficient * s1 * s2).max(0.0).sqrt() * 2.0 / pcm.len() as f64
}
