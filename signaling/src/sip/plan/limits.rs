//! Bounds on telephone calls: of one person, over one trunk, and in all.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::bucket::Bucket;
use crate::ids::PersonId;
use crate::sip::config::{LimitsConfig, SipConfig};
use crate::sip::trunk::TrunkId;
use crate::wire::error::ErrorCode;

/// People that are remembered before those who are at rest are forgotten.
const MANY: usize = 4096;

/// Which bound was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalReason {
    /// The person's calls at once.
    PersonCalls,
    /// The person's calls per minute.
    PersonRate,
    /// All calls at once.
    Calls,
    /// All calls per second.
    Rate,
    /// The trunk's calls at once.
    TrunkCalls,
    /// The trunk's calls per second.
    TrunkRate,
}

/// A call is one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Which bound was met.
    pub reason: RefusalReason,
    /// When trying again makes sense, where time alone helps.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// For the person.
    pub fn code(&self) -> ErrorCode {
        ErrorCode::LinesBusy
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            RefusalReason::PersonCalls => "the person has too many telephone calls",
            RefusalReason::PersonRate => "the person makes too many telephone calls a minute",
            RefusalReason::Calls => "too many telephone calls",
            RefusalReason::Rate => "too many telephone calls a second",
            RefusalReason::TrunkCalls => "all lines of the trunk are taken",
            RefusalReason::TrunkRate => "too many calls a second for the trunk",
        })
    }
}

/// A call that was let in; give it back with [`Limits::end`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "the call counts until it is given back"]
pub struct Permit {
    who: Option<PersonId>,
    trunk: Option<TrunkId>,
}

/// Calls at once, and how fast new ones come.
#[derive(Clone, Debug)]
struct Gate {
    calls: u32,
    max: u32,
    rate: Option<Bucket>,
}

impl Gate {
    /// `per`: time for one token; `burst` of 0 lets nothing in.
    fn new(now: Instant, max: u32, burst: u32, per: Duration) -> Gate {
        Gate { calls: 0, max, rate: (burst > 0).then(|| Bucket::every(burst, per, now)) }
    }

    /// Whether one more would be let in: which of the two bounds it meets, and how long that lasts.
    fn check(&self, now: Instant, calls: RefusalReason, rate: RefusalReason) -> Result<(), Refusal> {
        if self.calls >= self.max {
            return Err(Refusal { reason: calls, retry_after: None });
        }
        match self.rate.clone().map(|mut bucket| bucket.take(now)) {
            Some(Ok(())) => Ok(()),
            Some(Err(wait)) => Err(Refusal { reason: rate, retry_after: Some(wait) }),
            None => Err(Refusal { reason: rate, retry_after: None }),
        }
    }

    fn enter(&mut self, now: Instant) {
        self.calls += 1;
        if let Some(bucket) = &mut self.rate {
            let _ = bucket.take(now);
        }
    }

    fn leave(&mut self) {
        self.calls = self.calls.saturating_sub(1);
    }

    fn rests(&self, now: Instant) -> bool {
        self.calls == 0 && self.rate.as_ref().is_none_or(|bucket| bucket.is_full(now))
    }
}

/// All bounds.
#[derive(Debug)]
pub struct Limits {
    config: LimitsConfig,
    /// Bounds of the trunks: calls at once, and per second.
    trunk_config: Vec<(u32, u32)>,
    trunks: BTreeMap<TrunkId, Gate>,
    people: BTreeMap<PersonId, Gate>,
    all: Option<Gate>,
}

impl Limits {
    /// The bounds of this configuration.
    pub fn new(config: &SipConfig) -> Limits {
        let trunks = config.trunks.iter().map(|trunk| (trunk.max_calls, trunk.max_calls_per_second));
        Limits {
            config: config.limits,
            trunk_config: trunks.collect(),
            trunks: BTreeMap::new(),
            people: BTreeMap::new(),
            all: None,
        }
    }

    /// Whether this person may begin one more call. Nothing is taken.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check(&mut self, now: Instant, who: PersonId) -> Result<(), Refusal> {
        self.all(now).check(now, RefusalReason::Calls, RefusalReason::Rate)?;
        self.person(now, who).check(now, RefusalReason::PersonCalls, RefusalReason::PersonRate)
    }

    /// Lets a call in, of this person (`None`: from outside) and over this trunk (`None`: a telephone of ours). All bounds
    /// or none are charged. Emergency calls do not ask.
    ///
    /// # Errors
    /// [`Refusal`]: say so to the person, and log it.
    pub fn begin(
        &mut self,
        now: Instant,
        who: Option<PersonId>,
        trunk: Option<TrunkId>,
    ) -> Result<Permit, Refusal> {
        self.all(now).check(now, RefusalReason::Calls, RefusalReason::Rate)?;
        if let Some(who) = who {
            self.person(now, who).check(now, RefusalReason::PersonCalls, RefusalReason::PersonRate)?;
        }
        if let Some(trunk) = trunk {
            self.trunk(now, trunk).check(now, RefusalReason::TrunkCalls, RefusalReason::TrunkRate)?;
        }
        self.all(now).enter(now);
        if let Some(who) = who {
            self.person(now, who).enter(now);
        }
        if let Some(trunk) = trunk {
            self.trunk(now, trunk).enter(now);
        }
        Ok(Permit { who, trunk })
    }

    /// A call is over.
    pub fn end(&mut self, permit: Permit) {
        let Permit { who, trunk } = permit;
        let person = who.and_then(|who| self.people.get_mut(&who));
        let trunk = trunk.and_then(|trunk| self.trunks.get_mut(&trunk));
        person.into_iter().chain(trunk).chain(&mut self.all).for_each(Gate::leave);
    }

    /// Calls over this trunk at the moment.
    pub fn calls_of(&self, trunk: TrunkId) -> u32 {
        self.trunks.get(&trunk).map_or(0, |gate| gate.calls)
    }

    fn all(&mut self, now: Instant) -> &mut Gate {
        let LimitsConfig { calls, calls_per_second: rate, .. } = self.config;
        self.all.get_or_insert_with(|| Gate::new(now, calls, rate, each(1, rate)))
    }

    fn person(&mut self, now: Instant, who: PersonId) -> &mut Gate {
        if self.people.len() >= MANY && !self.people.contains_key(&who) {
            self.people.retain(|_, gate| !gate.rests(now));
        }
        let LimitsConfig { calls_per_person: calls, dials_per_minute: rate, .. } = self.config;
        self.people.entry(who).or_insert_with(|| Gate::new(now, calls, rate, each(60, rate)))
    }

    fn trunk(&mut self, now: Instant, trunk: TrunkId) -> &mut Gate {
        let (calls, rate) = self.trunk_config.get(trunk.0).copied().unwrap_or_default();
        self.trunks.entry(trunk).or_insert_with(|| Gate::new(now, calls, rate, each(1, rate)))
    }
}

/// Time for one of `count` in so many seconds.
fn each(seconds: u64, count: u32) -> Duration {
    Duration::from_secs(seconds) / count.max(1)
}
