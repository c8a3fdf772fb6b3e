//! Calls, without I/O: who rings, who answered, who is in, and how it ends.
//!
//! [`Exchange`] owns every call of a node. It hears [`CallInput`]s and appends [`CallOutput`]s; its interpreter carries them
//! out in order. It reads no clock and draws no random number, so one sequence of inputs is one run.

mod io;

pub use io::{CallInput, CallOutput, CallReply, CallRequest, Farewell, JournalTicket, MediaCommand};
