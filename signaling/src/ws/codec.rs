//! Frames of a client (RFC 6455): decoded out of whatever pieces the socket delivers. No I/O.
//!
//! Between messages a decoder holds no memory. Text messages only; fragments are joined within the bound of one message.

use thiserror::Error;

use super::encode::{CLOSE, PING, PONG, TEXT};

/// Longest message, fragments joined. An offer (128 KiB of SDP) fits, escaped as JSON.
pub const MAX_MESSAGE: usize = 160 * 1024;
/// Most fragments of one message: a message in empty fragments would otherwise never end.
const MAX_FRAGMENTS: u32 = 1_024;
const CONTINUATION: u8 = 0x0;
const BINARY: u8 = 0x2;

/// One thing that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming<'a> {
    /// A whole text message.
    Text(&'a str),
    /// To be answered by a pong of the same payload.
    Ping(&'a [u8]),
    /// The answer to our ping.
    Pong,
    /// The client closes; with its code.
    Close(Option<u16>),
}

/// A breach of the protocol. The socket is to be closed with [`ProtocolError::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A bit, opcode, length or order that RFC 6455 does not allow.
    #[error("malformed frame")]
    Malformed,
    /// Binary messages are not spoken here.
    #[error("binary message")]
    Binary,
    /// The message is not UTF-8.
    #[error("message is not UTF-8")]
    NotUtf8,
    /// The message is longer than [`MAX_MESSAGE`], or in too many fragments.
    #[error("message too long")]
    TooLong,
}

impl ProtocolError {
    /// The close code of RFC 6455 section 7.4.1.
    pub fn code(self) -> u16 {
        match self {
            ProtocolError::Malformed => 1002,
            ProtocolError::Binary => 1003,
            ProtocolError::NotUtf8 => 1007,
            ProtocolError::TooLong => 1009,
        }
    }
}

/// Decodes the stream of one client.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The beginning of a frame whose end has not come.
    pending: Vec<u8>,
    /// Payload of the fragments so far.
    message: Vec<u8>,
    fragments: u32,
    closed: bool,
}

/// A frame header.
struct Header {
    fin: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Where the payload begins and ends in the frame.
    start: usize,
    end: usize,
}

impl Decoder {
    /// Takes the next bytes of the stream (they are unmasked in place) and tells what is complete. After an error or a close
    /// frame nothing more is told.
    ///
    /// # Errors
    /// The breach at which decoding stopped.
    pub fn feed(
        &mut self,
        bytes: &mut [u8],
        tell: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<(), ProtocolError> {
        let fed = self.pieces(bytes, tell);
        self.closed |= fed.is_err();
        fed
    }

    fn pieces(&mut self, bytes: &mut [u8], tell: &mut dyn FnMut(Incoming<'_>)) -> Result<(), ProtocolError> {
        if self.pending.is_empty() {
            let used = self.frames(bytes, tell)?;
            self.pending.extend_from_slice(&bytes[used..]);
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        pending.extend_from_slice(bytes);
        let used = self.frames(&mut pending, tell)?;
        if used < pending.len() {
            pending.drain(..used);
            self.pending = pending;
        }
        Ok(())
    }

    /// Bytes that the decoder holds at the moment.
    pub fn held(&self) -> usize {
        self.pending.capacity() + self.message.capacity()
    }

    /// Decodes all complete frames and gives how many bytes they took.
    fn frames(
        &mut self,
        bytes: &mut [u8],
        tell: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<usize, ProtocolError> {
        let mut used = 0;
        while !self.closed {
            let rest = &mut bytes[used..];
            let Some(header) = parse_header(rest)? else { return Ok(used) };
            self.check(&header)?;
            if rest.len() < header.end {
                return Ok(used);
            }
            let payload = &mut rest[header.start..header.end];
            unmask(payload, header.mask);
            used += header.end;
            self.frame(&header, payload, tell)?;
        }
        Ok(bytes.len())
    }

    /// What can be said before the payload is there, so that nothing is buffered in vain.
    fn check(&self, header: &Header) -> Result<(), ProtocolError> {
        let len = header.end - header.start;
        let open = self.fragments > 0;
        match header.opcode {
            CLOSE | PING | PONG if header.fin && len <= 125 => Ok(()),
            TEXT if open => Err(ProtocolError::Malformed),
            CONTINUATION if !open => Err(ProtocolError::Malformed),
            TEXT | CONTINUATION if self.message.len() + len > MAX_MESSAGE => Err(ProtocolError::TooLong),
            TEXT | CONTINUATION if self.fragments >= MAX_FRAGMENTS => Err(ProtocolError::TooLong),
            TEXT | CONTINUATION => Ok(()),
            BINARY => Err(ProtocolError::Binary),
            _ => Err(ProtocolError::Malformed),
        }
    }

    fn frame(
        &mut self,
        header: &Header,
        payload: &[u8],
        tell: &mut dyn FnMut(Incoming<'_>),
    ) -> Result<(), ProtocolError> {
        match (header.opcode, header.fin) {
            (PING, _) => tell(Incoming::Ping(payload)),
            (PONG, _) => tell(Incoming::Pong),
            (CLOSE, _) => {
                self.closed = true;
                tell(Incoming::Close(close_code(payload)?));
            }
            (TEXT, true) => tell(Incoming::Text(utf8(payload)?)),
            (_, false) => {
                self.message.extend_from_slice(payload);
                self.fragments += 1;
            }
            (_, true) => {
                let mut message = std::mem::take(&mut self.message);
                message.extend_from_slice(payload);
                self.fragments = 0;
                tell(Incoming::Text(utf8(&message)?));
            }
        }
        Ok(())
    }
}

/// The header at the beginning of `bytes`, or `None` while it is not complete.
fn parse_header(bytes: &[u8]) -> Result<Option<Header>, ProtocolError> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    // Reserved bits need an extension, and a client must mask (sections 5.2 and 5.1).
    if first & 0x70 != 0 || second & 0x80 == 0 {
        return Err(ProtocolError::Malformed);
    }
    let (len, extended) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(len) => (u64::from(u16::from_be_bytes(*len)), 2),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(len) => (u64::from_be_bytes(*len), 8),
            None => return Ok(None),
        },
        short => (u64::from(short), 0),
    };
    let shortest = match extended {
        2 => len > 125,
        8 => len > 65_535 && len >> 63 == 0,
        _ => true,
    };
    if !shortest {
        return Err(ProtocolError::Malformed);
    }
    if len > MAX_MESSAGE as u64 {
        return Err(ProtocolError::TooLong);
    }
    let Some(mask) = rest.get(extended..).and_then(|rest| rest.first_chunk::<4>()) else { return Ok(None) };
    let start = 2 + extended + 4;
    let end = start + len as usize;
    Ok(Some(Header { fin: first & 0x80 != 0, opcode: first & 0x0f, mask: *mask, start, end }))
}

/// Applies the mask (section 5.3), eight bytes at a time.
fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = payload.as_chunks_mut::<8>();
    words.iter_mut().for_each(|word| *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes());
    rest.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
}

fn utf8(bytes: &[u8]) -> Result<&str, ProtocolError> {
    std::str::from_utf8(bytes).map_err(|_| ProtocolError::NotUtf8)
}

/// The code of a close frame, checked as section 7.4 says.
fn close_code(payload: &[u8]) -> Result<Option<u16>, ProtocolError> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() { Ok(None) } else { Err(ProtocolError::Malformed) };
    };
    utf8(reason)?;
    match u16::from_be_bytes(*code) {
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(ProtocolError::Malformed),
    }
}

#[cfg(test)]
mod tests;
