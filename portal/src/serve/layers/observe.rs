//! Each request's id, span, log line and place in the metrics. No query string, header or body is ever logged: tickets and
//! passwords travel there.

use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;

use super::Guard;
use crate::auth::RequestId;

/// Times, names and counts a request.
pub(super) async fn request(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let id = guard.clock.id().simple().to_string();
    request.extensions_mut().insert(RequestId(id.clone()));
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("static", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id = %id, method = %method, route = %route);
    let began = guard.clock.now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let spent = guard.clock.now().since(began);
    let status = response.status();
    guard.metrics.observe(&method, &route, status, spent);
    let _inside = span.enter();
    let ms = spent.as_millis();
    if status.is_server_error() {
        tracing::warn!(status = status.as_u16(), ms, "answered");
    } else {
        tracing::debug!(status = status.as_u16(), ms, "answered");
    }
    // Hex digits only.
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
