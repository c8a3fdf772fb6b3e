//! What happens around every request, from the outside in: it gets an id, a span and a place in the metrics; the answer gets
//! the security headers; a panic becomes an error; the rate, the origin, the form and the time of the request are bounded;
//! the answer is compressed,
//! and an error of the framework gets the envelope of ours.

mod envelope;
mod guard;
mod headers;
mod observe;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use super::Rate;
use crate::clock::Clock;
use crate::config::Config;
use crate::error::ApiError;
use crate::metrics::HttpMetrics;

/// What the layers need.
#[derive(Clone)]
pub(crate) struct Guard {
    rate: Arc<Mutex<Rate>>,
    origins: Arc<[String]>,
    deadline: std::time::Duration,
    clock: Clock,
    metrics: HttpMetrics,
}

impl Guard {
    pub(crate) fn new(config: &Config, clock: Clock, metrics: HttpMetrics) -> Guard {
        Guard {
            rate: Arc::new(Mutex::new(Rate::new(&config.limits))),
            origins: config.server.origins.clone().into(),
            deadline: config.limits.request_deadline(),
            clock,
            metrics,
        }
    }
}

/// Puts the layers around a router.
pub(crate) fn wrap(router: Router, guard: Guard, body_bytes: usize) -> Router {
    // The default leaves images alone; these fonts are compressed already, too.
    let compress = DefaultPredicate::new().and(NotForContentType::const_new("font/woff2"));
    // The last one is the outermost.
    router
        .layer(CompressionLayer::new().gzip(true).compress_when(compress))
        .layer(from_fn(envelope::errors))
        .layer(DefaultBodyLimit::max(body_bytes))
        .layer(from_fn_with_state(guard.clone(), guard::deadline))
        .layer(from_fn(guard::json_only))
        .layer(from_fn_with_state(guard.clone(), guard::same_origin))
        .layer(from_fn_with_state(guard.clone(), guard::rate))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(headers::security))
        .layer(from_fn_with_state(guard, observe::request))
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    ApiError::internal(format!("panic: {text}")).into_response()
}
