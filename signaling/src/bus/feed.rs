//! What a subscriber drains: a bounded queue with two lanes that tells what it had to leave out.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use thiserror::Error;
use tokio::sync::Notify;

use super::local::Inner;
use super::{Lane, Publication};
use crate::topic::Topic;

/// The feed was full: frames of these topics were left out. The subscriber reads them with `since`, from its own cursor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("subscriber fell behind on {} topics", .0.len())]
pub struct Lagged(pub Vec<Topic>);

/// The consuming end of a subscription. Dropping it ends all its subscriptions.
pub struct Feed {
    id: u64,
    queue: Arc<FeedQueue>,
    bus: Weak<Inner>,
}

/// The shared end.
pub(super) struct FeedQueue {
    lanes: Mutex<Lanes>,
    capacity: usize,
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Lanes {
    urgent: VecDeque<Publication>,
    bulk: VecDeque<Publication>,
    lagged: BTreeSet<Topic>,
}

impl Feed {
    pub(super) fn new(id: u64, capacity: usize, wake: Arc<Notify>, bus: Weak<Inner>) -> Feed {
        let queue = FeedQueue { lanes: Mutex::default(), capacity, wake };
        Feed { id, queue: Arc::new(queue), bus }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn queue(&self) -> Arc<FeedQueue> {
        self.queue.clone()
    }

    /// Moves what is queued in the lane to the end of `out`.
    ///
    /// # Errors
    /// [`Lagged`] when frames were left out since the last call; `out` has got the queued ones all the same.
    pub fn drain(&self, lane: Lane, out: &mut Vec<Publication>) -> Result<(), Lagged> {
        let mut lanes = self.queue.lock();
        match lane {
            Lane::Urgent => out.extend(lanes.urgent.drain(..)),
            Lane::Bulk => out.extend(lanes.bulk.drain(..)),
        }
        if lanes.lagged.is_empty() {
            return Ok(());
        }
        Err(Lagged(std::mem::take(&mut lanes.lagged).into_iter().collect()))
    }

    /// Whether the lane has something to drain.
    pub fn has(&self, lane: Lane) -> bool {
        let lanes = self.queue.lock();
        match lane {
            Lane::Urgent => !lanes.urgent.is_empty(),
            Lane::Bulk => !lanes.bulk.is_empty() || !lanes.lagged.is_empty(),
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(bus) = self.bus.upgrade() {
            bus.remove_feed(self.id);
        }
    }
}

impl FeedQueue {
    /// Queues a publication, or notes that its topic lagged.
    pub(super) fn push(&self, publication: Publication) {
        let mut lanes = self.lock();
        if lanes.urgent.len() + lanes.bulk.len() >= self.capacity {
            lanes.lagged.insert(publication.topic);
        } else {
            match publication.lane {
                Lane::Urgent => lanes.urgent.push_back(publication),
                Lane::Bulk => lanes.bulk.push_back(publication),
            }
        }
        drop(lanes);
        self.wake.notify_one();
    }

    /// A panic while the lock was held cannot leave the queues half-changed, so a poisoned lock is used on.
    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
