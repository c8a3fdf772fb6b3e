//! The storage layer on both databases.

mod log;
mod migrations;
mod transactions;
mod types;
