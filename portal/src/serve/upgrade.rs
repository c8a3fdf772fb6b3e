//! Answers a WebSocket upgrade (RFC 6455 section 4.2) and gives the connection away.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use signaling::ws::{Socket, accept_key};

use super::stream::{Stream, Transport};
use crate::error::ApiError;

/// How long sending the answer may take; after that the socket is not handed over.
const DEADLINE: Duration = Duration::from_secs(10);

/// Answers the upgrade; `adopt` gets the socket once the answer is on its way, with what the client sent behind its request.
///
/// # Errors
/// 400 when the request is not a WebSocket upgrade over HTTP/1.1.
pub(crate) fn upgrade(
    request: &mut Request<Body>,
    adopt: impl FnOnce(Socket, Bytes) + Send + 'static,
) -> Result<Response<Body>, ApiError> {
    let key = asked(request.method(), request.headers()).ok_or_else(not_an_upgrade)?;
    let upgrading = request.extensions_mut().remove::<OnUpgrade>().ok_or_else(not_an_upgrade)?;
    tokio::spawn(async move {
        match tokio::time::timeout(DEADLINE, upgrading).await {
            Ok(Ok(upgraded)) => match upgraded.downcast::<TokioIo<Stream>>() {
                Ok(parts) => adopt(socket(parts.io.into_inner()), copied(&parts.read_buf)),
                Err(_) => tracing::error!("an upgraded connection is not one of ours"),
            },
            Ok(Err(error)) => tracing::debug!(%error, "the upgrade failed"),
            Err(_) => tracing::debug!("the upgrade took too long"),
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept_key(&key))
        .body(Body::empty())
        .map_err(ApiError::internal)
}

fn socket(stream: Stream) -> Socket {
    match stream.into_transport() {
        Transport::Plain(tcp) => Socket::Plain(tcp),
        Transport::Tls(tls) => Socket::Tls(tls),
    }
}

/// A copy, so that the 8 KB buffer behind hyper's does not live as long as the socket.
fn copied(read: &Bytes) -> Bytes {
    Bytes::copy_from_slice(read)
}

/// The client's key, when the headers ask for version 13.
fn asked(method: &Method, headers: &HeaderMap) -> Option<String> {
    let has = |name, token: &str| {
        let all = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        all.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(token))
    };
    let fits = *method == Method::GET
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    let key = headers.get(header::SEC_WEBSOCKET_KEY)?.to_str().ok()?;
    // 16 bytes in base64.
    (fits && key.len() == 24).then(|| key.to_owned())
}

fn not_an_upgrade() -> ApiError {
    let (zh, en) = ("這個網址只接受 WebSocket 連線。", "Only WebSocket connections are accepted here.");
    ApiError::new(StatusCode::BAD_REQUEST, "not_an_upgrade", zh, en)
}
