//! What one seed does: how many people, how bad the network, which disasters; and rules broken on purpose.

use super::prng::Prng;

/// A rule that the simulation breaks on purpose, to show that its oracle sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The media plane does not close gates: a call on hold is heard.
    IgnoreHold,
    /// The media plane sends a packet to a peer of another call too.
    LeakToStrangers,
    /// Nobody answers requests for lost packets.
    IgnoreNacks,
    /// Microphones of later comers are not forwarded.
    DropSomeMedia,
    /// One durable event is not delivered, the next ones are.
    SkipEvent,
    /// One durable event is delivered twice.
    RepeatEvent,
    /// A start does not mark the calls that a crash cut off.
    NoRepair,
    /// The cores are never told that time has passed.
    NoTimers,
    /// Changes of presence are not delivered.
    SilentPresence,
    /// A second device that answers is let in.
    SecondAnswer,
    /// Every twentieth reply is lost by the node.
    LoseReplies,
}

/// What one seed does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Devices of each person.
    pub devices: Vec<usize>,
    /// How long people act and things break, in milliseconds.
    pub rough_ms: u64,
    /// Lost media packets of 1,000.
    pub loss: u64,
    /// Media packets of 1,000 that come twice.
    pub duplicates: u64,
    /// Media packets take 5 ms and up to so many more.
    pub jitter_ms: u64,
    /// A socket or a media path breaks about this often; 0: never.
    pub break_every_ms: u64,
    /// The database is away about this often; 0: never.
    pub outage_every_ms: u64,
    /// Journal writes of 1,000 that take seconds.
    pub slow_writes: u64,
    /// The node crashes about this often; 0: never.
    pub crash_every_ms: u64,
    /// Frames go through JSON in both directions (slower); else only those of the clients.
    pub json: bool,
    /// People hand calls on. Not in the first seeds: some of them once found something, and would be other runs with it.
    pub transfers: bool,
    /// The rule that is broken.
    pub sabotage: Option<Sabotage>,
}

impl Plan {
    /// The plan of a seed.
    pub fn draw(seed: u64, rng: &mut Prng, sabotage: Option<Sabotage>) -> Plan {
        let people = rng.between(2, 6);
        let devices = (0..people).map(|_| 1 + usize::from(rng.chance(450)) + usize::from(rng.chance(100)));
        let devices = devices.collect();
        let sometimes = |rng: &mut Prng, per_mille, low, high| {
            let every = rng.between(low, high);
            if rng.chance(per_mille) { every } else { 0 }
        };
        Plan {
            devices,
            rough_ms: rng.between(30_000, 100_000),
            loss: rng.below(150),
            duplicates: rng.below(50),
            jitter_ms: rng.between(5, 80),
            break_every_ms: sometimes(rng, 750, 3_000, 25_000),
            outage_every_ms: sometimes(rng, 350, 15_000, 60_000),
            slow_writes: if rng.chance(300) { rng.below(200) } else { 0 },
            crash_every_ms: sometimes(rng, 300, 20_000, 60_000),
            json: rng.chance(60),
            transfers: seed > 100,
            sabotage,
        }
    }

    /// This rule is broken.
    pub fn breaks(&self, rule: Sabotage) -> bool {
        self.sabotage == Some(rule)
    }
}
