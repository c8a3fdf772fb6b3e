//! Messages between bytes and our model. Reading is the library's; what it lets pass and RFC 3261 does not is refused here.

use std::net::{IpAddr, SocketAddr};
use std::str;

use bytes::Bytes;
use rsipstack::sip::SipMessage;

use super::via::Via;
use crate::sip::message::{Headers, Method, NameAddr, Request, Response, split_list};
use crate::sip::port::{Hop, Protocol};

/// Longest message that is read or written: what a UDP datagram can hold.
pub(crate) const MAX_MESSAGE: usize = 65_535;
/// Most header lines of a message; a smaller bound would refuse long `Record-Route` sets of real proxies.
const MAX_HEADERS: usize = 256;
/// Host of a `Contact` in whose place the address of our socket is put.
const PLACEHOLDER: &str = "switchboard.invalid";

/// A message as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A request, and the `Via` that its sender put on top.
    Request(Request, Via),
    /// A response, and the `Via` that is ours.
    Response(Response, Via),
}

/// Bytes that are not a usable SIP message. Nobody is told: who sends such gets silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Reads a message. Every message that comes out has a usable `Via`, `From`, `To`, `Call-ID` and `CSeq`.
pub(crate) fn read(bytes: &[u8]) -> Result<Message, Malformed> {
    if bytes.len() > MAX_MESSAGE {
        return Err(Malformed);
    }
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").ok_or(Malformed)?;
    let start = str::from_utf8(&bytes[..end]).map_err(|_| Malformed)?;
    if start.starts_with("SIP/") {
        return read_response(bytes);
    }
    let (name, uri) =
        start.strip_suffix(" SIP/2.0").and_then(|line| line.split_once(' ')).ok_or(Malformed)?;
    let method = Method::from(name);
    if name.is_empty() || name.len() > 32 || !name.bytes().all(is_token) {
        return Err(Malformed);
    }
    let uri = uri.parse().map_err(|_| Malformed)?;
    // The library refuses methods that it does not know; such a request is to get its 405.
    let line = format!("OPTIONS {} SIP/2.0", "sip:unread");
    let copy = [line.as_bytes(), &bytes[end..]].concat();
    let Ok(SipMessage::Request(read)) = SipMessage::try_from(copy.as_slice()) else {
        return Err(Malformed);
    };
    let (headers, via) = headers(&read.headers)?;
    if cseq_method(&headers) != Some(name) {
        return Err(Malformed);
    }
    Ok(Message::Request(Request { method, uri, headers, body: read.body }, via))
}

fn read_response(bytes: &[u8]) -> Result<Message, Malformed> {
    let Ok(SipMessage::Response(read)) = SipMessage::try_from(bytes) else {
        return Err(Malformed);
    };
    let status = read.status_code.code();
    let (headers, via) = headers(&read.headers)?;
    if !(100..700).contains(&status) {
        return Err(Malformed);
    }
    let reason = read.wire_reason.unwrap_or_else(|| read.status_code.text().to_owned());
    let reason = one_line(&reason);
    Ok(Message::Response(Response { status, reason, headers, body: read.body }, via))
}

/// Our headers of the library's, by name and value, checked for what every message must have.
fn headers(read: &rsipstack::sip::Headers) -> Result<(Headers, Via), Malformed> {
    if read.len() > MAX_HEADERS {
        return Err(Malformed);
    }
    let mut headers = Headers::default();
    for header in read.iter() {
        headers.push(header.name(), header.value());
    }
    headers.remove("Content-Length");
    let via = headers.list("Via").next().and_then(Via::read).ok_or(Malformed)?;
    headers.address("From").map_err(|_| Malformed)?;
    headers.address("To").map_err(|_| Malformed)?;
    headers.cseq().map_err(|_| Malformed)?;
    let call_id = headers.get("Call-ID").unwrap_or_default();
    if call_id.is_empty() || call_id.contains(' ') {
        return Err(Malformed);
    }
    Ok((headers, via))
}

/// A reason phrase that cannot begin a line.
fn one_line(reason: &str) -> String {
    reason.replace(|c: char| c.is_control(), " ").trim().to_owned()
}

/// The method of `CSeq`.
pub(crate) fn cseq_method(headers: &Headers) -> Option<&str> {
    headers.get("CSeq")?.split_ascii_whitespace().nth(1)
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

/// Writes a request with our `Via` on top, and `us` in place of the placeholder of `Contact`.
pub(crate) fn write_request(request: &Request, via: &str, us: Hop) -> Bytes {
    let mut text = format!("{} {} SIP/2.0\r\nVia: {via}\r\n", request.method, request.uri);
    if request.headers.get("Max-Forwards").is_none() {
        text.push_str("Max-Forwards: 70\r\n");
    }
    if request.headers.get("User-Agent").is_none() {
        text.push_str("User-Agent: Switchboard\r\n");
    }
    write_rest(text, &request.headers, &request.body, us)
}

/// Writes a response with the `Via` lines of its request.
pub(crate) fn write_response(response: &Response, vias: &[String], us: Hop) -> Bytes {
    let mut text = format!("SIP/2.0 {} {}\r\n", response.status, one_line(&response.reason));
    for via in vias {
        text.push_str(&format!("Via: {via}\r\n"));
    }
    write_rest(text, &response.headers, &response.body, us)
}

fn write_rest(mut text: String, headers: &Headers, body: &[u8], us: Hop) -> Bytes {
    for (name, value) in headers.iter() {
        match name {
            _ if name.eq_ignore_ascii_case("Via") || name.eq_ignore_ascii_case("Content-Length") => continue,
            _ if name.eq_ignore_ascii_case("Contact") && value.contains(PLACEHOLDER) => {
                text.push_str(&format!("{name}: {}\r\n", contact(value, us)));
            }
            _ => text.push_str(&format!("{name}: {value}\r\n")),
        }
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

/// A `Contact` list with our address in place of the placeholder.
fn contact(value: &str, us: Hop) -> String {
    let filled = split_list(value).map(|element| match element.parse::<NameAddr>() {
        Ok(mut address) if address.uri.host == PLACEHOLDER => {
            address.uri.host = host(us.address.ip());
            address.uri.port = Some(us.address.port());
            match us.protocol {
                Protocol::Udp => address.uri.params.remove("transport"),
                Protocol::Tcp => address.uri.params.set("transport", Some("tcp")),
                Protocol::Tls => address.uri.params.set("transport", Some("tls")),
            }
            address.to_string()
        }
        _ => element.to_owned(),
    });
    filled.collect::<Vec<_>>().join(", ")
}

/// An address as the host of a URI.
fn host(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// Our `Via` for a request.
pub(crate) fn our_via(us: Hop, branch: &str) -> String {
    let protocol = match us.protocol {
        Protocol::Udp => "UDP",
        Protocol::Tcp => "TCP",
        Protocol::Tls => "TLS",
    };
    let address: SocketAddr = us.address;
    format!("SIP/2.0/{protocol} {address};rport;branch={branch}")
}
