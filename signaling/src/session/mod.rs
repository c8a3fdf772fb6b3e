//! Sessions, without I/O: opening, resuming, request ids, presence, limits.
//!
//! A session is one device of one person. It outlives its socket by the resume window, so a change of network is not a
//! log-out. The table hears [`SessionInput`]s and appends [`SessionOutput`]s; its interpreter carries them out in order.

mod hello;
mod io;
mod ledger;
pub mod limits;
mod presence;
mod quota;
mod requests;
mod table;

#[cfg(test)]
mod tests;

pub use io::{SessionInput, SessionOutput, SocketId, TopicFrom};
pub use table::Sessions;
