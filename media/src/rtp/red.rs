//! Redundant audio (RFC 2198): older frames in front of the newest one.

use super::ParseError;

/// Most blocks that are read; browsers send two or three.
const MAX_BLOCKS: usize = 8;
/// More blocks follow.
const FOLLOW: u8 = 0x80;
/// Length of the header of a redundant block.
const BLOCK_HEADER: usize = 4;

/// The newest frame: its payload type and bytes.
pub fn primary(payload: &[u8]) -> Result<(u8, &[u8]), ParseError> {
    let (mut at, mut redundant) = (0, 0);
    for _ in 0..MAX_BLOCKS {
        let first = *payload.get(at).ok_or(ParseError::Truncated)?;
        if first & FOLLOW == 0 {
            let start = at + 1 + redundant;
            return Ok((first, payload.get(start..).ok_or(ParseError::Truncated)?));
        }
        let header = payload.get(at..at + BLOCK_HEADER).ok_or(ParseError::Truncated)?;
        redundant += usize::from(header[2] & 0x03) << 8 | usize::from(header[3]);
        at += BLOCK_HEADER;
    }
    Err(ParseError::Length)
}

/// Replaces payload type `from` by `to` in every block header: the numbers of the two legs may differ. Malformed input is
/// left as it is from the bad block on.
pub fn map_payload_type(payload: &mut [u8], from: u8, to: u8) {
    let mut at = 0;
    for _ in 0..MAX_BLOCKS {
        let Some(first) = payload.get_mut(at) else { return };
        let follow = *first & FOLLOW;
        if *first & !FOLLOW == from {
            *first = follow | (to & !FOLLOW);
        }
        if follow == 0 {
            return;
        }
        at += BLOCK_HEADER;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two redundant frames of 2 and 3 bytes, then the primary.
    const PACKET: [u8; 18] = [
        0x80 | 111,
        0x0f,
        0x00,
        2,
        0x80 | 111,
        0x07,
        0x80,
        3,
        111,
        b'o',
        b'o',
        b'm',
        b'm',
        b'm',
        b'n',
        b'e',
        b'w',
        b'!',
    ];

    #[test]
    fn the_primary_is_behind_the_redundant_frames() {
        assert_eq!(primary(&PACKET), Ok((111, &b"new!"[..])));
        assert_eq!(primary(&[111, 1, 2]), Ok((111, &[1u8, 2][..])));
        assert_eq!(primary(&PACKET[..8]), Err(ParseError::Truncated));
        assert_eq!(primary(&[0x80; 64]), Err(ParseError::Length));
    }

    #[test]
    fn payload_types_are_mapped_in_every_block() {
        let mut packet = PACKET;
        map_payload_type(&mut packet, 111, 109);
        assert_eq!((packet[0], packet[4], packet[8]), (0x80 | 109, 0x80 | 109, 109));
        assert_eq!(packet[9..], PACKET[9..]);
        assert_eq!(primary(&packet), Ok((109, &b"new!"[..])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            if let Ok((_, frame)) = primary(&bytes) {
                prop_assert!(frame.len() < bytes.len());
            }
            map_payload_type(&mut bytes, 111, 96);
        }
    }
}
