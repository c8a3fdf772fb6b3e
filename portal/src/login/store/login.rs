//! Log-ins. `ended_at IS NULL` is what makes one open; whether it is still fresh is for the rules to say.

use signaling::ids::{LoginId, PersonId};
use sqlx::types::Json;
use uuid::Uuid;

use crate::clock::Millis;
use crate::db::{DbResult, Rows, Text, Tx, on};
use crate::login::model::{EndReason, Login, Proof, SecretHash};

/// Most log-ins that one statement ends beyond the limit; each log-in adds one, so there is one to end.
const MAX_ENDED: i64 = 100;

#[derive(sqlx::FromRow)]
struct LoginRow {
    id: Uuid,
    person_id: Uuid,
    factors: Json<Vec<Proof>>,
    device: String,
    address: String,
    created_at: Millis,
    last_seen_at: Millis,
}

impl From<LoginRow> for Login {
    fn from(row: LoginRow) -> Self {
        let LoginRow { id, person_id, factors, device, address, created_at, last_seen_at } = row;
        Login {
            id: LoginId(id),
            person: PersonId(person_id),
            proofs: factors.0,
            device,
            address,
            created_at,
            last_seen_at,
        }
    }
}

/// Adds a log-in with the hashes of its cookie and of the device's.
pub async fn insert_login(
    tx: &mut Tx<'_>,
    login: &Login,
    secret: &SecretHash,
    device: &SecretHash,
) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO login (id, person_id, secret_hash, factors, device_hash, device, address, created_at, last_seen_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(login.id.0)
    .bind(login.person.0)
    .bind(&secret[..])
    .bind(Json(&login.proofs))
    .bind(&device[..])
    .bind(&login.device)
    .bind(&login.address)
    .bind(login.created_at)
    .bind(login.last_seen_at)
    .execute(c)
    .rows())
}

/// The open log-in of a cookie, if its account is enabled.
pub async fn login_by_secret(tx: &mut Tx<'_>, secret: &SecretHash) -> DbResult<Option<Login>> {
    let row: Option<LoginRow> = on!(tx, c => sqlx::query_as(
        "SELECT l.id, l.person_id, l.factors, l.device, l.address, l.created_at, l.last_seen_at \
         FROM login l JOIN account a ON a.person_id = l.person_id \
         WHERE l.secret_hash = $1 AND l.ended_at IS NULL AND a.enabled",
    )
    .bind(&secret[..])
    .fetch_optional(c))?;
    Ok(row.map(Login::from))
}

/// Whether the person has logged in from a device before.
pub async fn is_known_device(tx: &mut Tx<'_>, person: PersonId, device: &SecretHash) -> DbResult<bool> {
    let found: Option<i64> = on!(tx, c => sqlx::query_scalar(
        "SELECT CAST(1 AS BIGINT) FROM login WHERE person_id = $1 AND device_hash = $2 LIMIT 1",
    )
    .bind(person.0)
    .bind(&device[..])
    .fetch_optional(c))?;
    Ok(found.is_some())
}

/// Open log-ins of a person, those seen last first.
pub async fn open_logins(tx: &mut Tx<'_>, person: PersonId, limit: i64) -> DbResult<Vec<Login>> {
    let rows: Vec<LoginRow> = on!(tx, c => sqlx::query_as(
        "SELECT id, person_id, factors, device, address, created_at, last_seen_at FROM login \
         WHERE person_id = $1 AND ended_at IS NULL ORDER BY last_seen_at DESC, id DESC LIMIT $2",
    )
    .bind(person.0)
    .bind(limit)
    .fetch_all(c))?;
    Ok(rows.into_iter().map(Login::from).collect())
}

/// Ends one log-in of a person; 0 when it is not that person's or has ended.
pub async fn end_login(
    tx: &mut Tx<'_>,
    login: LoginId,
    person: PersonId,
    reason: EndReason,
    now: Millis,
) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE login SET ended_at = $3, end_reason = $4 WHERE id = $1 AND person_id = $2 AND ended_at IS NULL",
    )
    .bind(login.0)
    .bind(person.0)
    .bind(now)
    .bind(Text(reason))
    .execute(c)
    .rows())
}

/// Ends all log-ins of a person and gives those that were open.
pub async fn end_all(
    tx: &mut Tx<'_>,
    person: PersonId,
    reason: EndReason,
    now: Millis,
) -> DbResult<Vec<LoginId>> {
    let ended: Vec<Uuid> = on!(tx, c => sqlx::query_scalar(
        "UPDATE login SET ended_at = $2, end_reason = $3 WHERE person_id = $1 AND ended_at IS NULL RETURNING id",
    )
    .bind(person.0)
    .bind(now)
    .bind(Text(reason))
    .fetch_all(c))?;
    Ok(ended.into_iter().map(LoginId).collect())
}

/// Ends the open log-ins of a person beyond the `keep` seen last, and gives them.
pub async fn end_beyond(tx: &mut Tx<'_>, person: PersonId, keep: i64, now: Millis) -> DbResult<Vec<LoginId>> {
    let ended: Vec<Uuid> = on!(tx, c => sqlx::query_scalar(
        "UPDATE login SET ended_at = $3, end_reason = $4 WHERE id IN (SELECT id FROM login WHERE person_id = $1 \
         AND ended_at IS NULL ORDER BY last_seen_at DESC, created_at DESC, id DESC LIMIT $5 OFFSET $2) RETURNING id",
    )
    .bind(person.0)
    .bind(keep)
    .bind(now)
    .bind(Text(EndReason::Replaced))
    .bind(MAX_ENDED)
    .fetch_all(c))?;
    Ok(ended.into_iter().map(LoginId).collect())
}

/// Ends log-ins not seen since `idle_since`, or made before `made_before`; at most `limit`, and gives them.
pub async fn end_expired(
    tx: &mut Tx<'_>,
    idle_since: Millis,
    made_before: Millis,
    limit: i64,
    now: Millis,
) -> DbResult<Vec<LoginId>> {
    let ended: Vec<Uuid> = on!(tx, c => sqlx::query_scalar(
        "UPDATE login SET ended_at = $4, end_reason = $5 WHERE id IN (SELECT id FROM login WHERE ended_at IS NULL \
         AND (last_seen_at <= $1 OR created_at <= $2) ORDER BY last_seen_at, id LIMIT $3) RETURNING id",
    )
    .bind(idle_since)
    .bind(made_before)
    .bind(limit)
    .bind(now)
    .bind(Text(EndReason::Expired))
    .fetch_all(c))?;
    Ok(ended.into_iter().map(LoginId).collect())
}

/// Writes signs of life; an older one than the row's changes nothing.
pub async fn write_seen(tx: &mut Tx<'_>, seen: &[(LoginId, Millis)]) -> DbResult<()> {
    for (login, at) in seen {
        on!(tx, c => sqlx::query("UPDATE login SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2")
            .bind(login.0)
            .bind(*at)
            .execute(c)
            .rows())?;
    }
    Ok(())
}

/// Deletes log-ins that ended before `before`, at most `limit`, and gives their number.
pub async fn prune_ended(tx: &mut Tx<'_>, before: Millis, limit: i64) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "DELETE FROM login WHERE id IN (SELECT id FROM login WHERE ended_at < $1 ORDER BY ended_at, id LIMIT $2)",
    )
    .bind(before)
    .bind(limit)
    .execute(c)
    .rows())
}
