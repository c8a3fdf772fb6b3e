//! For the slices' stories: the app over a fresh database with a small city, and clients that speak HTTP to it in memory,
//! through every layer that a request of a browser passes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use signaling::ids::PersonId;
use tower::ServiceExt;
use uuid::Uuid;

use crate::app::recorder::Recorder;
use crate::app::{App, Parts};
use crate::auth::Peer;
use crate::clock::Clock;
use crate::config::Config;
use crate::db::with_dbs::START;
use crate::db::{Db, DbResult, Tx, on};
use crate::demo::{self, City};
use crate::directory::Directory;
use crate::login::password::HasherConfig;
use crate::login::rules::Lifetime;
use crate::metrics::HttpMetrics;
use crate::phones::PhoneBook;
use crate::serve::layers::{self, Guard};
use crate::{login, routes};

/// Password of everybody in the city.
pub(crate) const PASSWORD: &str = demo::DEFAULT_PASSWORD;

/// The app with a city of some people and a clock that the test moves.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) city: City,
    pub(crate) live: Arc<Recorder>,
    router: Router,
}

impl TestApp {
    pub(crate) async fn new(db: Db) -> TestApp {
        TestApp::with(db, Config::default()).await
    }

    /// With settings of the test's own.
    pub(crate) async fn with(db: Db, config: Config) -> TestApp {
        let clock = Clock::manual(START);
        let service = login::Service::new(HasherConfig::default(), Lifetime::default())
            .expect("random bytes for a hash");
        let city = demo::city(demo::SEED, demo::MIN_STAFF);
        demo::seed(&db, &service.hasher, &city, PASSWORD, clock.now()).await.expect("an empty database");
        let live = Arc::new(Recorder::default());
        let app = App::new(Parts {
            config,
            directory: Arc::new(Directory::open(&db).await.expect("directory")),
            phones: Arc::new(PhoneBook::open(&db).await.expect("phones")),
            login: Arc::new(service),
            live: live.clone(),
            clock,
            db,
        });
        let guard = Guard::new(&app.config, app.clock.clone(), HttpMetrics::default());
        let router = layers::wrap(routes::public(app.clone()), guard, app.config.limits.body_bytes);
        TestApp { router, app, city, live }
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        let address = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));
        Browser { router: self.router.clone(), address, cookies: Vec::new(), user_agent: CHROME.into() }
    }

    /// A browser logged in as the n-th demo log-in.
    pub(crate) async fn logged_in(&self, n: usize) -> Browser {
        let mut browser = self.browser();
        let answer = browser.log_in(&self.account(n), PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        browser
    }

    /// Account name of the n-th demo log-in.
    pub(crate) fn account(&self, n: usize) -> String {
        self.city.logins().nth(n).expect("three log-ins").0.account.clone()
    }

    /// The n-th demo log-in's person.
    pub(crate) fn person(&self, n: usize) -> PersonId {
        self.city.logins().nth(n).expect("three log-ins").1.id
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, span: Duration) {
        self.app.clock.advance(span);
    }
}

/// A line of the audit trail: who, action, outcome, to whom.
pub(crate) type TrailLine = (Option<Uuid>, String, String, Option<String>);

/// The audit trail, oldest first.
pub(crate) async fn trail(db: &Db) -> Vec<TrailLine> {
    let mut tx = db.read().await.expect("read");
    read_trail(&mut tx).await.expect("trail")
}

async fn read_trail(tx: &mut Tx<'_>) -> DbResult<Vec<TrailLine>> {
    on!(tx, c => sqlx::query_as("SELECT person_id, action, outcome, subject FROM audit ORDER BY at, id").fetch_all(c))
}

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// `Value::Null` without a body, a string when it is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The error's code.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Keeps cookies as a browser does.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    pub(crate) address: IpAddr,
    pub(crate) user_agent: String,
    pub(crate) cookies: Vec<(String, String)>,
}

impl Browser {
    pub(crate) async fn log_in(&mut self, account: &str, password: &str) -> Answer {
        self.post("/api/login", json!({"account": account, "password": password})).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, Value::Null).await
    }

    /// Value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    async fn send(&mut self, method: Method, path: &str, body: Value) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::USER_AGENT, &self.user_agent)
            .header(header::HOST, "hub.test")
            .header(header::ORIGIN, "https://hub.test")
            .header(header::CONTENT_TYPE, "application/json")
            .extension(Peer { address: self.address, secure: true });
        for (name, value) in &self.cookies {
            request = request.header(header::COOKIE, format!("{name}={value}"));
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().expect("text"));
        }
        let bytes = body.collect().await.expect("body").to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).unwrap_or_else(|_| text())
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    fn keep(&mut self, cookie: &str) {
        let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
        self.cookies.retain(|(key, _)| key != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}
