//! Sessions as stories, and as random runs.

mod hello;
mod presence;
mod property;
mod requests;
mod world;

use std::time::{Duration, Instant};

/// Any instant: tests only add to it.
#[allow(clippy::disallowed_methods, reason = "a test needs some instant to count from")]
pub(super) fn epoch() -> Instant {
    Instant::now()
}

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}
