//! What needs several crates at once: simulations, layering, end-to-end stories, and the benches with their peers.

pub mod bench;
pub mod client;
pub mod peers;
pub mod sim;
