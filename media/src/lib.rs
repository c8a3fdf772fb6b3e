//! Selective forwarding unit: who receives which packet.
//!
//! `transport` is one peer without I/O, `forward` and `rtp` decide and rewrite, `worker` (feature `net`) is the shell: one
//! thread per core with its own socket.

// The code itself is held by the same lint when it is compiled without its tests.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test needs some instant to count from"))]

pub mod bridge;
pub mod control;
pub mod forward;
pub mod ids;
pub mod rtp;
pub mod transport;
#[cfg(feature = "net")]
pub mod worker;
