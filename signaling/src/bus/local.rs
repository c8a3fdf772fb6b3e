//! The bus within one process: complete, not a stand-in.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::feed::{Feed, FeedQueue};
use super::rings::{Append, Rings};
use super::{Limits, Publication, Since};
use crate::clock;
use crate::log::EventLog;
use crate::topic::Topic;

/// Events that one read of a gap asks for.
const FILL_PAGE: u32 = 256;
/// A read of the log that takes longer is tried again.
const READ_DEADLINE: Duration = Duration::from_secs(5);
/// First and longest pause between tries to read a gap. Smaller: a busy database is asked more often.
const RETRY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));
/// Reads without the missing event after which a gap is given up: whoever published it had not committed it.
const EMPTY_READS: u32 = 6;

/// An in-process bus.
#[derive(Clone)]
pub struct LocalBus(Arc<Inner>);

pub(super) struct Inner {
    state: Mutex<State>,
    log: Arc<dyn EventLog>,
    runtime: Handle,
    next_feed: AtomicU64,
}

struct State {
    rings: Rings,
    readers: HashMap<Topic, Vec<(u64, Weak<FeedQueue>)>>,
    /// Topics whose gap is being read, with the sequence that has to be reached.
    filling: HashMap<Topic, u64>,
}

impl LocalBus {
    pub(crate) fn new(log: Arc<dyn EventLog>, limits: Limits) -> Self {
        let state = State { rings: Rings::new(limits), readers: HashMap::new(), filling: HashMap::new() };
        LocalBus(Arc::new(Inner {
            state: Mutex::new(state),
            log,
            runtime: Handle::current(),
            next_feed: AtomicU64::new(1),
        }))
    }

    pub(super) fn log(&self) -> &dyn EventLog {
        &*self.0.log
    }

    pub(super) fn publish(&self, publication: Publication) {
        let (topic, seq) = (publication.topic, publication.seq);
        let gap = self.0.lock().accept(publication);
        if gap {
            self.0.fill(topic, seq);
        }
    }

    pub(super) fn feed(&self, capacity: usize, wake: Arc<Notify>) -> Feed {
        let id = self.0.next_feed.fetch_add(1, Ordering::Relaxed);
        Feed::new(id, capacity, wake, Arc::downgrade(&self.0))
    }

    pub(super) fn subscribe(&self, feed: &Feed, topic: Topic) {
        let mut state = self.0.lock();
        let readers = state.readers.entry(topic).or_default();
        if readers.iter().all(|(id, _)| *id != feed.id()) {
            readers.push((feed.id(), Arc::downgrade(&feed.queue())));
        }
    }

    pub(super) fn unsubscribe(&self, feed: u64, topic: Topic) {
        self.0.lock().remove_reader(feed, topic);
    }

    pub(super) fn since(&self, topic: Topic, seq: u64) -> Since {
        self.0.lock().rings.since(topic, seq)
    }

    pub(super) fn head(&self, topic: Topic) -> Option<u64> {
        self.0.lock().rings.head(topic)
    }

    /// Takes note of a head that the log has, and gives the newest one known. A log that is ahead of the bus is read on.
    pub(super) fn observe_head(&self, topic: Topic, seq: u64) -> u64 {
        let known = {
            let mut state = self.0.lock();
            state.rings.meet(topic, seq);
            state.rings.head(topic).unwrap_or(seq)
        };
        if known < seq {
            self.0.fill(topic, seq);
        }
        known
    }

    /// Frames in memory and their bytes.
    pub fn ring_size(&self) -> (usize, usize) {
        self.0.lock().rings.size()
    }

    /// Live subscriptions: pairs of a topic and a feed.
    pub fn subscriptions(&self) -> usize {
        self.0.lock().readers.values().map(Vec::len).sum()
    }
}

impl State {
    /// Appends and delivers; true when the publication leaves a gap.
    fn accept(&mut self, publication: Publication) -> bool {
        let now = clock::now().into_std();
        let Publication { topic, seq, ref frame, .. } = publication;
        match self.rings.append(now, topic, seq, frame.clone()) {
            Append::Next => self.deliver(publication),
            Append::Duplicate => {}
            Append::Gap => return true,
        }
        false
    }

    fn deliver(&mut self, publication: Publication) {
        for (_, reader) in self.readers.get(&publication.topic).into_iter().flatten() {
            if let Some(queue) = reader.upgrade() {
                queue.push(publication.clone());
            }
        }
    }

    fn remove_reader(&mut self, feed: u64, topic: Topic) {
        let Some(readers) = self.readers.get_mut(&topic) else { return };
        readers.retain(|(id, _)| *id != feed);
        if readers.is_empty() {
            self.readers.remove(&topic);
        }
    }
}

impl Inner {
    /// A panic while the lock was held loses at most one publication, which the cursors of the readers find; so a poisoned
    /// lock is used on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remove_feed(&self, feed: u64) {
        let mut state = self.lock();
        state.readers.retain(|_, readers| {
            readers.retain(|(id, _)| *id != feed);
            !readers.is_empty()
        });
    }

    /// Starts reading the topic's gap up to `target`, or moves the target of a reading that is under way.
    fn fill(self: &Arc<Self>, topic: Topic, target: u64) {
        let mut state = self.lock();
        let busy = state.filling.contains_key(&topic);
        let goal = state.filling.entry(topic).or_insert(target);
        *goal = target.max(*goal);
        drop(state);
        if !busy {
            self.runtime.spawn(fill(Arc::downgrade(self), topic));
        }
    }

    /// The head from which the gap is to be read, or `None` (and the reading is over) when the goal is reached.
    fn next_fill(&self, topic: Topic) -> Option<u64> {
        let mut state = self.lock();
        let head = state.rings.head(topic).unwrap_or(0);
        if state.filling.get(&topic).is_some_and(|goal| *goal > head) {
            return Some(head);
        }
        state.filling.remove(&topic);
        None
    }
}

/// Reads the gap of one topic from the log, page by page, until it is closed, the bus is gone, or the log has said
/// [`EMPTY_READS`] times that there is no such event; a later publication starts again.
async fn fill(bus: Weak<Inner>, topic: Topic) {
    let (mut pause, mut empty) = (RETRY.0, 0);
    loop {
        let Some(inner) = bus.upgrade() else { return };
        let Some(head) = inner.next_fill(topic) else { return };
        match timeout(READ_DEADLINE, inner.log.read(topic, head, FILL_PAGE)).await {
            Ok(Ok(events)) if !events.is_empty() => {
                let mut state = inner.lock();
                events.into_iter().for_each(|event| {
                    state.accept(Publication::of(event));
                });
                pause = RETRY.0;
                continue;
            }
            Ok(Ok(_)) => {
                tracing::warn!(%topic, head, "the log does not have an event that was published");
                empty += 1;
                if empty == EMPTY_READS {
                    inner.lock().filling.remove(&topic);
                    return;
                }
            }
            Ok(Err(error)) => tracing::warn!(%topic, head, %error, "reading a gap failed"),
            Err(_) => tracing::warn!(%topic, head, "reading a gap took too long"),
        }
        drop(inner);
        clock::pause(pause).await;
        pause = (pause * 2).min(RETRY.1);
    }
}
