//! The layers around a small router.

use std::net::IpAddr;

use axum::Json;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use http_body_util::BodyExt;
use serde::Deserialize;
use tower::ServiceExt;

use super::*;
use crate::auth::Peer;
use crate::db::with_dbs::START;
use crate::error::ErrorBody;

#[derive(Deserialize)]
struct Input {
    n: u32,
}

fn router(config: &Config) -> Router {
    let routes = Router::new()
        .route("/api/long", get(async || "字".repeat(4_000)))
        .route("/api/add", post(async |Json(input): Json<Input>| (input.n + 1).to_string()))
        .route("/api/panic", get(panics))
        .route("/api/cached", get(async || ([("cache-control", "max-age=60")], "kept")))
        .route("/ws", get(async || "upgraded"))
        .fallback(crate::web::file);
    let guard = Guard::new(config, Clock::manual(START), HttpMetrics::default());
    wrap(routes, guard, 1_024)
}

async fn panics() -> &'static str {
    panic!("a bug with a secret")
}

const PEER: Peer = Peer { address: IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), secure: true };

fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).header("host", "hub.test").extension(PEER);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(body.to_owned())).expect("request")
}

async fn send(request: Request<Body>) -> Response {
    router(&Config::default()).oneshot(request).await.expect("answer")
}

async fn code(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body = response.into_body().collect().await.expect("body").to_bytes();
    let body: ErrorBody = serde_json::from_slice(&body).expect("the envelope");
    (status, body.code)
}

const JSON: (&str, &str) = ("content-type", "application/json");
const OWN: (&str, &str) = ("origin", "https://hub.test");

#[tokio::test]
async fn every_answer_has_the_security_headers_and_an_id() {
    for path in ["/", "/api/long", "/api/none", "/api/panic"] {
        let response = send(request("GET", path, &[], "")).await;
        let headers = response.headers();
        let csp = headers["content-security-policy"].to_str().expect("text");
        assert!(csp.contains("script-src 'self';") && !csp.contains("unsafe"), "{csp}");
        assert!(headers["permissions-policy"].to_str().expect("text").contains("microphone=(self)"));
        assert!(headers["strict-transport-security"].to_str().expect("text").starts_with("max-age="));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["x-request-id"].len(), 32);
    }
    let mut plain = request("GET", "/", &[], "");
    plain.extensions_mut().insert(Peer { secure: false, ..PEER });
    assert!(!send(plain).await.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn no_cache_keeps_what_the_interface_answers() {
    for path in ["/api/long", "/api/none", "/api/panic", "/api/cached", "/api", "/api?a"] {
        assert_eq!(
            send(request("GET", path, &[], "")).await.headers()["cache-control"],
            "no-store",
            "{path}"
        );
    }
    assert_eq!(send(request("POST", "/api/add", &[], "")).await.headers()["cache-control"], "no-store");
    for path in ["/", "/apiary"] {
        let response = send(request("GET", path, &[], "")).await;
        assert_ne!(response.headers()["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_without_its_text() {
    let response = send(request("GET", "/api/panic", &[], "")).await;
    assert_eq!(code(response).await, (StatusCode::INTERNAL_SERVER_ERROR, "internal".into()));
}

#[tokio::test]
async fn refusals_of_the_framework_have_the_envelope() {
    let cases = [
        ("POST", "/api/add", vec![OWN, JSON], "{", StatusCode::UNPROCESSABLE_ENTITY, "invalid_input"),
        (
            "POST",
            "/api/add",
            vec![OWN, JSON],
            "{\"n\": -1}",
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_input",
        ),
        ("POST", "/api/add", vec![OWN], "n=1", StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
        ("GET", "/api/add", vec![], "", StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        ("GET", "/api/none", vec![], "", StatusCode::NOT_FOUND, "not_found"),
    ];
    for (method, path, headers, body, status, expected) in cases {
        let response = send(request(method, path, &headers, body)).await;
        assert_eq!(code(response).await, (status, expected.into()), "{method} {path} {body}");
    }
    let long = format!("{{\"n\": 1, \"x\": \"{}\"}}", "y".repeat(2_000));
    let response = send(request("POST", "/api/add", &[OWN, JSON], &long)).await;
    assert_eq!(code(response).await, (StatusCode::PAYLOAD_TOO_LARGE, "too_large".into()));
}

#[tokio::test]
async fn another_site_can_neither_write_nor_open_a_socket() {
    let evil = ("origin", "https://evil.test");
    for (method, path) in [("POST", "/api/add"), ("DELETE", "/api/add"), ("GET", "/ws")] {
        let response = send(request(method, path, &[evil, JSON], "{\"n\": 1}")).await;
        assert_eq!(code(response).await, (StatusCode::FORBIDDEN, "bad_origin".into()), "{method} {path}");
    }
    assert_eq!(send(request("GET", "/ws", &[OWN], "")).await.status(), StatusCode::OK);
    let response = send(request("POST", "/api/add", &[OWN, JSON], "{\"n\": 1}")).await;
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn long_answers_are_compressed_when_asked_for() {
    let response = send(request("GET", "/api/long", &[("accept-encoding", "gzip")], "")).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.into_body().collect().await.expect("body").to_bytes().len() < 1_000);
    let response = send(request("GET", "/api/long", &[], "")).await;
    assert!(!response.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn an_address_that_asks_too_often_must_wait() {
    let mut config = Config::default();
    (config.limits.requests_per_minute, config.limits.burst) = (60, 2);
    let router = router(&config);
    for _ in 0..2 {
        let response = router.clone().oneshot(request("GET", "/api/long", &[], "")).await.expect("answer");
        assert_eq!(response.status(), StatusCode::OK);
    }
    let response = router.clone().oneshot(request("GET", "/api/long", &[], "")).await.expect("answer");
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(code(response).await, (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts".into()));
}
