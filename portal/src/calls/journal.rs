//! Signaling's journal over the database, and the repair of what a crash cut off.
//!
//! The end of a leg and the event that tells of it are one transaction: a missed call is in the history, in the log and on
//! the badge, or in none of them.

use std::collections::HashMap;

use signaling::ids::{CallId, PersonId};
use signaling::ports::{Journal, JournalEntry, PortError, PortFuture};
use signaling::topic::Topic;
use signaling::wire::call::EndReason;

use super::events::{HistoryEntry, HistoryEvent, HistoryPerson};
use super::model::{Invited, Line, OpenCall, Other, Part};
use super::{rules, store};
use crate::app::App;
use crate::clock::Millis;
use crate::db::{self, DbResult, Scope, Tx};
use crate::directory::Directory;

/// Calls that the start-up repair reads at once.
const REPAIR_BATCH: i64 = 50;

/// The journal.
#[derive(Clone)]
pub struct CallJournal {
    app: App,
}

impl CallJournal {
    /// A journal over the app's database; events go to its live side.
    pub fn new(app: App) -> Self {
        CallJournal { app }
    }

    async fn step(&self, entry: JournalEntry) -> DbResult<()> {
        match entry {
            JournalEntry::Opened { call, kind, starter, video, at } => {
                let mut tx = self.app.db.write(of_call(call)).await?;
                store::open_call(&mut tx, &OpenCall { call, kind, starter }, video, Millis(at)).await?;
                self.app.commit(tx, []).await
            }
            JournalEntry::Invited { call, person, by, line, at } => {
                let invited = Invited { call, person, by, line: line.map(rules::line) };
                self.invite(&invited, Millis(at)).await
            }
            JournalEntry::Answered { call, person, at } => {
                let mut tx = self.app.db.write(of_person(person)).await?;
                store::answer_leg(&mut tx, call, person, Millis(at)).await?;
                self.app.commit(tx, []).await
            }
            JournalEntry::LegEnded { call, person, reason, missed, at } => {
                self.end_leg(call, person, reason, missed, Millis(at)).await
            }
            JournalEntry::Closed { call, kind, reason, at } => {
                let mut tx = self.app.db.write(of_call(call)).await?;
                store::close_call(&mut tx, call, kind, reason, Millis(at)).await?;
                self.app.commit(tx, []).await
            }
        }
    }

    /// A missed call that is joined after all, or rings again, is no missed call any more: the badge follows.
    async fn invite(&self, invited: &Invited, at: Millis) -> DbResult<()> {
        let person = invited.person;
        let mut tx = self.app.db.write(of_person(person)).await?;
        let before = store::unseen_missed(&mut tx, person).await?;
        store::invite_leg(&mut tx, invited, at).await?;
        let unseen_missed = store::unseen_missed(&mut tx, person).await?;
        let mut events = Vec::new();
        if unseen_missed != before {
            let event = HistoryEvent::Seen { up_to: 0, unseen_missed };
            events.push(db::append(&mut tx, self.app.now(), Topic::Person(person), &event).await?);
        }
        self.app.commit(tx, events).await
    }

    async fn end_leg(
        &self,
        call: CallId,
        person: PersonId,
        reason: EndReason,
        missed: bool,
        at: Millis,
    ) -> DbResult<()> {
        let app = &self.app;
        let mut tx = app.db.write(of_person(person)).await?;
        if store::end_leg(&mut tx, (call, person), reason, missed, at).await? == 0 {
            return Ok(());
        }
        let Some(part) = store::part(&mut tx, person, call).await? else { return Ok(()) };
        if part.line {
            // Nobody reads the history of a line, nor follows its topic.
            return app.commit(tx, []).await;
        }
        let entry = entries(&mut tx, &app.directory, person, vec![part]).await?.pop();
        let Some(entry) = entry else { return Ok(()) };
        let event = if missed {
            let unseen_missed = store::unseen_missed(&mut tx, person).await?;
            HistoryEvent::Missed { entry, unseen_missed }
        } else {
            HistoryEvent::Added { entry }
        };
        let logged = db::append(&mut tx, app.now(), Topic::Person(person), &event).await?;
        app.commit(tx, [logged]).await
    }

    /// Missed calls that a person has not looked at.
    pub async fn unseen_missed(&self, person: PersonId) -> DbResult<i64> {
        store::unseen_missed(&mut self.app.db.read().await?, person).await
    }

    /// Ends what the last run of the server left open: its calls failed, and who was being called has missed one. Run it
    /// before the first call; nothing that began after `started` is touched. Gives the number of calls.
    pub async fn repair(&self, started: Millis) -> DbResult<usize> {
        let mut repaired = 0;
        loop {
            let mut tx = self.app.db.read().await?;
            let calls = store::open_calls(&mut tx, started, REPAIR_BATCH).await?;
            drop(tx);
            for call in &calls {
                self.repair_call(call, started).await?;
            }
            repaired += calls.len();
            if (calls.len() as i64) < REPAIR_BATCH {
                return Ok(repaired);
            }
        }
    }

    /// Legs first, the call last: after a crash in between, the next start goes on where this one stopped.
    async fn repair_call(&self, call: &OpenCall, at: Millis) -> DbResult<()> {
        loop {
            let mut tx = self.app.db.read().await?;
            let legs = store::open_legs(&mut tx, call.call).await?;
            drop(tx);
            if legs.is_empty() {
                break;
            }
            for leg in &legs {
                let missed = rules::missed_by_crash(leg);
                self.end_leg(call.call, leg.person, EndReason::Failed, missed, at).await?;
            }
        }
        let mut tx = self.app.db.write(of_call(call.call)).await?;
        store::close_call(&mut tx, call.call, call.kind, EndReason::Failed, at).await?;
        self.app.commit(tx, []).await
    }
}

impl Journal for CallJournal {
    fn write(&self, entry: JournalEntry) -> PortFuture<'_, ()> {
        Box::pin(async move {
            self.step(entry).await.map_err(|error| {
                tracing::error!(%error, "a step of a call could not be written");
                PortError::Unavailable(error.to_string())
            })
        })
    }
}

/// A call's own row depends on nothing else.
fn of_call(call: CallId) -> Scope {
    Scope::one("call", call.0)
}

/// A person's legs: the badge counts over all of them, so two that end at once must not overlap.
pub(super) fn of_person(person: PersonId) -> Scope {
    Scope::one("history", person.0)
}

/// What the person sees of these parts.
pub(super) async fn entries(
    tx: &mut Tx<'_>,
    directory: &Directory,
    person: PersonId,
    parts: Vec<Part>,
) -> DbResult<Vec<HistoryEntry>> {
    let calls: Vec<CallId> = parts.iter().map(|part| part.call).collect();
    let mut others: HashMap<CallId, Vec<HistoryPerson>> = HashMap::new();
    for (call, other) in store::others(tx, person, &calls).await? {
        others.entry(call).or_default().push(named(directory, other));
    }
    let entry = |part: Part| {
        let others = others.remove(&part.call).unwrap_or_default();
        rules::entry(person, part, others)
    };
    Ok(parts.into_iter().map(entry).collect())
}

fn named(directory: &Directory, Other { person, line }: Other) -> HistoryPerson {
    match line {
        Some(Line { name, unit, number }) => HistoryPerson { person, name, unit, line: true, number },
        None => {
            let (name, unit) = directory.card(person).map(|card| (card.name, card.unit)).unwrap_or_default();
            HistoryPerson { person, name, unit, line: false, number: None }
        }
    }
}
