//! The plain-RTP leg of one telephone, without I/O.
//!
//! Datagrams of its two sockets come in with [`Leg::rtp`] and [`Leg::rtcp`]; Opus for the room and events come out in
//! [`Heard`]. Packets of the room come in with [`Leg::room`]; datagrams come out in [`Wire`]. Between two people there is no
//! clock: each packet is transcoded when it comes. Everything that comes is taken for hostile: it is counted and dropped.

mod active;
mod address;
mod keys;
mod numbers;
mod receiver;
mod reorder;
mod reports;
mod to_phone;
mod to_room;
mod wire;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::time::Instant;

use thiserror::Error;

use self::active::Active;
use self::numbers::Numbers;
use crate::bridge::codec::CodecError;
use crate::bridge::digits::DigitsError;
use crate::control::{PhoneRemote, PhoneReport, Quality};
use crate::transport::srtp::SrtpError;

pub use self::receiver::Heard;
pub use self::to_phone::RoomPacket;
pub use self::wire::{Channel, Datagram, Frame, Line, Voice, Wire};

/// Streams of the room that a telephone hears at once: the loudest.
pub const SLOTS: usize = 3;

/// Why a datagram was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Nothing was negotiated yet, or nothing is to come.
    #[error("not expected")]
    Unexpected,
    /// It comes from where the telephone is not.
    #[error("from a stranger")]
    Stranger,
    /// Keys do not fit, or it was seen before.
    #[error(transparent)]
    Srtp(#[from] SrtpError),
    /// It is no RTP or RTCP, or of a payload type that was not negotiated.
    #[error("malformed")]
    Malformed,
    /// A duplicate, or too late.
    #[error("too late")]
    Late,
}

/// Why what was negotiated cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LegError {
    /// The keys are not those of the suite.
    #[error(transparent)]
    Srtp(#[from] SrtpError),
    /// A codec could not be made.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// See the module.
pub struct Leg {
    line: Line,
    first: Numbers,
    active: Option<Box<Active>>,
    /// The gate of its peer is open.
    open: bool,
    /// The room's slots that carry something.
    bound: [bool; SLOTS],
}

impl Leg {
    /// A leg that is deaf and dumb. Its stream's numbers begin at values from `random`.
    pub fn new(line: Line, mut random: impl FnMut() -> u32) -> Leg {
        let first = Numbers::new(random(), random() as u16, random(), 8_000);
        Leg { line, first, active: None, open: false, bound: [false; SLOTS] }
    }

    /// Its sockets have another name: it moved.
    pub fn set_line(&mut self, line: Line) {
        self.line = line;
    }

    /// Takes what was negotiated. Says whether it was the first time.
    ///
    /// # Errors
    /// [`LegError`]; the leg is then as before.
    pub fn set(&mut self, remote: &PhoneRemote, now: Instant) -> Result<bool, LegError> {
        match &mut self.active {
            Some(active) => {
                active.renew(remote, now)?;
                Ok(false)
            }
            None => {
                let mut active = Box::new(Active::new(remote, self.first, now)?);
                active.set_open(self.open, now);
                active.bind(self.bound, None, now);
                self.active = Some(active);
                Ok(true)
            }
        }
    }

    /// Whether anything was negotiated.
    pub fn is_set(&self) -> bool {
        self.active.is_some()
    }

    /// The gate of its peer.
    pub fn set_open(&mut self, open: bool, now: Instant) {
        self.open = open;
        if let Some(active) = &mut self.active {
            active.set_open(open, now);
        }
    }

    /// Takes a datagram of the RTP socket. `wanted`: somebody listens to the telephone.
    ///
    /// # Errors
    /// [`Refusal`]; the bytes are then undefined.
    pub fn rtp(
        &mut self,
        from: SocketAddr,
        bytes: &mut [u8],
        wanted: bool,
        now: Instant,
        heard: &mut Heard,
    ) -> Result<(), Refusal> {
        let active = self.active.as_mut().ok_or(Refusal::Unexpected)?;
        match crate::rtp::is_rtcp(bytes) {
            true => active.rtcp(Channel::Rtp, from, bytes, now),
            false => active.rtp(from, bytes, wanted, now, heard),
        }
    }

    /// Takes a datagram of the RTCP socket.
    ///
    /// # Errors
    /// [`Refusal`]; the bytes are then undefined.
    pub fn rtcp(&mut self, from: SocketAddr, bytes: &mut [u8], now: Instant) -> Result<(), Refusal> {
        self.active.as_mut().ok_or(Refusal::Unexpected)?.rtcp(Channel::Rtcp, from, bytes, now)
    }

    /// Another track flows in a slot of the room, or none; or its numbers begin anew.
    pub fn bind(&mut self, slot: usize, bound: bool, now: Instant) {
        if let Some(place) = self.bound.get_mut(slot) {
            *place = bound;
        }
        if let Some(active) = &mut self.active {
            active.bind(self.bound, Some(slot), now);
        }
    }

    /// Takes a packet of the room. Says whether something went out.
    pub fn room(&mut self, slot: usize, packet: &RoomPacket<'_>, now: Instant, wire: &mut Wire) -> bool {
        let line = self.line;
        self.active.as_mut().is_some_and(|active| active.room(slot, packet, now, line, wire))
    }

    /// Sends digits, one after the other. Ignored if the telephone takes none.
    ///
    /// # Errors
    /// [`DigitsError`]; none is sent then.
    pub fn digits(&mut self, digits: &str, now: Instant) -> Result<(), DigitsError> {
        self.active.as_mut().map_or(Ok(()), |active| active.digits(digits, now))
    }

    /// Does what is due.
    pub fn tick(&mut self, wanted: bool, now: Instant, wire: &mut Wire, heard: &mut Heard) {
        if let Some(active) = &mut self.active {
            active.tick(wanted, now, self.line, wire, heard);
        }
    }

    /// When [`Leg::tick`] is to be called.
    pub fn deadline(&self) -> Option<Instant> {
        self.active.as_ref().map(|active| active.deadline())
    }

    /// How the leg is doing since the last time.
    pub fn quality(&mut self) -> Option<Quality> {
        self.active.as_mut().map(|active| active.reports.quality(&active.receiver))
    }

    /// The leg ends: the telephone is told, and the result is what it was like.
    pub fn end(&mut self, wire: &mut Wire) -> PhoneReport {
        self.active.as_mut().map(|active| active.end(self.line, wire)).unwrap_or_default()
    }
}
