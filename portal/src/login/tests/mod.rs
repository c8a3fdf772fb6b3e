//! Stories of log-in on both databases, over HTTP in memory.

mod attacks;
mod lifetimes;
mod roles;
mod sessions;
mod stores;
