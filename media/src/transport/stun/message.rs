//! Reading binding requests.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use thiserror::Error;

use super::{
    BINDING_INDICATION, BINDING_REQUEST, FINGERPRINT, HEADER, ICE_CONTROLLED, ICE_CONTROLLING, MAGIC_COOKIE,
    MESSAGE_INTEGRITY, SHA1_LEN, USE_CANDIDATE, USERNAME, fingerprint, integrity,
};
use crate::transport::Ufrag;

/// The ICE role that a request claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It nominates; what a client of a lite server must be.
    Controlling,
    /// It waits for nomination, so both sides would wait for ever.
    Controlled,
}

/// A binding request with the attributes ICE needs. Unknown attributes are passed over.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Echoed in the response.
    pub transaction: [u8; 12],
    /// `ours:theirs`.
    pub username: &'a [u8],
    /// The client nominates this path.
    pub use_candidate: bool,
    /// Claimed role, if any.
    pub role: Option<Role>,
    /// The message up to MESSAGE-INTEGRITY, and that attribute's value.
    covered: &'a [u8],
    tag: &'a [u8],
}

impl Request<'_> {
    /// Checks MESSAGE-INTEGRITY with the key of [`super::integrity_key`], in constant time.
    pub fn authentic(&self, key: &hmac::Key) -> bool {
        verify_slices_are_equal(&integrity(key, self.covered), self.tag).is_ok()
    }
}

/// Why a datagram is not a usable binding request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Not a STUN message of RFC 8489, or its lengths do not add up.
    #[error("not a STUN message")]
    NotStun,
    /// A STUN message other than a binding request; indications (keep-alives) and late responses are harmless.
    #[error("not a binding request")]
    OtherMessage,
    /// USERNAME, MESSAGE-INTEGRITY or FINGERPRINT is missing or in the wrong place.
    #[error("attribute missing")]
    Incomplete,
    /// The CRC is wrong: damaged, or another protocol.
    #[error("wrong fingerprint")]
    Fingerprint,
}

/// Our ufrag in the USERNAME of a STUN request, without any check: by it a worker finds the peer that does the checks.
pub fn local_ufrag(datagram: &[u8]) -> Option<Ufrag> {
    attributes(datagram)
        .ok()?
        .map_while(Result::ok)
        .find(|attribute| attribute.kind == USERNAME)
        .and_then(|attribute| Ufrag::of_username(attribute.value))
}

/// Parses a binding request. The sender is not authenticated by this: see [`Request::authentic`].
///
/// # Errors
/// [`Malformed`]
pub fn parse(datagram: &[u8]) -> Result<Request<'_>, Malformed> {
    let walk = attributes(datagram)?;
    match u16::from_be_bytes([datagram[0], datagram[1]]) {
        BINDING_REQUEST => {}
        BINDING_INDICATION => return Err(Malformed::OtherMessage),
        kind if kind & 0xC000 == 0 => return Err(Malformed::OtherMessage),
        _ => return Err(Malformed::NotStun),
    }
    let mut transaction = [0; 12];
    transaction.copy_from_slice(&datagram[8..HEADER]);
    let (mut username, mut use_candidate, mut role) = (None, false, None);
    let mut tag = None;
    let mut sealed = false;
    for attribute in walk {
        let Attribute { kind, value, at } = attribute?;
        match (kind, tag.is_some()) {
            // What follows the integrity is not protected by it (RFC 8489, section 14.5).
            (FINGERPRINT, true) => {
                if value != fingerprint(&datagram[..at]).to_be_bytes() {
                    return Err(Malformed::Fingerprint);
                }
                sealed = at + 8 == datagram.len();
            }
            (MESSAGE_INTEGRITY, false) if value.len() == SHA1_LEN => tag = Some((&datagram[..at], value)),
            (USERNAME, false) => username = Some(value),
            (USE_CANDIDATE, false) => use_candidate = true,
            (ICE_CONTROLLING, false) => role = Some(Role::Controlling),
            (ICE_CONTROLLED, false) => role = Some(Role::Controlled),
            _ => {}
        }
    }
    match (username, tag, sealed) {
        (Some(username), Some((covered, tag)), true) => {
            Ok(Request { transaction, username, use_candidate, role, covered, tag })
        }
        _ => Err(Malformed::Incomplete),
    }
}

/// One attribute and where its header starts.
struct Attribute<'a> {
    kind: u16,
    value: &'a [u8],
    at: usize,
}

/// Walks over the attributes of a message whose header is right.
fn attributes(datagram: &[u8]) -> Result<impl Iterator<Item = Result<Attribute<'_>, Malformed>>, Malformed> {
    let header = datagram.get(..HEADER).ok_or(Malformed::NotStun)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let cookie = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    if cookie != MAGIC_COOKIE || length % 4 != 0 || HEADER + length != datagram.len() {
        return Err(Malformed::NotStun);
    }
    let mut at = HEADER;
    Ok(std::iter::from_fn(move || {
        let rest = datagram.get(at..).filter(|rest| !rest.is_empty())?;
        let attribute = read_attribute(rest, at);
        // A broken attribute ends the walk.
        at = attribute
            .as_ref()
            .map_or(datagram.len(), |attribute| attribute.at + 4 + attribute.value.len().next_multiple_of(4));
        Some(attribute)
    }))
}

fn read_attribute(rest: &[u8], at: usize) -> Result<Attribute<'_>, Malformed> {
    let [k0, k1, l0, l1, body @ ..] = rest else { return Err(Malformed::NotStun) };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    if body.len() < length.next_multiple_of(4) {
        return Err(Malformed::NotStun);
    }
    Ok(Attribute { kind: u16::from_be_bytes([*k0, *k1]), value: &body[..length], at })
}
