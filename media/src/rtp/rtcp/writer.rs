//! Writes RTCP packets one behind the other into a buffer.

use super::{HEADER_LEN, ParseError};

/// A compound packet being built. A packet that does not fit leaves what was written before untouched.
#[derive(Debug)]
pub struct Writer<'a> {
    buffer: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    /// Writes from the start of `buffer`.
    pub fn new(buffer: &'a mut [u8]) -> Writer<'a> {
        Writer { buffer, len: 0 }
    }

    /// Bytes of the finished packets.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no packet is finished.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Starts a packet: `count` is the count or format of its header.
    pub fn begin(&mut self, count: u8, packet_type: u8) -> Result<PacketWriter<'_, 'a>, ParseError> {
        let start = self.len;
        let mut packet = PacketWriter { at: start, start, writer: self };
        packet.bytes(&[0x80 | (count & 0x1f), packet_type, 0, 0])?;
        Ok(packet)
    }
}

/// One packet being written; it counts once [`PacketWriter::finish`] is called.
#[derive(Debug)]
pub struct PacketWriter<'w, 'a> {
    writer: &'w mut Writer<'a>,
    start: usize,
    at: usize,
}

impl PacketWriter<'_, '_> {
    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), ParseError> {
        let end = self.at + bytes.len();
        self.writer.buffer.get_mut(self.at..end).ok_or(ParseError::NoRoom)?.copy_from_slice(bytes);
        self.at = end;
        Ok(())
    }

    /// Appends a big-endian value.
    pub fn u16(&mut self, value: u16) -> Result<(), ParseError> {
        self.bytes(&value.to_be_bytes())
    }

    /// Appends a big-endian value.
    pub fn u32(&mut self, value: u32) -> Result<(), ParseError> {
        self.bytes(&value.to_be_bytes())
    }

    /// Fills the packet with zeros to a whole number of words and sets its length.
    pub fn finish(mut self) -> Result<(), ParseError> {
        while !(self.at - self.start).is_multiple_of(4) {
            self.bytes(&[0])?;
        }
        let words = (self.at - self.start - HEADER_LEN) / 4;
        let words = u16::try_from(words).map_err(|_| ParseError::Length)?;
        self.writer.buffer[self.start + 2..self.start + 4].copy_from_slice(&words.to_be_bytes());
        self.writer.len = self.at;
        Ok(())
    }
}
