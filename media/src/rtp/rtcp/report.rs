//! Sender and receiver reports (RFC 3550 section 6.4).

use super::{PT_BYE, PT_RECEIVER_REPORT, PT_SDES, PT_SENDER_REPORT, PacketWriter, ParseError, Writer, be32};

/// Most report blocks of one packet: the count has five bits.
const MAX_BLOCKS: usize = 31;

/// The sender's part of a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock of the sender: seconds and fraction, 32 bits each.
    pub ntp: u64,
    /// The same moment on the stream's RTP clock.
    pub rtp_timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload bytes sent.
    pub octets: u32,
}

impl SenderInfo {
    /// Bytes on the wire.
    pub(super) const LEN: usize = 20;

    pub(super) fn parse(body: &[u8]) -> Result<SenderInfo, ParseError> {
        Ok(SenderInfo {
            ntp: u64::from(be32(body, 4)?) << 32 | u64::from(be32(body, 8)?),
            rtp_timestamp: be32(body, 12)?,
            packets: be32(body, 16)?,
            octets: be32(body, 20)?,
        })
    }

    /// Middle 32 bits of the NTP time: what report blocks name this report by.
    pub fn ntp_middle(&self) -> u32 {
        (self.ntp >> 16) as u32
    }
}

/// How one stream is received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: u32,
    /// Loss of the last interval in 1/256.
    pub fraction_lost: u8,
    /// Packets lost since the start; 24 bits, negative when duplicates came.
    pub total_lost: i32,
    /// Highest sequence number with the count of its wraps above.
    pub highest_sequence: u32,
    /// Interarrival jitter in clock units.
    pub jitter: u32,
    /// Middle of the NTP time of the last sender report; 0 if none came.
    pub last_sr: u32,
    /// Delay since that report in 1/65,536 s.
    pub delay_since_last_sr: u32,
}

/// Bytes of a block on the wire.
const BLOCK_LEN: usize = 24;

impl ReportBlock {
    fn parse(bytes: &[u8]) -> Result<ReportBlock, ParseError> {
        let lost = be32(bytes, 4)?;
        Ok(ReportBlock {
            ssrc: be32(bytes, 0)?,
            fraction_lost: (lost >> 24) as u8,
            // Sign extension from 24 bits.
            total_lost: ((lost << 8) as i32) >> 8,
            highest_sequence: be32(bytes, 8)?,
            jitter: be32(bytes, 12)?,
            last_sr: be32(bytes, 16)?,
            delay_since_last_sr: be32(bytes, 20)?,
        })
    }
}

/// The report blocks of a packet.
#[derive(Clone, Copy, Debug)]
pub struct ReportBlocks<'a>(&'a [u8]);

impl<'a> ReportBlocks<'a> {
    pub(super) fn parse(body: &'a [u8], at: usize, count: u8) -> Result<ReportBlocks<'a>, ParseError> {
        let blocks = body.get(at..at + BLOCK_LEN * usize::from(count)).ok_or(ParseError::Truncated)?;
        Ok(ReportBlocks(blocks))
    }

    /// The blocks in order.
    pub fn iter(self) -> impl Iterator<Item = ReportBlock> + 'a {
        self.0.chunks_exact(BLOCK_LEN).filter_map(|bytes| ReportBlock::parse(bytes).ok())
    }
}

/// Appends a sender report without blocks and the SDES packet with the CNAME that must follow it.
pub fn sender_report(
    out: &mut Writer<'_>,
    ssrc: u32,
    info: &SenderInfo,
    cname: &str,
) -> Result<(), ParseError> {
    sender_report_with(out, ssrc, info, &[])?;
    source_description(out, ssrc, cname)
}

/// Appends a sender report with at most 31 blocks.
pub fn sender_report_with(
    out: &mut Writer<'_>,
    ssrc: u32,
    info: &SenderInfo,
    blocks: &[ReportBlock],
) -> Result<(), ParseError> {
    let blocks = &blocks[..blocks.len().min(MAX_BLOCKS)];
    let mut packet = out.begin(blocks.len() as u8, PT_SENDER_REPORT)?;
    packet.u32(ssrc)?;
    packet.u32((info.ntp >> 32) as u32)?;
    packet.u32(info.ntp as u32)?;
    packet.u32(info.rtp_timestamp)?;
    packet.u32(info.packets)?;
    packet.u32(info.octets)?;
    write_blocks(&mut packet, blocks)?;
    packet.finish()
}

/// Appends an SDES packet with a CNAME.
pub fn source_description(out: &mut Writer<'_>, ssrc: u32, cname: &str) -> Result<(), ParseError> {
    let len = u8::try_from(cname.len()).map_err(|_| ParseError::Length)?;
    let mut packet = out.begin(1, PT_SDES)?;
    packet.u32(ssrc)?;
    packet.bytes(&[1, len])?;
    packet.bytes(cname.as_bytes())?;
    // A zero item ends the chunk; the padding to a whole word that follows is zero as well.
    packet.bytes(&[0])?;
    packet.finish()
}

/// Appends a receiver report with at most 31 blocks.
pub fn receiver_report(out: &mut Writer<'_>, ssrc: u32, blocks: &[ReportBlock]) -> Result<(), ParseError> {
    let blocks = &blocks[..blocks.len().min(MAX_BLOCKS)];
    let mut packet = out.begin(blocks.len() as u8, PT_RECEIVER_REPORT)?;
    packet.u32(ssrc)?;
    write_blocks(&mut packet, blocks)?;
    packet.finish()
}

/// Appends a BYE: the stream has ended.
pub fn bye(out: &mut Writer<'_>, ssrc: u32) -> Result<(), ParseError> {
    let mut packet = out.begin(1, PT_BYE)?;
    packet.u32(ssrc)?;
    packet.finish()
}

fn write_blocks(packet: &mut PacketWriter<'_, '_>, blocks: &[ReportBlock]) -> Result<(), ParseError> {
    for block in blocks {
        packet.u32(block.ssrc)?;
        packet.u32(u32::from(block.fraction_lost) << 24 | block.total_lost as u32 & 0x00ff_ffff)?;
        packet.u32(block.highest_sequence)?;
        packet.u32(block.jitter)?;
        packet.u32(block.last_sr)?;
        packet.u32(block.delay_since_last_sr)?;
    }
    Ok(())
}
