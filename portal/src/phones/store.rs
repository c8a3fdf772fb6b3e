//! Telephone accounts in the database.

use signaling::ids::PersonId;
use uuid::Uuid;

use super::model::{Digest, Phone};
use crate::clock::Millis;
use crate::db::{DbResult, Rows, Tx, on};

#[derive(sqlx::FromRow)]
struct PhoneRow {
    user_name: String,
    extension: String,
    name: String,
    person_id: Option<Uuid>,
    realm: String,
    ha1_md5: String,
    ha1_sha256: String,
    created_at: Millis,
    password_at: Millis,
}

impl From<PhoneRow> for Phone {
    fn from(row: PhoneRow) -> Self {
        let PhoneRow {
            user_name,
            extension,
            name,
            person_id,
            realm,
            ha1_md5,
            ha1_sha256,
            created_at,
            password_at,
        } = row;
        Phone {
            user: user_name,
            extension,
            name,
            person: person_id.map(PersonId),
            digest: Digest { realm, ha1_md5, ha1_sha256 },
            created_at,
            password_at,
        }
    }
}

/// All accounts, by extension; at most `limit`.
pub async fn phones(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Phone>> {
    let rows: Vec<PhoneRow> = on!(tx, c => sqlx::query_as(
        "SELECT user_name, extension, name, person_id, realm, ha1_md5, ha1_sha256, created_at, password_at FROM phone \
         ORDER BY extension, user_name LIMIT $1",
    )
    .bind(limit)
    .fetch_all(c))?;
    Ok(rows.into_iter().map(Phone::from).collect())
}

/// How many accounts there are.
pub async fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM phone").fetch_one(c))
}

/// Adds an account.
///
/// # Errors
/// `phone_pkey` or `phone_extension_key` when there is one of this name or extension.
pub async fn insert(tx: &mut Tx<'_>, phone: &Phone) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "INSERT INTO phone (user_name, extension, name, person_id, realm, ha1_md5, ha1_sha256, created_at, password_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&phone.user)
    .bind(&phone.extension)
    .bind(&phone.name)
    .bind(phone.person.map(|person| person.0))
    .bind(&phone.digest.realm)
    .bind(&phone.digest.ha1_md5)
    .bind(&phone.digest.ha1_sha256)
    .bind(phone.created_at)
    .bind(phone.password_at)
    .execute(c)
    .rows())
}

/// Gives an account another password; 0 when there is no such account.
pub async fn set_digest(tx: &mut Tx<'_>, user: &str, digest: &Digest, now: Millis) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE phone SET realm = $2, ha1_md5 = $3, ha1_sha256 = $4, password_at = $5 WHERE user_name = $1",
    )
    .bind(user)
    .bind(&digest.realm)
    .bind(&digest.ha1_md5)
    .bind(&digest.ha1_sha256)
    .bind(now)
    .execute(c)
    .rows())
}

/// Removes an account; 0 when there is none.
pub async fn delete(tx: &mut Tx<'_>, user: &str) -> DbResult<u64> {
    on!(tx, c => sqlx::query("DELETE FROM phone WHERE user_name = $1").bind(user).execute(c).rows())
}

/// Revision of all accounts.
pub async fn revision(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT revision FROM phone_revision WHERE one = 1").fetch_one(c))
}

/// Counts a change; call it in the transaction of the change.
pub async fn next_revision(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar(
        "UPDATE phone_revision SET revision = revision + 1 WHERE one = 1 RETURNING revision",
    )
    .fetch_one(c))
}
