//! The audit trail. There is no function that changes or deletes a line.

use uuid::Uuid;

use super::Entry;
use crate::db::{DbResult, Rows, Text, Tx, on};

/// Appends a line.
pub async fn append(tx: &mut Tx<'_>, id: Uuid, entry: &Entry) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO audit (id, at, person_id, login_id, action, outcome, address, request_id, subject) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(id)
    .bind(entry.at)
    .bind(entry.person.map(|person| person.0))
    .bind(entry.login.map(|login| login.0))
    .bind(Text(entry.action))
    .bind(Text(entry.outcome))
    .bind(&entry.address)
    .bind(&entry.request)
    .bind(&entry.subject)
    .execute(c)
    .rows())
}
