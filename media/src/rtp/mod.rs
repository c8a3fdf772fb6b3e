//! RTP and RTCP on the wire: header views and writers, extensions, RTX, RED, the ring that answers NACKs, and the feedback
//! a receiver owes its sender. Nothing here copies a packet, allocates per packet, or trusts its input.

pub mod codec;
pub mod extension;
pub mod header;
pub mod nack;
pub mod reception;
pub mod red;
pub mod ring;
pub mod rtcp;
pub mod rtx;
pub mod sequence;
pub mod twcc;

pub use codec::Codec;
pub use header::Header;

use thiserror::Error;

/// Why bytes are not the packet they claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The packet ends before a length inside it says it does.
    #[error("truncated")]
    Truncated,
    /// The version field is not 2.
    #[error("version is not 2")]
    Version,
    /// A length or count contradicts another field.
    #[error("inconsistent length")]
    Length,
    /// The destination buffer is too small for what is to be written.
    #[error("no room")]
    NoRoom,
}

/// Reads a big-endian `u16` at `at`.
fn be16(bytes: &[u8], at: usize) -> Result<u16, ParseError> {
    let b = bytes.get(at..at + 2).ok_or(ParseError::Truncated)?;
    Ok(u16::from_be_bytes([b[0], b[1]]))
}

/// Reads a big-endian `u32` at `at`.
fn be32(bytes: &[u8], at: usize) -> Result<u32, ParseError> {
    let b = bytes.get(at..at + 4).ok_or(ParseError::Truncated)?;
    Ok(u32::from_be_bytes([b[0], b[1], b[2], b[3]]))
}

/// Whether a datagram whose first byte is in the RTP range (RFC 7983) is RTCP (RFC 5761 section 4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|b| (192..=223).contains(b))
}
