//! The storage layer on both databases.

pub(crate) mod coverage;
mod log;
mod migrations;
mod texts;
mod transactions;
mod types;
