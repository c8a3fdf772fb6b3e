//! Requests that cost others more than a reply: each person or number called is a ring and four entries in the journal, each
//! digit occupies a trunk, each offer is parsed by the worker that carries the packets of other calls, and a list of people to
//! watch is worked through by the one task that owns all calls. They are counted by person, and a new session does not begin
//! anew, or a log-in could multiply what it may do by connecting again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::limits::{
    DIGIT_BURST, DIGIT_EVERY, OFFER_BURST, OFFER_EVERY, RING_BURST, RING_EVERY, WATCH_BURST, WATCH_EVERY,
};
use crate::bucket::Bucket;
use crate::ids::PersonId;
use crate::wire::client::{Request, TransferTo};

/// Fewest people that are remembered before those who owe nothing are looked for.
const SWEEP: usize = 1_024;

/// What each person has used of late.
#[derive(Clone, Debug, Default)]
pub(super) struct Quotas {
    people: BTreeMap<PersonId, Quota>,
    /// Number of people at which those who owe nothing are forgotten.
    sweep_at: usize,
}

#[derive(Clone, Debug)]
struct Quota {
    rings: Bucket,
    offers: Bucket,
    watches: Bucket,
    digits: Bucket,
}

impl Quotas {
    /// Charges a request to its person; if that is too much, says how long to wait. Most requests cost nothing here.
    pub fn take(&mut self, now: Instant, person: PersonId, request: &Request) -> Result<(), Duration> {
        match request {
            Request::CallStart { to: people, numbers, .. } | Request::CallAdd { people, numbers, .. } => {
                self.of(now, person).rings.take_many(now, count(people.len() + numbers.len()))
            }
            // To another own call it rings nowhere.
            Request::CallTransfer { to: TransferTo::Call(_), .. } => Ok(()),
            Request::CallTransfer { .. } | Request::CallJoin { .. } => self.of(now, person).rings.take(now),
            Request::CallDigits { digits, .. } => {
                self.of(now, person).digits.take_many(now, count(digits.len()))
            }
            Request::MediaOffer { .. } => self.of(now, person).offers.take(now),
            Request::PresenceWatch { people } => {
                self.of(now, person).watches.take_many(now, count(people.len()))
            }
            _ => Ok(()),
        }
    }

    /// How many people are remembered.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    fn of(&mut self, now: Instant, person: PersonId) -> &mut Quota {
        if self.people.len() >= self.sweep_at {
            self.people.retain(|_, quota| !quota.is_full(now));
            self.sweep_at = SWEEP.max(2 * self.people.len());
        }
        self.people.entry(person).or_insert_with(|| Quota {
            rings: Bucket::every(RING_BURST, RING_EVERY, now),
            offers: Bucket::every(OFFER_BURST, OFFER_EVERY, now),
            watches: Bucket::every(WATCH_BURST, WATCH_EVERY, now),
            digits: Bucket::every(DIGIT_BURST, DIGIT_EVERY, now),
        })
    }
}

impl Quota {
    fn is_full(&self, now: Instant) -> bool {
        [&self.rings, &self.offers, &self.watches, &self.digits].iter().all(|bucket| bucket.is_full(now))
    }
}

/// The parser bounds lists and strings.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ids::CallId;

    #[test]
    fn those_who_owe_nothing_are_forgotten() {
        let (mut quotas, mut now) = (Quotas::default(), super::super::tests::epoch());
        let offer = Request::MediaOffer { call: CallId(Uuid::nil()), sdp: "v=0".into(), sends: vec![] };
        for n in 0..10 * SWEEP {
            quotas.take(now, PersonId(Uuid::from_u128(n as u128)), &offer).unwrap();
            now += Duration::from_millis(10);
        }
        assert!(quotas.len() <= SWEEP, "{}", quotas.len());
    }
}
