//! Telephones that may register here: their accounts, and what the extension bridge needs to know of staff and telephones.
//!
//! A telephone's password is drawn here, shown once, and kept only as the hashes that the digest of SIP needs (RFC 7616).

pub mod book;
pub mod http;
pub mod manage;
pub mod model;
pub mod numbers;
pub mod password;
pub mod rules;
pub mod setup;
pub mod store;
pub mod trunks;

pub use book::PhoneBook;
pub use numbers::PhoneNumbers;

#[cfg(test)]
mod tests;
