//! Call records: one line per leg of a telephone call, kept for a configured time, searched and exported by administrators.

pub mod columns;
pub mod csv;
pub mod export;
pub mod http;
pub mod model;
pub mod ods;
pub mod port;
pub mod rules;
pub mod store;
mod zip;

pub use port::CallRecords;

#[cfg(test)]
mod tests;
