//! SDP of one fixed profile: a client's offer in, our answer out (RFC 9429, RFC 3264).
//!
//! [`Offer::parse`] keeps what the profile has and forgets the rest: one variant of each codec, six header extensions,
//! nack, pli, fir and transport-cc. [`answer::write`] answers each section in order, so that mids and order survive
//! renegotiation and ICE restart.

pub mod answer;
mod codecs;
mod offer;
mod section;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Outgoing, SectionAnswer};
pub use codecs::{Codec, CodecKind, Feedback};
pub use offer::Offer;
pub use section::{Direction, Extension, Extmap, Kind, Section, SourceIds};

use rtc_sdp::description::media::MediaDescription;

/// The values of all attributes of one name.
fn values<'a>(media: &'a MediaDescription, key: &'a str) -> impl Iterator<Item = &'a str> {
    media.attributes.iter().filter(move |a| a.key == key).filter_map(|a| a.value.as_deref())
}

/// Whether text may be echoed into an answer: visible ASCII and spaces, not too long.
fn is_plain(text: &str, max: usize) -> bool {
    text.len() <= max && text.bytes().all(|c| (b' '..=b'~').contains(&c))
}

/// Whether text is a token (RFC 8866) of at most `max` bytes, as mids are.
fn is_token(text: &str, max: usize) -> bool {
    !text.is_empty() && is_plain(text, max) && !text.bytes().any(|c| b" \"(),/:;<=>?@[\\]".contains(&c))
}
