//! Steps of calls. Each statement changes nothing when it is repeated.

use signaling::ids::{CallId, PersonId};
use signaling::wire::call::{CallKind, EndReason};
use uuid::Uuid;

use crate::calls::model::{Invited, OpenCall, OpenLeg};
use crate::clock::Millis;
use crate::db::{DbResult, Rows, Text, Tx, on};

/// Most open legs that are read at once.
const MAX_LEGS: i64 = 1_000;

/// A call begins.
pub async fn open_call(tx: &mut Tx<'_>, call: &OpenCall, video: bool, at: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO call (id, kind, video, starter_id, started_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(call.call.0)
    .bind(Text(call.kind))
    .bind(video)
    .bind(call.starter.0)
    .bind(at)
    .execute(c)
    .rows())
}

/// A person is called; called again after the leg ended, the leg begins anew.
pub async fn invite_leg(tx: &mut Tx<'_>, invited: &Invited, at: Millis) -> DbResult<u64> {
    let Invited { call, person, by, line } = invited;
    let line = line.as_ref();
    on!(tx, c => sqlx::query(
        "INSERT INTO leg (call_id, person_id, by_id, invited_at, missed, seen, line_name, line_unit, line_number) \
         VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8) \
         ON CONFLICT (call_id, person_id) DO UPDATE SET by_id = excluded.by_id, invited_at = excluded.invited_at, \
         answered_at = NULL, ended_at = NULL, reason = NULL, missed = excluded.missed, seen = excluded.seen, \
         line_name = excluded.line_name, line_unit = excluded.line_unit, line_number = excluded.line_number \
         WHERE leg.ended_at <= excluded.invited_at AND leg.invited_at < excluded.invited_at",
    )
    .bind(call.0)
    .bind(person.0)
    .bind(by.0)
    .bind(at)
    .bind(false)
    .bind(line.map(|line| line.name.as_str()))
    .bind(line.map(|line| line.unit.as_str()))
    .bind(line.and_then(|line| line.number.as_deref()))
    .execute(c)
    .rows())
}

/// A person answers; the first answer stays.
pub async fn answer_leg(tx: &mut Tx<'_>, call: CallId, person: PersonId, at: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE leg SET answered_at = $3 WHERE call_id = $1 AND person_id = $2 AND answered_at IS NULL \
         AND ended_at IS NULL AND invited_at <= $3",
    )
    .bind(call.0)
    .bind(person.0)
    .bind(at)
    .execute(c)
    .rows())
}

/// A leg ends; 0 when it has ended already, or began only after `at`. A line misses nothing.
pub async fn end_leg(
    tx: &mut Tx<'_>,
    (call, person): (CallId, PersonId),
    reason: EndReason,
    missed: bool,
    at: Millis,
) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE leg SET ended_at = $3, reason = $4, missed = ($5 AND line_name IS NULL) WHERE call_id = $1 AND person_id = $2 \
         AND ended_at IS NULL AND invited_at <= $3",
    )
    .bind(call.0)
    .bind(person.0)
    .bind(at)
    .bind(Text(reason))
    .bind(missed)
    .execute(c)
    .rows())
}

/// A call is over.
pub async fn close_call(
    tx: &mut Tx<'_>,
    call: CallId,
    kind: CallKind,
    reason: EndReason,
    at: Millis,
) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE call SET ended_at = $2, kind = $3, reason = $4 WHERE id = $1 AND ended_at IS NULL",
    )
    .bind(call.0)
    .bind(at)
    .bind(Text(kind))
    .bind(Text(reason))
    .execute(c)
    .rows())
}

/// Calls without an end that began before `before`, the oldest first.
pub async fn open_calls(tx: &mut Tx<'_>, before: Millis, limit: i64) -> DbResult<Vec<OpenCall>> {
    let rows: Vec<(Uuid, Text<CallKind>, Uuid)> = on!(tx, c => sqlx::query_as(
        "SELECT id, kind, starter_id FROM call WHERE ended_at IS NULL AND started_at < $1 \
         ORDER BY started_at, id LIMIT $2",
    )
    .bind(before)
    .bind(limit)
    .fetch_all(c))?;
    let open = |(call, kind, starter): (Uuid, Text<CallKind>, Uuid)| OpenCall {
        call: CallId(call),
        kind: kind.0,
        starter: PersonId(starter),
    };
    Ok(rows.into_iter().map(open).collect())
}

/// Legs of a call without an end.
pub async fn open_legs(tx: &mut Tx<'_>, call: CallId) -> DbResult<Vec<OpenLeg>> {
    let rows: Vec<(Uuid, Uuid, Option<Millis>)> = on!(tx, c => sqlx::query_as(
        "SELECT person_id, by_id, answered_at FROM leg WHERE call_id = $1 AND ended_at IS NULL ORDER BY person_id LIMIT $2",
    )
    .bind(call.0)
    .bind(MAX_LEGS)
    .fetch_all(c))?;
    let leg = |(person, by, answered): (Uuid, Uuid, Option<Millis>)| OpenLeg {
        person: PersonId(person),
        by: PersonId(by),
        answered: answered.is_some(),
    };
    Ok(rows.into_iter().map(leg).collect())
}
