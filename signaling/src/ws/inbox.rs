//! A bounded queue with two lanes into a thread, drained as a whole.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Lane;

/// Many push, one drains.
pub(crate) struct Inbox<T> {
    lanes: Mutex<Lanes<T>>,
    capacity: usize,
    wake: Arc<Notify>,
}

struct Lanes<T> {
    urgent: VecDeque<T>,
    bulk: VecDeque<T>,
}

impl<T> Inbox<T> {
    /// `capacity` bounds what [`Inbox::push`] accepts; `wake` is notified at every push.
    pub(crate) fn new(capacity: usize, wake: Arc<Notify>) -> Self {
        Inbox { lanes: Mutex::new(Lanes { urgent: VecDeque::new(), bulk: VecDeque::new() }), capacity, wake }
    }

    /// Queues an item, or gives it back when the inbox is full.
    pub(crate) fn push(&self, lane: Lane, item: T) -> Result<(), T> {
        let mut lanes = self.lock();
        if lanes.urgent.len() + lanes.bulk.len() >= self.capacity {
            return Err(item);
        }
        lanes.put(lane, item);
        drop(lanes);
        self.wake.notify_one();
        Ok(())
    }

    /// Queues an item past the bound. For what must not be lost and is bounded by itself: at most a few per socket or call.
    pub(crate) fn force(&self, lane: Lane, item: T) {
        self.lock().put(lane, item);
        self.wake.notify_one();
    }

    /// Moves all items of the lane to the end of `out`.
    pub(crate) fn drain(&self, lane: Lane, out: &mut Vec<T>) {
        let mut lanes = self.lock();
        match lane {
            Lane::Urgent => out.extend(lanes.urgent.drain(..)),
            Lane::Bulk => out.extend(lanes.bulk.drain(..)),
        }
    }

    /// What is notified at every push.
    pub(crate) fn wake(&self) -> &Notify {
        &self.wake
    }

    /// A panic while the lock was held cannot leave the lanes half-changed, so a poisoned lock is used on.
    fn lock(&self) -> MutexGuard<'_, Lanes<T>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Lanes<T> {
    fn put(&mut self, lane: Lane, item: T) {
        match lane {
            Lane::Urgent => self.urgent.push_back(item),
            Lane::Bulk => self.bulk.push_back(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_apart_and_the_bound_holds() {
        let inbox = Inbox::new(2, Arc::default());
        assert_eq!(inbox.push(Lane::Bulk, 1), Ok(()));
        assert_eq!(inbox.push(Lane::Urgent, 2), Ok(()));
        assert_eq!(inbox.push(Lane::Urgent, 3), Err(3));
        inbox.force(Lane::Urgent, 4);
        let mut out = Vec::new();
        inbox.drain(Lane::Urgent, &mut out);
        inbox.drain(Lane::Bulk, &mut out);
        assert_eq!(out, [2, 4, 1]);
        assert_eq!(inbox.push(Lane::Bulk, 5), Ok(()));
    }
}
