//! What a leg gives out: datagrams for its sockets, and audio for the room. Both keep their memory from one wake-up to the next.

use std::net::SocketAddr;
use std::ops::Range;

/// Room that a datagram gets while it is written: 60 ms of any codec, header and tag.
const DATAGRAM: usize = 1_500;

/// Which of the two sockets of a leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The even port.
    Rtp,
    /// The odd port.
    Rtcp,
}

/// Names a leg's pair of sockets; only its owner knows what it means.
pub type Line = u64;

/// One datagram to send.
#[derive(Clone, Debug)]
pub struct Datagram {
    /// Whose sockets.
    pub line: Line,
    /// Which of them.
    pub channel: Channel,
    /// Where to.
    pub to: SocketAddr,
    range: Range<usize>,
}

/// Datagrams to send, in order.
#[derive(Debug, Default)]
pub struct Wire {
    bytes: Vec<u8>,
    datagrams: Vec<Datagram>,
}

impl Wire {
    /// Appends the datagram that `write` makes in the given buffer and says the length of; `None` appends nothing. Says whether
    /// one was appended.
    pub fn push(
        &mut self,
        line: Line,
        channel: Channel,
        to: SocketAddr,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let start = self.bytes.len();
        self.bytes.resize(start + DATAGRAM, 0);
        let len = write(&mut self.bytes[start..]).filter(|len| *len <= DATAGRAM);
        self.bytes.truncate(start + len.unwrap_or(0));
        if len.is_some() {
            self.datagrams.push(Datagram { line, channel, to, range: start..self.bytes.len() });
        }
        len.is_some()
    }

    /// What is to be sent.
    pub fn datagrams(&self) -> impl Iterator<Item = (&Datagram, &[u8])> {
        self.datagrams.iter().map(|datagram| (datagram, &self.bytes[datagram.range.clone()]))
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// All was sent.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.datagrams.clear();
    }
}

/// A packet of Opus for the room.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Extended sequence number; gaps are packets that were lost.
    pub sequence: u64,
    /// Timestamp, 48,000 Hz.
    pub timestamp: u32,
    /// First after a pause.
    pub marker: bool,
    /// Value of the audio level extension (RFC 6464).
    pub level: u8,
    range: Range<usize>,
}

/// Packets for the room, in order.
#[derive(Debug, Default)]
pub struct Voice {
    bytes: Vec<u8>,
    frames: Vec<Frame>,
}

impl Voice {
    /// Appends a packet whose payload `write` makes; see [`Wire::push`].
    pub(super) fn push(
        &mut self,
        sequence: u64,
        timestamp: u32,
        marker: bool,
        level: u8,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) -> bool {
        let start = self.bytes.len();
        self.bytes.resize(start + DATAGRAM, 0);
        let len = write(&mut self.bytes[start..]).filter(|len| *len <= DATAGRAM);
        self.bytes.truncate(start + len.unwrap_or(0));
        if len.is_some() {
            self.frames.push(Frame { sequence, timestamp, marker, level, range: start..self.bytes.len() });
        }
        len.is_some()
    }

    /// The packets and their payloads.
    pub fn frames(&self) -> impl Iterator<Item = (&Frame, &[u8])> {
        self.frames.iter().map(|frame| (frame, &self.bytes[frame.range.clone()]))
    }

    /// All was forwarded.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.frames.clear();
    }
}
