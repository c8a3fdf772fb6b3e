//! Tags, Call-IDs and delays out of one seed.

use aws_lc_rs::hmac;

/// A keyed hash of a counter: who sees some tags cannot tell the others, which RFC 3261 section 19.3 wants, and one seed is
/// one run.
pub(super) struct Random {
    key: hmac::Key,
    counter: u64,
}

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random { key: hmac::Key::new(hmac::HMAC_SHA256, &seed.to_be_bytes()), counter: 0 }
    }

    fn number(&mut self) -> u64 {
        self.counter += 1;
        let block = hmac::sign(&self.key, &self.counter.to_be_bytes());
        block.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// A tag, or part of a Call-ID: 64 bits.
    pub(super) fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or_default()
    }

    /// Our first sequence number in a dialog of theirs: small, so that it never runs over.
    pub(super) fn first_seq(&mut self) -> u32 {
        u32::try_from(self.below(1 << 16)).unwrap_or_default()
    }
}
