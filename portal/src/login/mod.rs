//! Log-in: accounts, sessions, and the limits on guessing.
//!
//! The password is the weakest of several ways to come: a log-in says which factors made it, when, and what assurance they
//! give. Its cookie is a random secret of which the database has only the hash; ending it closes its sockets at once.

pub mod accounts;
pub mod cookies;
pub mod http;
pub mod model;
pub mod password;
pub mod roles;
pub mod rules;
pub mod secret;
pub mod seen;
pub mod service;
pub mod store;
pub mod throttle;
pub mod tickets;

pub use service::Service;

#[cfg(test)]
mod tests;
