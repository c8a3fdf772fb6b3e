//! The frames of the WebSocket, as `signaling/PROTOCOL.md` describes them.
//!
//! A client sends requests `{"id","type","data"}`; each gets exactly one reply `{"id","type","data"}` with the same id. The
//! server sends events `{"topic","type","data"}`, on a durable topic with `"seq"`. Everything is checked once at the edge
//! ([`client::ClientFrame::parse`]); past it only valid values exist.

pub mod call;
pub mod client;
mod encode;
pub mod error;
pub mod limits;
mod parse;
pub mod server;
mod typescript;

pub use typescript::{Declarations, close_codes, declarations, typescript};
