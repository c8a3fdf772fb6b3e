//! Accounts.

use signaling::ids::PersonId;
use sqlx::QueryBuilder;
use uuid::Uuid;

use crate::clock::Millis;
use crate::db::{DbResult, Rows, Tx, on};
use crate::login::model::{Account, NewAccount};

/// Rows per statement: six parameters each, and SQLite takes 32,766.
const BATCH: usize = 1_000;

#[derive(sqlx::FromRow)]
struct AccountRow {
    person_id: Uuid,
    password_hash: String,
    enabled: bool,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let AccountRow { person_id, password_hash, enabled } = row;
        Account { person: PersonId(person_id), password_hash, enabled }
    }
}

/// The account of a folded name.
pub async fn account_by_name(tx: &mut Tx<'_>, name: &str) -> DbResult<Option<Account>> {
    let row: Option<AccountRow> = on!(tx, c => sqlx::query_as("SELECT person_id, password_hash, enabled FROM account WHERE name = $1")
            .bind(name)
            .fetch_optional(c))?;
    Ok(row.map(Account::from))
}

/// Makes accounts, enabled from the start.
///
/// # Errors
/// `account_name_key` or `account_pkey` when one exists.
pub async fn insert_accounts(tx: &mut Tx<'_>, accounts: &[NewAccount], now: Millis) -> DbResult<()> {
    for batch in accounts.chunks(BATCH) {
        on!(tx, c: D => async move {
            let text = "INSERT INTO account (person_id, name, password_hash, password_at, enabled, created_at) ";
            let mut query = QueryBuilder::<D>::new(text);
            query.push_values(batch, |mut row, account| {
                row.push_bind(account.person.0)
                    .push_bind(account.name.as_str())
                    .push_bind(account.password_hash.as_str())
                    .push_bind(now)
                    .push_bind(true)
                    .push_bind(now);
            });
            query.build().persistent(false).execute(c).rows().await
        })?;
    }
    Ok(())
}

/// Replaces the hash of a password, unless it was changed since `old` was read.
pub async fn set_password(tx: &mut Tx<'_>, person: PersonId, old: &str, new: &str) -> DbResult<u64> {
    on!(tx, c => sqlx::query(
        "UPDATE account SET password_hash = $3 WHERE person_id = $1 AND password_hash = $2",
    )
    .bind(person.0)
    .bind(old)
    .bind(new)
    .execute(c)
    .rows())
}
