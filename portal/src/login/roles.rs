//! Giving and taking roles. Each request looks roles up, so a change holds from the next request on.

use signaling::ids::PersonId;

use super::model::Role;
use super::{rules, store};
use crate::audit::{self, Action, Entry};
use crate::clock::{Clock, Millis};
use crate::db::{Db, DbError, DbResult, Scope, Tx};

/// Why a role was not given or taken.
#[derive(Debug, thiserror::Error)]
pub enum RoleError {
    /// Nobody has an account of this name.
    #[error("there is no account \"{0}\"")]
    NoAccount(String),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// The person of an account name, as somebody types it.
///
/// # Errors
/// When there is none.
pub async fn person_of(tx: &mut Tx<'_>, account: &str) -> Result<PersonId, RoleError> {
    let name = rules::account_name(account).unwrap_or_default();
    let found = store::account_by_name(tx, &name).await?;
    found.map(|account| account.person).ok_or_else(|| RoleError::NoAccount(account.to_owned()))
}

/// Gives an account a role, or takes it; says whether that changed anything. By a command on the server.
///
/// # Errors
/// When there is no such account.
pub async fn set(db: &Db, clock: &Clock, account: &str, role: Role, has: bool) -> Result<bool, RoleError> {
    let mut tx = db.write(Scope::slice("role")).await?;
    let person = person_of(&mut tx, account).await?;
    let (changed, action) = if has {
        (store::grant(&mut tx, person, role, clock.now()).await?, Action::GrantRole)
    } else {
        (store::revoke(&mut tx, person, role).await?, Action::RevokeRole)
    };
    if changed > 0 {
        let entry = Entry::of_console(clock.now(), action).to(person.0.to_string());
        audit::append(&mut tx, clock.id(), &entry).await?;
        tx.commit().await?;
    }
    Ok(changed > 0)
}

/// Gives a role to people whose accounts were made just now: part of making them, so the trail has no line of its own.
pub async fn grant_new(
    db: &Db,
    people: impl IntoIterator<Item = PersonId>,
    role: Role,
    now: Millis,
) -> DbResult<()> {
    let mut tx = db.write(Scope::slice("role")).await?;
    for person in people {
        store::grant(&mut tx, person, role, now).await?;
    }
    tx.commit().await
}

/// What a person may do.
pub async fn of(db: &Db, person: PersonId) -> DbResult<Vec<Role>> {
    store::roles(&mut db.read().await?, person).await
}
