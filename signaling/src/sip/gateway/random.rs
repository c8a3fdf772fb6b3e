//! Randomness out of one seed: keys, tags and ids cannot be guessed, and yet one seed is one run.

use aws_lc_rs::hmac;
use uuid::Uuid;

/// A generator in the manner of HKDF (RFC 5869): a keyed hash of a counter.
pub(super) struct Random {
    key: hmac::Key,
    counter: u64,
}

impl Random {
    /// The seed must come from the system's source, fresh at each start.
    pub(super) fn new(seed: &[u8; 32]) -> Random {
        Random { key: hmac::Key::new(hmac::HMAC_SHA256, seed), counter: 0 }
    }

    /// So many bytes that were never given before.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        for chunk in bytes.chunks_mut(32) {
            self.counter += 1;
            let block = hmac::sign(&self.key, &self.counter.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
        bytes
    }

    /// A number.
    pub(super) fn number(&mut self) -> u64 {
        u64::from_be_bytes(self.bytes())
    }

    /// An id of time and chance (UUID version 7).
    pub(super) fn id(&mut self, wall_ms: i64) -> Uuid {
        let millis = u64::try_from(wall_ms).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(millis, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run_and_nothing_repeats() {
        let (mut one, mut same) = (Random::new(&[7; 32]), Random::new(&[7; 32]));
        let first: [u8; 88] = one.bytes();
        assert_eq!(first, same.bytes());
        assert_ne!(first[..32], first[32..64]);
        assert_ne!(first, one.bytes());
        assert_ne!(Random::new(&[8; 32]).number(), Random::new(&[7; 32]).number());
        assert_eq!(one.id(1_700_000_000_000).get_version_num(), 7);
    }
}
