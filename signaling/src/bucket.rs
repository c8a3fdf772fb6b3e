//! A token bucket on virtual time.

use std::time::{Duration, Instant};

/// A bucket that holds a number of tokens and gets a new one at a steady rate.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// In how long an empty bucket is full.
    depth: Duration,
    /// In how long a token comes.
    token: Duration,
    /// The instant at which the bucket is full again.
    full_at: Instant,
}

impl Bucket {
    /// A full bucket of `burst` tokens that gets `rate` of them per second.
    pub fn new(burst: u32, rate: u32, now: Instant) -> Self {
        Bucket::every(burst, Duration::from_secs(1) / rate, now)
    }

    /// A full bucket of `burst` tokens that gets one in each `token`.
    pub fn every(burst: u32, token: Duration, now: Instant) -> Self {
        Bucket { depth: token * burst, token, full_at: now }
    }

    /// Takes a token; if there is none, says how long until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        self.take_many(now, 1)
    }

    /// Takes so many tokens, all or none; if there are too few, says how long until there are enough.
    pub fn take_many(&mut self, now: Instant, tokens: u32) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + self.token * tokens;
        let debt = full_at.duration_since(now);
        if debt > self.depth {
            return Err(debt - self.depth);
        }
        self.full_at = full_at;
        Ok(())
    }

    /// Whether the bucket is as good as new.
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}
