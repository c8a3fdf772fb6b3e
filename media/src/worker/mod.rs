//! The shell: one thread per core, its socket, its rooms, its timers.
//!
//! [`Engine`] is the handle that signaling holds. A room lives on one worker; commands reach it through a bounded queue with
//! a doorbell, events leave it by a callback. Nothing on the packet path allocates, locks or waits.

mod config;
mod counters;
mod engine;
mod interfaces;
mod net;
mod sys;

pub use config::EngineConfig;
pub use counters::Counters;
pub use engine::Engine;
