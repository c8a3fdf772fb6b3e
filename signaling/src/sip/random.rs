//! Chance out of one seed: what must not be guessed, and yet one seed is one run.

use std::time::Duration;

use aws_lc_rs::hmac;

/// A generator: a keyed hash of a counter (RFC 5869 in spirit).
pub(super) struct Random {
    key: hmac::Key,
    counter: u64,
}

impl Random {
    /// The seed is random and fresh at each start.
    pub fn new(seed: &[u8; 32]) -> Random {
        Random { key: hmac::Key::new(hmac::HMAC_SHA256, seed), counter: 0 }
    }

    /// A number.
    pub fn number(&mut self) -> u64 {
        self.counter += 1;
        let block = hmac::sign(&self.key, &self.counter.to_be_bytes());
        block.as_ref().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
    }

    /// For a tag, a `Call-ID` or a `cnonce`: 64 bits in hexadecimal.
    pub fn token(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    /// A time between `from` percent of this one and all of it, so that many do not do the same at once.
    pub fn spread(&mut self, time: Duration, from: u64) -> Duration {
        let percent = from + self.number() % (101 - from.min(100));
        time * u32::try_from(percent).unwrap_or(100) / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_run_and_times_are_spread() {
        let (mut one, mut same, mut other) =
            (Random::new(&[1; 32]), Random::new(&[1; 32]), Random::new(&[2; 32]));
        let tokens: Vec<String> = (0..100).map(|_| one.token()).collect();
        assert_eq!(tokens, (0..100).map(|_| same.token()).collect::<Vec<_>>());
        assert!(tokens.iter().all(|token| token.len() == 16 && *token != other.token()));
        let second = Duration::from_secs(1);
        let times: Vec<Duration> = (0..200).map(|_| one.spread(second, 50)).collect();
        assert!(times.iter().all(|time| (second / 2..=second).contains(time)));
        assert!(
            times.iter().min().unwrap() < &(second * 6 / 10)
                && times.iter().max().unwrap() > &(second * 9 / 10)
        );
        assert_eq!(one.spread(second, 100), second);
    }
}
