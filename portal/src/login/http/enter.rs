//! Logging in. A wrong password, an unknown account and a disabled one take the same steps: one read, one hash, one line in
//! the audit trail, one answer (attack A19, enumeration).

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use signaling::ids::{LoginId, PersonId};
use uuid::Uuid;

use super::{Credentials, Me, bad_credentials, me};
use crate::app::App;
use crate::audit::{self, Action, Outcome};
use crate::auth::{Actor, Caller};
use crate::db::Scope;
use crate::error::{ApiError, ApiResult};
use crate::login::cookies;
use crate::login::model::{Account, EndReason, Factor, Login, Proof, SecretHash};
use crate::login::password::Verdict;
use crate::login::rules::{self, MAX_LOGINS, MAX_PASSWORD_BYTES};
use crate::login::secret::{self, Secret};
use crate::login::service::commit_ended;
use crate::login::store;
use crate::login::throttle::{Attempt, Charge, HeldBack};

/// Logs in. A log-in that the browser already has is ended (attack A3, fixation: the cookie is new each time).
#[utoipa::path(post, path = "/api/login", tag = "login", request_body = Credentials, responses(
    (status = 200, body = Me, description = "Logged in; sets the cookie __Host-sid"),
    (status = 401, body = crate::error::ErrorBody, description = "bad_credentials"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input"),
    (status = 429, body = crate::error::ErrorBody, description = "too_many_attempts"),
    (status = 503, body = crate::error::ErrorBody, description = "busy"),
))]
pub async fn login(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(typed): Json<Credentials>,
) -> ApiResult<Response> {
    if typed.password.len() > MAX_PASSWORD_BYTES || typed.account.len() > MAX_PASSWORD_BYTES {
        return Err(ApiError::invalid_input());
    }
    let name = rules::account_name(&typed.account);
    let device = cookies::get(&headers, cookies::DEVICE).and_then(secret::hash_of);
    // A name that cannot be one is looked up too, and found as little as an unknown one.
    let name = name.unwrap_or_default();
    let (account, known) = read(&app, &name, device.as_ref()).await?;
    let attempt =
        Attempt { account: &name, address: caller.address, known_device: device.as_ref().filter(|_| known) };
    let person = account.as_ref().map(|account| account.person);
    let charged = app.login.throttle().charge(app.now(), &attempt);
    let charge = match charged {
        Ok(charge) => charge,
        Err(HeldBack { wait, first }) => {
            if first {
                refuse(&app, &caller, person, Outcome::TooManyAttempts).await?;
            }
            return Err(ApiError::too_many_attempts(wait));
        }
    };
    let verdict = check(&app, charge, account.as_ref(), typed.password.clone()).await?;
    let Some(account) = account.filter(|account| verdict.right && account.enabled) else {
        refuse(&app, &caller, person, Outcome::BadCredentials).await?;
        return Err(bad_credentials());
    };
    if verdict.outdated {
        rehash(&app, &account, typed.password).await?;
    }
    let kept = cookies::get(&headers, cookies::DEVICE).filter(|_| known);
    let entry = entry(&app, &caller, account.person, kept)?;
    enter(&app, &caller, &headers, entry).await
}

/// Who of the names has an account, and whether the device is known to it.
async fn read(app: &App, name: &str, device: Option<&SecretHash>) -> ApiResult<(Option<Account>, bool)> {
    let mut tx = app.db.read().await?;
    let account = store::account_by_name(&mut tx, name).await?;
    let person = account.as_ref().map_or(PersonId(Uuid::nil()), |account| account.person);
    let known = match device {
        Some(device) => store::is_known_device(&mut tx, person, device).await?,
        None => false,
    };
    Ok((account, known))
}

/// Checks the password, and takes the charge back unless it was wrong.
async fn check(app: &App, charge: Charge, account: Option<&Account>, password: String) -> ApiResult<Verdict> {
    let hash = account.map(|account| account.password_hash.as_str());
    match app.login.hasher.check(password, hash).await {
        Ok(verdict) if verdict.right && account.is_some_and(|account| account.enabled) => {
            app.login.throttle().forgive(charge, true);
            Ok(verdict)
        }
        Ok(verdict) => Ok(verdict),
        Err(busy) => {
            app.login.throttle().forgive(charge, false);
            Err(ApiError::busy(busy))
        }
    }
}

/// A line in the audit trail. Its scope is its own: lines do not depend on one another.
async fn refuse(app: &App, caller: &Caller, person: Option<PersonId>, outcome: Outcome) -> ApiResult<()> {
    let id = app.clock.id();
    let mut tx = app.db.write(Scope::one("audit", id)).await?;
    let entry = audit::Entry::of_caller(app.now(), caller, Action::LogIn, outcome);
    audit::append(&mut tx, id, &audit::Entry { person, ..entry }).await?;
    Ok(app.commit(tx, []).await?)
}

/// Keeps the password in today's way. When no thread is free it stays as it is until the next log-in.
async fn rehash(app: &App, account: &Account, password: String) -> ApiResult<()> {
    let Ok(hash) = app.login.hasher.hash(password).await else { return Ok(()) };
    let mut tx = app.db.write(Scope::one("login", account.person.0)).await?;
    store::set_password(&mut tx, account.person, &account.password_hash, &hash).await?;
    Ok(app.commit(tx, []).await?)
}

/// A log-in that is about to be made, with the secrets that only the browser gets.
struct Entry {
    login: Login,
    secret: Secret,
    device: String,
    device_hash: SecretHash,
}

/// Makes a log-in with a secret of its own. `kept` is the cookie of a device that the account knows; another device gets a
/// new one, so that two accounts on one PC are not told by one cookie.
fn entry(app: &App, caller: &Caller, person: PersonId, kept: Option<&str>) -> ApiResult<Entry> {
    let secret = Secret::fresh().map_err(ApiError::internal)?;
    let fresh = Secret::fresh().map_err(ApiError::internal)?;
    let kept = kept.and_then(|kept| Some((kept.to_owned(), secret::hash_of(kept)?)));
    let (device, device_hash) = kept.unwrap_or_else(|| (fresh.text().to_owned(), fresh.hash()));
    let now = app.now();
    let login = Login {
        id: LoginId(app.clock.id()),
        person,
        proofs: vec![Proof { factor: Factor::Password, at: now }],
        device: rules::device_name(&caller.user_agent),
        address: caller.address.to_string(),
        created_at: now,
        last_seen_at: now,
    };
    Ok(Entry { login, secret, device, device_hash })
}

async fn enter(app: &App, caller: &Caller, headers: &HeaderMap, entry: Entry) -> ApiResult<Response> {
    let actor = Actor::of(&entry.login);
    let answer = match me(app, &actor).await {
        Ok(answer) => answer,
        Err(gone) if gone.code() == ApiError::forbidden().code() => {
            refuse(app, caller, Some(entry.login.person), Outcome::Forbidden).await?;
            return Err(gone);
        }
        Err(error) => return Err(error),
    };
    let old = cookies::get(headers, cookies::SESSION).and_then(secret::hash_of);
    write(app, caller, &actor, &entry, old).await?;
    let session = cookies::set(cookies::SESSION, entry.secret.text(), app.login.lifetime.absolute);
    let device = cookies::set(cookies::DEVICE, &entry.device, cookies::DEVICE_LIFETIME);
    let set = [session, device].into_iter().flatten().map(|value| (SET_COOKIE, value)).collect::<Vec<_>>();
    Ok((AppendHeaders(set), Json(answer)).into_response())
}

/// Writes the log-in, and ends the one that the browser had and the oldest of too many.
async fn write(
    app: &App,
    caller: &Caller,
    actor: &Actor,
    entry: &Entry,
    old: Option<SecretHash>,
) -> ApiResult<()> {
    let (person, now) = (entry.login.person, entry.login.created_at);
    let mut tx = app.db.write(Scope::one("login", person.0)).await?;
    let mut ended = Vec::new();
    let replaced = match old {
        Some(old) => store::login_by_secret(&mut tx, &old).await?,
        None => None,
    };
    if let Some(old) = replaced {
        store::end_login(&mut tx, old.id, old.person, EndReason::Replaced, now).await?;
        ended.push(old.id);
    }
    store::insert_login(&mut tx, &entry.login, &entry.secret.hash(), &entry.device_hash).await?;
    ended.extend(store::end_beyond(&mut tx, person, MAX_LOGINS, now).await?);
    audit::note(app, &mut tx, &audit::Entry::of_actor(now, actor, caller, Action::LogIn)).await?;
    Ok(commit_ended(app, tx, ended).await?)
}

/// Who is logged in.
#[utoipa::path(get, path = "/api/me", tag = "login", responses(
    (status = 200, body = Me),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn get_me(State(app): State<App>, actor: Actor) -> ApiResult<Json<Me>> {
    Ok(Json(me(&app, &actor).await?))
}
