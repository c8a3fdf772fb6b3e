//! Selective forwarding unit: who receives which packet.
//!
//! `transport` is one peer without I/O, `forward` and `rtp` decide and rewrite, `worker` (feature `net`) is the shell: one
//! thread per core with its own socket.

pub mod control;
pub mod forward;
pub mod ids;
pub mod rtp;
pub mod transport;
#[cfg(feature = "net")]
pub mod worker;
