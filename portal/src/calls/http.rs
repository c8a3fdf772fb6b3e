//! Endpoints of the history.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use signaling::topic::Topic;

use super::events::{HistoryEntry, HistoryEvent};
use super::journal::{entries, of_person};
use super::{rules, store};
use crate::app::App;
use crate::auth::Actor;
use crate::clock::Millis;
use crate::db;
use crate::error::ApiResult;

/// A page of the history.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HistoryPage {
    /// Newest first.
    pub calls: Vec<HistoryEntry>,
    /// Give it as `before` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>)]
    pub next: Option<Millis>,
    /// Missed calls not looked at, for the badge.
    pub unseen_missed: i64,
}

/// Query of a page.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct HistoryQuery {
    /// Only calls that began before (UTC milliseconds).
    before: Option<i64>,
    /// At most 100.
    limit: Option<u32>,
}

/// Up to when missed calls were looked at.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct SeenUpTo {
    /// UTC milliseconds.
    pub up_to: i64,
}

/// Own calls.
#[utoipa::path(get, path = "/api/calls", tag = "calls", params(HistoryQuery), responses(
    (status = 200, body = HistoryPage),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
))]
pub async fn history(
    State(app): State<App>,
    actor: Actor,
    Query(query): Query<HistoryQuery>,
) -> ApiResult<Json<HistoryPage>> {
    let limit = rules::limit(query.limit);
    let before = Millis(query.before.unwrap_or(i64::MAX));
    let mut tx = app.db.read().await?;
    let rows = store::history(&mut tx, actor.person, before, limit as i64 + 1).await?;
    let (rows, next) = rules::page(rows, limit);
    let calls = entries(&mut tx, &app.directory, actor.person, rows).await?;
    let unseen_missed = store::unseen_missed(&mut tx, actor.person).await?;
    Ok(Json(HistoryPage { calls, next, unseen_missed }))
}

/// Marks missed calls as looked at, on all devices.
#[utoipa::path(post, path = "/api/calls/seen", tag = "calls", request_body = SeenUpTo, responses(
    (status = 204),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input"),
))]
pub async fn seen(
    State(app): State<App>,
    actor: Actor,
    Json(SeenUpTo { up_to }): Json<SeenUpTo>,
) -> ApiResult<StatusCode> {
    let mut tx = app.db.write(of_person(actor.person)).await?;
    if store::mark_seen(&mut tx, actor.person, Millis(up_to)).await? > 0 {
        let unseen_missed = store::unseen_missed(&mut tx, actor.person).await?;
        let event = HistoryEvent::Seen { up_to, unseen_missed };
        let logged = db::append(&mut tx, app.now(), Topic::Person(actor.person), &event).await?;
        app.commit(tx, [logged]).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}
