//! Frames of the server: never masked, never fragmented (RFC 6455 section 5.2).

use bytes::{BufMut, Bytes, BytesMut};

pub(super) const TEXT: u8 = 0x1;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xA;

/// Longest frame header without a mask.
const MAX_HEADER: usize = 10;

/// Appends one text frame.
pub(super) fn put_text(out: &mut BytesMut, text: &[u8]) {
    put_frame(out, TEXT, text);
}

/// One text frame.
pub(super) fn text(text: &[u8]) -> Bytes {
    frame(TEXT, text)
}

/// A pong that answers a ping of this payload (at most 125 bytes, which the decoder has checked).
pub(super) fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

/// A ping without payload.
pub(super) fn ping() -> Bytes {
    frame(PING, &[])
}

/// A close frame with a code.
pub(super) fn close(code: u16) -> Bytes {
    frame(CLOSE, &code.to_be_bytes())
}

fn frame(opcode: u8, payload: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(MAX_HEADER + payload.len());
    put_frame(&mut out, opcode, payload);
    out.freeze()
}

fn put_frame(out: &mut BytesMut, opcode: u8, payload: &[u8]) {
    out.reserve(MAX_HEADER + payload.len());
    out.put_u8(0x80 | opcode);
    match payload.len() {
        len @ 0..=125 => out.put_u8(len as u8),
        len @ 126..=65_535 => {
            out.put_u8(126);
            out.put_u16(len as u16);
        }
        len => {
            out.put_u8(127);
            out.put_u64(len as u64);
        }
    }
    out.put_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_the_shortest_form() {
        for (len, header) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let payload = vec![b'a'; len];
            let frame = text(&payload);
            assert_eq!(&frame[..header.len()], header);
            assert_eq!(&frame[header.len()..], payload);
        }
        assert_eq!(&close(4001)[..], [0x88, 2, 0x0f, 0xa1]);
        assert_eq!((&ping()[..], &pong(b"x")[..]), (&[0x89, 0][..], &[0x8a, 1, b'x'][..]));
    }
}
