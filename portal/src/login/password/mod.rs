//! Passwords: which are good enough, and how they are kept.

mod blocklist;
mod hasher;
pub mod policy;

pub use hasher::{Busy, Hasher, HasherConfig, Verdict};
