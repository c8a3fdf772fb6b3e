//! Time and fresh ids as values that are handed in: the system's in production, a hand-set one in tests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::{NoContext, Timestamp, Uuid};

/// A point in time: UTC milliseconds since 1970. The only form of time in SQL and JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
pub struct Millis(pub i64);

impl Millis {
    /// This point plus a span; stays at the end of time rather than wrapping.
    pub fn after(self, span: Duration) -> Millis {
        Millis(self.0.saturating_add(span.as_millis().try_into().unwrap_or(i64::MAX)))
    }

    /// This point minus a span.
    pub fn before(self, span: Duration) -> Millis {
        Millis(self.0.saturating_sub(span.as_millis().try_into().unwrap_or(i64::MAX)))
    }

    /// The span from an earlier point to this one; zero when `earlier` is not earlier.
    pub fn since(self, earlier: Millis) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Where `now` comes from. Cheap to clone; clones of a manual clock move together.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands still until it is told to move.
    pub fn manual(start: Millis) -> Clock {
        Clock(Some(Arc::new(AtomicI64::new(start.0))))
    }

    /// The present.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place of the portal that reads the machine's clock"
    )]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Some(hand) => Millis(hand.load(Ordering::Relaxed)),
            // A machine set to before 1970 gets 0, and ids that still differ by their random part.
            None => Millis(0).after(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()),
        }
    }

    /// Moves a manual clock; the system's clock is left alone.
    pub fn advance(&self, span: Duration) {
        if let Some(hand) = &self.0 {
            hand.fetch_add(span.as_millis().try_into().unwrap_or(i64::MAX), Ordering::Relaxed);
        }
    }

    /// A fresh id (UUID v7, RFC 9562): its first 48 bits are `now`, so rows made together lie together in an index.
    pub fn id(&self) -> Uuid {
        let now = u64::try_from(self.now().0).unwrap_or(0);
        // The remainder is below 1,000, so the nanoseconds fit.
        Uuid::new_v7(Timestamp::from_unix(NoContext, now / 1_000, (now % 1_000) as u32 * 1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_stay_within_time() {
        let noon = Millis(43_200_000);
        assert_eq!(noon.after(Duration::from_secs(1)).since(noon), Duration::from_secs(1));
        assert_eq!(noon.before(Duration::from_millis(1)), Millis(43_199_999));
        assert_eq!(noon.since(noon.after(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(Millis(i64::MAX).after(Duration::MAX), Millis(i64::MAX));
    }

    #[test]
    fn a_manual_clock_moves_for_all_its_holders() {
        let clock = Clock::manual(Millis(5));
        clock.clone().advance(Duration::from_secs(2));
        assert_eq!(clock.now(), Millis(2_005));
    }

    #[test]
    fn ids_carry_the_time_and_differ() {
        let clock = Clock::manual(Millis(1_700_000_000_123));
        let (one, other) = (clock.id(), clock.id());
        assert_ne!(one, other);
        assert_eq!(one.as_u128() >> 80, 1_700_000_000_123);
        assert_eq!(one.get_version_num(), 7);
    }

    #[test]
    fn the_system_clock_is_past_2025() {
        assert!(Clock::system().now() > Millis(1_735_689_600_000));
    }
}
