//! Digest access authentication in both roles (RFC 7616, RFC 8760; RFC 2617 for what MD5 telephones still speak).
//!
//! [`Challenge`] and [`authorize`] are for requests of ours that are challenged; [`Verifier`] challenges telephones. It keeps
//! nothing for who has not shown that it knows a password: a nonce proves by itself that it is ours and how old it is.

mod challenge;
mod hash;
mod nonce;
mod params;
mod verify;

pub use challenge::{Challenge, authorize};
pub use hash::Algorithm;
pub use verify::{Offer, Verdict, Verifier};

#[cfg(test)]
mod tests;
