//! INVITE dialogs (RFC 3261 sections 12 to 15) with what telephones need beyond: 100rel, UPDATE, session timers, REFER,
//! Replaces. Without I/O; it knows nothing of calls.

mod io;

pub use io::{Credentials, Dial, DialogId, DialogInput, DialogOutput, Ending, Incoming, LegId, ReferTarget};
