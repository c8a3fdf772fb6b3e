//! Passwords of telephones: drawn here, because people choose what dictionaries hold, and the digest of SIP can be guessed at
//! offline by whoever hears one.

use signaling::sip::digest::Algorithm;

use super::model::Digest;

/// Without what looks alike on a label or is hard to find on a desk phone's keys.
const ALPHABET: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz23456789A";
/// 100 bits.
const LENGTH: usize = 20;

/// A fresh password. There is no `Debug`, so it cannot get into a log; its text is shown once.
pub struct Password(String);

impl Password {
    /// Draws a password.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Password, getrandom::Error> {
        let mut bytes = [0; LENGTH];
        getrandom::fill(&mut bytes)?;
        // 32 signs: five bits of each byte, without a bias.
        Ok(Password(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()))
    }

    /// What is typed into the telephone.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// What we keep.
    pub fn digest(&self, user: &str, realm: &str) -> Digest {
        let ha1 = |algorithm: Algorithm| algorithm.ha1(user, realm, &self.0);
        Digest { realm: realm.to_owned(), ha1_md5: ha1(Algorithm::Md5), ha1_sha256: ha1(Algorithm::Sha256) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_differ_and_have_no_sign_twice_in_the_alphabet() {
        let (one, other) = (Password::fresh().unwrap(), Password::fresh().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(one.text().len(), LENGTH);
        let signs: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(signs.len(), 32);
    }

    /// The example of RFC 2617 section 3.5 and, for SHA-256, of RFC 7616 section 3.9.1.
    #[test]
    fn what_is_kept_is_what_the_digest_needs() {
        let digest = Password("Circle Of Life".into()).digest("Mufasa", "testrealm@host.com");
        assert_eq!(digest.ha1_md5, "939e7578ed9e3c518a452acee763bce9");
        let digest = Password("Circle of Life".into()).digest("Mufasa", "http-auth@example.org");
        assert_eq!(digest.ha1_md5, "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(digest.ha1_sha256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232");
    }
}
