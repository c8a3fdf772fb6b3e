//! The database: calls and legs by the rules of the portal's journal, and the log of durable topics. Kept over a crash.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use portal::calls::events::HistoryEvent;
use portal::calls::model::{OpenCall, OpenLeg, Part};
use portal::calls::rules;
use portal::clock::Millis;
use serde::Serialize;
use signaling::ids::{CallId, PersonId};
use signaling::log::{EventLog, Head, LoggedEvent};
use signaling::ports::{JournalEntry, PortError, PortFuture};
use signaling::topic::Topic;
use signaling::wire::call::{CallKind, EndReason};

/// A row of `call`.
#[derive(Clone, Debug)]
struct CallRow {
    kind: CallKind,
    video: bool,
    starter: PersonId,
    started_at: i64,
    ended: bool,
}

/// A row of `leg`.
#[derive(Clone, Debug)]
pub struct LegRow {
    by: PersonId,
    invited_at: i64,
    answered_at: Option<i64>,
    /// Set when the leg has ended.
    pub ended_at: Option<i64>,
    reason: Option<EndReason>,
    /// A missed call.
    pub missed: bool,
}

#[derive(Default)]
struct Tables {
    calls: BTreeMap<CallId, CallRow>,
    legs: BTreeMap<(CallId, PersonId), LegRow>,
    topics: BTreeMap<Topic, Vec<Bytes>>,
    /// Events of a topic that were pruned.
    pruned: BTreeMap<Topic, u64>,
    away: bool,
}

/// See the module.
#[derive(Default)]
pub struct Store(Mutex<Tables>);

/// The database did not do it.
#[derive(Clone, Copy, Debug)]
pub struct Away;

#[derive(Serialize)]
struct Frame<'a, E> {
    topic: String,
    seq: u64,
    #[serde(flatten)]
    event: &'a E,
}

impl Store {
    /// Epoch of the log.
    pub const EPOCH: i64 = 1_700_000_000_000;

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes away, or comes back.
    pub fn set_away(&self, away: bool) {
        self.tables().away = away;
    }

    /// Nothing can be read or written.
    pub fn is_away(&self) -> bool {
        self.tables().away
    }

    /// Writes one entry; gives the event that tells of it.
    ///
    /// # Errors
    /// When the database is away, or the entry refers to a call that is not there.
    pub fn write(&self, entry: &JournalEntry) -> Result<Option<LoggedEvent>, Away> {
        let tables = &mut *self.tables();
        if tables.away {
            return Err(Away);
        }
        match *entry {
            JournalEntry::Opened { call, kind, starter, video, at } => {
                let row = CallRow { kind, video, starter, started_at: at, ended: false };
                tables.calls.entry(call).or_insert(row);
                Ok(None)
            }
            JournalEntry::Invited { call, person, by, at, .. } => {
                tables.invite(call, person, by, at).map(|()| None)
            }
            JournalEntry::Answered { call, person, at } => {
                if let Some(leg) = tables.legs.get_mut(&(call, person))
                    && leg.ended_at.is_none()
                    && leg.invited_at <= at
                {
                    leg.answered_at.get_or_insert(at);
                }
                Ok(None)
            }
            JournalEntry::LegEnded { call, person, reason, missed, at } => {
                Ok(tables.end_leg(call, person, reason, missed, at))
            }
            JournalEntry::Closed { call, kind, .. } => {
                tables.close(call, kind);
                Ok(None)
            }
        }
    }

    /// What a start does: ends the calls that the last run left open.
    pub fn repair(&self, started: i64) {
        let tables = &mut *self.tables();
        let open = tables.calls.iter().filter(|(_, row)| !row.ended && row.started_at < started);
        let open: Vec<OpenCall> =
            open.map(|(call, row)| OpenCall { call: *call, kind: row.kind, starter: row.starter }).collect();
        for call in open {
            let legs = tables.legs.iter().filter(|((of, _), leg)| *of == call.call && leg.ended_at.is_none());
            let legs: Vec<OpenLeg> = legs
                .map(|((_, person), leg)| OpenLeg {
                    person: *person,
                    by: leg.by,
                    answered: leg.answered_at.is_some(),
                })
                .collect();
            for leg in legs {
                let missed = rules::missed_by_crash(&leg);
                tables.end_leg(call.call, leg.person, EndReason::Failed, missed, started);
            }
            tables.close(call.call, call.kind);
        }
    }

    /// A notice to everybody.
    pub fn notice(&self, number: u64) -> Result<LoggedEvent, Away> {
        let tables = &mut *self.tables();
        if tables.away {
            return Err(Away);
        }
        let event = serde_json::json!({"type": "notice", "data": {"number": number}});
        Ok(tables.append(Topic::City, &event))
    }

    /// Forgets all but the newest `keep` events of a topic.
    pub fn prune(&self, topic: Topic, keep: u64) {
        let tables = &mut *self.tables();
        let head = tables.topics.get(&topic).map_or(0, Vec::len) as u64;
        let pruned = tables.pruned.entry(topic).or_default();
        *pruned = head.saturating_sub(keep).max(*pruned);
    }

    /// What a client reads over HTTP: the calls of a person, `true` for missed ones.
    pub fn history(&self, person: PersonId) -> Result<BTreeMap<CallId, bool>, Away> {
        let tables = self.tables();
        let legs = tables.legs.iter().filter(|((_, of), leg)| *of == person && leg.ended_at.is_some());
        if tables.away {
            return Err(Away);
        }
        Ok(legs.map(|((call, _), leg)| (*call, leg.missed)).collect())
    }

    /// One leg.
    pub fn leg(&self, call: CallId, person: PersonId) -> Option<LegRow> {
        self.tables().legs.get(&(call, person)).cloned()
    }

    /// Calls and legs without an end.
    pub fn open(&self) -> (usize, usize) {
        let tables = self.tables();
        let calls = tables.calls.values().filter(|row| !row.ended).count();
        (calls, tables.legs.values().filter(|leg| leg.ended_at.is_none()).count())
    }

    /// The newest sequence of a topic, and the oldest that is kept.
    pub fn span(&self, topic: Topic) -> (u64, u64) {
        let tables = self.tables();
        let head = tables.topics.get(&topic).map_or(0, Vec::len) as u64;
        (head, tables.pruned.get(&topic).copied().unwrap_or(0) + 1)
    }

    /// The event of this sequence, pruned or not.
    pub fn frame(&self, topic: Topic, seq: u64) -> Option<Bytes> {
        let at = usize::try_from(seq).ok()?.checked_sub(1)?;
        self.tables().topics.get(&topic)?.get(at).cloned()
    }
}

impl Tables {
    fn invite(&mut self, call: CallId, person: PersonId, by: PersonId, at: i64) -> Result<(), Away> {
        if !self.calls.contains_key(&call) {
            return Err(Away);
        }
        let new =
            LegRow { by, invited_at: at, answered_at: None, ended_at: None, reason: None, missed: false };
        let leg = self.legs.entry((call, person)).or_insert_with(|| new.clone());
        if leg.ended_at.is_some_and(|ended| ended <= at) && leg.invited_at < at {
            *leg = new;
        }
        Ok(())
    }

    fn end_leg(
        &mut self,
        call: CallId,
        person: PersonId,
        reason: EndReason,
        missed: bool,
        at: i64,
    ) -> Option<LoggedEvent> {
        let row = self.calls.get(&call)?.clone();
        let leg = self.legs.get_mut(&(call, person))?;
        if leg.ended_at.is_some() || leg.invited_at > at {
            return None;
        }
        (leg.ended_at, leg.reason, leg.missed) = (Some(at), Some(reason), missed);
        let part = Part {
            call,
            kind: row.kind,
            video: row.video,
            starter: row.starter,
            invited_at: Millis(leg.invited_at),
            answered_at: leg.answered_at.map(Millis),
            ended_at: leg.ended_at.map(Millis),
            reason: leg.reason,
            missed,
            seen: false,
            line: false,
        };
        let entry = rules::entry(person, part, Vec::new());
        let event = match missed {
            true => HistoryEvent::Missed { entry, unseen_missed: 1 },
            false => HistoryEvent::Added { entry },
        };
        Some(self.append(Topic::Person(person), &event))
    }

    fn close(&mut self, call: CallId, kind: CallKind) {
        if let Some(row) = self.calls.get_mut(&call) {
            (row.ended, row.kind) = (true, kind);
        }
    }

    fn append(&mut self, topic: Topic, event: &impl Serialize) -> LoggedEvent {
        let events = self.topics.entry(topic).or_default();
        let seq = events.len() as u64 + 1;
        let frame = Frame { topic: topic.to_string(), seq, event };
        let frame = Bytes::from(serde_json::to_vec(&frame).expect("an event is JSON"));
        events.push(frame.clone());
        LoggedEvent { topic, seq, frame }
    }
}

impl EventLog for Store {
    fn epoch(&self) -> i64 {
        Self::EPOCH
    }

    fn head(&self, topic: Topic) -> PortFuture<'_, Head> {
        let (seq, oldest) = self.span(topic);
        self.answer(Head { seq, oldest })
    }

    fn read(&self, topic: Topic, seq: u64, limit: u32) -> PortFuture<'_, Vec<LoggedEvent>> {
        let tables = self.tables();
        let pruned = tables.pruned.get(&topic).copied().unwrap_or(0);
        let events = tables.topics.get(&topic).map(Vec::as_slice).unwrap_or_default();
        let numbered = (1..).zip(events).filter(|(at, _)| *at > seq.max(pruned));
        let event = |(seq, frame): (u64, &Bytes)| LoggedEvent { topic, seq, frame: frame.clone() };
        let found = numbered.take(limit as usize).map(event).collect();
        drop(tables);
        self.answer(found)
    }
}

impl Store {
    fn answer<T: Send + 'static>(&self, value: T) -> PortFuture<'_, T> {
        let away = self.is_away();
        Box::pin(async move { if away { Err(PortError::Unavailable("away".into())) } else { Ok(value) } })
    }
}
