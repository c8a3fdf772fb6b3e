//! Making, changing and removing telephone accounts: by an administrator's page and by commands on the server.

use super::model::{MAX_PHONES, NewPhone, Phone};
use super::password::Password;
use super::rules::{self, Refusal};
use super::store;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::db::{DbError, Scope};

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// It may not be so.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The extension has a telephone already.
    #[error("there is a telephone with this extension already")]
    Taken,
    /// No further account fits.
    #[error("there are {MAX_PHONES} telephones already")]
    TooMany,
    /// There is no such account.
    #[error("there is no such telephone")]
    NotFound,
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The database.
    #[error(transparent)]
    Db(DbError),
}

impl From<DbError> for PhoneError {
    fn from(error: DbError) -> Self {
        let taken = error.violates("phone_pkey") || error.violates("phone_extension_key");
        if taken { PhoneError::Taken } else { PhoneError::Db(error) }
    }
}

/// Makes an account, whose user name is its extension, and gives its password: the only time that it is known.
pub async fn add(app: &App, asked: NewPhone, line: Entry) -> Result<(Phone, Password), PhoneError> {
    let (phone, password) = decide(app, asked)?;
    let mut tx = app.db.write(Scope::slice("phone")).await?;
    if store::count(&mut tx).await? >= MAX_PHONES {
        return Err(PhoneError::TooMany);
    }
    store::insert(&mut tx, &phone).await?;
    store::next_revision(&mut tx).await?;
    audit::note(app, &mut tx, &line.to(phone.user.as_str())).await?;
    app.commit(tx, []).await?;
    app.phones.refresh(&app.db).await?;
    Ok((phone, password))
}

fn decide(
    app: &App,
    NewPhone { extension, name, person }: NewPhone,
) -> Result<(Phone, Password), PhoneError> {
    let (sip, now) = (&app.config.sip, app.now());
    let extension = rules::extension(&extension)?;
    let reserved = sip.emergency.iter().chain(sip.short_codes.keys());
    rules::free(&extension, reserved.map(String::as_str))?;
    let card = match person {
        Some(person) => Some(app.directory.card(person).ok_or(Refusal::Person)?),
        None => None,
    };
    let owner = app.directory.by_extension(&extension);
    rules::owner(person, owner.map(|card| (card.person, card.name)))?;
    let name = rules::name(&name, card.as_ref().map_or(&extension, |card| &card.name))?;
    let password = Password::fresh()?;
    let digest = password.digest(&extension, &sip.domain);
    let user = extension.clone();
    Ok((Phone { user, extension, name, person, digest, created_at: now, password_at: now }, password))
}

/// Gives an account another password. The old one is void at the telephone's next registration.
pub async fn change_password(app: &App, user: &str, line: Entry) -> Result<Password, PhoneError> {
    let password = Password::fresh()?;
    let digest = password.digest(user, &app.config.sip.domain);
    let mut tx = app.db.write(Scope::slice("phone")).await?;
    if store::set_digest(&mut tx, user, &digest, app.now()).await? == 0 {
        return Err(PhoneError::NotFound);
    }
    store::next_revision(&mut tx).await?;
    audit::note(app, &mut tx, &line.to(user)).await?;
    app.commit(tx, []).await?;
    app.phones.refresh(&app.db).await?;
    Ok(password)
}

/// Removes an account.
pub async fn remove(app: &App, user: &str, line: Entry) -> Result<(), PhoneError> {
    let mut tx = app.db.write(Scope::slice("phone")).await?;
    if store::delete(&mut tx, user).await? == 0 {
        return Err(PhoneError::NotFound);
    }
    store::next_revision(&mut tx).await?;
    audit::note(app, &mut tx, &line.to(user)).await?;
    app.commit(tx, []).await?;
    app.phones.refresh(&app.db).await?;
    Ok(())
}
