//! Session descriptions of telephones: audio only (RFC 8866, RFC 3264, RFC 4566, RFC 4568).
//!
//! `text` reads what a telephone sent, within bounds and without belief; `audio` makes sense of its audio section;
//! `crypto` reads and writes SDES keys; `payloads` keeps the payload types of this side; [`Negotiation`] holds offer and
//! answer of one telephone and gives the media plane its orders. Nothing that a telephone wrote is ever repeated to it but
//! tokens that were checked.

mod audio;
mod base64;
mod crypto;
mod negotiation;
mod payloads;
mod text;
mod write;

#[cfg(test)]
mod tests;

use media::control::PhoneCodec;
use thiserror::Error;

pub use crypto::KEY_BYTES;
pub use negotiation::Negotiation;

use super::config::{CodecName, Srtp};

/// A description cannot be used; answered with 488, or the leg ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SdpError {
    /// Not SDP, or beyond the bounds.
    #[error("not a usable session description")]
    Broken,
    /// No audio that could be sent as RTP: a fax (T.38), video only, or DTLS.
    #[error("no usable audio section")]
    NoAudio,
    /// No codec in common.
    #[error("no codec in common")]
    NoCodec,
    /// The address of the media is not one of a single host.
    #[error("no usable address")]
    Address,
    /// Encryption is wanted and not there, or there and not wanted.
    #[error("encryption does not fit")]
    Encryption,
}

/// What this side speaks with one telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Codecs, best first.
    pub codecs: Vec<PhoneCodec>,
    /// Milliseconds per packet that we ask for.
    pub ptime: u32,
    /// SDES-SRTP. What is not [`Srtp::Off`] must be sent over TLS only: the keys are in the text.
    pub srtp: Srtp,
}

impl From<CodecName> for PhoneCodec {
    fn from(name: CodecName) -> PhoneCodec {
        match name {
            CodecName::Pcma => PhoneCodec::Pcma,
            CodecName::Pcmu => PhoneCodec::Pcmu,
            CodecName::G722 => PhoneCodec::G722,
            CodecName::Opus => PhoneCodec::Opus,
        }
    }
}

/// Name of a codec in records.
pub fn codec_name(codec: PhoneCodec) -> &'static str {
    match codec {
        PhoneCodec::Pcma => "PCMA",
        PhoneCodec::Pcmu => "PCMU",
        PhoneCodec::G722 => "G722",
        PhoneCodec::Opus => "opus",
    }
}
