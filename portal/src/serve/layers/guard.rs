//! Requests that are refused before a handler sees them.

use std::sync::PoisonError;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use thiserror::Error;

use super::Guard;
use crate::auth::Peer;
use crate::error::ApiError;

/// Refuses an address that asks too often.
pub(super) async fn rate(
    State(guard): State<Guard>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let now = guard.clock.now();
    let taken = guard.rate.lock().unwrap_or_else(PoisonError::into_inner).take(peer.address, now);
    taken.map_err(ApiError::too_many_attempts)?;
    Ok(next.run(request).await)
}

/// Refuses what another site makes a browser send: unsafe methods, and the upgrade to a WebSocket, which the browser's own
/// same-origin policy does not cover.
pub(super) async fn same_origin(
    State(guard): State<Guard>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrade = request.headers().contains_key(header::UPGRADE) || request.uri().path() == "/ws";
    if (!safe || upgrade) && !from_here(request.headers(), host(&request), peer.secure, &guard.origins) {
        return Err(ApiError::bad_origin());
    }
    Ok(next.run(request).await)
}

/// The host that was asked: `:authority` in HTTP/2, `Host` in HTTP/1.1.
fn host(request: &Request) -> Option<&str> {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    authority.or_else(|| request.headers().get(header::HOST)?.to_str().ok())
}

/// `Origin` must be this server's own or one of the configured ones. Browsers send it with every request that is checked here; a
/// request that has neither it nor `Sec-Fetch-Site` comes from a program, which has no cookies of somebody else.
fn from_here(headers: &HeaderMap, host: Option<&str>, secure: bool, others: &[String]) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match (text("origin"), text("sec-fetch-site")) {
        (Some(origin), _) if others.iter().any(|other| other == origin) => true,
        (Some(origin), site) => {
            let scheme = if secure { "https://" } else { "http://" };
            let own = host.is_some_and(|host| origin.strip_prefix(scheme) == Some(host));
            own && site.is_none_or(|site| site == "same-origin")
        }
        (None, site) => site.is_none_or(|site| site == "same-origin"),
    }
}

/// Unsafe methods with a body must bring JSON: a form or plain text is what another site could send without asking first.
pub(super) async fn json_only(request: Request, next: Next) -> Result<Response, ApiError> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS | Method::DELETE);
    if !safe && !is_json(request.headers()) {
        return Err(ApiError::not_json());
    }
    Ok(next.run(request).await)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

#[derive(Debug, Error)]
#[error("not done within {0:?}")]
struct TooSlow(Duration);

/// Gives up on a request that takes too long; its transaction is rolled back with it.
pub(super) async fn deadline(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let outcome = tokio::time::timeout(guard.deadline, next.run(request)).await;
    outcome.map_err(|_| ApiError::busy(TooSlow(guard.deadline)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], secure: bool) -> bool {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")))
            .collect();
        from_here(&headers, Some("hub.test:8443"), secure, &["https://proxy.test".to_owned()])
    }

    #[test]
    fn only_our_own_origin_passes() {
        let own = ("origin", "https://hub.test:8443");
        assert!(check(&[own], true));
        assert!(check(&[own, ("sec-fetch-site", "same-origin")], true));
        assert!(check(&[("origin", "https://proxy.test")], true));
        assert!(check(&[], true), "a program");
        for bad in ["http://hub.test:8443", "https://hub.test", "https://hub.test:8443.evil", "null", ""] {
            assert!(!check(&[("origin", bad)], true), "{bad}");
        }
        assert!(!check(&[own], false), "https page, http request");
        for site in ["cross-site", "same-site", "none"] {
            assert!(!check(&[("sec-fetch-site", site)], true), "{site}");
            assert!(!check(&[own, ("sec-fetch-site", site)], true), "{site}");
        }
    }

    #[test]
    fn json_is_recognised_with_its_parameters() {
        let of = |kind: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().expect("value"))]))
        };
        assert!(of("application/json") && of("Application/JSON; charset=utf-8"));
        assert!(!of("text/plain") && !of("application/jsonx") && !is_json(&HeaderMap::new()));
    }
}
