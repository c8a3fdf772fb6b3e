//! What the fuzz target does with a stream of bytes.

use bytes::BytesMut;

use super::codec::{Message, our_via, read, write_request, write_response};
use super::frame::{Frame, take};
use super::via::{Via, stamped};
use crate::sip::port::{Hop, Protocol};

/// What comes out of a stream that comes in pieces of this size: a line per message, and whether it was given up. What is read
/// is written and read again; it must be the same.
///
/// # Panics
/// When it is not.
pub fn read_stream(bytes: &[u8], piece: usize) -> (Vec<String>, bool) {
    let (mut stream, mut told) = (BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        stream.extend_from_slice(piece);
        loop {
            match take(&mut stream) {
                Ok(Some(Frame::Message(bytes))) => told.push(once_more(&bytes)),
                Ok(Some(Frame::Ping)) => told.push("ping".to_owned()),
                Ok(None) => break,
                Err(_) => return (told, true),
            }
        }
    }
    (told, false)
}

fn once_more(bytes: &[u8]) -> String {
    let us = Hop { protocol: Protocol::Udp, address: ([192, 0, 2, 1], 5060).into() };
    let written = match read(bytes) {
        Err(_) => return "malformed".to_owned(),
        Ok(Message::Request(request, _)) => write_request(&request, &our_via(us, "z9hG4bKfuzz"), us),
        Ok(Message::Response(response, _)) => write_response(&response, &stamped(&response.headers, us), us),
    };
    let first = read(bytes).ok().map(bare);
    let second = read(&written).ok().map(bare);
    assert_eq!(first, second, "{}", String::from_utf8_lossy(&written));
    format!("{first:?}")
}

/// Without what writing adds or stamps.
fn bare(message: Message) -> Message {
    let (mut message, nothing) = (message, Via::read("SIP/2.0/UDP h;branch=z").ok_or(()));
    let headers = match &mut message {
        Message::Request(request, _) => &mut request.headers,
        Message::Response(response, _) => &mut response.headers,
    };
    for added in ["Via", "Max-Forwards", "User-Agent", "Contact"] {
        headers.remove(added);
    }
    match (message, nothing) {
        (Message::Request(request, _), Ok(via)) => Message::Request(request, via),
        (Message::Response(response, _), Ok(via)) => Message::Response(response, via),
        (message, Err(())) => message,
    }
}
