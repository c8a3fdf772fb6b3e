//! A token bucket on virtual time.

use std::time::{Duration, Instant};

/// A bucket that holds `burst` tokens and gets `rate` of them per second.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    burst: u32,
    rate: u32,
    /// The instant at which the bucket is full again.
    full_at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(burst: u32, rate: u32, now: Instant) -> Self {
        Bucket { burst, rate, full_at: now }
    }

    /// Takes a token; if there is none, says how long until there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let token = Duration::from_secs(1) / self.rate;
        let full_at = self.full_at.max(now) + token;
        let depth = token * self.burst;
        let debt = full_at.duration_since(now);
        if debt > depth {
            return Err(debt - depth);
        }
        self.full_at = full_at;
        Ok(())
    }
}
