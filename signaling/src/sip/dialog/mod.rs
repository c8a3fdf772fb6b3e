//! INVITE dialogs (RFC 3261 sections 12 to 15) with what telephones need beyond: 100rel, UPDATE, session timers, REFER,
//! Replaces. Without I/O; it knows nothing of calls.
//!
//! [`Dialogs`] owns every leg; a leg owns its dialogs: several while an INVITE of ours is forked, one later. Requests find
//! their dialog by `Call-ID` and both tags, responses by their transaction. What a leg wants to change about its session
//! (`change.rs`) waits until nothing else is under way; everything that waits has a deadline, so no leg stays for ever.

mod admit;
mod arrivals;
mod challenge;
mod change;
mod confirm;
mod dial;
mod dialogs;
mod digits;
mod finish;
mod inside;
mod io;
mod leg;
mod random;
mod refer;
mod reliable;
mod remote;
mod replaces;
mod reply;
mod step;
mod timer;

#[cfg(test)]
mod tests;

pub use dialogs::Dialogs;
pub use io::{Credentials, Dial, DialogId, DialogInput, DialogOutput, Ending, Incoming, LegId, ReferTarget};
pub use step::DialogsConfig;
