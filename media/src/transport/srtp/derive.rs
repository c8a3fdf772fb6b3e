//! Session keys from master keys (RFC 3711, section 4.3), key derivation rate 0.

use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use rtc_crypto::SecretVec;

use super::{MasterKey, SrtpError};

/// Which packets a session key is for; RTCP has its own three labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Rtp,
    Rtcp,
}

/// Which key is derived.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    Encryption,
    Authentication,
    Salt,
}

/// The label octet of RFC 3711, section 4.3.1 and 4.3.2.
fn label(use_: Use, part: Part) -> u8 {
    let base = match use_ {
        Use::Rtp => 0,
        Use::Rtcp => 3,
    };
    base + match part {
        Part::Encryption => 0,
        Part::Authentication => 1,
        Part::Salt => 2,
    }
}

/// Derives `len` bytes: AES in counter mode under the master key, started at the salt with the label mixed in.
pub(super) fn derive(master: &MasterKey, use_: Use, part: Part, len: usize) -> Result<SecretVec, SrtpError> {
    let mut iv = [0u8; 16];
    let salt = master.salt();
    iv.get_mut(..salt.len()).ok_or(SrtpError::Key)?.copy_from_slice(salt);
    iv[7] ^= label(use_, part);
    let mut out = SecretVec::new(vec![0; len]);
    aes_ctr(master.key())?
        .less_safe_encrypt(out.as_mut(), EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| SrtpError::Key)?;
    Ok(out)
}

/// An AES counter-mode key of 16 bytes.
pub(super) fn aes_ctr(key: &[u8]) -> Result<EncryptingKey, SrtpError> {
    UnboundCipherKey::new(&AES_128, key).and_then(EncryptingKey::ctr).map_err(|_| SrtpError::Key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::srtp::tests::unhex;

    /// RFC 3711, appendix B.3.
    #[test]
    fn session_keys_of_rfc_3711() {
        let master = MasterKey::new(
            &unhex("E1F97A0D3E018BE0D64FA32C06DE4139"),
            &unhex("0EC675AD498AFEEBB6960B3AABE6"),
        );
        let of = |part, len| derive(&master, Use::Rtp, part, len).unwrap().into_bytes();
        assert_eq!(of(Part::Encryption, 16), unhex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(of(Part::Salt, 14), unhex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(of(Part::Authentication, 20), unhex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    #[test]
    fn lengths_are_checked() {
        let long_salt = MasterKey::new(&[0; 16], &[0; 17]);
        assert_eq!(derive(&long_salt, Use::Rtp, Part::Salt, 14).unwrap_err(), SrtpError::Key);
        for len in [0, 15, 17, 32] {
            let odd_key = MasterKey::new(&[0; 32][..len], &[0; 14]);
            assert_eq!(derive(&odd_key, Use::Rtcp, Part::Salt, 14).unwrap_err(), SrtpError::Key);
        }
    }
}
