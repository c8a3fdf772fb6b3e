//! How log-ins end by themselves.

use std::time::Duration;

use axum::http::StatusCode;
use signaling::ids::LoginId;

use crate::clock::Millis;
use crate::db::with_dbs::with_dbs;
use crate::login::service::chores;
use crate::test_app::TestApp;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn an_idle_log_in_ends_and_closes_its_sockets() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (mut used, mut idle) = (app.logged_in(0).await, app.logged_in(1).await);
        for _ in 0..2 {
            app.pass(20 * MINUTE);
            assert_eq!(used.get("/api/me").await.status, StatusCode::OK);
            chores(&app.app).await.expect("chores");
        }
        assert_eq!(idle.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(app.live.ended().len(), 1);
        assert_eq!(used.get("/api/me").await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn an_idle_log_in_is_refused_even_before_the_chores() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        app.pass(30 * MINUTE);
        assert_eq!(browser.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
        assert!(app.live.ended().is_empty());
        chores(&app.app).await.expect("chores");
        assert_eq!(app.live.ended().len(), 1, "its sockets are closed, too");
    })
    .await;
}

#[tokio::test]
async fn a_log_in_that_only_talks_is_not_idle() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (mut talker, mut absent) = (app.logged_in(0).await, app.logged_in(1).await);
        let login = talker.get("/api/me").await.body["login"].clone();
        let login = LoginId(serde_json::from_value(login).expect("an id"));
        app.live.use_logins([login]);
        for _ in 0..4 {
            app.pass(15 * MINUTE);
            chores(&app.app).await.expect("chores");
        }
        assert_eq!(talker.get("/api/me").await.status, StatusCode::OK, "after an hour on the phone");
        assert_eq!(absent.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(app.live.ended().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_log_in_ends_after_twelve_hours_however_busy() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        for _ in 0..35 {
            app.pass(20 * MINUTE);
            assert_eq!(browser.get("/api/me").await.status, StatusCode::OK);
        }
        app.pass(20 * MINUTE);
        assert_eq!(browser.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn signs_of_life_are_written_by_the_chores() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let seen = async |browser: &mut crate::test_app::Browser| {
            browser.get("/api/logins").await.body["logins"][0]["last_seen_at"].as_i64().map(Millis)
        };
        let made = app.app.now();
        app.pass(MINUTE);
        assert_eq!(seen(&mut browser).await, Some(made), "not written at each request");
        chores(&app.app).await.expect("chores");
        assert_eq!(seen(&mut browser).await, Some(app.app.now()));
    })
    .await;
}
