//! The shell: one thread per core, its socket, its rooms, its timers.
//!
//! [`Engine`] is the handle that signaling holds. A room lives on one worker; commands reach it through a bounded queue with
//! a doorbell, events leave it by a callback. Nothing on the packet path allocates, locks or waits. A telephone is a peer whose
//! media is a leg of [`crate::bridge`]; it has a pair of sockets of its own, and takes them along to another worker.

mod address;
mod commands;
mod config;
mod core;
mod counters;
mod egress;
mod engine;
mod ingest;
mod interfaces;
mod lines;
mod media;
mod negotiate;
mod net;
mod peer;
mod phone;
mod poller;
mod random;
mod relay;
mod reports;
mod slab;
mod slot;
mod sys;
mod wheel;

pub use config::EngineConfig;
pub use counters::Counters;
pub use engine::Engine;
