//! HTTP, the channels and their storage.
//!
//! `db` is the only place that knows two databases; `login`, `directory`, `calls`, `phones` and `records` are the slices; `routes` is the whole URL
//! map; `serve` is the HTTP server, `start` the order of start and stop.

pub mod app;
pub mod audit;
pub mod auth;
pub mod calls;
pub mod channels;
mod chores;
pub mod clock;
pub mod config;
pub mod db;
pub mod demo;
pub mod directory;
pub mod error;
pub mod login;
pub mod metrics;
pub mod phones;
pub mod records;
pub mod routes;
pub mod serve;
pub mod start;
#[cfg(test)]
pub(crate) mod test_app;
pub mod tls;
pub mod web;
