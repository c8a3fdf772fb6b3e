//! RTCP (RFC 3550, RFC 4585, RFC 5104): compound packets read in place and written into a given buffer.

mod feedback;
mod report;
mod writer;

pub use feedback::{Fir, Nack, TransportCc, nack, pli};
pub use report::{
    ReportBlock, ReportBlocks, SenderInfo, bye, receiver_report, sender_report, sender_report_with,
    source_description,
};
pub use writer::{PacketWriter, Writer};

use super::{ParseError, be16, be32};

const PT_SENDER_REPORT: u8 = 200;
const PT_RECEIVER_REPORT: u8 = 201;
const PT_SDES: u8 = 202;
const PT_BYE: u8 = 203;
/// Transport-layer feedback: NACK and transport-wide congestion control.
pub(super) const PT_TRANSPORT_FEEDBACK: u8 = 205;
const PT_PAYLOAD_FEEDBACK: u8 = 206;
const FMT_NACK: u8 = 1;
/// Format of transport-wide congestion control.
pub(super) const FMT_TRANSPORT_CC: u8 = 15;
const FMT_PLI: u8 = 1;
const FMT_FIR: u8 = 4;
const HEADER_LEN: usize = 4;

/// One packet of a compound.
#[derive(Clone, Copy, Debug)]
pub enum Packet<'a> {
    /// Sender report.
    SenderReport {
        /// Its sender's SSRC.
        ssrc: u32,
        /// Clock and counters.
        info: SenderInfo,
        /// What the sender receives itself.
        blocks: ReportBlocks<'a>,
    },
    /// Receiver report.
    ReceiverReport {
        /// Its sender's SSRC.
        ssrc: u32,
        /// One block per received stream.
        blocks: ReportBlocks<'a>,
    },
    /// These SSRCs have ended: a whole number of 4-byte values.
    Bye(&'a [u8]),
    /// Generic NACK.
    Nack(Nack<'a>),
    /// Picture loss of this media SSRC.
    Pli(u32),
    /// Full intra request.
    Fir(Fir<'a>),
    /// Transport-wide congestion control feedback.
    TransportCc(TransportCc<'a>),
    /// Well-formed, but of no use here (SDES, REMB, XR ...).
    Other,
}

/// Iterates over the packets of a decrypted compound. The first error ends it.
pub fn packets(compound: &[u8]) -> Packets<'_> {
    Packets { rest: compound }
}

/// See [`packets`].
#[derive(Clone, Debug)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Packets<'a> {
    type Item = Result<Packet<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = split(self.rest);
        self.rest = parsed.map_or(&[], |(_, _, _, rest)| rest);
        Some(parsed.and_then(|(kind, count, body, _)| parse(kind, count, body)))
    }
}

/// Packet type, count or format, body without the header and padding, and what follows.
type Split<'a> = (u8, u8, &'a [u8], &'a [u8]);

fn split(bytes: &[u8]) -> Result<Split<'_>, ParseError> {
    let first = bytes[0];
    if first & 0xc0 != 0x80 {
        return Err(ParseError::Version);
    }
    let len = HEADER_LEN + 4 * usize::from(be16(bytes, 2)?);
    let packet = bytes.get(..len).ok_or(ParseError::Truncated)?;
    let mut body = &packet[HEADER_LEN..];
    if first & 0x20 != 0 {
        let padding = usize::from(*body.last().ok_or(ParseError::Length)?);
        body = body.get(..body.len().checked_sub(padding).ok_or(ParseError::Length)?).unwrap_or_default();
    }
    Ok((bytes[1], first & 0x1f, body, &bytes[len..]))
}

fn parse(kind: u8, count: u8, body: &[u8]) -> Result<Packet<'_>, ParseError> {
    Ok(match (kind, count) {
        (PT_SENDER_REPORT, _) => Packet::SenderReport {
            ssrc: be32(body, 0)?,
            info: SenderInfo::parse(body)?,
            blocks: ReportBlocks::parse(body, 4 + SenderInfo::LEN, count)?,
        },
        (PT_RECEIVER_REPORT, _) => {
            Packet::ReceiverReport { ssrc: be32(body, 0)?, blocks: ReportBlocks::parse(body, 4, count)? }
        }
        (PT_BYE, _) => Packet::Bye(body.get(..4 * usize::from(count)).ok_or(ParseError::Truncated)?),
        (PT_TRANSPORT_FEEDBACK, FMT_NACK) => Packet::Nack(Nack::parse(body)?),
        (PT_TRANSPORT_FEEDBACK, FMT_TRANSPORT_CC) => Packet::TransportCc(TransportCc::parse(body)?),
        (PT_PAYLOAD_FEEDBACK, FMT_PLI) => Packet::Pli(be32(body, 4)?),
        (PT_PAYLOAD_FEEDBACK, FMT_FIR) => Packet::Fir(Fir::parse(body)?),
        _ => Packet::Other,
    })
}

#[cfg(test)]
mod tests;
