//! Messages in a stream of bytes (RFC 3261 section 18.3).

use bytes::{Buf, Bytes, BytesMut};

use super::codec::{MAX_MESSAGE, Malformed};

/// Longest start line and headers; what is longer never ends.
const MAX_HEAD: usize = 32 * 1024;

/// What stands at the front of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A whole message.
    Message(Bytes),
    /// Two line ends: the other side wants one back (RFC 5626 section 4.4.1).
    Ping,
}

/// Takes the next frame off the front; `None` until more has come.
///
/// # Errors
/// [`Malformed`] when the stream cannot be followed any longer: it must be closed.
pub(crate) fn take(stream: &mut BytesMut) -> Result<Option<Frame>, Malformed> {
    if stream.starts_with(b"\r\n\r\n") {
        stream.advance(4);
        return Ok(Some(Frame::Ping));
    }
    // A single line end is an answer to a ping, or the first half of one.
    while stream.len() > 2 && stream.starts_with(b"\r\n") && stream[2] != b'\r' {
        stream.advance(2);
    }
    let head = &stream[..stream.len().min(MAX_HEAD)];
    let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if head.len() == MAX_HEAD { Err(Malformed) } else { Ok(None) };
    };
    let length = end + 4 + content_length(&stream[..end])?;
    if length > MAX_MESSAGE {
        return Err(Malformed);
    }
    Ok((stream.len() >= length).then(|| Frame::Message(stream.split_to(length).freeze())))
}

/// The one `Content-Length`; it must be there in a stream, and two would let a message hide in another's body.
fn content_length(head: &[u8]) -> Result<usize, Malformed> {
    let mut found = None;
    for line in head.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default().trim_ascii();
        if !name.eq_ignore_ascii_case(b"Content-Length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value =
            std::str::from_utf8(parts.next().unwrap_or_default().trim_ascii()).map_err(|_| Malformed)?;
        if value.starts_with('+') || found.is_some() {
            return Err(Malformed);
        }
        found = Some(value.parse().map_err(|_| Malformed)?);
    }
    let length: usize = found.ok_or(Malformed)?;
    if length > MAX_MESSAGE { Err(Malformed) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: &str = "OPTIONS sip:a@b SIP/2.0\r\nl: 3\r\n\r\nabc";

    #[test]
    fn messages_are_cut_wherever_the_stream_breaks() {
        let whole = format!("\r\n{OPTIONS}\r\n\r\n{OPTIONS}\r\n");
        for cut in 0..whole.len() {
            let mut stream = BytesMut::from(&whole.as_bytes()[..cut]);
            let mut frames = Vec::new();
            for rest in [&b""[..], &whole.as_bytes()[cut..]] {
                stream.extend_from_slice(rest);
                while let Some(frame) = take(&mut stream).unwrap() {
                    frames.push(frame);
                }
            }
            let message = || Frame::Message(OPTIONS.into());
            assert_eq!(frames, [message(), Frame::Ping, message()], "cut at {cut}");
            assert_eq!(&stream[..], b"\r\n");
        }
    }

    #[test]
    fn a_stream_that_cannot_be_followed_is_given_up() {
        let endless = vec![b'a'; MAX_HEAD];
        for broken in [
            &endless[..],
            b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n",
            b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 99999\r\n\r\n",
            b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
            b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 18446744073709551615\r\n\r\n",
            b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\nl: 5\r\n\r\nhello",
        ] {
            assert_eq!(take(&mut BytesMut::from(broken)), Err(Malformed));
        }
    }
}
