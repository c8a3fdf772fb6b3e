//! Roles: given and taken by a command, seen by their owner at once.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use serde_json::json;
use tower::ServiceExt;

use crate::auth::{Administrator, Peer};
use crate::db::with_dbs::with_dbs;
use crate::login::cookies::SESSION;
use crate::login::model::Role;
use crate::login::roles::{self, RoleError};
use crate::test_app::{Browser, TestApp, trail};

#[tokio::test]
async fn a_role_is_given_and_taken_and_both_are_in_the_trail() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let (clock, lin) = (&app.app.clock, app.account(0));
        let mut browser = app.logged_in(0).await;
        assert_eq!(browser.get("/api/me").await.body["roles"], json!([]));
        let set = async |has| {
            app.pass(Duration::from_millis(1));
            roles::set(&db, clock, &lin, Role::Administrator, has).await.expect("set")
        };
        assert_eq!((set(true).await, set(true).await), (true, false));
        assert_eq!(
            browser.get("/api/me").await.body["roles"],
            json!(["administrator"]),
            "without a new log-in"
        );
        assert_eq!((set(false).await, set(false).await), (true, false));
        assert_eq!(browser.get("/api/me").await.body["roles"], json!([]));
        let lines = trail(&db).await;
        let done =
            |action: &str| (None, action.to_owned(), "done".to_owned(), Some(app.person(0).0.to_string()));
        assert_eq!(lines[1..], [done("grant_role"), done("revoke_role")], "once each, after the log-in");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_account_gets_no_role() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let refused = roles::set(&db, &app.app.clock, "no body", Role::Administrator, true).await;
        assert!(matches!(refused, Err(RoleError::NoAccount(name)) if name == "no body"));
        assert!(trail(&db).await.is_empty());
        assert!("root".parse::<Role>().is_err());
    })
    .await;
}

/// What a page for administrators answers this browser.
async fn asked(app: &TestApp, browser: &Browser) -> StatusCode {
    let router = Router::new().route("/", get(async |_: Administrator| "")).with_state(app.app.clone());
    let cookie = browser.cookie(SESSION).map(|secret| format!("{SESSION}={secret}")).unwrap_or_default();
    let request = Request::get("/")
        .header(header::COOKIE, cookie)
        .extension(Peer { address: browser.address, secure: true })
        .body(Body::empty());
    router.oneshot(request.expect("a request")).await.expect("infallible").status()
}

#[tokio::test]
async fn only_administrators_pass() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        assert_eq!(
            asked(&app, &app.logged_in(2).await).await,
            StatusCode::OK,
            "wang.shufen keeps the telephones"
        );
        assert_eq!(asked(&app, &app.logged_in(0).await).await, StatusCode::FORBIDDEN);
        assert_eq!(asked(&app, &app.browser()).await, StatusCode::UNAUTHORIZED);
    })
    .await;
}
