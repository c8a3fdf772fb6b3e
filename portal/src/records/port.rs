//! Signaling's records over the database.

use signaling::ports::{LegRecord, PortError, PortFuture, Records};

use super::model::{Cursor, Filter, Record};
use super::store;
use crate::app::App;
use crate::db::{DbResult, Scope};
use crate::directory::index::fold::fold;

/// Longest text of a record in characters: what a telephone says of itself has no bound of its own.
const MAX_CHARS: usize = 200;

/// The records.
#[derive(Clone)]
pub struct CallRecords {
    app: App,
}

impl CallRecords {
    /// Records over the app's database.
    pub fn new(app: App) -> Self {
        CallRecords { app }
    }

    async fn insert(&self, leg: LegRecord) -> DbResult<()> {
        let person_name = leg.person.and_then(|person| self.app.directory.card(person)).map(|card| card.name);
        let record = Record { leg: kept(leg), person_name };
        let words = words(&record);
        let mut tx = self.app.db.write(Scope::one("call_record", record.leg.id)).await?;
        store::insert(&mut tx, &record, &words).await?;
        self.app.commit(tx, []).await
    }

    /// Deletes what is older than the configuration keeps.
    ///
    /// # Errors
    /// The database's.
    pub async fn prune(&self) -> DbResult<()> {
        let before = self.app.now().before(self.app.config.database.keep_call_records());
        loop {
            let mut tx = self.app.db.write(Scope::slice("call_record")).await?;
            let deleted = store::prune(&mut tx, before).await?;
            self.app.commit(tx, []).await?;
            if deleted == 0 {
                return Ok(());
            }
        }
    }
}

impl Records for CallRecords {
    fn write(&self, record: LegRecord) -> PortFuture<'_, ()> {
        Box::pin(async move {
            self.insert(record).await.map_err(|error| {
                tracing::error!(%error, "a call record could not be written");
                PortError::Unavailable(error.to_string())
            })
        })
    }
}

/// Without control characters (PostgreSQL takes no NUL), within bounds.
fn kept(mut leg: LegRecord) -> LegRecord {
    let clean = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect::<String>();
    (leg.via, leg.from, leg.to) = (clean(&leg.via), clean(&leg.from), clean(&leg.to));
    leg.codec = leg.codec.as_deref().map(clean);
    leg
}

fn words(record: &Record) -> String {
    let name = record.person_name.as_deref().unwrap_or_default();
    // Lines keep a search from finding the end of one text and the beginning of the next.
    [record.leg.from.as_str(), record.leg.to.as_str(), name].map(fold).join("\n")
}

/// A page: up to `limit` records after `after`, and where the next one begins. There may be a next page though this one is not
/// full: one request looks through [`MAX_SCAN`](super::rules::MAX_SCAN) records only.
pub(super) async fn page(
    app: &App,
    filter: &Filter,
    after: Cursor,
    limit: usize,
) -> DbResult<(Vec<Record>, Option<Cursor>)> {
    let mut tx = app.db.read().await?;
    let end = store::scan_end(&mut tx, filter, after).await?;
    let mut found = store::search(&mut tx, filter, (after, end), limit as i64 + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let last = found
        .last()
        .map(|record| Cursor { at: crate::clock::Millis(record.leg.started_at), id: record.leg.id });
    Ok((found, if more { last } else { end }))
}
