//! Making accounts.

use signaling::ids::PersonId;

use super::model::NewAccount;
use super::password::policy::{self, Owner, Weakness};
use super::password::{Busy, Hasher};
use super::{rules, store};
use crate::clock::Millis;
use crate::db::{Db, DbError, Scope};

/// Why accounts were not made.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Not an account name.
    #[error("not an account name: {0:?}")]
    Name(String),
    /// The password is not good enough.
    #[error("password: {0}")]
    Weak(#[from] Weakness),
    /// No thread was free to hash it.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// The database; `account_name_key` when a name is taken.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Makes accounts that share one password, hashed once: for the demo and for load tests, where 80,000 hashes would take half
/// an hour. All or none are made.
pub async fn create_with_shared_password(
    db: &Db,
    hasher: &Hasher,
    accounts: impl IntoIterator<Item = (PersonId, String)>,
    password: &str,
    now: Millis,
) -> Result<usize, AccountError> {
    policy::check(password, Owner { account: "", name: "" })?;
    let password_hash = hasher.hash(password.to_owned()).await?;
    let new = |(person, name): (PersonId, String)| {
        let name = rules::account_name(&name).ok_or(AccountError::Name(name))?;
        Ok(NewAccount { person, name, password_hash: password_hash.clone() })
    };
    let accounts = accounts.into_iter().map(new).collect::<Result<Vec<_>, AccountError>>()?;
    let mut tx = db.write(Scope::slice("login")).await?;
    store::insert_accounts(&mut tx, &accounts, now).await?;
    tx.commit().await?;
    Ok(accounts.len())
}
