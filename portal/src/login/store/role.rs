//! Roles.

use signaling::ids::PersonId;

use crate::clock::Millis;
use crate::db::{DbResult, Rows, Text, Tx, on};
use crate::login::model::Role;

/// Roles of a person, in the order of their names.
pub async fn roles(tx: &mut Tx<'_>, person: PersonId) -> DbResult<Vec<Role>> {
    let rows: Vec<(Text<Role>,)> = on!(tx, c => sqlx::query_as("SELECT role FROM role WHERE person_id = $1 ORDER BY role")
            .bind(person.0)
            .fetch_all(c))?;
    Ok(rows.into_iter().map(|(role,)| role.0).collect())
}

/// Gives a person a role; 0 when the person has it.
///
/// # Errors
/// `ForeignKey` for a person without an account.
pub async fn grant(tx: &mut Tx<'_>, person: PersonId, role: Role, now: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO role (person_id, role, granted_at) VALUES ($1, $2, $3) ON CONFLICT (person_id, role) DO NOTHING",
    )
    .bind(person.0)
    .bind(Text(role))
    .bind(now)
    .execute(c)
    .rows())
}

/// Takes a role from a person; 0 when the person has it not.
pub async fn revoke(tx: &mut Tx<'_>, person: PersonId, role: Role) -> DbResult<u64> {
    on!(tx, c => sqlx::query("DELETE FROM role WHERE person_id = $1 AND role = $2")
        .bind(person.0)
        .bind(Text(role))
        .execute(c)
        .rows())
}
