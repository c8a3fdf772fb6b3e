//! Call records in the database.

use signaling::ids::{CallId, PersonId};
use signaling::ports::{Direction, LegKind, LegRecord};
use signaling::wire::call::EndReason;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::model::{Cursor, Filter, Record};
use super::rules;
use crate::clock::Millis;
use crate::db::{DbResult, Rows, Text, Tx, on};

/// Rows that one [`prune`] deletes at most: it holds up other writers meanwhile.
const PRUNE_BATCH: i64 = 1_000;

#[derive(sqlx::FromRow)]
struct RecordRow {
    id: Uuid,
    call_id: Option<Uuid>,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    kind: Text<LegKind>,
    direction: Text<Direction>,
    via: String,
    from_party: String,
    to_party: String,
    started_at: i64,
    ringing_at: Option<i64>,
    answered_at: Option<i64>,
    ended_at: i64,
    reason: Text<EndReason>,
    status: Option<i64>,
    codec: Option<String>,
    loss: Option<f64>,
    loss_there: Option<f64>,
    jitter_ms: Option<f64>,
    rtt_ms: Option<i64>,
    mos: Option<f64>,
}

impl From<RecordRow> for Record {
    #[expect(clippy::cast_possible_truncation, reason = "was a f32 when it was written")]
    fn from(row: RecordRow) -> Self {
        let small = |value: Option<f64>| value.map(|value| value as f32);
        let leg = LegRecord {
            id: row.id,
            call: row.call_id.map(CallId),
            person: row.person_id.map(PersonId),
            kind: row.kind.0,
            direction: row.direction.0,
            via: row.via,
            from: row.from_party,
            to: row.to_party,
            started_at: row.started_at,
            ringing_at: row.ringing_at,
            answered_at: row.answered_at,
            ended_at: row.ended_at,
            reason: row.reason.0,
            status: row.status.and_then(|status| status.try_into().ok()),
            codec: row.codec,
            loss: small(row.loss),
            loss_there: small(row.loss_there),
            jitter_ms: small(row.jitter_ms),
            rtt_ms: row.rtt_ms.and_then(|rtt| rtt.try_into().ok()),
            mos: small(row.mos),
        };
        Record { leg, person_name: row.person_name }
    }
}

/// Adds a record; 0 when it is there already. `words` are the folded texts that a search looks in.
pub async fn insert(tx: &mut Tx<'_>, record: &Record, words: &str) -> DbResult<u64> {
    let Record { leg, person_name } = record;
    on!(tx, c => sqlx::query(
        "INSERT INTO call_record (id, call_id, person_id, person_name, kind, direction, via, from_party, to_party, \
         started_at, ringing_at, answered_at, ended_at, reason, status, codec, loss, loss_there, jitter_ms, rtt_ms, mos, \
         words) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(leg.id)
    .bind(leg.call.map(|call| call.0))
    .bind(leg.person.map(|person| person.0))
    .bind(person_name)
    .bind(Text(leg.kind))
    .bind(Text(leg.direction))
    .bind(&leg.via)
    .bind(&leg.from)
    .bind(&leg.to)
    .bind(leg.started_at)
    .bind(leg.ringing_at)
    .bind(leg.answered_at)
    .bind(leg.ended_at)
    .bind(Text(leg.reason))
    .bind(leg.status.map(i64::from))
    .bind(&leg.codec)
    .bind(leg.loss.map(f64::from))
    .bind(leg.loss_there.map(f64::from))
    .bind(leg.jitter_ms.map(f64::from))
    .bind(leg.rtt_ms.map(i64::from))
    .bind(leg.mos.map(f64::from))
    .bind(words)
    .execute(c)
    .rows())
}

/// The place up to which one request looks from `after` on; `None` when everything older is within [`rules::MAX_SCAN`].
pub async fn scan_end(tx: &mut Tx<'_>, filter: &Filter, after: Cursor) -> DbResult<Option<Cursor>> {
    let found: Option<(Millis, Uuid)> = on!(tx, c => sqlx::query_as(
        "SELECT started_at, id FROM call_record WHERE started_at >= $1 AND (started_at, id) < ($2, $3) \
         ORDER BY started_at DESC, id DESC LIMIT 1 OFFSET $4",
    )
    .bind(filter.from)
    .bind(after.at)
    .bind(after.id)
    .bind(rules::MAX_SCAN - 1)
    .fetch_optional(c))?;
    Ok(found.map(|(at, id)| Cursor { at, id }))
}

/// Records older than `after`, up to `end` included, newest first.
pub async fn search(
    tx: &mut Tx<'_>,
    filter: &Filter,
    (after, end): (Cursor, Option<Cursor>),
    limit: i64,
) -> DbResult<Vec<Record>> {
    let rows: Vec<RecordRow> = on!(tx, c: D => async move {
        let mut query = QueryBuilder::<D>::new(
            "SELECT id, call_id, person_id, person_name, kind, direction, via, from_party, to_party, started_at, \
             ringing_at, answered_at, ended_at, reason, status, codec, loss, loss_there, jitter_ms, rtt_ms, mos \
             FROM call_record WHERE started_at >= ",
        );
        query.push_bind(filter.from);
        query.push(" AND (started_at, id) < (").push_bind(after.at).push(", ").push_bind(after.id).push(")");
        if let Some(end) = end {
            query.push(" AND (started_at, id) >= (").push_bind(end.at).push(", ").push_bind(end.id).push(")");
        }
        if !filter.text.is_empty() {
            query.push(" AND words LIKE ").push_bind(rules::pattern(&filter.text)).push(" ESCAPE '!'");
        }
        if let Some(via) = &filter.via {
            query.push(" AND via = ").push_bind(via.as_str());
        }
        if let Some(kind) = filter.kind {
            query.push(" AND kind = ").push_bind(Text(kind));
        }
        if let Some(reason) = filter.reason {
            query.push(" AND reason = ").push_bind(Text(reason));
        }
        if let Some(direction) = filter.direction {
            query.push(" AND direction = ").push_bind(Text(direction));
        }
        query.push(" ORDER BY started_at DESC, id DESC LIMIT ").push_bind(limit);
        query.build_query_as().persistent(false).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(Record::from).collect())
}

/// Deletes records that began before `before`, a bounded number of them, and gives their number.
pub async fn prune(tx: &mut Tx<'_>, before: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM call_record WHERE id IN \
         (SELECT id FROM call_record WHERE started_at < $1 ORDER BY started_at, id LIMIT $2)",
    )
    .bind(before)
    .bind(PRUNE_BATCH)
    .execute(c)
    .rows())
}
