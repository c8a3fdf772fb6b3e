//! Secrets that a client holds: 256 random bits, of which we keep only the SHA-256. A fast hash is enough for what cannot be
//! guessed, and looking it up by an index tells nothing about other secrets.

use sha2::{Digest, Sha256};

use super::model::SecretHash;

/// Length of a secret as text: hexadecimal digits.
const TEXT_LENGTH: usize = 64;

/// A fresh secret. Its text is given out once and not kept; there is no `Debug`, so it cannot get into a log.
pub struct Secret {
    text: String,
}

impl Secret {
    /// Draws a secret.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; TEXT_LENGTH / 2];
        getrandom::fill(&mut bytes)?;
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
        let text = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        Ok(Secret { text })
    }

    /// What the client gets.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What we keep.
    pub fn hash(&self) -> SecretHash {
        Sha256::digest(self.text.as_bytes()).into()
    }
}

/// The hash to look up for what a client sent; `None` when it cannot be a secret of ours.
pub fn hash_of(text: &str) -> Option<SecretHash> {
    let fits = text.len() == TEXT_LENGTH && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    fits.then(|| Sha256::digest(text.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_hash_to_what_is_looked_up() {
        let (one, other) = (Secret::fresh().unwrap(), Secret::fresh().unwrap());
        assert_ne!(one.text(), other.text());
        assert_eq!(hash_of(one.text()), Some(one.hash()));
        for bad in
            ["", "00", &one.text().to_uppercase().replace(|c: char| c.is_ascii_digit(), "A"), &"g".repeat(64)]
        {
            assert_eq!(hash_of(bad), None, "{bad}");
        }
    }
}
