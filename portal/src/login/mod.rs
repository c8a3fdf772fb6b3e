//! Log-in: accounts, sessions, and the limits on guessing.

pub mod cookies;
pub mod model;
pub mod password;
pub mod rules;
pub mod secret;
pub mod seen;
pub mod throttle;
pub mod tickets;
