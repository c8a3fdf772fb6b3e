//! AEAD_AES_128_GCM of RFC 7714.

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::derive::{Part, Use, derive};
use super::keys::KEY_LEN;
use super::{MasterKey, SrtpError};

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
    pub(super) fn new(master: &MasterKey, use_: Use) -> Result<Self, SrtpError> {
        if master.key().len() != KEY_LEN || master.salt().len() != SALT {
            return Err(SrtpError::Key);
        }
        let key = derive(master, use_, Part::Encryption, KEY_LEN)?;
        let mut salt = [0; SALT];
        salt.copy_from_slice(derive(master, use_, Part::Salt, SALT)?.as_ref());
        let key = UnboundKey::new(&AES_128_GCM, key.as_ref()).map_err(|_| SrtpError::Key)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::srtp::sender::rtcp_aad;
    use crate::transport::srtp::tests::unhex;

    fn gcm() -> Gcm {
        let key: Vec<u8> = (0..16).collect();
        let mut salt = [0; SALT];
        salt.copy_from_slice(b"Quid pro quo");
        Gcm { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap()), salt }
    }

    /// RFC 7714, section 16.1.1.
    #[test]
    fn rtp_of_rfc_7714() {
        let header = unhex("8040F17B8041F8D35501A0B2");
        let mut text = b"Gallia est omnis divisa in partes tres".to_vec();
        let mut tag = [0; TAG];
        gcm().seal(0x5501_A0B2, 0xF17B, &header, &mut text, &mut tag).unwrap();
        text.extend_from_slice(&tag);
        let sealed = unhex(
            "F24DE3A3FB34DE6CACBA861C9D7E4BCABE633BD50D294E6F42A5F47A51C7D19B36DE3ADF8833\
             899D7F27BEB16A9152CF765EE4390CCE",
        );
        assert_eq!(text, sealed);
    }

    /// RFC 7714, section 17.1.
    #[test]
    fn rtcp_of_rfc_7714() {
        let gcm = gcm();
        let header = unhex("81C8000D4D617273");
        let mut body = unhex(
            "4E5450314E545032525450200000042A0000E9304C756E61\
             DEADBEEFDEADBEEFDEADBEEFDEADBEEFDEADBEEF",
        );
        let aad = rtcp_aad(&header, [0x80, 0, 5, 0xD4]);
        let mut tag = [0; TAG];
        gcm.seal(0x4D61_7273, 0x5D4, &aad, &mut body, &mut tag).unwrap();
        body.extend_from_slice(&tag);
        let sealed = unhex(
            "63E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1730D6FDA4CE09B4686303DED\
             0BB9275BC84AA45896CF4D2FC5ABF87245D9EADE",
        );
        assert_eq!(body, sealed);
        gcm.open(0x4D61_7273, 0x5D4, &aad, &mut body).unwrap();
        assert_eq!(&body[..4], b"NTP1");
    }
}
