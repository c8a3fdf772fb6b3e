//! AES-GCM of RFC 7714.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::derive::{Part, Use, derive};
use super::{MasterKey, SrtpError, SrtpProfile};

const SALT: usize = 12;
const TAG: usize = 16;

/// Key and salt of one direction and use.
pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; SALT],
}

impl std::fmt::Debug for Gcm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gcm")
    }
}

impl Gcm {
    pub(super) fn new(profile: SrtpProfile, master: &MasterKey, use_: Use) -> Result<Self, SrtpError> {
        if master.key().len() != profile.key_len() || master.salt().len() != SALT {
            return Err(SrtpError::Key);
        }
        let algorithm = if profile.key_len() == 32 { &AES_256_GCM } else { &AES_128_GCM };
        let key = derive(master, use_, Part::Encryption, profile.key_len())?;
        let mut salt = [0; SALT];
        salt.copy_from_slice(derive(master, use_, Part::Salt, SALT)?.as_ref());
        let key = UnboundKey::new(algorithm, key.as_ref()).map_err(|_| SrtpError::Key)?;
        Ok(Gcm { key: LessSafeKey::new(key), salt })
    }

    /// Section 8.1: SSRC, roll-over counter and sequence number; 9.1: SSRC and SRTCP index. `index` is of 48 bits, and for
    /// RTCP of 31, so both are one shape: two zero bytes, SSRC, six bytes of index.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut iv = [0; SALT];
        iv[2..6].copy_from_slice(&ssrc.to_be_bytes());
        iv[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        iv.iter_mut().zip(self.salt).for_each(|(byte, salt)| *byte ^= salt);
        Nonce::assume_unique_for_key(iv)
    }

    /// Encrypts `text` in place and writes the tag, which is the first 16 bytes of `tag`.
    pub(super) fn seal(
        &self,
        ssrc: u32,
        index: u64,
        aad: &[u8],
        text: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        let made = self
            .key
            .seal_in_place_separate_tag(self.nonce(ssrc, index), Aad::from(aad), text)
            .map_err(|_| SrtpError::Key)?;
        tag.get_mut(..TAG).ok_or(SrtpError::NoRoom)?.copy_from_slice(made.as_ref());
        Ok(())
    }

    /// Encrypts `text` into `out`, which has the same length; saves the copy of [`Self::seal`].
    pub(super) fn seal_into(
        &self,
        ssrc: u32,
        index: u64,
        aad: &[u8],
        text: &[u8],
        out: &mut [u8],
        tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        let tag = tag.get_mut(..TAG).ok_or(SrtpError::NoRoom)?;
        self.key
            .seal_out_of_place_scatter(self.nonce(ssrc, index), Aad::from(aad), text, out, &[], tag)
            .map_err(|_| SrtpError::Key)
    }

    /// Decrypts `text_and_tag` in place.
    pub(super) fn open(
        &self,
        ssrc: u32,
        index: u64,
        aad: &[u8],
        text_and_tag: &mut [u8],
    ) -> Result<(), SrtpError> {
        self.key
            .open_in_place(self.nonce(ssrc, index), Aad::from(aad), text_and_tag)
            .map(|_| ())
            .map_err(|_| SrtpError::Unauthentic)
    }
}
