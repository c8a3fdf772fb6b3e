//! What one address, and all of them together, may take: connections at once, and requests over time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Millis;
use crate::config::LimitsConfig;

/// Addresses that are remembered. A table of this size takes about 4 MB; beyond it the ones that owe least are forgotten.
const MAX_ADDRESSES: usize = 50_000;

/// One client as far as limits go: an IPv4 address, or the /64 that an IPv6 customer has all to itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Source(IpAddr);

impl Source {
    fn of(address: IpAddr) -> Source {
        match address {
            IpAddr::V4(_) => Source(address),
            IpAddr::V6(address) => Source(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
        }
    }
}

/// Counts connections that are open now.
#[derive(Clone)]
pub(super) struct Connections(Arc<Counted>);

struct Counted {
    most: u32,
    most_per_address: u32,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: u32,
    by_source: HashMap<Source, u32>,
}

/// Room for one connection, given back when dropped.
pub(super) struct Slot {
    source: Source,
    of: Arc<Counted>,
}

impl Connections {
    pub(super) fn new(limits: &LimitsConfig) -> Connections {
        let (most, most_per_address) = (limits.connections, limits.connections_per_address);
        Connections(Arc::new(Counted { most, most_per_address, open: Mutex::default() }))
    }

    /// Room for a connection, unless everybody or this address has too many. A proxy may have as many as everybody: they are
    /// those of its clients. `elsewhere` are sockets that left the HTTP server but still count.
    pub(super) fn admit(&self, address: IpAddr, proxy: bool, elsewhere: u64) -> Option<Slot> {
        let source = Source::of(address);
        let mut open = self.0.lock();
        if u64::from(open.all) + elsewhere >= u64::from(self.0.most) {
            return None;
        }
        let mine = open.by_source.entry(source).or_default();
        if *mine >= self.0.most_per_address && !proxy {
            return None;
        }
        *mine += 1;
        open.all += 1;
        Some(Slot { source, of: self.0.clone() })
    }

    /// Connections that are open now.
    pub(super) fn open(&self) -> u32 {
        self.0.lock().all
    }
}

impl Counted {
    fn lock(&self) -> MutexGuard<'_, Open> {
        // The counts are whole after every statement, so a panic elsewhere does not spoil them.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.of.lock();
        open.all -= 1;
        if let Some(mine) = open.by_source.get_mut(&self.source) {
            *mine -= 1;
            if *mine == 0 {
                open.by_source.remove(&self.source);
            }
        }
    }
}

/// A token bucket per address, kept as the time at which it will be full again (GCRA): one number per address.
pub(super) struct Rate {
    /// Milliseconds that one request costs, times 1,000.
    cost: i64,
    /// How far ahead of now an address may be, in the same unit.
    most: i64,
    full_at: HashMap<Source, i64>,
}

impl Rate {
    pub(super) fn new(limits: &LimitsConfig) -> Rate {
        let cost = (60_000_000 / i64::from(limits.requests_per_minute)).max(1);
        Rate { cost, most: cost.saturating_mul(limits.burst.into()), full_at: HashMap::new() }
    }

    /// Takes one request, or says how long to wait.
    pub(super) fn take(&mut self, address: IpAddr, now: Millis) -> Result<(), Duration> {
        let now = now.0.saturating_mul(1_000);
        if self.full_at.len() >= MAX_ADDRESSES {
            self.forget(now);
        }
        let full_at = self.full_at.entry(Source::of(address)).or_insert(now);
        // The upper bound forgives a clock that stepped back.
        let next = (*full_at).clamp(now, now.saturating_add(self.most)) + self.cost;
        match u64::try_from(next - now - self.most) {
            Ok(over) if over > 0 => Err(Duration::from_millis(over.div_ceil(1_000))),
            _ => {
                *full_at = next;
                Ok(())
            }
        }
    }

    /// Drops the full buckets, and, where that is not enough, the fuller half.
    fn forget(&mut self, now: i64) {
        self.full_at.retain(|_, full_at| *full_at > now);
        if self.full_at.len() >= MAX_ADDRESSES {
            let mut times: Vec<i64> = self.full_at.values().copied().collect();
            let (_, median, _) = times.select_nth_unstable(MAX_ADDRESSES / 2);
            let median = *median;
            self.full_at.retain(|_, full_at| *full_at > median);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn connections_are_counted_and_given_back() {
        let limits = LimitsConfig { connections: 3, connections_per_address: 2, ..LimitsConfig::default() };
        let connections = Connections::new(&limits);
        let one = connections.admit(address(1), false, 0).expect("first");
        let _two = connections.admit(address(1), false, 0).expect("second");
        assert!(connections.admit(address(1), false, 0).is_none(), "third of one address");
        assert!(connections.admit(address(2), false, 1).is_none(), "a socket elsewhere counts");
        let _three = connections.admit(address(2), false, 0).expect("another address");
        assert!(connections.admit(address(3), false, 0).is_none(), "all are taken");
        assert!(connections.admit(address(1), true, 0).is_none(), "all are taken, for a proxy too");
        drop(one);
        assert!(connections.admit(address(1), false, 0).is_some());
        assert_eq!(connections.open(), 2);
        let _four = connections.admit(address(1), true, 0).expect("a proxy's clients");
    }

    #[test]
    fn a_burst_passes_and_then_the_average_holds() {
        let limits = LimitsConfig { requests_per_minute: 60, burst: 3, ..LimitsConfig::default() };
        let mut rate = Rate::new(&limits);
        let start = Millis(1_000_000);
        for _ in 0..3 {
            assert_eq!(rate.take(address(1), start), Ok(()));
        }
        assert_eq!(rate.take(address(1), start), Err(Duration::from_secs(1)));
        assert_eq!(rate.take(address(2), start), Ok(()), "another address");
        assert_eq!(
            rate.take(address(1), start.after(Duration::from_millis(999))),
            Err(Duration::from_millis(1))
        );
        assert_eq!(rate.take(address(1), start.after(Duration::from_secs(1))), Ok(()));
        // A clock that steps back does not lock anybody out until it has caught up.
        assert_eq!(rate.take(address(1), Millis(0)), Err(Duration::from_secs(1)));
        for _ in 0..3 {
            assert_eq!(rate.take(address(1), start.after(Duration::from_secs(60))), Ok(()));
        }
    }

    #[test]
    fn an_ipv6_customer_is_one_client() {
        let limits = LimitsConfig { requests_per_minute: 60, burst: 1, ..LimitsConfig::default() };
        let mut rate = Rate::new(&limits);
        let of = |text: &str| text.parse::<IpAddr>().expect("address");
        assert_eq!(rate.take(of("2001:db8::1"), Millis(0)), Ok(()));
        assert!(rate.take(of("2001:db8::ffff:2"), Millis(0)).is_err());
        assert_eq!(rate.take(of("2001:db8:0:1::1"), Millis(0)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut rate = Rate::new(&LimitsConfig::default());
        for n in 0..(MAX_ADDRESSES as u32 + 10) {
            rate.take(address(n), Millis(1)).expect("first request");
        }
        assert!(rate.full_at.len() <= MAX_ADDRESSES);
    }
}
