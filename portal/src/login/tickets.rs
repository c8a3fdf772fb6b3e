//! One-time tickets for opening a WebSocket. Browsers cannot set headers on the upgrade, and a cookie alone would let another
//! site open a socket; a ticket proves that our own page asked for it a moment ago. Pure: the time comes in.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use signaling::ids::{LoginId, PersonId};

use super::model::SecretHash;
use crate::clock::Millis;

/// How long a ticket may be used. Shorter breaks slow networks; longer gives a leaked one more time.
pub const LIFETIME: Duration = Duration::from_secs(30);
/// Unused tickets per log-in; with one more the oldest is void. A page opens one socket and needs one.
const PER_LOGIN: usize = 4;
/// Unused tickets in all: 80,000 people may reconnect within half a minute.
const MAX_TICKETS: usize = 100_000;

/// Whom a ticket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The person.
    pub person: PersonId,
    /// The log-in: the socket is closed when it ends.
    pub login: LoginId,
}

/// There are too many unused tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many unused socket tickets")]
pub struct Full;

/// All unused tickets of this node, by the hash of their secret.
#[derive(Debug, Default)]
pub struct Tickets {
    by_hash: HashMap<SecretHash, (Holder, Millis)>,
    by_login: HashMap<LoginId, VecDeque<SecretHash>>,
}

impl Tickets {
    /// Notes a ticket.
    pub fn issue(&mut self, now: Millis, hash: SecretHash, holder: Holder) -> Result<(), Full> {
        if self.by_hash.len() >= MAX_TICKETS {
            self.expire(now);
        }
        if self.by_hash.len() >= MAX_TICKETS {
            return Err(Full);
        }
        let own = self.by_login.entry(holder.login).or_default();
        own.push_back(hash);
        if own.len() > PER_LOGIN
            && let Some(oldest) = own.pop_front()
        {
            self.by_hash.remove(&oldest);
        }
        self.by_hash.insert(hash, (holder, now.after(LIFETIME)));
        Ok(())
    }

    /// Takes a ticket: once, and in time.
    pub fn redeem(&mut self, now: Millis, hash: &SecretHash) -> Option<Holder> {
        let (holder, expires) = self.by_hash.remove(hash)?;
        self.forget(holder.login, hash);
        (now < expires).then_some(holder)
    }

    /// Voids the tickets of a log-in that ended.
    pub fn void(&mut self, login: LoginId) {
        for hash in self.by_login.remove(&login).unwrap_or_default() {
            self.by_hash.remove(&hash);
        }
    }

    /// Drops what can no longer be used.
    pub fn expire(&mut self, now: Millis) {
        self.by_hash.retain(|_, (_, expires)| now < *expires);
        let left = &self.by_hash;
        self.by_login.retain(|_, own| {
            own.retain(|hash| left.contains_key(hash));
            !own.is_empty()
        });
    }

    fn forget(&mut self, login: LoginId, hash: &SecretHash) {
        if let Some(own) = self.by_login.get_mut(&login) {
            own.retain(|other| other != hash);
            if own.is_empty() {
                self.by_login.remove(&login);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn holder(n: u128) -> Holder {
        Holder { person: PersonId(Uuid::from_u128(n)), login: LoginId(Uuid::from_u128(n)) }
    }

    fn hash(n: u32) -> SecretHash {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        hash
    }

    #[test]
    fn a_ticket_works_once_and_for_half_a_minute() {
        let mut tickets = Tickets::default();
        tickets.issue(Millis(0), hash(1), holder(1)).unwrap();
        tickets.issue(Millis(0), hash(2), holder(1)).unwrap();
        assert_eq!(tickets.redeem(Millis(29_999), &hash(1)), Some(holder(1)));
        assert_eq!(tickets.redeem(Millis(29_999), &hash(1)), None, "used");
        assert_eq!(tickets.redeem(Millis(30_000), &hash(2)), None, "too late");
        assert!(tickets.by_hash.is_empty() && tickets.by_login.is_empty());
    }

    #[test]
    fn the_end_of_a_log_in_voids_its_tickets_only() {
        let mut tickets = Tickets::default();
        tickets.issue(Millis(0), hash(1), holder(1)).unwrap();
        tickets.issue(Millis(0), hash(2), holder(2)).unwrap();
        tickets.void(holder(1).login);
        assert_eq!(tickets.redeem(Millis(1), &hash(1)), None);
        assert_eq!(tickets.redeem(Millis(1), &hash(2)), Some(holder(2)));
    }

    #[test]
    fn tickets_are_bounded_per_log_in_and_in_all() {
        let mut tickets = Tickets::default();
        for n in 0..10 {
            tickets.issue(Millis(0), hash(n), holder(1)).unwrap();
        }
        assert_eq!(tickets.by_hash.len(), PER_LOGIN);
        assert_eq!(tickets.redeem(Millis(0), &hash(5)), None, "the oldest are void");
        for n in 0..(MAX_TICKETS - PER_LOGIN) as u32 {
            tickets.issue(Millis(1), hash(100 + n), holder(100 + u128::from(n))).unwrap();
        }
        assert_eq!(tickets.issue(Millis(1), hash(99), holder(9)), Err(Full));
        assert_eq!(tickets.issue(Millis(30_001), hash(99), holder(9)), Ok(()), "old ones make room");
        assert_eq!(tickets.by_hash.len(), 1);
    }
}
