//! A leg for which something was negotiated.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::address::Latch;
use super::keys::Keys;
use super::numbers::{Numbers, Position};
use super::receiver::{Heard, Receiver};
use super::reports::Reports;
use super::to_phone::{Outlet, RoomPacket, ToPhone};
use super::to_room::ToRoom;
use super::wire::{Channel, Line, Wire};
use super::{LegError, Refusal, SLOTS};
use crate::bridge::codec::CodecError;
use crate::bridge::digits::{DigitSender, DigitsError, TelephoneEvent, Tick};
use crate::bridge::feed::{Feed, Program};
use crate::bridge::jitter::Inserted;
use crate::bridge::mos;
use crate::bridge::noise::ComfortNoise;
use crate::bridge::source::frame_len;
use crate::control::{PhoneEvent, PhoneRemote, PhoneReport};
use crate::rtp::Header;
use crate::rtp::header::Outgoing;

/// A telephone that should send but does not for this long may be gone.
const SILENCE: Duration = Duration::from_secs(30);
/// Time between two packets of a digit.
const DIGIT_STEP: Duration = Duration::from_millis(20);
/// The beat of all that needs a clock.
const BEAT: Duration = Duration::from_millis(20);
/// Samples per second of the widest codec.
const MAX_RATE: u32 = 48_000;
/// Longest compound that we send.
const MAX_RTCP: usize = 128;

/// See the module.
pub(super) struct Active {
    remote: PhoneRemote,
    keys: Option<Keys>,
    latch: Latch,
    rtcp_latch: Latch,
    pub(super) receiver: Receiver,
    pub(super) to_phone: ToPhone,
    /// Taken out only while it is exchanged.
    to_room: Option<ToRoom>,
    /// What comes by a clock; made when it is first needed.
    feed: Option<Feed>,
    noise: ComfortNoise,
    /// The room's slots that carry something.
    bound: [bool; SLOTS],
    beat_at: Option<Instant>,
    digits: DigitSender,
    digit_at: Option<Instant>,
    pub(super) reports: Reports,
    open: bool,
    /// When the telephone was last heard, or should have begun; `None`: told, or nothing is expected.
    heard_at: Option<Instant>,
}

impl Active {
    pub(super) fn new(remote: &PhoneRemote, mut numbers: Numbers, now: Instant) -> Result<Active, LegError> {
        numbers.set_clock(remote.codec.clock_hz(), now);
        let mut to_phone = ToPhone::new(remote.codec, numbers)?;
        to_phone.renew(remote.codec, remote.payload_type, remote.ptime, now)?;
        Ok(Active {
            keys: remote.srtp.as_ref().map(Keys::new).transpose()?,
            latch: Latch::new(remote.rtp, remote.latch),
            rtcp_latch: Latch::new(remote.rtcp, remote.latch),
            receiver: Receiver::new(remote),
            to_phone,
            to_room: Some(ToRoom::new(remote.codec)?),
            feed: None,
            noise: ComfortNoise::new(numbers.ssrc),
            bound: [false; SLOTS],
            beat_at: None,
            digits: DigitSender::new(remote.codec.clock_hz()),
            digit_at: None,
            reports: Reports::new(now),
            open: false,
            heard_at: None,
            remote: remote.clone(),
        })
    }

    /// Takes what was negotiated later. What is the same goes on.
    pub(super) fn renew(&mut self, remote: &PhoneRemote, now: Instant) -> Result<(), LegError> {
        match (&mut self.keys, &remote.srtp) {
            (Some(keys), Some(agreed)) => keys.renew(agreed)?,
            (keys, agreed) => *keys = agreed.as_ref().map(Keys::new).transpose()?,
        }
        if remote.codec != self.remote.codec
            && let Some(room) = self.to_room.take()
        {
            self.to_room = Some(room.renew(remote.codec)?);
            self.feed = None;
            self.digits = DigitSender::new(remote.codec.clock_hz());
            self.digit_at = None;
        }
        if (remote.send, remote.music) != (self.remote.send, self.remote.music) {
            self.to_phone.restart();
        }
        self.to_phone.renew(remote.codec, remote.payload_type, remote.ptime, now)?;
        self.receiver.renew(remote);
        self.latch.renew(remote.rtp, remote.latch);
        self.rtcp_latch.renew(remote.rtcp, remote.latch);
        self.remote = remote.clone();
        self.expect(now);
        self.set_beat(now)?;
        Ok(())
    }

    /// Other slots carry something; another stream begins in `slot`.
    pub(super) fn bind(&mut self, bound: [bool; SLOTS], slot: Option<usize>, now: Instant) {
        let was_mixed = self.is_mixed();
        self.bound = bound;
        if let (Some(slot), Some(feed)) = (slot, &mut self.feed) {
            feed.reset(slot);
        }
        if !(self.remote.music || was_mixed && self.is_mixed()) {
            self.to_phone.restart();
        }
        self.begin_beat(now);
    }

    fn begin_beat(&mut self, now: Instant) {
        if let Err(error) = self.set_beat(now) {
            tracing::warn!(%error, "no mix for a telephone");
        }
    }

    /// Several people are heard at once.
    fn is_mixed(&self) -> bool {
        self.bound.iter().filter(|bound| **bound).count() > 1
    }

    /// Nobody is heard: all are muted, or away. Exchanges and people take a line without packets for dead.
    fn is_alone(&self) -> bool {
        self.open && !self.bound.contains(&true)
    }

    /// What the telephone hears comes by a clock.
    fn is_clocked(&self) -> bool {
        self.remote.send && (self.remote.music || self.is_mixed() || self.is_alone())
    }

    /// Begins or ends the beat.
    fn set_beat(&mut self, now: Instant) -> Result<(), CodecError> {
        let silent = self.to_room.as_ref().is_some_and(ToRoom::is_silent);
        match self.is_clocked() || silent {
            true => self.beat_at = self.beat_at.or(Some(now + BEAT)),
            false => self.beat_at = None,
        }
        if !self.remote.music && !self.is_mixed() {
            // Its decoders and buffers take more memory than all the rest.
            self.feed = None;
            return Ok(());
        }
        if self.feed.is_none() {
            self.feed =
                Some(Feed::new(SLOTS, self.remote.codec.sample_rate(), now, self.to_phone.numbers.ssrc)?);
        }
        if let Some(feed) = &mut self.feed {
            feed.play(if self.remote.music { Program::Music } else { Program::Voices });
        }
        Ok(())
    }

    pub(super) fn set_open(&mut self, open: bool, now: Instant) {
        self.open = open;
        self.expect(now);
        self.begin_beat(now);
    }

    /// From now on the telephone should be heard, or need not.
    fn expect(&mut self, now: Instant) {
        self.heard_at = (self.open && self.remote.receive).then_some(now);
    }

    pub(super) fn rtp(
        &mut self,
        from: SocketAddr,
        bytes: &mut [u8],
        wanted: bool,
        now: Instant,
        heard: &mut Heard,
    ) -> Result<(), Refusal> {
        let len = match &mut self.keys {
            Some(keys) => keys.receiver.open_rtp(bytes)?,
            None => bytes.len(),
        };
        let packet = &bytes[..len];
        let header = Header::parse(packet).map_err(|_| Refusal::Malformed)?;
        if !self.receiver.knows(header.payload_type) {
            return Err(Refusal::Malformed);
        }
        if !self.latch.admits(from, self.keys.is_some(), now) {
            return Err(Refusal::Stranger);
        }
        self.expect(now);
        let wanted = self.wants(wanted);
        let room = self.to_room.as_mut().filter(|_| wanted);
        let taken = self.receiver.take(&header, packet, now, room, heard);
        if self.beat_at.is_none() && self.to_room.as_ref().is_some_and(ToRoom::is_silent) {
            self.beat_at = Some(now + BEAT);
        }
        if taken { Ok(()) } else { Err(Refusal::Late) }
    }

    /// Whether audio is for the room; it pauses if not.
    fn wants(&mut self, wanted: bool) -> bool {
        let wanted = wanted && self.remote.receive;
        if let Some(room) = self.to_room.as_mut().filter(|_| !wanted) {
            room.pause();
        }
        wanted
    }

    pub(super) fn rtcp(
        &mut self,
        channel: Channel,
        from: SocketAddr,
        bytes: &mut [u8],
        now: Instant,
    ) -> Result<(), Refusal> {
        let len = match &mut self.keys {
            Some(keys) => keys.receiver.open_rtcp(bytes)?,
            None => bytes.len(),
        };
        let latch = match channel {
            Channel::Rtp => &mut self.latch,
            Channel::Rtcp => &mut self.rtcp_latch,
        };
        // A compound may move its own channel, but never where audio goes.
        let mut copy = *latch;
        if !copy.admits(from, self.keys.is_some(), now) {
            return Err(Refusal::Stranger);
        }
        self.reports
            .take(&bytes[..len], &mut self.receiver, &self.to_phone, now)
            .map_err(|_| Refusal::Malformed)?;
        if channel == Channel::Rtcp {
            self.rtcp_latch = copy;
        }
        Ok(())
    }

    /// Takes a packet of the room: at once if it is of the only stream, else for the mix.
    pub(super) fn room(
        &mut self,
        slot: usize,
        packet: &RoomPacket<'_>,
        now: Instant,
        line: Line,
        wire: &mut Wire,
    ) -> bool {
        if !self.remote.send || self.remote.music || self.bound.get(slot) != Some(&true) {
            return false;
        }
        if self.is_mixed() {
            let feed = self.feed.as_mut();
            let kept = feed.map(|feed| feed.push(slot, packet.timestamp, packet.payload, now));
            return kept == Some(Inserted::Kept);
        }
        if self.digit_at.is_some() {
            return false;
        }
        let Some(to) = self.latch.destination() else { return false };
        let sealer = self.keys.as_mut().map(|keys| &mut keys.sender);
        let mut outlet = Outlet { wire, line, to, sealer };
        // What cannot be decoded is a packet lost.
        self.to_phone.take(packet, now, &mut outlet).unwrap_or(false)
    }

    /// A frame of what comes by a clock.
    fn beat(&mut self, wanted: bool, now: Instant, line: Line, wire: &mut Wire, heard: &mut Heard) {
        if let Some(room) = self.to_room.as_mut().filter(|_| wanted) {
            room.beat(now, &mut heard.voice);
        }
        if !self.is_clocked() {
            return;
        }
        let mut frame = [0; frame_len(MAX_RATE)];
        let pcm = &mut frame[..frame_len(self.remote.codec.sample_rate())];
        // While digits are sent the music and the people go on unheard.
        match &mut self.feed {
            Some(feed) => drop(feed.pull(pcm)),
            None => self.noise.fill(pcm),
        }
        let Some(to) = self.latch.destination().filter(|_| self.digit_at.is_none()) else { return };
        let sealer = self.keys.as_mut().map(|keys| &mut keys.sender);
        self.to_phone.samples(pcm, now, &mut Outlet { wire, line, to, sealer });
    }

    pub(super) fn digits(&mut self, digits: &str, now: Instant) -> Result<(), DigitsError> {
        if self.remote.events.is_none() {
            return Ok(());
        }
        self.digits.push(digits)?;
        if self.digits.is_busy() {
            self.digit_at.get_or_insert(now);
        }
        Ok(())
    }

    /// When [`Active::tick`] is due.
    pub(super) fn deadline(&self) -> Instant {
        let silence = self.heard_at.map(|at| at + SILENCE);
        let others =
            [self.receiver.deadline(), self.beat_at, self.digit_at, silence].into_iter().flatten().min();
        others.map_or(self.reports.deadline(), |at| at.min(self.reports.deadline()))
    }

    pub(super) fn tick(
        &mut self,
        wanted: bool,
        now: Instant,
        line: Line,
        wire: &mut Wire,
        heard: &mut Heard,
    ) {
        let wanted = wanted && self.remote.receive;
        self.receiver.expire(now, self.to_room.as_mut().filter(|_| wanted), heard);
        if self.heard_at.is_some_and(|at| at + SILENCE <= now) {
            self.heard_at = None;
            heard.events.push(PhoneEvent::Silent);
        }
        while let Some(at) = self.digit_at.filter(|at| *at <= now) {
            // After a long pause of the worker digits go on from now.
            let next = (at + DIGIT_STEP).max(now.checked_sub(DIGIT_STEP).unwrap_or(now));
            self.digit_at = self.digit(now, line, wire).then_some(next);
        }
        while let Some(at) = self.beat_at.filter(|at| *at <= now) {
            self.beat(wanted, now, line, wire, heard);
            let silent = wanted && self.to_room.as_ref().is_some_and(ToRoom::is_silent);
            // After a long pause of the worker the beat goes on from now.
            let next = (at + BEAT).max(now.checked_sub(BEAT).unwrap_or(now));
            self.beat_at = (silent || self.is_clocked()).then_some(next);
        }
        if self.reports.deadline() <= now {
            let mut buffer = [0; MAX_RTCP];
            let len = self.reports.write(&mut self.receiver, &self.to_phone, now, &mut buffer);
            self.send_rtcp(&buffer[..len], line, wire);
        }
    }

    /// One step of the digits. `false`: all are sent, and audio goes on.
    fn digit(&mut self, now: Instant, line: Line, wire: &mut Wire) -> bool {
        self.to_phone.restart();
        let numbers = &mut self.to_phone.numbers;
        let event = match self.digits.tick(numbers.timestamp_at(now)) {
            Tick::Audio => return false,
            Tick::Rest => return true,
            Tick::Event(event) => event,
        };
        let (Some((payload_type, _)), Some(to)) = (self.remote.events, self.latch.destination()) else {
            self.digits.clear();
            return false;
        };
        let ticks = TelephoneEvent::parse(&event.payload).map_or(0, |event| u32::from(event.duration));
        let Position { sequence, timestamp } = numbers.within(event.timestamp, ticks, now);
        let (marker, ssrc) = (event.marker, numbers.ssrc);
        let sealer = self.keys.as_mut().map(|keys| &mut keys.sender);
        let header = Outgoing { marker, payload_type, sequence, timestamp, ssrc };
        if (Outlet { wire, line, to, sealer }).send(&header, &event.payload) {
            self.to_phone.sent += 1;
            self.to_phone.octets += event.payload.len() as u64;
        }
        true
    }

    fn send_rtcp(&mut self, compound: &[u8], line: Line, wire: &mut Wire) {
        let (channel, latch) = match self.remote.mux {
            true => (Channel::Rtp, &self.latch),
            false => (Channel::Rtcp, &self.rtcp_latch),
        };
        let Some(to) = latch.destination() else { return };
        let sealer = self.keys.as_mut().map(|keys| &mut keys.sender);
        wire.push(line, channel, to, |out| {
            out.get_mut(..compound.len())?.copy_from_slice(compound);
            match sealer {
                None => Some(compound.len()),
                Some(sealer) => sealer.seal_rtcp(out, compound.len()).ok(),
            }
        });
    }

    /// Tells the telephone that the stream ends, and what it was like.
    pub(super) fn end(&mut self, line: Line, wire: &mut Wire) -> PhoneReport {
        let mut buffer = [0; MAX_RTCP];
        let len = self.reports.write_end(&self.to_phone, &mut buffer);
        self.send_rtcp(&buffer[..len], line, wire);
        let (received, lost) = (self.receiver.received, self.receiver.lost());
        let line = mos::Line {
            loss: lost as f32 / (received + lost).max(1) as f32,
            jitter_ms: self.reports.jitter_ms(&self.receiver),
            rtt_ms: self.reports.rtt_ms() as f32,
        };
        PhoneReport {
            received,
            lost,
            sent: self.to_phone.sent,
            lost_there: self.reports.lost_there,
            jitter_ms: line.jitter_ms,
            rtt_ms: self.reports.rtt_ms(),
            mos: if received == 0 { 0.0 } else { line.mos(self.remote.codec) },
        }
    }
}
