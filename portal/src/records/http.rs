//! Endpoints of call records, for administrators.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use signaling::ids::{CallId, PersonId};
use signaling::ports::{Direction, LegKind};
use signaling::wire::call::EndReason;
use uuid::Uuid;

use super::columns::Language;
use super::model::{Cursor, Filter, Record};
use super::{export, ods, port, rules};
use crate::app::App;
use crate::audit::{self, Action, Entry};
use crate::auth::{Actor, Administrator, Caller};
use crate::calls::events::EndReasonSchema;
use crate::clock::Millis;
use crate::db::Scope;
use crate::directory::index::fold::fold;
use crate::error::{ApiError, ApiResult};

/// One leg of a telephone call.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallRecord {
    /// The record.
    pub id: Uuid,
    /// The call; absent when it never became one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub call: Option<CallId>,
    /// Member of staff at this leg.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Uuid)]
    pub person: Option<PersonId>,
    /// Name of that person at the time of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person_name: Option<String>,
    /// What carried the leg.
    #[schema(value_type = LegKindSchema)]
    pub kind: LegKind,
    /// As the telephone system sees it.
    #[schema(value_type = LegDirectionSchema)]
    pub direction: Direction,
    /// Name of the trunk, telephone or device.
    pub via: String,
    /// Calling number or name.
    pub from: String,
    /// Called number or name.
    pub to: String,
    /// UTC milliseconds.
    pub started_at: i64,
    /// First ringing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<i64>,
    /// Answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<i64>,
    /// End.
    pub ended_at: i64,
    /// Why it ended.
    #[schema(value_type = EndReasonSchema)]
    pub reason: EndReason,
    /// SIP status of the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Codec.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Loss towards us, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<f32>,
    /// Loss towards the other side, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_there: Option<f32>,
    /// Jitter in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f32>,
    /// Round trip in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
    /// Estimated quality, 1 to 4.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mos: Option<f32>,
}

/// [`LegKind`] for the OpenAPI document.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LegKind)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "documented at LegKind")]
pub enum LegKindSchema {
    App,
    Phone,
    Trunk,
}

/// [`Direction`] for the OpenAPI document.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LegDirection)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "documented at Direction")]
pub enum LegDirectionSchema {
    In,
    Out,
}

/// Some call records.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CallRecordPage {
    /// Newest first. May be fewer than asked for although there are more: see `next`.
    pub records: Vec<CallRecord>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which records.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
pub struct RecordQuery {
    /// Began at this time or later (UTC milliseconds).
    from: Option<i64>,
    /// Began before (UTC milliseconds).
    to: Option<i64>,
    /// Part of a calling or called number or name, or of the person's name; at most 64 characters.
    text: Option<String>,
    /// Name of the trunk, telephone or device.
    via: Option<String>,
    /// What carried the leg.
    #[param(value_type = Option<LegKindSchema>)]
    kind: Option<LegKind>,
    /// Direction of the leg.
    #[param(value_type = Option<LegDirectionSchema>)]
    direction: Option<Direction>,
    /// Why it ended.
    #[param(value_type = Option<EndReasonSchema>)]
    reason: Option<EndReason>,
    /// Of the page before; not for files.
    cursor: Option<String>,
    /// At most 200, 50 without; not for files.
    limit: Option<u32>,
    /// Language of a file: `zh-Hant` or `en`.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    lang: Language,
}

/// Searches call records. The search is written to the audit trail.
#[utoipa::path(get, path = "/api/admin/call-records", tag = "call records", params(RecordQuery), responses(
    (status = 200, body = CallRecordPage),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input"),
))]
pub async fn records(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Query(query): Query<RecordQuery>,
) -> ApiResult<Json<CallRecordPage>> {
    let filter = filter(&query)?;
    let start = Cursor { at: filter.to, id: Uuid::nil() };
    let after = match &query.cursor {
        Some(text) => rules::cursor(text).ok_or(ApiError::invalid_input())?,
        None => start,
    };
    note(&app, &actor, &caller, Action::SearchCallRecords).await?;
    let (found, next) = port::page(&app, &filter, after, rules::limit(query.limit)).await?;
    let records = found.into_iter().map(CallRecord::from).collect();
    Ok(Json(CallRecordPage { records, next: next.map(rules::cursor_text) }))
}

/// Call records as CSV, UTF-8, at most 50,000.
#[utoipa::path(get, path = "/api/admin/call-records.csv", tag = "call records", params(RecordQuery), responses(
    (status = 200, content_type = "text/csv", body = String),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input, too_many_records"),
))]
pub async fn csv(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Query(query): Query<RecordQuery>,
) -> ApiResult<Response> {
    let records = exported(&app, &actor, &caller, &query).await?;
    let text = tokio::task::spawn_blocking(move || export::as_csv(&records, query.lang));
    Ok(file(
        "text/csv; charset=utf-8",
        "call-records.csv",
        text.await.map_err(ApiError::internal)?.into_bytes(),
    ))
}

/// Call records as a spreadsheet (OpenDocument), at most 50,000.
#[utoipa::path(get, path = "/api/admin/call-records.ods", tag = "call records", params(RecordQuery), responses(
    (status = 200, content_type = "application/vnd.oasis.opendocument.spreadsheet", body = Vec<u8>),
    (status = 401, body = crate::error::ErrorBody, description = "not_logged_in"),
    (status = 403, body = crate::error::ErrorBody, description = "forbidden"),
    (status = 422, body = crate::error::ErrorBody, description = "invalid_input, too_many_records"),
))]
pub async fn ods(
    State(app): State<App>,
    Administrator(actor): Administrator,
    caller: Caller,
    Query(query): Query<RecordQuery>,
) -> ApiResult<Response> {
    let records = exported(&app, &actor, &caller, &query).await?;
    let bytes = tokio::task::spawn_blocking(move || export::as_ods(&records, query.lang));
    let bytes = bytes.await.map_err(ApiError::internal)?.map_err(ApiError::internal)?;
    Ok(file(ods::MEDIA_TYPE, "call-records.ods", bytes))
}

async fn exported(app: &App, actor: &Actor, caller: &Caller, query: &RecordQuery) -> ApiResult<Vec<Record>> {
    let filter = filter(query)?;
    note(app, actor, caller, Action::ExportCallRecords).await?;
    export::all(app, &filter).await
}

fn filter(query: &RecordQuery) -> ApiResult<Filter> {
    let text = query.text.as_deref().unwrap_or_default();
    let via = query.via.clone().filter(|via| !via.is_empty());
    let long = [Some(text), via.as_deref()]
        .into_iter()
        .flatten()
        .any(|text| text.chars().count() > rules::MAX_TEXT || text.contains('\0'));
    if long {
        return Err(ApiError::invalid_input());
    }
    Ok(Filter {
        from: Millis(query.from.unwrap_or(0)),
        to: Millis(query.to.unwrap_or(i64::MAX)),
        text: fold(text),
        via,
        kind: query.kind,
        reason: query.reason,
        direction: query.direction,
    })
}

/// Whoever looks at calls of others leaves a line, before anything is shown.
async fn note(app: &App, actor: &Actor, caller: &Caller, action: Action) -> ApiResult<()> {
    let id = app.clock.id();
    let mut tx = app.db.write(Scope::one("audit", id)).await?;
    audit::append(&mut tx, id, &Entry::of_actor(app.now(), actor, caller, action)).await?;
    Ok(app.commit(tx, []).await?)
}

fn file(media_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, bytes).into_response()
}

impl From<Record> for CallRecord {
    fn from(Record { leg, person_name }: Record) -> Self {
        CallRecord {
            id: leg.id,
            call: leg.call,
            person: leg.person,
            person_name,
            kind: leg.kind,
            direction: leg.direction,
            via: leg.via,
            from: leg.from,
            to: leg.to,
            started_at: leg.started_at,
            ringing_at: leg.ringing_at,
            answered_at: leg.answered_at,
            ended_at: leg.ended_at,
            reason: leg.reason,
            status: leg.status,
            codec: leg.codec,
            loss: leg.loss,
            loss_there: leg.loss_there,
            jitter_ms: leg.jitter_ms,
            rtt_ms: leg.rtt_ms,
            mos: leg.mos,
        }
    }
}
