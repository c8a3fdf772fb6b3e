//! The journal: entries of one call in order, each tried until it is durable or its time is over.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use signaling::call::{CallInput, JournalTicket};
use signaling::ids::CallId;
use signaling::ports::JournalEntry;

use super::Node;
use crate::sim::ctx::Ctx;
use crate::sim::queue::Event;

/// How long a beginning and the rest are tried, as in the real node.
const BEGIN_DEADLINE: Duration = Duration::from_secs(8);
const END_DEADLINE: Duration = Duration::from_secs(3_600);
/// One try; one that takes longer is given up.
const TRY_MS: u64 = 3_000;
/// First and longest pause between tries.
const PAUSE_MS: (u64, u64) = (50, 2_000);

/// An entry that is being written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Its ticket.
    pub ticket: JournalTicket,
    /// The entry.
    pub entry: JournalEntry,
    deadline: Instant,
    pause: u64,
}

/// What waits to be written, by call; the first of each call is being written.
#[derive(Default)]
pub(super) struct Journals(BTreeMap<CallId, VecDeque<(JournalTicket, JournalEntry)>>);

impl Journals {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Node {
    pub(super) fn journal(&mut self, ctx: &mut Ctx, ticket: JournalTicket, entry: JournalEntry) {
        let queue = self.journals.0.entry(call_of(&entry)).or_default();
        queue.push_back((ticket, entry.clone()));
        if queue.len() == 1 {
            self.begin(ctx, ticket, entry);
        }
    }

    fn begin(&mut self, ctx: &mut Ctx, ticket: JournalTicket, entry: JournalEntry) {
        let deadline = ctx.now + deadline_of(&entry);
        self.attempt(ctx, Writing { ticket, entry, deadline, pause: PAUSE_MS.0 });
    }

    /// Tries an entry once.
    pub fn attempt(&mut self, ctx: &mut Ctx, writing: Writing) {
        let boot = self.boot;
        let slow = ctx.rough && ctx.rng.chance(ctx.plan.slow_writes);
        let takes = if slow { ctx.rng.between(500, 6_000) } else { ctx.rng.between(1, 15) };
        let left = writing.deadline.saturating_duration_since(ctx.now).as_millis() as u64;
        let patience = TRY_MS.min(left);
        let heard = takes < patience;
        // One that is given up is rolled back, or commits at that moment and the node does not know.
        if heard || ctx.rng.chance(500) {
            let writing = Box::new(writing.clone());
            ctx.after(takes.min(patience), Event::Commit { boot, writing, heard });
        }
        if !heard {
            self.retry(ctx, writing, patience);
        }
    }

    /// Tries again after a pause, or gives up at the deadline.
    fn retry(&mut self, ctx: &mut Ctx, mut writing: Writing, passed: u64) {
        let boot = self.boot;
        let left = writing.deadline.saturating_duration_since(ctx.now).as_millis() as u64;
        let next = passed + writing.pause;
        writing.pause = (writing.pause * 2).min(PAUSE_MS.1);
        if next >= left {
            return ctx.after(left, Event::GiveUp { boot, writing: Box::new(writing) });
        }
        ctx.after(next, Event::Try { boot, writing: Box::new(writing) });
    }

    /// A try commits, if the database is there; what was logged is published.
    pub fn commit(&mut self, ctx: &mut Ctx, writing: Writing, heard: bool) {
        let written = ctx.store.write(&writing.entry);
        ctx.note(|| format!("journal: {:?} written: {:?} heard: {heard}", writing.entry, written.is_ok()));
        let durable = written.is_ok();
        if let Ok(Some(event)) = written {
            self.publish(ctx, event);
        }
        match (heard, durable) {
            (true, true) => self.written(ctx, &writing, true),
            (true, false) => self.retry(ctx, writing, 0),
            (false, _) => {}
        }
    }

    /// The entry is durable, or given up.
    pub fn written(&mut self, ctx: &mut Ctx, writing: &Writing, durable: bool) {
        let (ticket, call) = (writing.ticket, call_of(&writing.entry));
        if let Some(queue) = self.journals.0.get_mut(&call) {
            queue.pop_front();
            match queue.front().cloned() {
                Some((ticket, entry)) => self.begin(ctx, ticket, entry),
                None => drop(self.journals.0.remove(&call)),
            }
        }
        let input = match durable {
            true => CallInput::JournalDone { ticket },
            false => CallInput::JournalFailed { ticket },
        };
        self.call(ctx, input);
        self.settle(ctx);
    }
}

fn deadline_of(entry: &JournalEntry) -> Duration {
    match entry {
        JournalEntry::Opened { .. } | JournalEntry::Invited { .. } => BEGIN_DEADLINE,
        _ => END_DEADLINE,
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
