//! One WebRTC peer without I/O: ICE-lite, DTLS server, data channels, SRTP keys and SDP answers.
//!
//! [`Peer`] takes STUN and DTLS datagrams and gives the keys; RTP and RTCP never pass through it. The shell looks at each
//! datagram with [`classify`], finds the peer (STUN by [`stun::local_ufrag`], the rest by source address), hands STUN and
//! DTLS to [`Peer::handle`], and opens RTP itself with [`srtp::SrtpReceiver`].
//!
//! The rtc crates below (`rtc-dtls`, `rtc-sctp`, `rtc-sdp`) are pinned to one release, because this module works round known
//! faults of exactly that release: see `dtls` for them.

pub mod config;
mod credentials;
mod dtls;
mod event;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod ice;
mod peer;
mod sctp;
pub mod sdp;
pub mod srtp;
pub mod stun;

pub use config::TransportConfig;
pub use credentials::{Fingerprint, LocalCredentials, RemoteCredentials, Ufrag};
pub use event::{ChannelId, Input, Message, Output, PeerStats};
pub use peer::Peer;

use thiserror::Error;

/// Why a peer or its configuration could not be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransportError {
    /// The crypto provider has no entropy or lacks an algorithm.
    #[error("crypto: {0}")]
    Crypto(String),
    /// The certificate or the DTLS configuration was refused.
    #[error("DTLS configuration: {0}")]
    Dtls(String),
}

/// What a datagram is (RFC 7983, section 7, and RFC 5761, section 4, for RTCP).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Connectivity and consent checks.
    Stun,
    /// Handshake and data channels.
    Dtls,
    /// Media.
    Rtp,
    /// Media control.
    Rtcp,
}

/// Tells the protocols on one socket apart by the first two bytes; `None` for anything else.
pub fn classify(datagram: &[u8]) -> Option<Protocol> {
    match datagram {
        [0..=3, ..] => Some(Protocol::Stun),
        [20..=63, ..] => Some(Protocol::Dtls),
        [128..=191, 192..=223, ..] => Some(Protocol::Rtcp),
        [128..=191, _, ..] => Some(Protocol::Rtp),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
