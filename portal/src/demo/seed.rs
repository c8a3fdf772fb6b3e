//! Puts a city into an empty database.

use super::{City, DemoAccount};
use crate::clock::Millis;
use crate::db::{Db, DbError};
use crate::directory::{self, Directory};
use crate::login::accounts::{AccountError, create_with_shared_password};
use crate::login::model::Role;
use crate::login::password::Hasher;
use crate::login::roles;

/// Password of every demo account unless another one is given. It is printed at start and known to everybody: a demo only.
pub const DEFAULT_PASSWORD: &str = "lantern-harbor-47";

/// Accounts that are administrators.
const ADMINISTRATORS: [&str; 1] = ["wang.shufen"];

/// What became of a city.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    /// It is there now, with this many people.
    Made(usize),
    /// The directory had people already; nothing was changed.
    WasThere,
}

/// Writes the city's units, people and accounts, all with the same password, unless there is a directory already.
///
/// # Errors
/// A password that is not good enough, or the database's.
pub async fn seed(
    db: &Db,
    hasher: &Hasher,
    city: &City,
    password: &str,
    now: Millis,
) -> Result<Seeded, AccountError> {
    if !Directory::open(db).await?.index().is_empty() {
        return Ok(Seeded::WasThere);
    }
    // Accounts first: when this is cut off in between, the next run still finds no people and goes on.
    let accounts = city.accounts.iter().map(|DemoAccount { person, account }| (*person, account.clone()));
    match create_with_shared_password(db, hasher, accounts, password, now).await {
        // Left by a run that was cut off: the same seed makes the same people.
        Ok(_) | Err(AccountError::Db(DbError::Unique(_))) => {}
        Err(error) => return Err(error),
    }
    let administrators =
        city.accounts.iter().filter(|account| ADMINISTRATORS.contains(&account.account.as_str()));
    roles::grant_new(db, administrators.map(|account| account.person), Role::Administrator, now).await?;
    directory::live::import(db, &city.units, &city.people).await?;
    Ok(Seeded::Made(city.people.len()))
}
