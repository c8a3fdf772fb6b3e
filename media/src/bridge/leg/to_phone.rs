//! From the room to the telephone: decoded at the telephone's rate, cut into its packets, numbered as one stream.

use std::net::SocketAddr;
use std::time::Instant;

use super::numbers::{Numbers, Position};
use super::wire::{Channel, Line, Wire};
use crate::bridge::codec::{CodecError, Encoder, MAX_PACKET_MS, MAX_PAYLOAD, OpusDecoder};
use crate::control::PhoneCodec;
use crate::rtp::header::Outgoing;
use crate::transport::srtp::SrtpSender;

/// Clock of the room's audio.
const ROOM_HZ: u32 = 48_000;
/// Longest gap that is filled, in ticks of the room: 60 ms. Longer: concealment begins to sound like a machine. Shorter: simple
/// telephones click.
const FILLED: u32 = ROOM_HZ * 60 / 1_000;
/// Longest packet that we send.
const MAX_PTIME: u32 = 60;

/// Where packets go.
pub(super) struct Outlet<'a> {
    pub(super) wire: &'a mut Wire,
    pub(super) line: Line,
    pub(super) to: SocketAddr,
    pub(super) sealer: Option<&'a mut SrtpSender>,
}

impl Outlet<'_> {
    /// Appends a packet.
    pub(super) fn send(&mut self, header: &Outgoing, payload: &[u8]) -> bool {
        let sealer = self.sealer.as_deref_mut();
        self.wire.push(self.line, Channel::Rtp, self.to, |out| {
            let head = header.write(out, &[]).ok()?;
            let len = head + payload.len();
            out.get_mut(head..len)?.copy_from_slice(payload);
            match sealer {
                None => Some(len),
                Some(sealer) => sealer.seal_rtp(out, head, len).ok(),
            }
        })
    }
}

/// A packet of the room.
#[derive(Clone, Copy, Debug)]
pub struct RoomPacket<'a> {
    /// Extended sequence number.
    pub sequence: u64,
    /// Timestamp, 48,000 Hz.
    pub timestamp: u32,
    /// Opus.
    pub payload: &'a [u8],
}

/// See the module.
pub(super) struct ToPhone {
    pub(super) numbers: Numbers,
    codec: PhoneCodec,
    payload_type: u8,
    decoder: OpusDecoder,
    encoder: Encoder,
    /// Samples of one packet.
    packet: usize,
    pcm: Box<[i16]>,
    filled: usize,
    /// Timestamp of the room's next packet, if nothing is missing.
    expected: Option<u32>,
    marker: bool,
    /// What is sent comes by a clock.
    clocked: bool,
    pub(super) sent: u64,
    pub(super) octets: u64,
}

impl ToPhone {
    pub(super) fn new(codec: PhoneCodec, numbers: Numbers) -> Result<ToPhone, CodecError> {
        let rate = codec.sample_rate();
        Ok(ToPhone {
            numbers,
            codec,
            payload_type: 0,
            decoder: OpusDecoder::new(rate)?,
            encoder: Encoder::new(codec)?,
            packet: rate as usize / 50,
            pcm: vec![0; rate as usize * (MAX_PACKET_MS + MAX_PTIME as usize) / 1_000].into(),
            filled: 0,
            expected: None,
            marker: true,
            clocked: false,
            sent: 0,
            octets: 0,
        })
    }

    /// Takes what was negotiated; the numbers go on.
    pub(super) fn renew(
        &mut self,
        codec: PhoneCodec,
        payload_type: u8,
        ptime: u32,
        now: Instant,
    ) -> Result<(), CodecError> {
        if codec != self.codec {
            let mut numbers = self.numbers;
            numbers.set_clock(codec.clock_hz(), now);
            let fresh = ToPhone::new(codec, numbers)?;
            *self = ToPhone { sent: self.sent, octets: self.octets, ..fresh };
        }
        let ptime = match (codec, ptime) {
            // Opus has no frame of 30 ms.
            (PhoneCodec::Opus, 30) => 20,
            (_, 10 | 20 | 30 | 40 | 60) => ptime,
            _ => 20,
        };
        self.packet = (codec.sample_rate() * ptime / 1_000) as usize;
        self.payload_type = payload_type;
        Ok(())
    }

    pub(super) fn codec(&self) -> PhoneCodec {
        self.codec
    }

    /// What comes next does not follow what came last.
    pub(super) fn restart(&mut self) {
        (self.expected, self.filled, self.marker, self.clocked) = (None, 0, true, false);
    }

    /// Takes a packet of the only stream that flows. Says whether something was sent.
    pub(super) fn take(
        &mut self,
        packet: &RoomPacket<'_>,
        now: Instant,
        outlet: &mut Outlet<'_>,
    ) -> Result<bool, CodecError> {
        let samples = self.decoder.samples(packet.payload)?;
        let ticks = (samples as u64 * u64::from(ROOM_HZ) / u64::from(self.codec.sample_rate())) as u32;
        if self.codec == PhoneCodec::Opus {
            return Ok(self.pass(packet, ticks, now, outlet));
        }
        let before = self.sent;
        let missing = match self.expected {
            None => {
                self.begin(now);
                0
            }
            Some(expected) => packet.timestamp.wrapping_sub(expected),
        };
        if (missing as i32) < 0 {
            if missing.wrapping_neg() < ROOM_HZ {
                // Too late; its time was filled.
                return Ok(false);
            }
            self.restart();
            self.begin(now);
        } else if missing > FILLED {
            self.pause(missing);
        } else if missing > 0 {
            self.fill(missing, packet.payload, now, outlet);
        }
        self.expected = Some(packet.timestamp.wrapping_add(ticks));
        self.filled += self.decoder.decode(packet.payload, &mut self.pcm[self.filled..])?;
        self.emit(now, outlet);
        Ok(self.sent > before)
    }

    /// Sends samples that come by a clock: a mix, or music.
    pub(super) fn samples(&mut self, pcm: &[i16], now: Instant, outlet: &mut Outlet<'_>) {
        if !self.clocked {
            self.restart();
            self.begin(now);
            self.clocked = true;
        }
        let Some(space) = self.pcm.get_mut(self.filled..self.filled + pcm.len()) else { return };
        space.copy_from_slice(pcm);
        self.filled += pcm.len();
        self.emit(now, outlet);
    }

    /// Time goes on as it passed.
    fn begin(&mut self, now: Instant) {
        self.numbers.resume(now);
        self.marker = true;
    }

    /// A pause that the stream itself tells of.
    fn pause(&mut self, missing: u32) {
        let rest = (self.filled as u64 * u64::from(self.codec.clock_hz())
            / u64::from(self.codec.sample_rate())) as u32;
        let ticks = u64::from(missing) * u64::from(self.codec.clock_hz()) / u64::from(ROOM_HZ);
        self.numbers.skip(rest + ticks as u32);
        (self.filled, self.marker) = (0, true);
    }

    /// Fills a short gap: the last 20 ms from what this packet repeats of them, what is before by concealment.
    fn fill(&mut self, missing: u32, payload: &[u8], now: Instant, outlet: &mut Outlet<'_>) {
        let rate = self.codec.sample_rate();
        let samples = (u64::from(missing) * u64::from(rate) / u64::from(ROOM_HZ)) as usize;
        let repeated = samples.min(rate as usize / 50);
        for (len, recover) in [(samples - repeated, false), (repeated, true)] {
            let Some(pcm) = self.pcm.get_mut(self.filled..self.filled + len).filter(|pcm| !pcm.is_empty())
            else {
                continue;
            };
            let filled = match recover {
                true => self.decoder.recover(payload, pcm),
                false => self.decoder.conceal(len, pcm),
            };
            if filled.is_err() {
                pcm.fill(0);
            }
            self.filled += len;
            self.emit(now, outlet);
        }
    }

    /// Sends the packets that are complete.
    fn emit(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        let ticks = (self.packet as u64 * u64::from(self.codec.clock_hz())
            / u64::from(self.codec.sample_rate())) as u32;
        let (mut at, mut payload) = (0, [0; MAX_PAYLOAD]);
        while self.filled - at >= self.packet {
            if let Ok(len) = self.encoder.encode(&self.pcm[at..at + self.packet], &mut payload) {
                let position = self.numbers.next(ticks, now);
                self.send(position, &payload[..len], outlet);
            }
            at += self.packet;
        }
        self.pcm.copy_within(at..self.filled, 0);
        self.filled -= at;
    }

    /// Sends a packet as it is.
    fn pass(&mut self, packet: &RoomPacket<'_>, ticks: u32, now: Instant, outlet: &mut Outlet<'_>) -> bool {
        if self.expected.is_none() {
            self.numbers.resume(now);
        }
        let Some((position, first)) = self.numbers.pass(packet.sequence, packet.timestamp, ticks, now) else {
            return false;
        };
        let pause = self.expected.is_some_and(|at| packet.timestamp.wrapping_sub(at) as i32 > FILLED as i32);
        self.marker |= first || pause;
        self.expected = Some(packet.timestamp.wrapping_add(ticks));
        self.send(position, packet.payload, outlet)
    }

    fn send(&mut self, position: Position, payload: &[u8], outlet: &mut Outlet<'_>) -> bool {
        let Position { sequence, timestamp } = position;
        let (marker, payload_type, ssrc) = (self.marker, self.payload_type, self.numbers.ssrc);
        let sent = outlet.send(&Outgoing { marker, payload_type, sequence, timestamp, ssrc }, payload);
        if sent {
            self.marker = false;
            self.sent += 1;
            self.octets += payload.len() as u64;
        }
        sent
    }
}
