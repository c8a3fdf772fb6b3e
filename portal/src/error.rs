//! The one error envelope of the REST interface: `{"code","text":{"zh","en"},"retry_after_ms"?}`.
//!
//! A handler returns [`ApiResult`]. What a person may know has a stable code and a text in both languages, made by the named
//! constructors here or by a slice with [`ApiError::new`]; everything else is [`ApiError::internal`], whose cause goes to the
//! log only.

use std::error::Error;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use signaling::wire::error::Text;
use utoipa::ToSchema;

use crate::db::DbError;

/// Result of a handler.
pub type ApiResult<T> = Result<T, ApiError>;

/// How long a client should wait when the database had no turn for it.
const BUSY_RETRY: Duration = Duration::from_secs(2);

/// An answer that is not a success.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    retry_after: Option<Duration>,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The JSON of an [`ApiError`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Stable code; programs decide by it.
    pub code: String,
    /// For the person in front of the screen; may be reworded.
    #[schema(value_type = ErrorText)]
    pub text: Text,
    /// Milliseconds after which trying again makes sense.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// A text in both languages of the product.
#[derive(Serialize, ToSchema)]
pub struct ErrorText {
    /// Traditional Chinese as written in Taiwan.
    pub zh: String,
    /// English.
    pub en: String,
}

impl ApiError {
    /// A refusal that a slice defines: status, stable code, text in Traditional Chinese and in English.
    pub const fn new(status: StatusCode, code: &'static str, zh: &'static str, en: &'static str) -> ApiError {
        ApiError { status, code, zh, en, retry_after: None, cause: None }
    }

    /// 401: no log-in, or it has ended.
    pub const fn not_logged_in() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "not_logged_in", "請先登入。", "Please log in first.")
    }

    /// 403: logged in, but not allowed.
    pub const fn forbidden() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "forbidden", "您沒有這項權限。", "You may not do this.")
    }

    /// 403: the request came from another site.
    pub const fn bad_origin() -> ApiError {
        let (zh, en) =
            ("這個要求來自其他網站，已被拒絕。", "The request came from another site and was refused.");
        ApiError::new(StatusCode::FORBIDDEN, "bad_origin", zh, en)
    }

    /// 404.
    pub const fn not_found() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", "找不到這項資料。", "This could not be found.")
    }

    /// 405.
    pub const fn method_not_allowed() -> ApiError {
        let (zh, en) = ("不支援這種操作。", "This method is not supported here.");
        ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", zh, en)
    }

    /// 415: a body that is not JSON.
    pub const fn not_json() -> ApiError {
        let (zh, en) = ("內容格式必須是 JSON。", "The content type must be application/json.");
        ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", zh, en)
    }

    /// 413.
    pub const fn too_large() -> ApiError {
        let (zh, en) = ("傳送的內容過大。", "The request is too large.");
        ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", zh, en)
    }

    /// 422 with the general text; a slice that knows the field makes its own text with [`ApiError::new`].
    pub const fn invalid_input() -> ApiError {
        let (zh, en) = ("輸入的資料不正確。", "The input is not valid.");
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_input", zh, en)
    }

    /// 429: too many requests or attempts; also sets `Retry-After`.
    pub fn too_many_attempts(retry_after: Duration) -> ApiError {
        let (zh, en) = ("嘗試次數過多，請稍候再試。", "Too many attempts. Please wait before trying again.");
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", zh, en).retry_after(retry_after)
    }

    /// 503: try again in a moment.
    pub fn busy(cause: impl Error + Send + Sync + 'static) -> ApiError {
        let (zh, en) = ("系統忙碌中，請稍候再試。", "The system is busy. Please try again shortly.");
        ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", zh, en).retry_after(BUSY_RETRY).because(cause)
    }

    /// 500: our fault.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> ApiError {
        let (zh, en) = ("系統發生錯誤，請稍候再試。", "Something went wrong on our side. Please try again.");
        ApiError {
            cause: Some(cause.into()),
            ..ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", zh, en)
        }
    }

    /// Tells the client when to try again.
    pub fn retry_after(mut self, span: Duration) -> ApiError {
        self.retry_after = Some(span);
        self
    }

    /// Adds what goes to the log.
    pub fn because(mut self, cause: impl Error + Send + Sync + 'static) -> ApiError {
        self.cause = Some(Box::new(cause));
        self
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    fn log(&self) {
        let Some(cause) = &self.cause else { return };
        if self.status.is_server_error() {
            tracing::error!(code = self.code, error = %chain(&**cause), "request failed");
        } else {
            tracing::info!(code = self.code, error = %chain(&**cause), "request refused");
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

impl From<DbError> for ApiError {
    fn from(error: DbError) -> ApiError {
        match error {
            DbError::Retry(_) | DbError::Unavailable(_) => ApiError::busy(error),
            other => ApiError::internal(other),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.log();
        let body = ErrorBody {
            code: self.code.into(),
            text: Text { zh: self.zh.into(), en: self.en.into() },
            retry_after_ms: self.retry_after.map(|span| span.as_millis().try_into().unwrap_or(u64::MAX)),
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(span) = self.retry_after {
            // Whole seconds, rounded up: a client that obeys must not come too early (RFC 9110 section 10.2.3).
            let seconds = span.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn the_envelope_has_code_texts_and_retry() {
        let response = ApiError::too_many_attempts(Duration::from_millis(1_200)).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let body = response.into_body().collect().await.expect("body").to_bytes();
        let body: ErrorBody = serde_json::from_slice(&body).expect("json");
        assert_eq!((body.code.as_str(), body.retry_after_ms), ("too_many_attempts", Some(1_200)));
        assert!(body.text.zh.contains("嘗試次數") && body.text.en.contains("Too many"));
    }

    #[tokio::test]
    async fn the_cause_stays_in_the_log() {
        let response = ApiError::from(DbError::Unfit("secret detail".into())).into_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.expect("body").to_bytes();
        assert!(!String::from_utf8_lossy(&body).contains("secret"));
    }

    #[test]
    fn a_busy_database_is_503() {
        assert_eq!(ApiError::from(DbError::Retry("x".into())).status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(ApiError::from(DbError::Unavailable("x".into())).code(), "busy");
        assert_eq!(ApiError::from(DbError::TxFailed).code(), "internal");
    }
}
