//! Limits on wrong passwords. Pure: the time comes in as an argument.
//!
//! Attempts are charged **before** the password is checked and given back when it was right, so a thousand at once cannot
//! slip through together. What is charged:
//!
//! - a device that this account has logged in from before has a count of its own, and nothing else holds it up: whatever
//!   strangers do, a colleague's usual device gets in;
//! - every other attempt counts for the account from that host (growing delays), for the account as a whole (a lock), for
//!   the host and for its network (growing delays).
//!
//! A lock is never made longer by attempts during it, ends by itself, and is followed by a time in which the account cannot
//! be locked again: long enough for its owner to log in even while an attack goes on.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::model::SecretHash;
use super::rules;
use crate::clock::Millis;

/// Wrong attempts are forgotten after this long without another. The lock lasts as long.
/// Longer slows guessing; shorter frees a person who mistyped.
pub const WINDOW: Duration = Duration::from_secs(15 * 60);
/// After a lock, the account cannot be locked again for this long. Longer gives a spread-out attack more guesses, shorter
/// gives the owner less time to notice that it is over.
pub const OPEN_AFTER_LOCK: Duration = Duration::from_secs(5 * 60);
/// Most counts kept (about 100 bytes each); past it the oldest are forgotten first.
pub const MAX_BUCKETS: usize = 50_000;

/// What a count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Device,
    AccountFromHost,
    Account,
    Host,
    Network,
}

/// How a kind of count is held back.
struct Limit {
    /// Attempts before the first delay.
    free: u32,
    /// Longest delay; the first is a second and each next one twice as long.
    longest: Duration,
    /// Attempts that lock for [`WINDOW`].
    lock_at: Option<u32>,
}

impl Kind {
    fn limit(self) -> Limit {
        let (free, longest, lock_at) = match self {
            // One person who mistypes: three tries, then ever slower.
            Kind::Device | Kind::AccountFromHost => (3, 60, None),
            // Fewer would let a handful of hosts lock people out, more gives a spread-out attack more guesses.
            Kind::Account => (u32::MAX, 0, Some(20)),
            // An office behind one address mistypes too.
            Kind::Host => (30, 60, None),
            Kind::Network => (200, 30, None),
        };
        Limit { free, longest: Duration::from_secs(longest), lock_at }
    }
}

/// A count, by the first half of a SHA-256: of fixed size, whatever was typed as an account name.
type Key = (Kind, u128);

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    failures: u32,
    last: Millis,
    blocked_until: Millis,
    /// No new lock before this.
    open_until: Millis,
    /// The `blocked_until` that a refusal has named already.
    told_until: Millis,
}

/// Who tries to log in, as far as limits are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Account name as [`rules::account_name`] gives it, whether or not there is such an account.
    pub account: &'a str,
    /// Where from.
    pub address: IpAddr,
    /// The device's cookie, if this account has logged in with it before.
    pub known_device: Option<&'a SecretHash>,
}

/// What an attempt was charged to; hand it back to [`Throttle::forgive`] when the attempt was not a wrong password.
#[derive(Debug)]
#[must_use = "an attempt that is not forgiven counts as a wrong password"]
pub struct Charge(Vec<Key>);

/// An attempt was not let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// How long to wait.
    pub wait: Duration,
    /// Whether nobody was refused before because of the same delay or lock: one line in the audit trail is enough, and a
    /// flood of refusals must not become a flood of writes.
    pub first: bool,
}

/// All counts of this node. With several nodes each counts its own, so the limits grow with their number.
#[derive(Debug, Default)]
pub struct Throttle {
    buckets: HashMap<Key, Bucket>,
}

impl Throttle {
    /// Charges an attempt.
    ///
    /// # Errors
    /// When something that the attempt counts for is held back; it is then not charged.
    pub fn charge(&mut self, now: Millis, attempt: &Attempt<'_>) -> Result<Charge, HeldBack> {
        let keys = keys(attempt);
        let until = |key: &&Key| self.buckets.get(key).map(|bucket| bucket.blocked_until);
        if let Some(bucket) = keys.iter().max_by_key(until).and_then(|key| self.buckets.get_mut(key))
            && bucket.blocked_until > now
        {
            return Err(bucket.refuse(now));
        }
        self.make_room(now);
        for key in &keys {
            let bucket = self.buckets.entry(*key).or_default();
            bucket.fail(now, &key.0.limit());
        }
        Ok(Charge(keys))
    }

    /// Takes an attempt back: the password was right, or could not be checked. A right password clears the counts of the
    /// device and of the account from that host; those of others only lose this attempt, or an attacker could clear the count
    /// of his host by logging in to an account of his own.
    pub fn forgive(&mut self, charge: Charge, was_right: bool) {
        for key in charge.0 {
            let own = matches!(key.0, Kind::Device | Kind::AccountFromHost);
            if own && was_right {
                self.buckets.remove(&key);
            } else if let Some(bucket) = self.buckets.get_mut(&key) {
                bucket.failures = bucket.failures.saturating_sub(1);
                if bucket.failures <= key.0.limit().free {
                    bucket.blocked_until = bucket.last;
                }
            }
        }
    }

    /// How many counts there are.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether there are no counts.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn make_room(&mut self, now: Millis) {
        if self.buckets.len() + 5 <= MAX_BUCKETS {
            return;
        }
        self.buckets.retain(|_, bucket| !bucket.forgotten(now));
        if self.buckets.len() + 5 > MAX_BUCKETS {
            let mut ages: Vec<Millis> = self.buckets.values().map(|bucket| bucket.last).collect();
            let (_, oldest_tenth, _) = ages.select_nth_unstable(MAX_BUCKETS / 10);
            let cut = *oldest_tenth;
            self.buckets.retain(|_, bucket| bucket.last > cut);
        }
    }
}

impl Bucket {
    fn forgotten(&self, now: Millis) -> bool {
        now.since(self.last) >= WINDOW && self.blocked_until <= now && self.open_until <= now
    }

    fn refuse(&mut self, now: Millis) -> HeldBack {
        let first = self.told_until != self.blocked_until;
        self.told_until = self.blocked_until;
        HeldBack { wait: self.blocked_until.since(now), first }
    }

    fn fail(&mut self, now: Millis, limit: &Limit) {
        if now.since(self.last) >= WINDOW {
            self.failures = 0;
        }
        self.failures += 1;
        self.last = now;
        if let Some(over) = self.failures.checked_sub(limit.free).filter(|over| *over > 0) {
            let delay = Duration::from_secs(1 << (over - 1).min(16)).min(limit.longest);
            self.blocked_until = now.after(delay);
        }
        if limit.lock_at.is_some_and(|at| self.failures >= at) && self.open_until <= now {
            self.failures = 0;
            self.blocked_until = now.after(WINDOW);
            self.open_until = self.blocked_until.after(OPEN_AFTER_LOCK);
        }
    }
}

fn keys(attempt: &Attempt<'_>) -> Vec<Key> {
    if let Some(device) = attempt.known_device {
        return vec![key(Kind::Device, &[attempt.account.as_bytes(), device])];
    }
    let (host, network) = (rules::host(attempt.address), rules::network(attempt.address));
    vec![
        key(Kind::AccountFromHost, &[attempt.account.as_bytes(), host.as_bytes()]),
        key(Kind::Account, &[attempt.account.as_bytes()]),
        key(Kind::Host, &[host.as_bytes()]),
        key(Kind::Network, &[network.as_bytes()]),
    ]
}

fn key(kind: Kind, parts: &[&[u8]]) -> Key {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    (kind, u128::from_be_bytes(half))
}

#[cfg(test)]
mod tests;
