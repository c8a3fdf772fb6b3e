//! What two sides of an ICE and DTLS session know each other by.

use std::fmt;
use std::str::FromStr;

use rtc_crypto::RTCRandom;

use super::TransportError;

/// Length of the ufrags we make: 48 random bits, so that two peers of one worker do not share one.
const UFRAG_LEN: usize = 8;
/// Length of the passwords we make: 144 random bits (RFC 8445, section 5.3 asks for 128).
const PWD_LEN: usize = 24;
/// The ice-chars of RFC 8839, section 5.4.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A user fragment made by us; a worker finds the peer of a STUN request by it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ufrag([u8; UFRAG_LEN]);

impl Ufrag {
    /// Its text in SDP.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The ufrag before the colon of a USERNAME, if it has the shape of ours.
    pub(super) fn of_username(username: &[u8]) -> Option<Self> {
        match username.split_at_checked(UFRAG_LEN)? {
            (ufrag, [b':', ..]) if ufrag.iter().all(|c| ICE_CHARS.contains(c)) => {
                ufrag.try_into().ok().map(Ufrag)
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Ufrag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ufrag({})", self.as_str())
    }
}

/// Our side of one ICE generation; its `Debug` hides the password.
#[derive(Clone)]
pub struct LocalCredentials {
    /// For `a=ice-ufrag`.
    pub ufrag: Ufrag,
    pwd: [u8; PWD_LEN],
}

impl LocalCredentials {
    /// Draws new ones.
    ///
    /// # Errors
    /// [`TransportError::Crypto`] without entropy.
    pub(super) fn random(random: &dyn RTCRandom) -> Result<Self, TransportError> {
        let mut bytes = [0; UFRAG_LEN + PWD_LEN];
        random.fill(&mut bytes).map_err(|error| TransportError::Crypto(error.to_string()))?;
        let chars = bytes.map(|byte| ICE_CHARS[usize::from(byte & 63)]);
        let mut made = LocalCredentials { ufrag: Ufrag([0; UFRAG_LEN]), pwd: [0; PWD_LEN] };
        made.ufrag.0.copy_from_slice(&chars[..UFRAG_LEN]);
        made.pwd.copy_from_slice(&chars[UFRAG_LEN..]);
        Ok(made)
    }

    /// For `a=ice-pwd`.
    pub fn pwd(&self) -> &str {
        std::str::from_utf8(&self.pwd).unwrap_or_default()
    }
}

impl fmt::Debug for LocalCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalCredentials({}, ..)", self.ufrag.as_str())
    }
}

/// The client's side, from its offer. A lite agent sends no checks, so the password only tells an ICE restart.
#[derive(Clone, PartialEq, Eq)]
pub struct RemoteCredentials {
    /// `a=ice-ufrag`, 4 to 256 ice-chars.
    pub ufrag: String,
    /// `a=ice-pwd`, 22 to 256 ice-chars.
    pub pwd: String,
    /// SHA-256 of the client's certificate.
    pub fingerprint: Fingerprint,
}

impl RemoteCredentials {
    /// Whether ufrag and password have the lengths and characters of RFC 8839, section 5.4.
    pub fn well_formed(&self) -> bool {
        let ok = |text: &str, min: usize| {
            (min..=256).contains(&text.len()) && text.bytes().all(|c| ICE_CHARS.contains(&c))
        };
        ok(&self.ufrag, 4) && ok(&self.pwd, 22)
    }
}

impl fmt::Debug for RemoteCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteCredentials({}, .., {})", self.ufrag, self.fingerprint)
    }
}

/// SHA-256 fingerprint of a certificate (RFC 8122), the one hash that every client must offer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02X}", if at == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// The text was not 32 hex pairs joined by colons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFingerprint;

impl FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Self, BadFingerprint> {
        let mut bytes = [0; 32];
        let mut pairs = text.split(':');
        for byte in &mut bytes {
            let pair = pairs.next().filter(|pair| pair.len() == 2 && !pair.starts_with('+'));
            *byte = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or(BadFingerprint)?;
        }
        if pairs.next().is_none() { Ok(Fingerprint(bytes)) } else { Err(BadFingerprint) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_round_trip() {
        let print = Fingerprint(std::array::from_fn(|at| at as u8 * 7));
        assert_eq!(print.to_string().parse(), Ok(print));
        assert_eq!(print.to_string().to_lowercase().parse(), Ok(print));
        for bad in ["", "AA", &format!("{print}:00"), &print.to_string().replace(':', "-"), &"+1:".repeat(32)]
        {
            assert_eq!(bad.parse::<Fingerprint>(), Err(BadFingerprint), "{bad}");
        }
    }

    #[test]
    fn credentials_are_drawn_and_recognized() {
        let provider = rtc_crypto::default_provider().unwrap();
        let one = LocalCredentials::random(provider.random()).unwrap();
        let two = LocalCredentials::random(provider.random()).unwrap();
        assert_ne!(one.ufrag, two.ufrag);
        assert_ne!(one.pwd(), two.pwd());
        let username = format!("{}:abcd", one.ufrag.as_str());
        assert_eq!(Ufrag::of_username(username.as_bytes()), Some(one.ufrag));
        assert_eq!(Ufrag::of_username(b"short:abcd"), None);
        assert_eq!(Ufrag::of_username(b"12345678abcd"), None);
        assert!(!format!("{one:?}").contains(one.pwd()));
    }
}
