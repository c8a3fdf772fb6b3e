//! SRTP and SRTCP sealing and opening on the packet path: in the caller's buffer, without allocation.
//!
//! AES-128-GCM (RFC 7714) is the profile we ask for; AES_CM_128_HMAC_SHA1_80 (RFC 3711) serves clients without it. Both run on
//! aws-lc, whose SHA-1 uses the processor's instructions: the fallback costs about three times GCM for a video packet, and
//! with a SHA-1 in plain code it would cost ten times.
//!
//! One [`SrtpSender`] seals all that goes to a peer, one [`SrtpReceiver`] opens all that comes from it. A packet that is not
//! authentic changes no state.

mod cm;
mod derive;
mod gcm;
mod index;
mod keys;
mod packet;
mod receiver;
mod sender;
#[cfg(test)]
pub(in crate::transport) mod tests;

pub use keys::{KEY_LEN, MasterKey, SrtpKeys, SrtpProfile};
pub use receiver::SrtpReceiver;
pub use sender::SrtpSender;

use thiserror::Error;

/// Bytes that sealing adds to a packet at most: a GCM tag and the SRTCP index word.
pub const MAX_OVERHEAD: usize = 20;

/// Most synchronization sources of one direction. A room of 40 slots with RTX needs 80; a larger bound would let a client
/// that changes its SSRC all the time hold more memory, a smaller one would break large grids.
pub const MAX_SOURCES: usize = 256;

/// Why a packet was not sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SrtpError {
    /// Not RTP or RTCP of version 2, or too short for its own header.
    #[error("not an RTP or RTCP packet")]
    Malformed,
    /// The buffer has no room for tag and index.
    #[error("no room for the authentication tag")]
    NoRoom,
    /// The tag does not fit the packet: forged, damaged, or sealed with other keys.
    #[error("not authentic")]
    Unauthentic,
    /// The index was used before or is older than the window. On the sending side this protects against sealing two packets
    /// with one GCM nonce, which would give the authentication key away.
    #[error("index used before, or too old")]
    Replayed,
    /// More sources than [`MAX_SOURCES`].
    #[error("too many sources")]
    TooManySources,
    /// 2^48 RTP or 2^31 RTCP packets were sealed with this key (RFC 3711, section 9.2).
    #[error("key used up")]
    Exhausted,
    /// Key or salt do not have the length that the profile asks for.
    #[error("key length does not fit the profile")]
    Key,
}

/// The session cipher of one direction, for RTP or for RTCP.
#[derive(Debug)]
enum Cipher {
    Gcm(gcm::Gcm),
    /// Boxed: an HMAC key has 1.7 KB, and most peers use GCM.
    Cm(Box<cm::Cm>),
}

impl Cipher {
    fn new(profile: SrtpProfile, master: &MasterKey, use_: derive::Use) -> Result<Self, SrtpError> {
        Ok(match profile {
            SrtpProfile::AeadAes128Gcm => Cipher::Gcm(gcm::Gcm::new(master, use_)?),
            SrtpProfile::Aes128CmSha1_80 | SrtpProfile::Aes128CmSha1_32 => {
                Cipher::Cm(Box::new(cm::Cm::new(master, use_)?))
            }
        })
    }
}
