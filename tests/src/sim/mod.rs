//! The whole path in memory, on virtual time: people with devices, their sockets, the node with its cores, the journal, and
//! media packets through the forwarding plane. One seed is one run.
//!
//! The cores are the real ones (`session`, `call`, `bus`, `media::forward`, `media::rtp`); what surrounds them in a real
//! process (sockets, tasks, DTLS, the database) is played by this module, by the same rules. Things break as the [`plan`]
//! of the seed says. The [`oracle`] judges by what goes in and out of the parts:
//!
//! - only people in the same answered call who do not hold it hear each other; at rest all of them do, and every stream is
//!   whole after repair;
//! - one device answers; a call is at one device of a person;
//! - every durable event reaches every client once and in order, or the client is told to read anew;
//! - whoever was rung and did not answer or decline has a missed call, also after a crash;
//! - every request of an honest client gets one reply, and none is refused as malformed;
//! - at rest all screens and all presence are true; at the end nothing is left in any map.

mod chaos;
mod client;
mod ctx;
mod media;
mod network;
mod node;
mod oracle;
pub mod plan;
mod prng;
mod queue;
mod store;
mod world;

use std::time::Instant;

pub use oracle::Counts;
use plan::Sabotage;
use world::World;

/// A run that found something.
#[derive(Debug)]
pub struct Failure {
    /// The seed; the same one fails again.
    pub seed: u64,
    /// What was wrong.
    pub breach: String,
    /// What happened.
    pub lines: Vec<String>,
}

/// Runs one seed, with a rule broken on purpose if one is given. `start` is any instant: nothing depends on it.
///
/// # Errors
/// The first breach, with all that happened before it.
pub fn run(start: Instant, seed: u64, sabotage: Option<Sabotage>) -> Result<Counts, Box<Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime without I/O");
    // The bus reads gaps there.
    let _within = runtime.enter();
    World::new(start, seed, sabotage, false).run().map_err(|_| {
        // Once more, and this time it is written down.
        let mut world = World::new(start, seed, sabotage, true);
        let breach = world.run().err().unwrap_or_else(|| "only sometimes: a seed must be a run".into());
        Box::new(Failure { seed, breach, lines: world.lines() })
    })
}
