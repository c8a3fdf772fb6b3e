//! Own log-ins, and the ticket that one of them opens its socket with.

use axum::Json;
use axum::extract::State;

use super::{LoginView, Logins, SocketTicket};
use crate::app::App;
use crate::auth::Actor;
use crate::error::{ApiError, ApiResult};
use crate::login::model::Login;
use crate::login::rules::MAX_LOGINS;
use crate::login::service::NoTicket;
use crate::login::store;
use crate::login::tickets::Holder;

/// Lists the own log-ins that can still be used.
#[utoipa::path(get, path = "/api/logins", tag = "login", responses(
    (status = 200, body = Logins),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn logins(State(app): State<App>, actor: Actor) -> ApiResult<Json<Logins>> {
    let mut tx = app.db.read().await?;
    let open = store::open_logins(&mut tx, actor.person, MAX_LOGINS).await?;
    let now = app.now();
    let alive = open.into_iter().filter(|login| app.login.alive(login, now));
    Ok(Json(Logins { logins: alive.map(|login| view(login, &actor)).collect() }))
}

fn view(login: Login, actor: &Actor) -> LoginView {
    let Login { id, person: _, proofs, device, address, created_at, last_seen_at } = login;
    let factors = proofs.into_iter().map(|proof| proof.factor).collect();
    LoginView { id, device, address, factors, created_at, last_seen_at, current: id == actor.login }
}

/// Gives a ticket for one WebSocket.
#[utoipa::path(post, path = "/api/socket-ticket", tag = "login", responses(
    (status = 200, body = SocketTicket),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 503, body = crate::error::ErrorBody, description = "busy"),
))]
pub async fn socket_ticket(State(app): State<App>, actor: Actor) -> ApiResult<Json<SocketTicket>> {
    let holder = Holder { person: actor.person, login: actor.login };
    match app.login.issue_ticket(app.now(), holder) {
        Ok(ticket) => Ok(Json(SocketTicket { ticket: ticket.text().to_owned() })),
        Err(NoTicket::Full(full)) => Err(ApiError::busy(full)),
        Err(error) => Err(ApiError::internal(error)),
    }
}
