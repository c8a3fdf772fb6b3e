//! Responses of ours and what is read of both sides' messages.

use super::remote::Side;
use crate::sip::message::{Headers, NameAddr, Request, Response};

/// Methods that are spoken within a call.
pub(super) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY";
/// Extensions: reliable provisional responses, session timers, Replaces, REFER without subscription.
pub(super) const SUPPORTED: &str = "100rel, timer, replaces, norefersub";
const EXTENSIONS: [&str; 4] = ["100rel", "timer", "replaces", "norefersub"];
/// Longest session description; a real one of audio is below 2 kB.
const MAX_SDP: usize = 16 * 1024;

/// A response within the dialog, or to the INVITE that makes one: with `Record-Route`, `Contact`, `Allow` and `Supported`.
pub(super) fn reply(side: &Side, request: &Request, status: u16) -> Response {
    let mut response = Response::to(request, status, Some(&side.local_tag));
    for route in request.headers.all("Record-Route") {
        response.headers.push("Record-Route", route);
    }
    response.headers.push("Contact", &side.contact);
    capabilities(&mut response.headers);
    response
}

/// A refusal within the dialog.
pub(super) fn refusal(side: &Side, request: &Request, status: u16) -> Response {
    let mut response = Response::to(request, status, Some(&side.local_tag));
    match status {
        405 => response.headers.push("Allow", ALLOW),
        415 => response.headers.push("Accept", "application/sdp, application/dtmf-relay, application/dtmf"),
        420 => {
            for missing in unsupported(&request.headers) {
                response.headers.push("Unsupported", missing);
            }
        }
        _ => {}
    }
    response
}

pub(super) fn capabilities(headers: &mut Headers) {
    headers.push("Allow", ALLOW);
    headers.push("Supported", SUPPORTED);
}

/// What `Require` asks for and is not known here.
pub(super) fn unsupported(headers: &Headers) -> impl Iterator<Item = &str> {
    headers.list("Require").filter(|tag| !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(tag)))
}

/// Puts a session description into a message.
pub(super) fn describe(headers: &mut Headers, body: &mut Vec<u8>, sdp: &str) {
    headers.set("Content-Type", "application/sdp");
    *body = sdp.as_bytes().to_vec();
}

/// The session description of a message.
///
/// # Errors
/// The status of the refusal: 415 for another type of body, 413 for one too long, 400 for one that is no text.
pub(super) fn description(headers: &Headers, body: &[u8]) -> Result<Option<String>, u16> {
    if body.is_empty() {
        return Ok(None);
    }
    let kind = headers.get("Content-Type").unwrap_or("application/sdp");
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match std::str::from_utf8(body) {
        _ if !kind.eq_ignore_ascii_case("application/sdp") => Err(415),
        _ if body.len() > MAX_SDP => Err(413),
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(400),
    }
}

/// The session description of a response; what cannot be read is as none.
pub(super) fn described(response: &Response) -> Option<String> {
    description(&response.headers, &response.body).ok().flatten()
}

/// Value of `Reason` (RFC 3326), if there is one of sane length.
pub(super) fn reason(headers: &Headers) -> Option<String> {
    headers.get("Reason").filter(|value| value.len() <= 256).map(str::to_owned)
}

/// The contacts of a 3xx, best first.
pub(super) fn contacts(headers: &Headers) -> Vec<NameAddr> {
    let weight = |contact: &NameAddr| {
        let q = contact.params.get("q").and_then(|q| q.parse::<f32>().ok());
        q.filter(|q| (0.0..=1.0).contains(q)).unwrap_or(1.0)
    };
    let mut contacts: Vec<NameAddr> =
        headers.list("Contact").take(8).filter_map(|contact| contact.parse().ok()).collect();
    contacts.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    contacts
}
