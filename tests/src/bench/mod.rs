//! The figures of the README, each with its limit or peer measured in the same run.
//!
//! A part (`media`, `ws`, `store`, `sip`, `call`) is a module with `rows() -> Vec<Row>`; `src/bin/bench.rs` runs the parts and prints the table.

pub mod media;
pub mod row;
pub mod sip;
pub mod store;
pub mod ws;
