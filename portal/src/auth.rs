//! Who asks: the address at the other end of the connection, and the log-in of the cookie.

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use signaling::ids::{LoginId, PersonId};

use crate::app::App;
use crate::error::ApiError;
use crate::login::model::{Assurance, Factor, Login, Role};
use crate::login::{cookies, roles, secret, store};

/// The other end of the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address, as a trusted proxy gives it if there is one; an IPv4 address is never written as an IPv6 one.
    pub address: IpAddr,
    /// Whether the connection has TLS.
    pub secure: bool,
}

/// Id of a request in the server's log; a layer around all handlers sets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// What is known of a client before it has proved anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its address.
    pub address: IpAddr,
    /// `User-Agent` as sent; empty without one.
    pub user_agent: String,
    /// Id of the request.
    pub request: Option<String>,
}

/// Who makes a request: the open log-in of its cookie. As an extractor it answers 401 `not_logged_in` without one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The person.
    pub person: PersonId,
    /// The log-in.
    pub login: LoginId,
    /// What was proved at it.
    pub factors: Vec<Factor>,
    /// How much that is worth.
    pub assurance: Option<Assurance>,
}

impl Actor {
    /// The actor of a log-in.
    pub fn of(login: &Login) -> Self {
        Actor {
            person: login.person,
            login: login.id,
            factors: login.proofs.iter().map(|proof| proof.factor).collect(),
            assurance: login.assurance(),
        }
    }
}

/// An actor who is an administrator. As an extractor it answers 403 `forbidden` to others; 401 without a log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator(pub Actor);

impl<S: Sync> FromRequestParts<S> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Peer, ApiError> {
        parts
            .extensions
            .get::<Peer>()
            .copied()
            .ok_or_else(|| ApiError::internal("a request without its peer"))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Caller, ApiError> {
        let peer = Peer::from_request_parts(parts, state).await?;
        let user_agent =
            parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let request = parts.extensions.get::<RequestId>().map(|id| id.0.clone());
        Ok(Caller { address: peer.address, user_agent: user_agent.to_owned(), request })
    }
}

impl FromRequestParts<App> for Actor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Actor, ApiError> {
        let secret = cookies::get(&parts.headers, cookies::SESSION).and_then(secret::hash_of);
        let secret = secret.ok_or(ApiError::not_logged_in())?;
        let mut tx = app.db.read().await?;
        let login = store::login_by_secret(&mut tx, &secret).await?;
        let now = app.now();
        let login = login.filter(|login| app.login.alive(login, now)).ok_or(ApiError::not_logged_in())?;
        app.login.note_seen(login.id, now);
        Ok(Actor::of(&login))
    }
}

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Administrator, ApiError> {
        let actor = Actor::from_request_parts(parts, app).await?;
        if roles::of(&app.db, actor.person).await?.contains(&Role::Administrator) {
            return Ok(Administrator(actor));
        }
        tracing::warn!(person = %actor.person, path = parts.uri.path(), "not an administrator");
        Err(ApiError::forbidden())
    }
}
