//! Logging out: here, everywhere, and on one other device.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse};
use signaling::ids::LoginId;
use uuid::Uuid;

use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::auth::{Actor, Caller};
use crate::db::Scope;
use crate::error::{ApiError, ApiResult};
use crate::login::cookies;
use crate::login::model::EndReason;
use crate::login::service::commit_ended;
use crate::login::store;

/// Ends this log-in; its sockets close within a second.
#[utoipa::path(post, path = "/api/logout", tag = "login", responses(
    (status = 204), (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn logout(State(app): State<App>, actor: Actor, caller: Caller) -> ApiResult<impl IntoResponse> {
    let now = app.now();
    let mut tx = app.db.write(Scope::one("login", actor.person.0)).await?;
    store::end_login(&mut tx, actor.login, actor.person, EndReason::LoggedOut, now).await?;
    audit::note(&app, &mut tx, &Entry::of_actor(now, &actor, &caller, Action::LogOut)).await?;
    commit_ended(&app, tx, vec![actor.login]).await?;
    Ok(gone())
}

/// Ends all log-ins of the person, this one too.
#[utoipa::path(post, path = "/api/logout-everywhere", tag = "login", responses(
    (status = 204), (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn logout_everywhere(
    State(app): State<App>,
    actor: Actor,
    caller: Caller,
) -> ApiResult<impl IntoResponse> {
    let now = app.now();
    let mut tx = app.db.write(Scope::one("login", actor.person.0)).await?;
    let ended = store::end_all(&mut tx, actor.person, EndReason::LoggedOutEverywhere, now).await?;
    audit::note(&app, &mut tx, &Entry::of_actor(now, &actor, &caller, Action::LogOutEverywhere)).await?;
    commit_ended(&app, tx, ended).await?;
    Ok(gone())
}

/// Ends one own log-in.
#[utoipa::path(delete, path = "/api/logins/{id}", tag = "login",
    params(("id" = Uuid, Path, description = "The log-in")), responses(
    (status = 204),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 404, body = crate::error::ErrorBody, description = "not_found"),
))]
pub async fn end_login(
    State(app): State<App>,
    actor: Actor,
    caller: Caller,
    Path(id): Path<Uuid>,
) -> ApiResult<StatusCode> {
    let (login, now) = (LoginId(id), app.now());
    let mut tx = app.db.write(Scope::one("login", actor.person.0)).await?;
    if store::end_login(&mut tx, login, actor.person, EndReason::EndedByOwner, now).await? == 0 {
        return Err(ApiError::not_found());
    }
    let entry = Entry { login: Some(login), ..Entry::of_actor(now, &actor, &caller, Action::EndLogin) };
    audit::note(&app, &mut tx, &entry).await?;
    commit_ended(&app, tx, vec![login]).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn gone() -> impl IntoResponse {
    let clear = cookies::clear(cookies::SESSION).map(|value| (SET_COOKIE, value));
    (StatusCode::NO_CONTENT, AppendHeaders(clear.into_iter().collect::<Vec<_>>()))
}
