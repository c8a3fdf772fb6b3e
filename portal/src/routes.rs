//! The whole URL map.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderValue, Response, header};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use signaling::ws::Identity;
use utoipa::{OpenApi, ToSchema};

use crate::app::App;
use crate::auth::Peer;
use crate::error::{ApiError, ApiResult, ErrorBody};
use crate::metrics::{self, Metrics};
use crate::{calls, directory, login, phones, records, serve, web};

/// Every URL of the public listeners, without the layers around them.
pub fn public(app: App) -> Router {
    Router::new()
        .route("/api/config", get(config))
        .route("/api/login", post(login::http::login))
        .route("/api/logout", post(login::http::logout))
        .route("/api/logout-everywhere", post(login::http::logout_everywhere))
        .route("/api/me", get(login::http::get_me))
        .route("/api/logins", get(login::http::logins))
        .route("/api/logins/{id}", delete(login::http::end_login))
        .route("/api/socket-ticket", post(login::http::socket_ticket))
        .route("/api/units", get(directory::http::units))
        .route("/api/units/{id}/people", get(directory::http::unit_people))
        .route("/api/people", get(directory::http::people))
        .route("/api/people/{id}", get(directory::http::person))
        .route("/api/search", get(directory::http::search))
        .route("/api/calls", get(calls::http::history))
        .route("/api/calls/seen", post(calls::http::seen))
        .route("/api/admin/phones", get(phones::http::phones).post(phones::http::add))
        .route("/api/admin/phones/{user}", delete(phones::http::remove))
        .route("/api/admin/phones/{user}/password", post(phones::http::change_password))
        .route("/api/admin/trunks", get(phones::trunks::trunks))
        .route("/api/admin/call-records", get(records::http::records))
        .route("/api/admin/call-records.csv", get(records::http::csv))
        .route("/api/admin/call-records.ods", get(records::http::ods))
        .route("/api/openapi.json", get(document))
        .route("/ws", get(socket))
        .route("/healthz", get(healthy))
        .fallback(web::file)
        .method_not_allowed_fallback(async || ApiError::method_not_allowed())
        .with_state(app)
}

/// Every URL of the admin listener.
pub fn admin(metrics: Arc<Metrics>) -> Router {
    Router::new().route("/metrics", get(read_metrics)).route("/healthz", get(healthy)).with_state(metrics)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Switchboard",
        description = "REST interface of the web app. Live events and calls go over the WebSocket: \
        see signaling/PROTOCOL.md."
    ),
    paths(
        config,
        login::http::login,
        login::http::logout,
        login::http::logout_everywhere,
        login::http::get_me,
        login::http::logins,
        login::http::end_login,
        login::http::socket_ticket,
        directory::http::units,
        directory::http::unit_people,
        directory::http::people,
        directory::http::person,
        directory::http::search,
        calls::http::history,
        calls::http::seen,
        phones::trunks::trunks,
        records::http::records,
        records::http::csv,
        records::http::ods,
        phones::http::phones,
        phones::http::add,
        phones::http::remove,
        phones::http::change_password,
    ),
    components(schemas(ErrorBody))
)]
struct Document;

/// The OpenAPI document, as it is committed.
pub fn openapi() -> String {
    // A document of strings and lists always has a JSON form.
    Document::openapi().to_pretty_json().unwrap_or_default() + "\n"
}

async fn document() -> ([(header::HeaderName, HeaderValue); 1], String) {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], openapi())
}

/// What the log-in page needs before anybody is logged in.
#[derive(Serialize, ToSchema)]
struct PublicConfig {
    /// Name of this service.
    name: String,
    /// Languages that the pages offer, the first one first.
    languages: Vec<String>,
    /// Whether telephones can be called: there is a dial pad.
    telephony: bool,
}

#[utoipa::path(get, path = "/api/config", tag = "server", responses((status = 200, body = PublicConfig)))]
async fn config(State(app): State<App>) -> Json<PublicConfig> {
    let server = &app.config.server;
    let (name, languages) = (server.name.clone(), server.languages.clone());
    Json(PublicConfig { name, languages, telephony: app.config.sip.enabled() })
}

async fn healthy() -> &'static str {
    "ok"
}

async fn read_metrics(
    State(metrics): State<Arc<Metrics>>,
) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics.page())
}

#[derive(Deserialize)]
struct TicketQuery {
    ticket: String,
}

/// `GET /ws?ticket=…`: the upgrade to the WebSocket of signaling.
async fn socket(
    State(app): State<App>,
    peer: Peer,
    Query(query): Query<TicketQuery>,
    mut request: Request,
) -> ApiResult<Response<Body>> {
    let holder = app.login.redeem_ticket(app.now(), &query.ticket).ok_or(ApiError::not_logged_in())?;
    let card = app.directory.card(holder.person).ok_or(ApiError::forbidden())?;
    let address = peer.address.to_string();
    let identity = Identity { person: holder.person, login: holder.login, card, address };
    let live = app.live.clone();
    serve::upgrade(&mut request, move |socket, prefix| live.adopt(socket, prefix, identity))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page above is the contract: what is documented is routed, and what is routed under /api is documented.
    #[test]
    fn the_map_and_the_document_agree() {
        let page = include_str!("routes.rs");
        let routed: Vec<&str> = page
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".route(\"")?.split('"').next())
            .filter(|path| path.starts_with("/api/") && *path != "/api/openapi.json")
            .collect();
        let document = Document::openapi();
        let documented: Vec<&str> = document.paths.paths.keys().map(String::as_str).collect();
        for path in &routed {
            assert!(documented.contains(path), "{path} is not documented");
        }
        for path in &documented {
            assert!(routed.contains(path), "{path} is not routed");
        }
        assert!(routed.len() >= 15);
    }
}
