//! The journal: entries of one call in order, each tried until it is durable or its time is over.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{timeout, timeout_at};

use super::actor::Node;
use super::input::NodeInput;
use crate::bus::Lane;
use crate::call::{CallInput, JournalTicket};
use crate::clock;
use crate::ids::CallId;
use crate::ports::{Journal, JournalEntry};

/// How long a beginning is tried: the caller waits for it.
const BEGIN_DEADLINE: Duration = Duration::from_secs(8);
/// How long the rest is tried: nobody waits, and a missed call must not be lost to a database that is repaired. Few entries can
/// gather meanwhile: no call begins while the beginnings cannot be written.
const END_DEADLINE: Duration = Duration::from_secs(3_600);
/// One try.
const TRY_DEADLINE: Duration = Duration::from_secs(3);
/// First and longest pause between tries. Smaller: a database that is down is asked more often.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// What waits to be written, by call; the first of each call is being written.
#[derive(Default)]
pub(super) struct Journals(HashMap<CallId, VecDeque<(JournalTicket, JournalEntry)>>);

impl Journals {
    /// Queues an entry; true when it is to be written now.
    fn put(&mut self, ticket: JournalTicket, entry: JournalEntry) -> bool {
        let queue = self.0.entry(call_of(&entry)).or_default();
        queue.push_back((ticket, entry));
        queue.len() == 1
    }

    /// The first entry of the call is settled; gives the next one.
    fn settle(&mut self, call: CallId) -> Option<(JournalTicket, JournalEntry)> {
        let queue = self.0.get_mut(&call)?;
        queue.pop_front();
        let next = queue.front().cloned();
        if next.is_none() {
            self.0.remove(&call);
        }
        next
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    pub(super) fn journal(&mut self, ticket: JournalTicket, entry: JournalEntry) {
        if self.journals.put(ticket, entry.clone()) {
            self.write(ticket, entry);
        }
    }

    pub(super) fn journaled(&mut self, call: CallId, ticket: JournalTicket, durable: bool) {
        match self.journals.settle(call) {
            Some((ticket, entry)) => self.write(ticket, entry),
            None => self.count_missed(call),
        }
        self.call(match durable {
            true => CallInput::JournalDone { ticket },
            false => CallInput::JournalFailed { ticket },
        });
    }

    fn write(&self, ticket: JournalTicket, entry: JournalEntry) {
        let (journal, inbox) = (self.ports.journal.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let call = call_of(&entry);
            let durable = write(&journal, entry).await;
            // One per call.
            inbox.force(Lane::Urgent, NodeInput::Journal { call, ticket, durable });
        });
    }
}

/// Tries until it is durable (true) or the time is over.
async fn write(journal: &Arc<dyn Journal>, entry: JournalEntry) -> bool {
    let deadline = clock::now() + deadline_of(&entry);
    let mut pause = PAUSE.0;
    let tries = async {
        loop {
            match timeout(TRY_DEADLINE, journal.write(entry.clone())).await {
                Ok(Ok(())) => return,
                Ok(Err(error)) => tracing::warn!(call = %call_of(&entry), %error, "journal"),
                Err(_) => tracing::warn!(call = %call_of(&entry), "the journal did not answer in time"),
            }
            clock::pause(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    };
    let durable = timeout_at(deadline, tries).await.is_ok();
    if !durable {
        tracing::error!(call = %call_of(&entry), "a journal entry is lost");
    }
    durable
}

fn deadline_of(entry: &JournalEntry) -> Duration {
    match entry {
        JournalEntry::Opened { .. } | JournalEntry::Invited { .. } => BEGIN_DEADLINE,
        JournalEntry::Answered { .. } | JournalEntry::LegEnded { .. } | JournalEntry::Closed { .. } => {
            END_DEADLINE
        }
    }
}

fn call_of(entry: &JournalEntry) -> CallId {
    match entry {
        JournalEntry::Opened { call, .. }
        | JournalEntry::Invited { call, .. }
        | JournalEntry::Answered { call, .. }
        | JournalEntry::LegEnded { call, .. }
        | JournalEntry::Closed { call, .. } => *call,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use uuid::Uuid;

    use super::*;
    use crate::ids::PersonId;
    use crate::ports::{PortError, PortFuture};

    fn answered(call: u128, at: i64) -> JournalEntry {
        let (call, person) = (CallId(Uuid::from_u128(call)), PersonId(Uuid::from_u128(1)));
        JournalEntry::Answered { call, person, at }
    }

    #[test]
    fn entries_of_a_call_are_written_one_after_the_other() {
        let mut journals = Journals::default();
        assert!(journals.put(JournalTicket(1), answered(1, 1)));
        assert!(!journals.put(JournalTicket(2), answered(1, 2)));
        assert!(journals.put(JournalTicket(3), answered(2, 1)));
        let call = CallId(Uuid::from_u128(1));
        assert_eq!(journals.settle(call), Some((JournalTicket(2), answered(1, 2))));
        assert_eq!(journals.settle(call), None);
        assert_eq!(journals.settle(CallId(Uuid::from_u128(2))), None);
        assert!(journals.is_empty());
    }

    /// Fails so many times, then writes.
    struct Failing(Mutex<u32>);

    impl Journal for Failing {
        fn write(&self, _: JournalEntry) -> PortFuture<'_, ()> {
            let mut left = self.0.lock().unwrap();
            let fails = *left > 0;
            *left = left.saturating_sub(1);
            let error = PortError::Unavailable("busy".into());
            Box::pin(async move { if fails { Err(error) } else { Ok(()) } })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_journal_is_tried_again_but_not_for_ever() {
        let entry = answered(1, 1);
        let journal: Arc<dyn Journal> = Arc::new(Failing(Mutex::new(5)));
        assert!(write(&journal, entry.clone()).await);
        let journal: Arc<dyn Journal> = Arc::new(Failing(Mutex::new(u32::MAX)));
        let began = clock::now();
        assert!(!write(&journal, entry).await);
        assert_eq!(began.elapsed(), END_DEADLINE);
    }
}
