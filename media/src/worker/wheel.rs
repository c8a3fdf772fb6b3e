//! Timers of many peers: a hashed wheel. Setting and firing cost the same however many there are.

use std::time::{Duration, Instant};

/// Width of a slot: how late a timer may fire. Smaller: more wake-ups. Larger: retransmission requests come late.
const TICK: Duration = Duration::from_millis(4);
/// Slots; what lies further ahead than all of them waits for more rounds.
const SLOTS: usize = 1024;

/// Timers that name a `T`. A timer cannot be cancelled: its owner looks, when it fires, whether anything is due.
#[derive(Debug)]
pub(super) struct Wheel<T> {
    epoch: Instant,
    /// The next tick to be looked at.
    tick: u64,
    slots: Vec<Vec<(u64, T)>>,
    len: usize,
}

impl<T: Copy> Wheel<T> {
    pub(super) fn new(now: Instant) -> Wheel<T> {
        Wheel { epoch: now, tick: 0, slots: (0..SLOTS).map(|_| Vec::new()).collect(), len: 0 }
    }

    /// Fires `timer` at the first tick not before `at`.
    pub(super) fn set(&mut self, at: Instant, timer: T) {
        let ticks = at.saturating_duration_since(self.epoch).as_nanos().div_ceil(TICK.as_nanos());
        let tick = (ticks as u64).max(self.tick);
        self.slots[tick as usize % SLOTS].push((tick, timer));
        self.len += 1;
    }

    /// Appends the timers that are due.
    pub(super) fn expire(&mut self, now: Instant, due: &mut Vec<T>) {
        let passed = now.saturating_duration_since(self.epoch).as_nanos() / TICK.as_nanos();
        let last = passed as u64;
        // After a long wait one round looks at every slot.
        let from = self.tick.max(last.saturating_sub(SLOTS as u64 - 1));
        for tick in from..=last {
            if self.len == 0 {
                break;
            }
            let slot = &mut self.slots[tick as usize % SLOTS];
            let before = slot.len();
            slot.retain(|(at, timer)| {
                let fires = *at <= last;
                if fires {
                    due.push(*timer);
                }
                !fires
            });
            self.len -= before - slot.len();
        }
        self.tick = self.tick.max(last + 1);
    }

    /// When to look again: the next slot that holds a timer. It may be one for a later round.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.len == 0 {
            return None;
        }
        let next = (self.tick..self.tick + SLOTS as u64)
            .find(|tick| !self.slots[*tick as usize % SLOTS].is_empty())?;
        Some(self.epoch + TICK * u32::try_from(next).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_timer_fires_once_when_it_is_due() {
        let t0 = Instant::now();
        let mut wheel = Wheel::new(t0);
        let mut due = Vec::new();
        wheel.set(t0 + ms(10), 'a');
        assert_eq!(wheel.deadline(), Some(t0 + ms(12)));
        wheel.expire(t0 + ms(11), &mut due);
        assert!(due.is_empty());
        wheel.expire(t0 + ms(12), &mut due);
        wheel.expire(t0 + ms(50), &mut due);
        assert_eq!(due, ['a']);
        assert_eq!(wheel.deadline(), None);
    }

    #[test]
    fn a_timer_of_the_past_fires_at_the_next_look() {
        let t0 = Instant::now();
        let mut wheel = Wheel::new(t0);
        let mut due = Vec::new();
        wheel.expire(t0 + ms(100), &mut due);
        wheel.set(t0, 'a');
        wheel.expire(t0 + ms(104), &mut due);
        assert_eq!(due, ['a']);
    }

    proptest! {
        #[test]
        fn every_timer_fires_in_time_and_not_before(
            timers in prop::collection::vec(0u64..20_000, 1..50), steps in prop::collection::vec(1u64..3_000, 1..40)
        ) {
            let t0 = Instant::now();
            let mut wheel = Wheel::new(t0);
            timers.iter().for_each(|at| wheel.set(t0 + ms(*at), *at));
            let (mut now, mut fired) = (0, Vec::new());
            for step in steps {
                now += step;
                let mut due = Vec::new();
                wheel.expire(t0 + ms(now), &mut due);
                prop_assert!(due.iter().all(|at| *at <= now));
                fired.extend(due);
                let late = timers.iter().filter(|at| **at + 4 <= now).count();
                prop_assert!(fired.len() >= late, "{} fired, {late} due", fired.len());
            }
        }
    }
}
