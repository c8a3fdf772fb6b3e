//! AES in counter mode with an HMAC-SHA1 tag of 80 bits, or its first 32 (RFC 3711).

use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::derive::{Part, Use, aes_ctr, derive};
use super::keys::KEY_LEN;
use super::{MasterKey, SrtpError, SrtpProfile};

const SALT: usize = 14;
const TAG: usize = SrtpProfile::Aes128CmSha1_80.tag_len();
const AUTH_KEY: usize = 20;

/// Keys and salt of one direction and use.
#[derive(Debug)]
pub(super) struct Cm {
    key: EncryptingKey,
    salt: [u8; SALT],
    auth: hmac::Key,
}

impl Cm {
    pub(super) fn new(master: &MasterKey, use_: Use) -> Result<Self, SrtpError> {
        if master.key().len() != KEY_LEN || master.salt().len() != SALT {
            return Err(SrtpError::Key);
        }
        let mut salt = [0; SALT];
        salt.copy_from_slice(derive(master, use_, Part::Salt, SALT)?.as_ref());
        let auth = derive(master, use_, Part::Authentication, AUTH_KEY)?;
        Ok(Cm {
            key: aes_ctr(derive(master, use_, Part::Encryption, KEY_LEN)?.as_ref())?,
            salt,
            auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, auth.as_ref()),
        })
    }

    /// Section 4.1.1: `(salt << 16) ^ (ssrc << 64) ^ (index << 16)`. Encrypts and decrypts.
    pub(super) fn apply(&self, ssrc: u32, index: u64, text: &mut [u8]) -> Result<(), SrtpError> {
        let mut iv = [0; 16];
        iv[4..8].copy_from_slice(&ssrc.to_be_bytes());
        iv[8..14].copy_from_slice(&index.to_be_bytes()[2..]);
        iv.iter_mut().zip(self.salt).for_each(|(byte, salt)| *byte ^= salt);
        self.key
            .less_safe_encrypt(text, EncryptionContext::Iv128(FixedLength::from(iv)))
            .map(|_| ())
            .map_err(|_| SrtpError::Key)
    }

    /// The tag over `packet` and `trailer` (the roll-over counter of RTP; RTCP has its index in the packet).
    pub(super) fn tag(&self, packet: &[u8], trailer: &[u8]) -> [u8; TAG] {
        let mut mac = hmac::Context::with_key(&self.auth);
        mac.update(packet);
        mac.update(trailer);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&mac.sign().as_ref()[..TAG]);
        tag
    }

    /// Compares the tag in constant time; its length is that of the profile.
    pub(super) fn verify(&self, packet: &[u8], trailer: &[u8], tag: &[u8]) -> Result<(), SrtpError> {
        verify_slices_are_equal(&self.tag(packet, trailer)[..tag.len().min(TAG)], tag)
            .map_err(|_| SrtpError::Unauthentic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::srtp::tests::unhex;

    /// RFC 3711, appendix B.2: keystream of a given session key and salt, SSRC 0, index 0.
    #[test]
    fn keystream_of_rfc_3711() {
        let mut salt = [0; SALT];
        salt.copy_from_slice(&unhex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"));
        let cm = Cm {
            key: aes_ctr(&unhex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap(),
            salt,
            auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[0; AUTH_KEY]),
        };
        let mut stream = [0; 48];
        cm.apply(0, 0, &mut stream).unwrap();
        assert_eq!(
            stream.to_vec(),
            unhex(
                "E03EAD0935C95E80E166B16DD92B4EB4D23513162B02D0F72A43A2FE4A5F97AB\
                 41E95B3BB0A2E8DD477901E4FCA894C0"
            )
        );
    }
}
