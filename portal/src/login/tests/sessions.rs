//! Logging in and out, own log-ins, tickets.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::FutureExt;
use serde_json::{Value, json};
use signaling::ids::LoginId;
use uuid::Uuid;

use crate::clock::Millis;
use crate::db::with_dbs::with_dbs;
use crate::db::{DbResult, Scope, Tx, on};
use crate::login::cookies::{DEVICE, SESSION};
use crate::login::service::commit_ended;
use crate::login::tickets::Holder;
use crate::test_app::{PASSWORD, TestApp};

fn id(value: &Value) -> LoginId {
    LoginId(Uuid::parse_str(value.as_str().expect("an id")).expect("a UUID"))
}

#[tokio::test]
async fn logging_in_tells_who_one_is_and_sets_a_guarded_cookie() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.browser();
        let account = app.account(0).to_uppercase();
        let answer = browser.log_in(&account, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.body["person"]["name"], "林雅婷");
        assert_eq!(answer.body["person"]["path"][0], "明河市政府");
        assert_eq!(answer.body["factors"], json!(["password"]));
        let cookie =
            answer.headers.get_all("set-cookie").iter().next().expect("a cookie").to_str().expect("text");
        assert!(
            cookie.starts_with("__Host-sid=") && cookie.ends_with("; Secure; HttpOnly; SameSite=Strict"),
            "{cookie}"
        );
        let secret = browser.cookie(SESSION).expect("a cookie");
        assert_eq!(secret.len(), 64, "256 bits");
        let me = browser.get("/api/me").await;
        assert_eq!((me.status, &me.body), (StatusCode::OK, &answer.body));
    })
    .await;
}

#[tokio::test]
async fn without_a_log_in_nothing_is_answered() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.browser();
        browser.cookies.push((SESSION.into(), "0".repeat(64)));
        for path in ["/api/me", "/api/logins", "/api/units", "/api/search?q=x", "/api/calls"] {
            let answer = browser.get(path).await;
            assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "not_logged_in"), "{path}");
        }
        let answer = browser.post("/api/socket-ticket", Value::Null).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn logging_out_ends_the_log_in_and_closes_its_sockets() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let mut copy = browser.clone();
        let login = id(&browser.get("/api/me").await.body["login"]);
        let answer = browser.post("/api/logout", Value::Null).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(browser.cookie(SESSION), None, "the browser forgets");
        assert_eq!(app.live.ended(), [login]);
        assert_eq!(copy.get("/api/me").await.status, StatusCode::UNAUTHORIZED, "a copied cookie is dead too");
    })
    .await;
}

#[tokio::test]
async fn own_log_ins_are_listed_and_one_is_ended_from_another() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (mut office, mut phone) = (app.logged_in(0).await, app.browser());
        phone.user_agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Safari/604.1".into();
        assert_eq!(phone.log_in(&app.account(0), PASSWORD).await.status, StatusCode::OK);
        let mut stranger = app.logged_in(1).await;
        let logins = office.get("/api/logins").await.body["logins"].clone();
        let seen = |n: usize| (logins[n]["device"].as_str(), logins[n]["current"].as_bool());
        let found = [seen(0), seen(1)];
        assert_eq!(logins.as_array().map(Vec::len), Some(2), "one's own only");
        assert!(found.contains(&(Some("Chrome · Windows"), Some(true))), "{logins}");
        assert!(found.contains(&(Some("Safari · iPhone"), Some(false))), "{logins}");

        let of_phone = id(&phone.get("/api/me").await.body["login"]);
        let path = format!("/api/logins/{}", of_phone.0);
        let answer = stranger.delete(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "not the stranger's");
        assert_eq!(office.delete(&path).await.status, StatusCode::NO_CONTENT);
        assert_eq!(app.live.ended(), [of_phone]);
        assert_eq!(office.delete(&path).await.status, StatusCode::NOT_FOUND, "only once");
        assert_eq!(phone.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(office.get("/api/me").await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_own_log_ins_only() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (mut one, mut two, mut other) =
            (app.logged_in(0).await, app.logged_in(0).await, app.logged_in(1).await);
        let mut expected =
            [id(&one.get("/api/me").await.body["login"]), id(&two.get("/api/me").await.body["login"])];
        assert_eq!(one.post("/api/logout-everywhere", Value::Null).await.status, StatusCode::NO_CONTENT);
        let mut ended = app.live.ended();
        ended.sort();
        expected.sort();
        assert_eq!(ended, expected);
        assert_eq!(two.get("/api/me").await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(other.get("/api/me").await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_works_once_in_time_and_while_its_log_in_lasts() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let login = id(&browser.get("/api/me").await.body["login"]);
        let mut tickets = Vec::new();
        for _ in 0..3 {
            let answer = browser.post("/api/socket-ticket", Value::Null).await;
            tickets.push(answer.body["ticket"].as_str().expect("a ticket").to_owned());
        }
        let redeem = |ticket: &str| app.app.login.redeem_ticket(app.app.now(), ticket);
        assert_eq!(redeem(&tickets[0]), Some(Holder { person: app.person(0), login }));
        assert_eq!(redeem(&tickets[0]), None, "once");
        assert_eq!(redeem("nonsense"), None);
        app.pass(Duration::from_secs(30));
        assert_eq!(redeem(&tickets[1]), None, "half a minute later");
        let fresh = browser.post("/api/socket-ticket", Value::Null).await.body["ticket"].clone();
        browser.post("/api/logout", Value::Null).await;
        assert_eq!(redeem(fresh.as_str().expect("a ticket")), None, "logged out");
    })
    .await;
}

#[tokio::test]
async fn a_device_is_remembered_over_a_log_out() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let device = browser.cookie(DEVICE).expect("a device cookie");
        browser.post("/api/logout", Value::Null).await;
        browser.log_in(&app.account(0), PASSWORD).await;
        assert_eq!(browser.cookie(DEVICE), Some(device.clone()));
        browser.log_in(&app.account(1), PASSWORD).await;
        assert_ne!(browser.cookie(DEVICE), Some(device), "known to one account, not to another");
    })
    .await;
}

#[tokio::test]
async fn the_audit_trail_says_who_did_what_from_which_network_and_no_secret() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let mut browser = app.logged_in(0).await;
        let secret = browser.cookie(SESSION).expect("a cookie");
        app.pass(Duration::from_millis(1));
        browser.log_in(&app.account(1), "my-secret-guess").await;
        app.pass(Duration::from_millis(1));
        browser.post("/api/logout", Value::Null).await;
        let lines = audit(&mut db.read().await.expect("read")).await.expect("rows");
        let what: Vec<_> = lines.iter().map(|line| (line.1, line.2.as_str(), line.3.as_str())).collect();
        let (lin, chen) = (Some(app.person(0).0), Some(app.person(1).0));
        assert_eq!(
            what,
            [(lin, "log_in", "done"), (chen, "log_in", "bad_credentials"), (lin, "log_out", "done")]
        );
        assert!(lines.iter().all(|line| line.4 == "203.0.113.0/24"), "{lines:?}");
        let text = format!("{lines:?}");
        assert!(!text.contains("my-secret-guess") && !text.contains(&secret));
    })
    .await;
}

type AuditLine = (Millis, Option<Uuid>, String, String, String);

async fn audit(tx: &mut Tx<'_>) -> DbResult<Vec<AuditLine>> {
    on!(tx, c => sqlx::query_as("SELECT at, person_id, action, outcome, address FROM audit ORDER BY at, id")
        .fetch_all(c))
}

/// As a tab that is closed right after "log out everywhere" does.
#[tokio::test]
async fn ended_log_ins_are_told_though_the_client_hung_up() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let login = LoginId(Uuid::from_u128(7));
        let tx = db.write(Scope::slice("login")).await.expect("write");
        let mut commit = Box::pin(commit_ended(&app.app, tx, vec![login]));
        assert!((&mut commit).now_or_never().is_none(), "a commit takes a moment");
        drop(commit);
        let told = async {
            loop {
                let ended = app.live.ended();
                if !ended.is_empty() {
                    return ended;
                }
                tokio::task::yield_now().await;
            }
        };
        assert_eq!(tokio::time::timeout(Duration::from_secs(20), told).await.expect("told"), [login]);
    })
    .await;
}
