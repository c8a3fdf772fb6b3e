//! What every part of a run shares: the time, chance, the queue, the network, the database, the oracle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::network::Net;
use super::oracle::Oracle;
use super::plan::Plan;
use super::prng::Prng;
use super::queue::{Event, Queue};
use super::store::Store;

/// UTC milliseconds at which every run begins.
const EPOCH_MS: i64 = 1_800_000_000_000;

/// See the module.
pub struct Ctx {
    /// Virtual time.
    pub now: Instant,
    start: Instant,
    /// Chance.
    pub rng: Prng,
    /// What happens later.
    pub queue: Queue,
    /// Sockets and media paths.
    pub net: Net,
    /// The database.
    pub store: Arc<Store>,
    /// Judges what it sees.
    pub oracle: Oracle,
    /// What this seed does.
    pub plan: Plan,
    /// Set while things break; then the network is good and people are calm.
    pub rough: bool,
    /// Set while it is noted who hears whom: everybody talks much.
    pub listening: bool,
    /// The present life of the node, as clients and packets on their way know it.
    pub boot: u32,
    trace: Option<Vec<String>>,
}

impl Ctx {
    /// The beginning of a run. `traced`: keep the last events as text.
    pub fn new(start: Instant, rng: Prng, plan: Plan, traced: bool) -> Ctx {
        Ctx {
            now: start,
            start,
            rng,
            queue: Queue::default(),
            net: Net::default(),
            store: Arc::new(Store::default()),
            oracle: Oracle::default(),
            plan,
            rough: true,
            listening: false,
            boot: 0,
            trace: traced.then(Vec::new),
        }
    }

    /// UTC milliseconds.
    pub fn wall_ms(&self) -> i64 {
        EPOCH_MS + (self.now - self.start).as_millis() as i64
    }

    /// Lets something happen later.
    pub fn after(&mut self, ms: u64, event: Event) {
        self.queue.put(self.now + Duration::from_millis(ms), event);
    }

    /// Lets something happen after a while of chance.
    pub fn within(&mut self, low: u64, high: u64, event: Event) {
        let ms = self.rng.between(low, high);
        self.after(ms, event);
    }

    /// Nothing breaks, and nobody listens.
    pub fn calm(&self) -> bool {
        !self.rough && !self.listening
    }

    /// How long a talker pauses, in milliseconds: seldom when nothing depends on it.
    pub fn talk_pause(&self) -> (u64, u64) {
        match (self.listening, self.rough) {
            (true, _) => (40, 120),
            (false, true) => (300, 1_500),
            (false, false) => (3_000, 5_000),
        }
    }

    /// Writes a line of the trace, if there is one.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.trace {
            lines.push(format!("{:>9.3}s {}", (self.now - self.start).as_secs_f64(), text()));
        }
    }

    /// The lines of the trace.
    pub fn lines(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }
}
