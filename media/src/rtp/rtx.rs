//! Retransmission payload format (RFC 4588): the lost packet's sequence number, then its payload, on an SSRC of its own.

use super::ParseError;
use super::header::Outgoing;

/// Bytes that RTX puts before the payload.
pub const OSN_LEN: usize = 2;

/// Writes a retransmission to the start of `dst`: `header` is that of the RTX stream, `original` the sequence number that
/// the receiver missed. Returns the packet's length.
pub fn write(
    dst: &mut [u8],
    header: &Outgoing,
    elements: &[(u8, &[u8])],
    original: u16,
    payload: &[u8],
) -> Result<usize, ParseError> {
    let at = header.write(dst, elements)?;
    let body = dst.get_mut(at..at + OSN_LEN + payload.len()).ok_or(ParseError::NoRoom)?;
    body[..OSN_LEN].copy_from_slice(&original.to_be_bytes());
    body[OSN_LEN..].copy_from_slice(payload);
    Ok(at + OSN_LEN + payload.len())
}

/// Splits a received RTX payload into the original sequence number and payload. An empty original payload is a bandwidth
/// probe, given as `None`.
pub fn read(payload: &[u8]) -> Result<Option<(u16, &[u8])>, ParseError> {
    match payload {
        [] | [_, _] => Ok(None),
        [a, b, rest @ ..] => Ok(Some((u16::from_be_bytes([*a, *b]), rest))),
        [_] => Err(ParseError::Truncated),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Header;
    use super::*;

    #[test]
    fn a_retransmission_carries_the_original() {
        let header = Outgoing { marker: true, payload_type: 97, sequence: 7, timestamp: 90_000, ssrc: 5 };
        let mut dst = [0; 64];
        let len = write(&mut dst, &header, &[(4, b"1")], 65_535, b"frame").unwrap();
        let parsed = Header::parse(&dst[..len]).unwrap();
        assert_eq!(parsed.ssrc, 5);
        assert_eq!(read(parsed.payload(&dst[..len])), Ok(Some((65_535, &b"frame"[..]))));
        assert_eq!(write(&mut dst[..20], &header, &[], 1, b"too long for it"), Err(ParseError::NoRoom));
    }

    #[test]
    fn probes_and_stubs_are_told_apart() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[1, 2]), Ok(None));
        assert_eq!(read(&[1]), Err(ParseError::Truncated));
    }
}
