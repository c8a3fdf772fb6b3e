//! Stories of log-in on both databases, over HTTP in memory.

mod attacks;
mod lifetimes;
mod sessions;
mod stores;
