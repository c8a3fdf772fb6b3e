//! What a person's history is read from.

use signaling::ids::{CallId, PersonId};
use signaling::wire::call::{CallKind, EndReason};
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::calls::model::{Line, Other, Part};
use crate::calls::rules::MAX_OTHERS;
use crate::clock::Millis;
use crate::db::{DbResult, Rows, Text, Tx, on};

#[derive(sqlx::FromRow)]
struct PartRow {
    call_id: Uuid,
    kind: Text<CallKind>,
    video: bool,
    starter_id: Uuid,
    invited_at: Millis,
    answered_at: Option<Millis>,
    ended_at: Option<Millis>,
    reason: Option<Text<EndReason>>,
    missed: bool,
    seen: bool,
    line: bool,
}

impl From<PartRow> for Part {
    fn from(row: PartRow) -> Self {
        let PartRow {
            call_id,
            kind,
            video,
            starter_id,
            invited_at,
            answered_at,
            ended_at,
            reason,
            missed,
            seen,
            line,
        } = row;
        Part {
            call: CallId(call_id),
            kind: kind.0,
            video,
            starter: PersonId(starter_id),
            invited_at,
            answered_at,
            ended_at,
            reason: reason.map(|reason| reason.0),
            missed,
            seen,
            line,
        }
    }
}

#[derive(sqlx::FromRow)]
struct OtherRow {
    call_id: Uuid,
    person_id: Uuid,
    line_name: Option<String>,
    line_unit: Option<String>,
    line_number: Option<String>,
}

impl From<OtherRow> for Other {
    fn from(row: OtherRow) -> Self {
        let OtherRow { call_id: _, person_id, line_name, line_unit, line_number } = row;
        let line =
            line_name.map(|name| Line { name, unit: line_unit.unwrap_or_default(), number: line_number });
        Other { person: PersonId(person_id), line }
    }
}

/// Parts of a person in calls that began before `before`, newest first.
pub async fn history(tx: &mut Tx<'_>, person: PersonId, before: Millis, limit: i64) -> DbResult<Vec<Part>> {
    let rows: Vec<PartRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.call_id, k.kind, k.video, k.starter_id, l.invited_at, l.answered_at, l.ended_at, l.reason, l.missed, \
         l.seen, l.line_name IS NOT NULL AS line FROM leg l JOIN call k ON k.id = l.call_id WHERE l.person_id = $1 AND l.invited_at < $2 \
         ORDER BY l.invited_at DESC, l.call_id DESC LIMIT $3",
    )
    .bind(person.0)
    .bind(before)
    .bind(limit)
    .fetch_all(c))?;
    Ok(rows.into_iter().map(Part::from).collect())
}

/// The part of a person in one call.
pub async fn part(tx: &mut Tx<'_>, person: PersonId, call: CallId) -> DbResult<Option<Part>> {
    let row: Option<PartRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.call_id, k.kind, k.video, k.starter_id, l.invited_at, l.answered_at, l.ended_at, l.reason, l.missed, \
         l.seen, l.line_name IS NOT NULL AS line FROM leg l JOIN call k ON k.id = l.call_id WHERE l.person_id = $1 AND l.call_id = $2",
    )
    .bind(person.0)
    .bind(call.0)
    .fetch_optional(c))?;
    Ok(row.map(Part::from))
}

/// The other people of calls, per call those who were called first, at most [`MAX_OTHERS`] of each.
pub async fn others(tx: &mut Tx<'_>, person: PersonId, calls: &[CallId]) -> DbResult<Vec<(CallId, Other)>> {
    if calls.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<OtherRow> = on!(tx, c: D => async move {
        let mut query = QueryBuilder::<D>::new(
            "SELECT call_id, person_id, line_name, line_unit, line_number FROM (SELECT call_id, person_id, line_name, \
             line_unit, line_number, ROW_NUMBER() OVER (PARTITION BY call_id \
             ORDER BY invited_at, person_id) AS place FROM leg WHERE person_id <> ",
        );
        query.push_bind(person.0).push(" AND call_id IN (");
        let mut ids = query.separated(", ");
        for call in calls {
            ids.push_bind(call.0);
        }
        query.push(")) AS numbered WHERE place <= ").push_bind(MAX_OTHERS);
        query.push(" ORDER BY call_id, place");
        query.build_query_as().persistent(false).fetch_all(c).await
    })?;
    Ok(rows.into_iter().map(|row| (CallId(row.call_id), Other::from(row))).collect())
}

/// Missed calls that the person has not looked at.
pub async fn unseen_missed(tx: &mut Tx<'_>, person: PersonId) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(COUNT(*) AS BIGINT) FROM leg WHERE person_id = $1 AND missed AND NOT seen",
    )
    .bind(person.0)
    .fetch_one(c))
}

/// Marks missed calls that began up to `up_to` as looked at, and gives their number.
pub async fn mark_seen(tx: &mut Tx<'_>, person: PersonId, up_to: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE leg SET seen = $3 WHERE person_id = $1 AND missed AND NOT seen AND invited_at <= $2",
    )
    .bind(person.0)
    .bind(up_to)
    .bind(true)
    .execute(c)
    .rows())
}
