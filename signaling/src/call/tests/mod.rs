//! Calls as stories, as random runs, and exhaustively for a small city.

mod check;
mod property;
mod world;

use std::time::Instant;

/// Any instant: tests only add to it.
#[allow(clippy::disallowed_methods, reason = "a test needs some instant to count from")]
fn epoch() -> Instant {
    Instant::now()
}
