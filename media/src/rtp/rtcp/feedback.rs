//! Feedback messages: generic NACK and picture loss (RFC 4585), full intra request (RFC 5104), transport-wide congestion
//! control (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use super::{FMT_NACK, FMT_PLI, PT_PAYLOAD_FEEDBACK, PT_TRANSPORT_FEEDBACK, ParseError, Writer, be16, be32};

/// Where the feedback control information starts in a body: behind sender and media SSRC.
const FCI: usize = 8;

/// A generic NACK.
#[derive(Clone, Copy, Debug)]
pub struct Nack<'a> {
    /// The stream whose packets are missing.
    pub media_ssrc: u32,
    items: &'a [u8],
}

impl<'a> Nack<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Nack<'a>, ParseError> {
        Ok(Nack { media_ssrc: be32(body, 4)?, items: &body[FCI..] })
    }

    /// The missing sequence numbers.
    pub fn sequences(self) -> impl Iterator<Item = u16> + 'a {
        self.items.chunks_exact(4).flat_map(|item| {
            let first = u16::from_be_bytes([item[0], item[1]]);
            let following = u16::from_be_bytes([item[2], item[3]]);
            let rest = (0..16).filter(move |bit| following >> bit & 1 == 1);
            std::iter::once(first).chain(rest.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

/// Appends a NACK for `sequences`, which must be ascending (with wrap). Nothing is written for none.
pub fn nack(out: &mut Writer<'_>, sender: u32, media: u32, sequences: &[u16]) -> Result<(), ParseError> {
    if sequences.is_empty() {
        return Ok(());
    }
    let mut packet = out.begin(FMT_NACK, PT_TRANSPORT_FEEDBACK)?;
    packet.u32(sender)?;
    packet.u32(media)?;
    let mut rest = sequences;
    while let [first, following @ ..] = rest {
        let covered = following.iter().take_while(|s| (1..=16).contains(&s.wrapping_sub(*first))).count();
        let mask = following[..covered].iter().fold(0u16, |mask, s| mask | 1 << (s.wrapping_sub(*first) - 1));
        packet.u16(*first)?;
        packet.u16(mask)?;
        rest = &following[covered..];
    }
    packet.finish()
}

/// Appends a picture loss indication.
pub fn pli(out: &mut Writer<'_>, sender: u32, media: u32) -> Result<(), ParseError> {
    let mut packet = out.begin(FMT_PLI, PT_PAYLOAD_FEEDBACK)?;
    packet.u32(sender)?;
    packet.u32(media)?;
    packet.finish()
}

/// A full intra request.
#[derive(Clone, Copy, Debug)]
pub struct Fir<'a>(&'a [u8]);

impl<'a> Fir<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<Fir<'a>, ParseError> {
        Ok(Fir(body.get(FCI..).ok_or(ParseError::Truncated)?))
    }

    /// The streams that are to send a keyframe, each with the request's sequence number.
    pub fn requests(self) -> impl Iterator<Item = (u32, u8)> + 'a {
        self.0.chunks_exact(8).filter_map(|item| Some((be32(item, 0).ok()?, item[4])))
    }
}

/// Congestion control feedback.
#[derive(Clone, Copy, Debug)]
pub struct TransportCc<'a> {
    base: u16,
    count: u16,
    /// In units of 250 µs; the wire counts 64 ms.
    reference: i64,
    chunks: &'a [u8],
}

impl<'a> TransportCc<'a> {
    pub(super) fn parse(body: &'a [u8]) -> Result<TransportCc<'a>, ParseError> {
        Ok(TransportCc {
            base: be16(body, FCI)?,
            count: be16(body, FCI + 2)?,
            reference: i64::from(be32(body, FCI + 4)? as i32 >> 8) * 256,
            chunks: body.get(FCI + 8..).ok_or(ParseError::Truncated)?,
        })
    }

    /// Every packet that is told about: its transport-wide sequence number and its arrival in units of 250 µs, `None` if
    /// it was lost. Ends early where the packet does.
    pub fn packets(self) -> impl Iterator<Item = (u16, Option<i64>)> + 'a {
        let deltas_at = 2 * chunk_count(self.chunks, self.count);
        let mut deltas = self.chunks.get(deltas_at..).unwrap_or_default();
        let mut at = self.reference;
        let statuses = self.chunks.chunks_exact(2).flat_map(chunk).take(usize::from(self.count));
        statuses.enumerate().map_while(move |(n, status)| {
            let size = usize::from(status & 3);
            let delta = match (size, deltas) {
                (0 | 3, _) => return Some((self.base.wrapping_add(n as u16), None)),
                (1, [small, ..]) => i64::from(*small),
                (2, [a, b, ..]) => i64::from(i16::from_be_bytes([*a, *b])),
                _ => return None,
            };
            deltas = &deltas[size..];
            at += delta;
            Some((self.base.wrapping_add(n as u16), Some(at)))
        })
    }
}

/// The statuses of a chunk: a run of one, or a vector of one-bit or two-bit symbols.
fn chunk(bytes: &[u8]) -> impl Iterator<Item = u8> + use<> {
    let word = u16::from_be_bytes([bytes[0], bytes[1]]);
    let len = chunk_len(word);
    (0..len).map(move |n| match (word >> 15, word >> 14 & 1) {
        (0, _) => (word >> 13 & 3) as u8,
        (_, 0) => (word >> (13 - n) & 1) as u8,
        _ => (word >> (12 - 2 * n) & 3) as u8,
    })
}

fn chunk_len(word: u16) -> u16 {
    match (word >> 15, word >> 14 & 1) {
        (0, _) => word & 0x1fff,
        (_, 0) => 14,
        _ => 7,
    }
}

/// How many chunks it takes to tell about `count` packets.
fn chunk_count(chunks: &[u8], count: u16) -> usize {
    let mut told = 0usize;
    let words = chunks.chunks_exact(2).map(|b| u16::from_be_bytes([b[0], b[1]]));
    words
        .take_while(|word| {
            let more = told < usize::from(count);
            told += usize::from(chunk_len(*word));
            more
        })
        .count()
}
