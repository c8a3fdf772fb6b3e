//! The server over real sockets on loopback.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;

use super::*;
use crate::config::TlsConfig;
use crate::db::with_dbs::{Folder, START};
use crate::tls::Certificate;

/// Far longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn quick() -> LimitsConfig {
    LimitsConfig { header_seconds: 1, handshake_seconds: 1, ..LimitsConfig::default() }
}

fn server(limits: &LimitsConfig, router: Router) -> (Server, SocketAddr) {
    let mut server = Server::new(limits, Arc::new(|| 0));
    let open = server.listen(&["127.0.0.1:0".parse().expect("address")], None, router).expect("listens");
    (server, open[0])
}

async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let read = stream.read_to_string(&mut text);
    // A connection that is cut may end with a reset.
    match tokio::time::timeout(PATIENCE, read).await.expect("the server closes") {
        Ok(_) => text,
        Err(error) => format!("{text}{error}"),
    }
}

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(request.as_bytes()).await.expect("sent");
    to_the_end(&mut stream).await
}

const CLOSE: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn requests_know_their_peer() {
    let router = Router::new().route("/", get(async |peer: crate::auth::Peer| format!("{peer:?}")));
    let (server, address) = server(&quick(), router);
    assert!(ask(address, CLOSE).await.ends_with("Peer { address: 127.0.0.1, secure: false }"));
    server.stop(PATIENCE).await;
}

#[tokio::test]
async fn only_a_trusted_proxy_is_believed_about_its_clients() {
    const FORWARDED: &str = "GET / HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.1, 203.0.113.9\r\n\
        connection: close\r\n\r\n";
    let router = Router::new().route("/", get(async |peer: crate::auth::Peer| peer.address.to_string()));
    for (proxy, client) in [("127.0.0.0/8", "\r\n203.0.113.9"), ("10.0.0.0/8", "\r\n127.0.0.1")] {
        let limits = LimitsConfig { connections_per_address: 1, ..quick() };
        let mut server = Server::new(&limits, Arc::new(|| 0)).behind(&[proxy.parse().expect("network")]);
        let any = ["127.0.0.1:0".parse().expect("address")];
        let address = server.listen(&any, None, router.clone()).expect("listens")[0];
        assert!(ask(address, FORWARDED).await.ends_with(client), "{proxy}");
        server.stop(PATIENCE).await;
    }
}

#[tokio::test]
async fn clients_of_a_proxy_have_limits_of_their_own() {
    let mut config = crate::config::Config::default();
    (config.limits.requests_per_minute, config.limits.burst) = (60, 1);
    (config.limits.connections_per_address, config.server.trusted_proxies) =
        (1, vec!["127.0.0.1".parse().expect("network")]);
    let clock = crate::clock::Clock::manual(START);
    let guard = layers::Guard::new(&config, clock, crate::metrics::HttpMetrics::default());
    let router = layers::wrap(Router::new().route("/", get(async || "here")), guard, 1_024);
    let mut server = Server::new(&config.limits, Arc::new(|| 0)).behind(&config.server.trusted_proxies);
    let address =
        server.listen(&["127.0.0.1:0".parse().expect("address")], None, router).expect("listens")[0];
    // Two connections of the proxy at once, over its own limit if it had one.
    let mut first = TcpStream::connect(address).await.expect("connects");
    let ask_as = async |hops: &str| {
        let request = CLOSE.replace("connection", &format!("x-forwarded-for: {hops}\r\nconnection"));
        ask(address, &request).await
    };
    assert!(ask_as("203.0.113.9").await.ends_with("here"));
    assert!(ask_as("203.0.113.8").await.ends_with("here"), "another client");
    assert!(ask_as("203.0.113.9").await.contains("too_many_attempts"));
    assert!(ask_as("192.0.2.1, 203.0.113.9").await.contains("too_many_attempts"), "posing as another");
    first.write_all(CLOSE.as_bytes()).await.expect("sent");
    assert!(to_the_end(&mut first).await.ends_with("here"), "the proxy's own");
}

#[tokio::test]
async fn a_slow_header_is_cut_off() {
    let (_server, address) = server(&quick(), Router::new());
    for start in ["", "P", "GET / HTTP/1.1\r\nhost: loc"] {
        let answer = ask(address, start).await;
        assert!(!answer.contains("200"), "{answer}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_cut_off() {
    let folder = Folder::new("serve");
    let certificate = Certificate::open(&TlsConfig::default(), &folder.0, &[], START).expect("certificate");
    let mut server = Server::new(&quick(), Arc::new(|| 0));
    let any = ["127.0.0.1:0".parse().expect("address")];
    let tls = certificate.server_config().expect("config");
    let address = server.listen(&any, Some(tls), Router::new()).expect("listens")[0];
    assert_eq!(ask(address, "").await, "");
}

#[tokio::test]
async fn too_many_connections_are_closed() {
    let limits = LimitsConfig { connections_per_address: 1, ..LimitsConfig::default() };
    let (_server, address) = server(&limits, Router::new().route("/", get(async || "here")));
    let mut first = TcpStream::connect(address).await.expect("connects");
    first.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    let mut byte = [0];
    first.read_exact(&mut byte).await.expect("answered, and still open");
    assert!(!ask(address, CLOSE).await.contains("here"));
    drop(first);
}

#[tokio::test]
async fn a_stop_lets_a_running_request_end_and_closes_idle_connections() {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (entered, go) = (entered.clone(), go.clone());
        async move || {
            entered.notify_one();
            go.notified().await;
            "done"
        }
    };
    let (server, address) = server(&LimitsConfig::default(), Router::new().route("/", get(handler)));
    let mut idle = TcpStream::connect(address).await.expect("connects");
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    entered.notified().await;
    let stopping = tokio::spawn(server.stop(PATIENCE));
    assert_eq!(to_the_end(&mut idle).await, "", "idle ones are closed at once");
    go.notify_one();
    assert!(to_the_end(&mut stream).await.ends_with("done"));
    stopping.await.expect("stopped");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let (server, address) = server(
        &LimitsConfig::default(),
        Router::new().route("/", get(async || std::future::pending::<&'static str>().await)),
    );
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(CLOSE.as_bytes()).await.expect("sent");
    tokio::time::timeout(PATIENCE, server.stop(Duration::from_millis(100))).await.expect("bounded");
}

#[tokio::test]
async fn tls_speaks_http2_and_http1() {
    let folder = Folder::new("serve");
    let certificate = Certificate::open(&TlsConfig::default(), &folder.0, &[], START).expect("certificate");
    let mut server = Server::new(&LimitsConfig::default(), Arc::new(|| 0));
    let router =
        Router::new().route("/", get(async |peer: crate::auth::Peer| format!("secure {}", peer.secure)));
    let any = ["127.0.0.1:0".parse().expect("address")];
    let address =
        server.listen(&any, Some(certificate.server_config().expect("config")), router).expect("listens")[0];
    for (alpn, version) in [("h2", hyper::Version::HTTP_2), ("http/1.1", hyper::Version::HTTP_11)] {
        let (chosen, body) = over_tls(&folder, address, alpn).await;
        assert_eq!((chosen, body.as_str()), (version, "secure true"));
    }
    server.stop(PATIENCE).await;
}

async fn over_tls(folder: &Folder, address: SocketAddr, alpn: &str) -> (hyper::Version, String) {
    use http_body_util::{BodyExt, Empty};
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use rustls::pki_types::pem::PemObject;
    let mut roots = RootCertStore::empty();
    let file = folder.0.join("tls/certificate.pem");
    roots.add(CertificateDer::from_pem_file(file).expect("file")).expect("root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![alpn.as_bytes().to_vec()];
    let tcp = TcpStream::connect(address).await.expect("connects");
    let name = ServerName::try_from("localhost").expect("name");
    let io = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.expect("handshake");
    let request = hyper::Request::get("https://localhost/").header("host", "localhost");
    let request = request.body(Empty::<bytes::Bytes>::new()).expect("request");
    let io = TokioIo::new(io);
    let answer = if alpn == "h2" {
        let (mut send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.expect("h2");
        tokio::spawn(connection);
        send.send_request(request).await
    } else {
        let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.expect("h1");
        tokio::spawn(connection);
        send.send_request(request).await
    };
    let answer = answer.expect("answer");
    let version = answer.version();
    let body = answer.into_body().collect().await.expect("body").to_bytes();
    (version, String::from_utf8(body.to_vec()).expect("text"))
}
