//! Headers that tell the browser what a page of ours may do.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::auth::Peer;

/// Only our own files; no inline script or style; `blob:` and `mediastream:` for pictures and calls; no frame around us.
const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self' ws: wss:; \
    img-src 'self' data: blob:; media-src 'self' blob: mediastream:; font-src 'self'; worker-src 'self'; \
    manifest-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// What calls need, for ourselves only; everything else a page could ask for is off.
const PERMISSIONS: &str = "camera=(self), microphone=(self), display-capture=(self), autoplay=(self), fullscreen=(self), \
    screen-wake-lock=(self), speaker-selection=(self), geolocation=(), payment=(), usb=(), serial=(), hid=(), midi=()";

/// A year. Browsers take it over TLS only, and only we say it there.
const HSTS: &str = "max-age=31536000";

const ALWAYS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds the headers. What the interface answers is about people, so no cache may keep it, not even the browser's own: the
/// next one at the machine would find it there.
pub(super) async fn security(peer: Peer, request: Request, next: Next) -> Response {
    let private = is_interface(request.uri().path());
    let host = request.headers().get(header::HOST).cloned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    if private {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if peer.secure && !host.is_some_and(|host| is_local(&host)) {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}

/// Whether the path is `/api` or below it.
fn is_interface(path: &str) -> bool {
    path.strip_prefix("/api").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `localhost` has a plain listener of its own: a browser that once came by TLS must still reach it.
fn is_local(host: &HeaderValue) -> bool {
    let host = host.as_bytes();
    host == b"localhost" || host.starts_with(b"localhost:")
}
