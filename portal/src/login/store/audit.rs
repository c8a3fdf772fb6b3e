//! The audit trail. There is no function that changes or deletes a line.

use uuid::Uuid;

use crate::db::{DbResult, Rows, Text, Tx, on};
use crate::login::model::AuditEntry;

/// Appends a line.
pub async fn append_audit(tx: &mut Tx<'_>, id: Uuid, entry: &AuditEntry) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO audit (id, at, person_id, login_id, action, outcome, address, request_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(id)
    .bind(entry.at)
    .bind(entry.person.map(|person| person.0))
    .bind(entry.login.map(|login| login.0))
    .bind(Text(entry.action))
    .bind(Text(entry.outcome))
    .bind(&entry.address)
    .bind(&entry.request)
    .execute(c)
    .rows())
}
