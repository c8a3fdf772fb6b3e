//! Attacks, by their numbers in the threat table: A3 fixation, A18 spraying and locking out, A19 enumeration.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;

use crate::db::with_dbs::with_dbs;
use crate::db::{DbResult, Tx, on};
use crate::login::cookies::SESSION;
use crate::test_app::{Browser, PASSWORD, TestApp};

#[tokio::test]
async fn a3_a_planted_session_is_not_taken_over() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        // The attacker logs in as himself and plants his cookie in the victim's browser.
        let attacker = app.logged_in(1).await;
        let planted = attacker.cookie(SESSION).expect("a cookie");
        let mut victim = app.browser();
        victim.cookies.push((SESSION.into(), planted.clone()));
        victim.log_in(&app.account(0), PASSWORD).await;
        assert_ne!(victim.cookie(SESSION), Some(planted), "a new cookie at each log-in");
        let mut attacker = attacker;
        assert_eq!(attacker.get("/api/me").await.status, StatusCode::UNAUTHORIZED, "the planted one is dead");
        assert_eq!(app.live.ended().len(), 1, "and so are its sockets");
        assert_eq!(victim.get("/api/me").await.body["person"]["name"], "林雅婷");
    })
    .await;
}

#[tokio::test]
async fn a3_a_made_up_session_is_not_adopted() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut victim = app.browser();
        victim.cookies.push((SESSION.into(), "a".repeat(64)));
        victim.log_in(&app.account(0), PASSWORD).await;
        assert_ne!(victim.cookie(SESSION), Some("a".repeat(64)));
    })
    .await;
}

/// What an observer could tell accounts apart by: the answer, and the work that it took.
async fn shape(
    app: &TestApp,
    mut browser: Browser,
    account: &str,
    password: &str,
) -> (u16, Value, Vec<String>, u64, i64) {
    let (checks, lines) = (app.app.login.hasher.checks(), audit_lines(app).await);
    let answer = browser.log_in(account, password).await;
    let mut headers: Vec<String> = answer.headers.keys().map(|name| name.to_string()).collect();
    headers.sort();
    let work = app.app.login.hasher.checks() - checks;
    (answer.status.as_u16(), answer.body, headers, work, audit_lines(app).await - lines)
}

async fn audit_lines(app: &TestApp) -> i64 {
    let mut tx = app.app.db.read().await.expect("read");
    count(&mut tx).await.expect("count")
}

async fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    on!(tx, c => sqlx::query_scalar("SELECT CAST(COUNT(*) AS BIGINT) FROM audit").fetch_one(c))
}

/// Outcomes in the trail, in the order of their names.
async fn outcomes(app: &TestApp) -> Vec<String> {
    let mut tx = app.app.db.read().await.expect("read");
    let all: DbResult<_> = async {
        on!(&mut tx, c => sqlx::query_scalar("SELECT outcome FROM audit ORDER BY outcome, id").fetch_all(c))
    }
    .await;
    all.expect("outcomes")
}

async fn disable(tx: &mut Tx<'_>, account: &str) -> DbResult<()> {
    use crate::db::Rows;
    on!(tx, c => sqlx::query("UPDATE account SET enabled = $2 WHERE name = $1").bind(account).bind(false).execute(c).rows())?;
    Ok(())
}

#[tokio::test]
async fn a19_unknown_disabled_and_known_accounts_look_alike() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let mut tx = db.write(crate::db::Scope::slice("login")).await.expect("write");
        disable(&mut tx, &app.account(2)).await.expect("disabled");
        tx.commit().await.expect("commit");
        let wrong = shape(&app, app.browser(), &app.account(0), "wrong").await;
        assert_eq!((wrong.0, wrong.3, wrong.4), (401, 1, 1), "one hash, one line in the trail");
        assert_eq!(wrong.1["code"], "bad_credentials");
        assert_eq!(shape(&app, app.browser(), "nobody.here", "wrong").await, wrong);
        assert_eq!(shape(&app, app.browser(), "not a name 林", "wrong").await, wrong);
        assert_eq!(
            shape(&app, app.browser(), &app.account(2), PASSWORD).await,
            wrong,
            "disabled, right password"
        );
        assert_eq!(shape(&app, app.browser(), &app.account(2), "wrong").await, wrong);
    })
    .await;
}

#[tokio::test]
async fn a19_limits_hold_for_unknown_accounts_alike() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut outcomes = Vec::new();
        for (account, octet) in [(app.account(0), 1), ("nobody.here".to_owned(), 2)] {
            let mut browser = app.browser();
            browser.address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, octet));
            let mut answers = Vec::new();
            for _ in 0..6 {
                let answer = browser.log_in(&account, "wrong").await;
                answers.push((answer.status, answer.body, answer.headers.get("retry-after").cloned()));
            }
            outcomes.push(answers);
        }
        assert_eq!(outcomes[0], outcomes[1]);
        assert_eq!(outcomes[0][5].0, StatusCode::TOO_MANY_REQUESTS);
        assert!(outcomes[0][5].2.is_some(), "Retry-After");
    })
    .await;
}

#[tokio::test]
async fn a18_what_is_held_back_is_in_the_trail_once() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.browser();
        let mut refused = 0;
        for _ in 0..50 {
            let answer = browser.log_in(&app.account(0), "wrong").await;
            refused += usize::from(answer.status == StatusCode::TOO_MANY_REQUESTS);
        }
        assert_eq!(refused, 46);
        let expected =
            |tried, held| [vec!["bad_credentials"; tried], vec!["too_many_attempts"; held]].concat();
        assert_eq!(outcomes(&app).await, expected(4, 1), "a flood of refusals is one line");
        app.pass(Duration::from_secs(2));
        for _ in 0..2 {
            browser.log_in(&app.account(0), "wrong").await;
        }
        assert_eq!(outcomes(&app).await, expected(5, 2), "the next delay is another");
    })
    .await;
}

#[tokio::test]
async fn a_right_password_of_somebody_who_left_is_in_the_trail() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let person = crate::clock::Clock::manual(crate::db::with_dbs::START).id();
        let hash = app.app.login.hasher.hash(PASSWORD.into()).await.expect("hash");
        let account = crate::login::model::NewAccount {
            person: signaling::ids::PersonId(person),
            name: "gone.person".into(),
            password_hash: hash,
        };
        let mut tx = db.write(crate::db::Scope::slice("login")).await.expect("write");
        crate::login::store::insert_accounts(&mut tx, &[account], app.app.now()).await.expect("account");
        tx.commit().await.expect("commit");
        let answer = app.browser().log_in("gone.person", PASSWORD).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::FORBIDDEN, "forbidden"));
        assert_eq!(outcomes(&app).await, ["forbidden"]);
    })
    .await;
}

#[tokio::test]
async fn a18_a_locked_account_opens_by_itself_and_its_usual_device_never_closes() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut usual = app.logged_in(0).await;
        usual.post("/api/logout", Value::Null).await;
        for n in 0..20 {
            let mut attacker = app.browser();
            attacker.address = IpAddr::V4(Ipv4Addr::new(198, 51, n, 7));
            assert_eq!(attacker.log_in(&app.account(0), "wrong").await.status, StatusCode::UNAUTHORIZED);
        }
        let mut fresh = app.browser();
        let refused = fresh.log_in(&app.account(0), PASSWORD).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"));
        let wait = refused.body["retry_after_ms"].as_u64().expect("a time");
        assert!(wait <= 900_000, "at most 15 minutes: {wait}");
        assert_eq!(usual.log_in(&app.account(0), PASSWORD).await.status, StatusCode::OK, "the usual device");
        let mut colleague = app.browser();
        assert_eq!(
            colleague.log_in(&app.account(1), PASSWORD).await.status,
            StatusCode::OK,
            "other accounts"
        );
        app.pass(Duration::from_millis(wait));
        assert_eq!(fresh.log_in(&app.account(0), PASSWORD).await.status, StatusCode::OK);
    })
    .await;
}

#[tokio::test]
async fn oversized_input_costs_no_hash() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let before = app.app.login.hasher.checks();
        let answer = app.browser().log_in(&app.account(0), &"x".repeat(513)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_input"));
        assert_eq!(app.app.login.hasher.checks(), before);
    })
    .await;
}
