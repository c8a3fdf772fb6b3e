//! Calls, sessions, the bus and the WebSocket shards.
//!
//! `wire` is the protocol; `call` and `session` are cores without I/O, `sip` the bridge to telephones; `bus`, `ws` and `node` are the shell around them.

mod bucket;
pub mod bus;
pub mod call;
mod clock;
pub mod ids;
pub mod log;
pub mod node;
pub mod placement;
pub mod ports;
pub mod session;
pub mod sip;
pub mod topic;
pub mod wire;
pub mod ws;

pub use node::Hub;
