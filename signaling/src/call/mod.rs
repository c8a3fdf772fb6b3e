//! Calls, without I/O: who rings, who answered, who is in, and how it ends.
//!
//! [`Exchange`] owns every call of a node. It hears [`CallInput`]s and appends [`CallOutput`]s; its interpreter carries them
//! out in order. It reads no clock and draws no random number, so one sequence of inputs is one run.
//!
//! A call has one **leg** per person. A leg is first *filed* (its journal entry is on the way), then it *rings* on all
//! devices of its person, then it is *live* at one device, its **seat**, and at last it has *left*. A step changes legs;
//! at its end (`show.rs`) the exchange compares what the media plane and the sessions were told with what is so now, and
//! tells the difference. So no transition has to remember whom to tell.

mod answer;
mod connect;
mod devices;
mod end;
mod exchange;
mod hold;
mod invite;
mod io;
mod journal;
mod leg;
pub mod limits;
mod look;
mod ring;
mod show;
mod state;
mod step;
mod take;
mod timers;
mod transfer;
mod view;

#[cfg(test)]
mod tests;

pub use exchange::Exchange;
pub use io::{CallInput, CallOutput, CallReply, CallRequest, Farewell, JournalTicket, MediaCommand};
