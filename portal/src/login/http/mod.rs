//! Endpoints of log-in.

mod enter;
mod leave;
mod list;

pub use enter::*;
pub use leave::*;
pub use list::*;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use signaling::ids::LoginId;

use crate::app::App;
use crate::auth::Actor;
use crate::clock::Millis;
use crate::directory::model::PersonView;
use crate::error::{ApiError, ApiResult};
use crate::login::model::{Factor, Role};
use crate::login::store;

/// Body of `POST /api/login`. No `Debug`: a password must not get into a log.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Credentials {
    /// Account name, in any case.
    pub account: String,
    /// Password.
    pub password: String,
}

/// Who is logged in, and how.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The person.
    pub person: PersonView,
    /// This log-in.
    #[schema(value_type = String, format = Uuid)]
    pub login: LoginId,
    /// What was proved at this log-in.
    pub factors: Vec<Factor>,
    /// What the person may do beyond calling.
    pub roles: Vec<Role>,
    /// Language that the person chose; absent while not chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// One own log-in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LoginView {
    /// The log-in.
    #[schema(value_type = String, format = Uuid)]
    pub id: LoginId,
    /// Browser and system, e.g. `Chrome · Windows`; empty when unknown.
    pub device: String,
    /// Address that it was made from.
    pub address: String,
    /// What was proved.
    pub factors: Vec<Factor>,
    /// UTC milliseconds.
    #[schema(value_type = i64)]
    pub created_at: Millis,
    /// UTC milliseconds; up to a minute late.
    #[schema(value_type = i64)]
    pub last_seen_at: Millis,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// Own log-ins.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Logins {
    /// At most 50, those seen last first.
    pub logins: Vec<LoginView>,
}

/// A ticket for `GET /ws?ticket=…`.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SocketTicket {
    /// Works once, within 30 seconds.
    pub ticket: String,
}

/// 401 at log-in: one answer for a wrong password, an unknown account and a disabled one.
const fn bad_credentials() -> ApiError {
    let (zh, en) = ("帳號或密碼不正確。", "The account or the password is not right.");
    ApiError::new(StatusCode::UNAUTHORIZED, "bad_credentials", zh, en)
}

/// The person of a log-in as everybody sees it. Somebody who has left the directory may not go on.
async fn me(app: &App, actor: &Actor) -> ApiResult<Me> {
    let person = app.directory.person(actor.person).ok_or(ApiError::forbidden())?;
    let roles = store::roles(&mut app.db.read().await?, actor.person).await?;
    Ok(Me { person, login: actor.login, factors: actor.factors.clone(), roles, language: None })
}
