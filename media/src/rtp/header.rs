//! The RTP header (RFC 3550 section 5.1) as a view: positions into the packet, no copy.

use super::extension::{self, Extensions};
use super::{ParseError, be16, be32};

/// Length of the fixed header, in bytes.
pub const FIXED_LEN: usize = 12;

const VERSION_2: u8 = 0x80;
const PADDING: u8 = 0x20;
const EXTENSION: u8 = 0x10;
const MARKER: u8 = 0x80;

/// A parsed header. Ranges are positions in the packet it was parsed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Marker bit: last packet of a video frame, first of a talk spurt.
    pub marker: bool,
    /// Payload type, 7 bits.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp in units of the codec's clock.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    extension_profile: u16,
    extension_start: u16,
    extension_len: u16,
    payload_start: u16,
    payload_end: u16,
}

impl Header {
    /// Parses a decrypted packet (padding is inside the encrypted part, so an encrypted one may be refused).
    pub fn parse(packet: &[u8]) -> Result<Header, ParseError> {
        if packet.len() < FIXED_LEN {
            return Err(ParseError::Truncated);
        }
        if packet.len() > usize::from(u16::MAX) {
            return Err(ParseError::Length);
        }
        let first = packet[0];
        if first & 0xc0 != VERSION_2 {
            return Err(ParseError::Version);
        }
        let mut at = FIXED_LEN + 4 * usize::from(first & 0x0f);
        let (mut profile, mut start, mut len) = (0, at, 0);
        if first & EXTENSION != 0 {
            profile = be16(packet, at)?;
            len = 4 * usize::from(be16(packet, at + 2)?);
            start = at + 4;
            at = start + len;
        }
        let padding = match first & PADDING {
            0 => 0,
            _ => usize::from(packet[packet.len() - 1]).max(1),
        };
        if at + padding > packet.len() {
            return Err(ParseError::Truncated);
        }
        Ok(Header {
            marker: packet[1] & MARKER != 0,
            payload_type: packet[1] & 0x7f,
            sequence: be16(packet, 2)?,
            timestamp: be32(packet, 4)?,
            ssrc: be32(packet, 8)?,
            // All below `packet.len()`, which fits in 16 bits.
            extension_profile: profile,
            extension_start: start as u16,
            extension_len: len as u16,
            payload_start: at as u16,
            payload_end: (packet.len() - padding) as u16,
        })
    }

    /// The header extensions of `packet`, the bytes this header was parsed from.
    pub fn extensions<'a>(&self, packet: &'a [u8]) -> Extensions<'a> {
        let start = usize::from(self.extension_start);
        let bytes = packet.get(start..start + usize::from(self.extension_len)).unwrap_or_default();
        Extensions::new(self.extension_profile, bytes)
    }

    /// The payload of `packet` without padding.
    pub fn payload<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(usize::from(self.payload_start)..usize::from(self.payload_end)).unwrap_or_default()
    }

    /// Payload length in bytes, padding excluded.
    pub fn payload_len(&self) -> usize {
        usize::from(self.payload_end - self.payload_start)
    }
}

/// The fields of a header to be written; contributing sources are never written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Marker bit.
    pub marker: bool,
    /// Payload type, 7 bits.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Outgoing {
    /// Writes the header with `elements` (id, value) as its extension to the start of `dst`; returns its length.
    pub fn write(&self, dst: &mut [u8], elements: &[(u8, &[u8])]) -> Result<usize, ParseError> {
        let fixed = dst.get_mut(..FIXED_LEN).ok_or(ParseError::NoRoom)?;
        fixed[0] = VERSION_2 | if elements.is_empty() { 0 } else { EXTENSION };
        fixed[1] = (self.payload_type & 0x7f) | if self.marker { MARKER } else { 0 };
        fixed[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        if elements.is_empty() {
            return Ok(FIXED_LEN);
        }
        Ok(FIXED_LEN + extension::write(&mut dst[FIXED_LEN..], elements)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OUT: Outgoing = Outgoing {
        marker: true,
        payload_type: 96,
        sequence: 0xfffe,
        timestamp: 0x0102_0304,
        ssrc: 0xdead_beef,
    };

    #[test]
    fn what_is_written_is_read_back() {
        let mut packet = [0u8; 64];
        let len = OUT.write(&mut packet, &[(4, b"0"), (1, &[0x8a])]).unwrap();
        packet[len..len + 3].copy_from_slice(b"abc");
        let packet = &packet[..len + 3];
        let header = Header::parse(packet).unwrap();
        assert_eq!((header.marker, header.payload_type, header.sequence), (true, 96, 0xfffe));
        assert_eq!((header.timestamp, header.ssrc), (0x0102_0304, 0xdead_beef));
        assert_eq!(header.payload(packet), b"abc");
        let found: Vec<_> = header.extensions(packet).collect();
        assert_eq!(found, [(4, &b"0"[..]), (1, &[0x8a][..])]);
    }

    #[test]
    fn contributing_sources_and_padding_are_not_payload() {
        let mut packet = vec![0xa2, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9];
        packet.extend([0; 8]);
        packet.extend(b"payload");
        packet.extend([0, 0, 3]);
        let header = Header::parse(&packet).unwrap();
        assert_eq!(header.payload(&packet), b"payload");
        *packet.last_mut().unwrap() = 200;
        assert_eq!(Header::parse(&packet), Err(ParseError::Truncated));
    }

    #[test]
    fn truncated_extension_and_wrong_version_are_errors() {
        let packet = [0x90, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 0xbe, 0xde, 0, 2, 0, 0, 0, 0];
        assert_eq!(Header::parse(&packet), Err(ParseError::Truncated));
        assert_eq!(Header::parse(&[0x40; 12]), Err(ParseError::Version));
        assert_eq!(Header::parse(&[0x80; 11]), Err(ParseError::Truncated));
    }

    proptest! {
        #[test]
        fn any_bytes_parse_or_fail_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(header) = Header::parse(&bytes) {
                prop_assert!(header.payload(&bytes).len() <= bytes.len() - FIXED_LEN);
                prop_assert_eq!(header.payload(&bytes).len(), header.payload_len());
                let total: usize = header.extensions(&bytes).map(|(_, v)| v.len()).sum();
                prop_assert!(total <= bytes.len());
            }
        }
    }
}
