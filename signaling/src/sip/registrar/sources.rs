//! Who guesses passwords is not answered for a while.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use crate::bucket::Bucket;

/// Wrong passwords in a row from one address, and in how long one is forgiven. A telephone that is set up wrong tries every
/// half minute or so; it must not silence its whole house behind one address.
const WRONG: (u32, Duration) = (20, Duration::from_secs(15));
/// Challenges in a row that nobody answered, and in how long one is forgiven. Each right answer makes up for all.
const UNANSWERED: (u32, Duration) = (120, Duration::from_secs(1));
/// Most addresses that are remembered.
const MAX_SOURCES: usize = 8192;

/// What an address did.
#[derive(Clone, Debug)]
struct Source {
    wrong: Bucket,
    unanswered: Bucket,
}

/// What addresses did.
#[derive(Debug, Default)]
pub(super) struct Sources(BTreeMap<IpAddr, Source>);

impl Sources {
    /// Whether requests from there are passed over.
    pub fn is_silenced(&self, now: Instant, ip: IpAddr) -> bool {
        let spent = |bucket: &Bucket| bucket.clone().take(now).is_err();
        self.0.get(&key(ip)).is_some_and(|source| spent(&source.wrong) || spent(&source.unanswered))
    }

    /// A challenge goes there.
    pub fn challenged(&mut self, now: Instant, ip: IpAddr) {
        let _ = self.source(now, ip).unanswered.take(now);
    }

    /// A wrong answer came from there; `true` when it was the last one that is borne.
    pub fn wrong(&mut self, now: Instant, ip: IpAddr) -> bool {
        let _ = self.source(now, ip).wrong.take(now);
        self.is_silenced(now, ip)
    }

    /// A right answer came from there.
    pub fn right(&mut self, now: Instant, ip: IpAddr) {
        if let Some(source) = self.0.get_mut(&key(ip)) {
            source.unanswered = Bucket::every(UNANSWERED.0, UNANSWERED.1, now);
            if source.wrong.is_full(now) {
                self.0.remove(&key(ip));
            }
        }
    }

    fn source(&mut self, now: Instant, ip: IpAddr) -> &mut Source {
        if self.0.len() >= MAX_SOURCES && !self.0.contains_key(&key(ip)) {
            self.0.retain(|_, source| !(source.wrong.is_full(now) && source.unanswered.is_full(now)));
            if self.0.len() >= MAX_SOURCES {
                self.0.pop_first();
            }
        }
        self.0.entry(key(ip)).or_insert_with(|| Source {
            wrong: Bucket::every(WRONG.0, WRONG.1, now),
            unanswered: Bucket::every(UNANSWERED.0, UNANSWERED.1, now),
        })
    }

    #[cfg(test)]
    pub fn remembered(&self) -> usize {
        self.0.len()
    }
}

/// An IPv6 host has a whole /64 to itself.
fn key(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        ip => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
        let now = Instant::now();
        let mut sources = Sources::default();
        for n in 0..20_000u32 {
            sources.wrong(now, IpAddr::from(n.to_be_bytes()));
        }
        assert_eq!(sources.remembered(), MAX_SOURCES);
        let later = now + Duration::from_secs(600);
        sources.challenged(later, IpAddr::from([9, 9, 9, 9]));
        assert_eq!(sources.remembered(), 1);
        let (one, same): (IpAddr, IpAddr) =
            ("2001:db8::1".parse().unwrap(), "2001:db8::ffff:2".parse().unwrap());
        for _ in 0..WRONG.0 {
            sources.wrong(later, one);
        }
        assert!(
            sources.is_silenced(later, same) && !sources.is_silenced(later, "2001:db9::1".parse().unwrap())
        );
    }
}
