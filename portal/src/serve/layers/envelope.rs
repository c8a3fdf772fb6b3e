//! Gives the refusals of the framework (a body that is not the JSON that was asked for, a bad number in a path) the one error
//! envelope.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Replaces error answers that are not JSON.
pub(super) async fn errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(is_json);
    if json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let error = match status {
        StatusCode::NOT_FOUND => ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::method_not_allowed(),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::too_large(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ApiError::not_json(),
        status if status.is_client_error() => ApiError::invalid_input(),
        status => ApiError::internal(format!("answered {status}")),
    };
    error.into_response()
}

fn is_json(kind: &HeaderValue) -> bool {
    kind.as_bytes().starts_with(b"application/json")
}
