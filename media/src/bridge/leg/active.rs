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
use super::{LegError, Refusal};
use crate::bridge::digits::{DigitSender, DigitsError, TelephoneEvent, Tick};
use crate::control::{PhoneEvent, PhoneRemote, PhoneReport};
use crate::rtp::Header;
use crate::rtp::header::Outgoing;

/// A telephone that should send but does not for this long may be gone.
const SILENCE: Duration = Duration::from_secs(30);
/// Time between two packets of a digit.
const DIGIT_STEP: Duration = Duration::from_millis(20);
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
            self.digits = DigitSender::new(remote.codec.clock_hz());
            self.digit_at = None;
        }
        self.to_phone.renew(remote.codec, remote.payload_type, remote.ptime, now)?;
        self.receiver.renew(remote);
        self.latch.renew(remote.rtp, remote.latch);
        self.rtcp_latch.renew(remote.rtcp, remote.latch);
        self.remote = remote.clone();
        self.expect(now);
        Ok(())
    }

    pub(super) fn set_open(&mut self, open: bool, now: Instant) {
        self.open = open;
        self.expect(now);
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
        match self.receiver.take(&header, packet, now, room, heard) {
            true => Ok(()),
            false => Err(Refusal::Late),
        }
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

    /// Takes a packet of the only stream of the room.
    pub(super) fn room(
        &mut self,
        packet: &RoomPacket<'_>,
        now: Instant,
        line: Line,
        wire: &mut Wire,
    ) -> bool {
        if !self.remote.send || self.remote.music || self.digit_at.is_some() {
            self.to_phone.restart();
            return false;
        }
        let Some(to) = self.latch.destination() else { return false };
        let sealer = self.keys.as_mut().map(|keys| &mut keys.sender);
        let mut outlet = Outlet { wire, line, to, sealer };
        // What cannot be decoded is a packet lost.
        self.to_phone.take(packet, now, &mut outlet).unwrap_or(false)
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
        let others = [self.receiver.deadline(), self.digit_at, silence].into_iter().flatten().min();
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
        PhoneReport {
            received: self.receiver.received,
            lost: self.receiver.lost(),
            sent: self.to_phone.sent,
            lost_there: self.reports.lost_there,
            jitter_ms: self.reports.jitter_ms(&self.receiver),
            rtt_ms: self.reports.rtt_ms(),
            mos: 0.0,
        }
    }
}
