//! From an accepted socket to HTTP requests.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::{Service, ServiceExt};

use super::proxies::Proxies;
use super::stream::{Stream, Transport};
use crate::auth::Peer;
use crate::config::LimitsConfig;

/// Requests of one HTTP/2 connection at once. A browser opens a few dozen; more only helps an attacker.
const MAX_STREAMS: u32 = 100;
/// Longest header of a request. Cookies of ours are short; what is longer is not ours.
const MAX_HEADER: usize = 16 * 1024;
/// How often a silent HTTP/2 connection is asked whether it is still there; without an answer it is closed.
const H2_PING: Duration = Duration::from_secs(30);

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) router: Router,
    pub(super) tls: Option<TlsAcceptor>,
    pub(super) limits: LimitsConfig,
    pub(super) proxies: Proxies,
}

/// Says when to stop.
pub(super) type Stop = watch::Receiver<bool>;

/// Waits for the stop; a server that is gone counts as one.
pub(super) async fn stopped(stop: &mut Stop) {
    drop(stop.wait_for(|stop| *stop).await);
}

/// Serves one connection to its end.
pub(super) async fn run(shared: Arc<Shared>, tcp: TcpStream, address: IpAddr, stop: Stop) {
    let peer = Peer { address, secure: shared.tls.is_some() };
    let outcome = match open(&shared, tcp).await {
        Ok(Transport::Tls(tls)) if tls.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(Transport::Tls(tls), service(&shared, peer), stop).await
        }
        Ok(transport) => http1(&shared.limits, transport, service(&shared, peer), stop).await,
        Err(error) => return tracing::debug!(%address, %error, "no connection came about"),
    };
    if let Err(error) = outcome {
        tracing::debug!(%address, %error, "connection ended");
    }
}

/// Completes the TLS handshake, where there is one.
async fn open(shared: &Shared, tcp: TcpStream) -> io::Result<Transport> {
    // Small answers must not wait for the acknowledgement of the one before.
    tcp.set_nodelay(true)?;
    match &shared.tls {
        None => Ok(Transport::Plain(tcp)),
        Some(acceptor) => {
            let stream = timeout(shared.limits.handshake_deadline(), acceptor.accept(tcp)).await;
            Ok(Transport::Tls(Box::new(stream.map_err(|_| io::ErrorKind::TimedOut)??)))
        }
    }
}

async fn http1(
    limits: &LimitsConfig,
    transport: Transport,
    service: impl Answers,
    mut stop: Stop,
) -> Result<(), hyper::Error> {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_deadline())
        .max_buf_size(MAX_HEADER)
        .serve_connection(TokioIo::new(Stream::new(transport)), TowerToHyperService::new(service))
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn http2(transport: Transport, service: impl Answers, mut stop: Stop) -> Result<(), hyper::Error> {
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(H2_PING)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADER as u32)
        .serve_connection(TokioIo::new(Stream::new(transport)), TowerToHyperService::new(service));
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

/// A service that answers every request.
trait Answers:
    Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + 'static
{
}

impl<S> Answers for S where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + 'static
{
}

/// The router, with the peer in every request: the other end of the connection, or the client of the proxy there.
fn service(shared: &Shared, peer: Peer) -> impl Answers + use<> {
    let proxies = shared.proxies.clone();
    shared.router.clone().map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        let address = proxies.client(peer.address, request.headers());
        request.extensions_mut().insert(Peer { address, ..peer });
        request
    })
}
