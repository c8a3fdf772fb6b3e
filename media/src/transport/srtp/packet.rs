//! The few header fields that sealing and opening need.

use super::SrtpError;

const RTP_HEADER: usize = 12;
/// Header of an RTCP packet with its sender's SSRC: sent in the clear.
pub(super) const RTCP_HEADER: usize = 8;

/// Sequence number and SSRC of an RTP packet.
pub(super) fn rtp_ids(packet: &[u8]) -> Result<(u16, u32), SrtpError> {
    match packet {
        [first, _, s0, s1, _, _, _, _, r0, r1, r2, r3, ..] if first >> 6 == 2 => {
            Ok((u16::from_be_bytes([*s0, *s1]), u32::from_be_bytes([*r0, *r1, *r2, *r3])))
        }
        _ => Err(SrtpError::Malformed),
    }
}

/// Length of the RTP header with contributing sources and extension, which stay in the clear.
pub(super) fn rtp_header_len(packet: &[u8]) -> Result<usize, SrtpError> {
    let first = *packet.first().ok_or(SrtpError::Malformed)?;
    let mut len = RTP_HEADER + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let words = packet.get(len + 2..len + 4).ok_or(SrtpError::Malformed)?;
        len += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    if len <= packet.len() { Ok(len) } else { Err(SrtpError::Malformed) }
}

/// SSRC of the sender of an RTCP packet.
pub(super) fn rtcp_ssrc(packet: &[u8]) -> Result<u32, SrtpError> {
    match packet {
        [first, _, _, _, r0, r1, r2, r3, ..] if first >> 6 == 2 => {
            Ok(u32::from_be_bytes([*r0, *r1, *r2, *r3]))
        }
        _ => Err(SrtpError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_length_counts_sources_and_extension() {
        let mut packet = vec![0x80, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        assert_eq!(rtp_header_len(&packet), Ok(12));
        packet[0] = 0x92;
        packet.extend_from_slice(&[0; 8]);
        assert_eq!(rtp_header_len(&packet), Err(SrtpError::Malformed), "extension announced, not there");
        packet.extend_from_slice(&[0xBE, 0xDE, 0, 1, 0x10, 7, 0, 0]);
        assert_eq!(rtp_header_len(&packet), Ok(28));
        assert_eq!(rtp_ids(&packet), Ok((1, 3)));
    }

    #[test]
    fn other_versions_and_short_packets_are_refused() {
        assert_eq!(rtp_ids(&[0x40; 12]), Err(SrtpError::Malformed));
        assert_eq!(rtp_ids(&[0x80; 11]), Err(SrtpError::Malformed));
        assert_eq!(rtcp_ssrc(&[0x80; 7]), Err(SrtpError::Malformed));
        assert_eq!(rtp_header_len(&[]), Err(SrtpError::Malformed));
    }
}
