//! The whole server in one process: start, log in, connect, stop.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::db::with_dbs::Folder;
use crate::demo;

/// Far longer than anything here takes; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(60);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

fn config(folder: &Folder) -> Config {
    let mut config = Config::default();
    let any: SocketAddr = "127.0.0.1:0".parse().expect("address");
    config.server.data = folder.0.join("data");
    (config.server.http, config.server.https) = (vec![any], vec![any]);
    config.server.stop_seconds = 5;
    config.metrics.listen = any.to_string();
    (config.media.port, config.media.workers) = (0, 1);
    config.media.addresses = vec![any.ip()];
    config
}

async fn city(config: &Config) {
    let app = open(config.clone(), Arc::default()).await.expect("opens");
    let city = demo::city(demo::SEED, demo::MIN_STAFF);
    let seeded = demo::seed(&app.db, &app.login.hasher, &city, demo::DEFAULT_PASSWORD, app.now()).await;
    seeded.expect("an empty database");
    app.db.close().await;
}

/// A browser of one person, without TLS.
struct Browser {
    address: SocketAddr,
    cookies: String,
}

impl Browser {
    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String, Value) {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let Browser { address, cookies } = self;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\norigin: http://{address}\r\nconnection: close\r\n\
             content-type: application/json\r\ncookie: {cookies}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.expect("connects");
        stream.write_all(head.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        let read = stream.read_to_string(&mut answer);
        tokio::time::timeout(PATIENCE, read).await.expect("in time").expect("answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP answer");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("status");
        (status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    async fn log_in(address: SocketAddr, account: &str) -> Browser {
        let mut browser = Browser { address, cookies: String::new() };
        let credentials = json!({"account": account, "password": demo::DEFAULT_PASSWORD});
        let (status, head, me) = browser.send("POST", "/api/login", Some(credentials)).await;
        assert_eq!(status, 200, "{me}");
        let set = head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
        browser.cookies = set.collect::<Vec<_>>().join("; ");
        browser
    }

    async fn ticket(&self) -> String {
        let (status, _, answer) = self.send("POST", "/api/socket-ticket", Some(json!({}))).await;
        assert_eq!(status, 200, "{answer}");
        answer["ticket"].as_str().expect("ticket").to_owned()
    }

    async fn connect(&self, ticket: &str, origin: &str) -> Result<Socket, Error> {
        let url = format!("ws://{}/ws?ticket={ticket}", self.address);
        let mut request = url.into_client_request().expect("request");
        request.headers_mut().insert("origin", origin.parse().expect("value"));
        connect_async(request).await.map(|(socket, _)| socket)
    }
}

async fn next(socket: &mut Socket) -> Message {
    let message = tokio::time::timeout(PATIENCE, socket.next()).await.expect("in time");
    message.expect("open").expect("a message")
}

/// The next frame that has this key with this value.
async fn frame(socket: &mut Socket, key: &str, value: Value) -> Value {
    loop {
        if let Message::Text(text) = next(socket).await {
            let frame: Value = serde_json::from_str(&text).expect("json");
            if frame[key] == value {
                return frame;
            }
        }
    }
}

async fn close_code(socket: &mut Socket) -> CloseCode {
    loop {
        if let Message::Close(frame) = next(socket).await {
            return frame.expect("a code").code;
        }
    }
}

async fn hello(socket: &mut Socket) -> Value {
    let hello = json!({"id": 1, "type": "hello", "data": {"device": "Test"}});
    socket.send(Message::text(hello.to_string())).await.expect("sent");
    frame(socket, "id", json!(1)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_logs_in_connects_and_is_logged_out() {
    let folder = Folder::new("start");
    let config = config(&folder);
    city(&config).await;
    let running = Running::start(config.clone()).await.expect("starts");
    let address = running.addresses.http[0];
    let browser = Browser::log_in(address, "lin.yating").await;
    let own = format!("http://{address}");

    let ticket = browser.ticket().await;
    assert!(browser.connect(&ticket, "http://evil.test").await.is_err(), "another site");
    let mut socket = browser.connect(&ticket, &own).await.expect("the ticket is still good");
    assert!(browser.connect(&ticket, &own).await.is_err(), "a ticket works once");
    let welcome = hello(&mut socket).await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");

    let (status, ..) = browser.send("POST", "/api/logout-everywhere", Some(json!({}))).await;
    assert_eq!(status, 204);
    assert_eq!(close_code(&mut socket).await, CloseCode::Library(4003));
    assert_eq!(browser.send("GET", "/api/me", None).await.0, 401);
    tokio::time::timeout(PATIENCE, running.stop()).await.expect("stops in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_sends_clients_elsewhere_and_frees_the_folder() {
    let folder = Folder::new("start");
    let config = config(&folder);
    city(&config).await;
    let running = Running::start(config.clone()).await.expect("starts");
    let second = Running::start(config.clone()).await;
    assert!(matches!(second.err(), Some(StartError::InUse)), "one server per data folder");
    let address = running.addresses.http[0];
    let browser = Browser::log_in(address, "lin.yating").await;
    let mut socket =
        browser.connect(&browser.ticket().await, &format!("http://{address}")).await.expect("opens");
    hello(&mut socket).await;

    let stopping = tokio::spawn(running.stop());
    frame(&mut socket, "type", json!("drain")).await;
    assert_eq!(close_code(&mut socket).await, CloseCode::Library(4002));
    tokio::time::timeout(PATIENCE, stopping).await.expect("stops in time").expect("stops well");
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens");

    let again = Running::start(config).await.expect("the folder is free");
    let again_browser = Browser { address: again.addresses.http[0], cookies: browser.cookies };
    assert_eq!(again_browser.send("GET", "/api/me", None).await.0, 200, "the log-in outlives the restart");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_listener_has_the_numbers_and_the_public_one_has_not() {
    let folder = Folder::new("start");
    let running = Running::start(config(&folder)).await.expect("starts");
    let ask = async |address: SocketAddr, path: &str| {
        Browser { address, cookies: String::new() }.send("GET", path, None).await
    };
    let (public, admin) = (running.addresses.http[0], running.addresses.admin[0]);
    assert_eq!(ask(public, "/healthz").await.0, 200);
    assert_eq!(ask(admin, "/healthz").await.0, 200);
    assert_eq!(ask(admin, "/metrics").await.0, 200);
    let (status, head, _) = ask(public, "/metrics").await;
    assert!(status == 200 && head.contains("text/html"), "a page of the app, not the numbers");
    assert_eq!(ask(admin, "/api/config").await.0, 404);
    running.stop().await;
}

#[tokio::test]
async fn an_address_in_use_stops_the_start() {
    let folder = Folder::new("start");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("free port");
    let mut config = config(&folder);
    config.server.http = vec![taken.local_addr().expect("address")];
    assert!(matches!(Running::start(config).await.err(), Some(StartError::Listen(_))));
}
