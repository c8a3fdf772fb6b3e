//! Stories of telephone accounts on both databases.

use axum::http::StatusCode;
use serde_json::{Value, json};
use signaling::ports::Numbers;
use signaling::sip::digest::Algorithm;
use signaling::sip::port::Protocol;
use signaling::sip::view::{PhoneView, TrunkState, TrunkView};

use super::model::{Digest, NewPhone, Phone};
use super::{PhoneNumbers, manage, store};
use crate::audit::{Action, Entry};
use crate::config::Config;
use crate::db::Scope;
use crate::db::with_dbs::{START, with_dbs};
use crate::test_app::{TestApp, trail};

const PHONES: &str = "/api/admin/phones";

#[tokio::test]
async fn an_administrator_makes_a_telephone_and_sees_its_password_once() {
    with_dbs(async |db| {
        let config = Config::load("[sip]\nlisten = [\"192.0.2.7:5060\"]", []).expect("fine");
        let app = TestApp::with(db.clone(), config).await;
        let mut browser = app.logged_in(2).await;
        let made = browser.post(PHONES, json!({"extension": "6100", "name": "大廳服務臺"})).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let (setup, password) = (&made.body["setup"], made.body["setup"]["password"].as_str().expect("text"));
        assert_eq!((&setup["user"], &setup["domain"]), (&json!("6100"), &json!("switchboard")));
        assert_eq!(setup["servers"], json!([{"transport": "udp", "address": "192.0.2.7:5060"}]));

        let account = PhoneNumbers::new(app.app.clone()).account("6100").expect("at once");
        assert_eq!(account.ha1_md5, Algorithm::Md5.ha1("6100", "switchboard", password));
        assert_eq!(account.ha1_sha256, Algorithm::Sha256.ha1("6100", "switchboard", password));
        let list = browser.get(PHONES).await.body;
        assert_eq!(list["phones"][0]["name"], "大廳服務臺");
        assert!(!list.to_string().contains(password) && !list.to_string().contains(&account.ha1_md5));
        let kept = store::phones(&mut db.read().await.expect("read"), 10).await.expect("read");
        assert_eq!((kept.len(), kept[0].created_at), (1, START));
        assert!(!format!("{kept:?}{account:?}").contains(&account.ha1_md5), "no log shows a hash");
    })
    .await;
}

#[tokio::test]
async fn another_password_makes_the_old_one_void_and_a_removed_telephone_is_gone() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let numbers = PhoneNumbers::new(app.app.clone());
        let mut browser = app.logged_in(2).await;
        browser.post(PHONES, json!({"extension": "6100"})).await;
        let before = numbers.account_by_extension("6100").expect("made");
        let changed = browser.post(&format!("{PHONES}/6100/password"), json!({})).await;
        let password = changed.body["password"].as_str().expect("a password").to_owned();
        let after = numbers.account_by_extension("6100").expect("still there");
        assert_ne!(before.ha1_md5, after.ha1_md5);
        assert_eq!(after.ha1_md5, Algorithm::Md5.ha1("6100", "switchboard", &password));
        assert_eq!(browser.delete(&format!("{PHONES}/6100")).await.status, StatusCode::NO_CONTENT);
        assert!(numbers.account("6100").is_none() && numbers.account_by_extension("6100").is_none());
        assert_eq!(browser.delete(&format!("{PHONES}/6100")).await.status, StatusCode::NOT_FOUND);
        let unknown = browser.post(&format!("{PHONES}/6100/password"), json!({})).await;
        assert_eq!((unknown.status, unknown.code()), (StatusCode::NOT_FOUND, "not_found"));

        let mut actions: Vec<_> = trail(&db).await.into_iter().map(|line| (line.1, line.3)).collect();
        // Lines of one millisecond have no order.
        actions.sort();
        let line = |action: &str, subject: Option<&str>| (action.to_owned(), subject.map(str::to_owned));
        let expected = [
            line("add_phone", Some("6100")),
            line("change_phone_password", Some("6100")),
            line("log_in", None),
            line("remove_phone", Some("6100")),
        ];
        assert_eq!(actions, expected);
    })
    .await;
}

#[tokio::test]
async fn a_person_s_extension_is_for_that_person_s_telephone() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(2).await;
        let lin = browser.get(&format!("/api/people/{}", app.person(0).0)).await.body;
        let extension = lin["extension"].as_str().expect("an extension");
        let refused = browser.post(PHONES, json!({"extension": extension})).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "extension_of_person"));
        let body = json!({"extension": extension, "person": app.person(0)});
        let made = browser.post(PHONES, body.clone()).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert_eq!(
            (&made.body["phone"]["name"], &made.body["phone"]["person_name"]),
            (&lin["name"], &lin["name"])
        );
        let again = browser.post(PHONES, body).await;
        assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "extension_taken"));
        let numbers = PhoneNumbers::new(app.app.clone());
        assert_eq!(numbers.account(extension).and_then(|account| account.person), Some(app.person(0)));
        let card = numbers.by_extension(extension).expect("in the directory");
        assert_eq!((card.person, card.name.as_str(), card.line), (app.person(0), "林雅婷", false));
        assert!(numbers.by_extension("9999").is_none());
        assert_eq!(numbers.missed(app.person(0)).await, Ok(0));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_an_account_is_refused_with_its_reason() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(2).await;
        for (body, status, code) in [
            (json!({"extension": "abc"}), 422, "invalid_extension"),
            (json!({"extension": "119"}), 409, "extension_taken"),
            (json!({"extension": "6100", "name": "a\"b"}), 422, "invalid_name"),
            (json!({"extension": "6100", "person": uuid::Uuid::nil()}), 422, "no_such_person"),
        ] {
            let refused = browser.post(PHONES, body.clone()).await;
            assert_eq!((refused.status.as_u16(), refused.code()), (status, code), "{body}");
        }
        assert_eq!(browser.get(PHONES).await.body["phones"], json!([]));
        let mut lin = app.logged_in(0).await;
        for refused in [lin.get(PHONES).await, lin.post(PHONES, json!({"extension": "6100"})).await] {
            assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"));
        }
        assert_eq!(app.browser().get(PHONES).await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[tokio::test]
async fn the_list_shows_where_telephones_are_registered() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(2).await;
        for extension in ["6101", "6100"] {
            browser.post(PHONES, json!({"extension": extension})).await;
        }
        app.live.register_phones(vec![PhoneView {
            user: "6101".into(),
            address: "192.0.2.9:5060".into(),
            protocol: Protocol::Tls,
            user_agent: "Desk 1".into(),
            expires_at_ms: START.0 + 60_000,
        }]);
        let phones = browser.get(PHONES).await.body["phones"].clone();
        assert_eq!((&phones[0]["user"], &phones[0]["registrations"]), (&json!("6100"), &json!([])));
        let expected = json!([{"address": "192.0.2.9:5060", "protocol": "tls", "user_agent": "Desk 1",
            "expires_at": START.0 + 60_000}]);
        assert_eq!((&phones[1]["user"], &phones[1]["registrations"]), (&json!("6101"), &expected));
    })
    .await;
}

#[tokio::test]
async fn the_trunk_page_shows_what_the_live_side_tells() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        app.live.set_trunks(vec![TrunkView {
            name: "pbx".into(),
            host: "pbx.example".into(),
            protocol: Protocol::Udp,
            state: TrunkState::Down,
            registered: Some(false),
            since_ms: START.0,
            reason: Some("timeout".into()),
            round_trip_ms: None,
            calls: 2,
            max_calls: 100,
        }]);
        let found = app.logged_in(2).await.get("/api/admin/trunks").await.body;
        let expected = json!({"trunks": [{"name": "pbx", "host": "pbx.example", "protocol": "udp", "state": "down",
            "registered": false, "since_ms": START.0, "reason": "timeout", "round_trip_ms": null, "calls": 2,
            "max_calls": 100}]});
        assert_eq!(found, expected);
        assert_eq!(app.logged_in(0).await.get("/api/admin/trunks").await.status, StatusCode::FORBIDDEN);
    })
    .await;
}

/// A command on the server, beside it or on another node, writes to the database only.
#[tokio::test]
async fn a_telephone_made_elsewhere_is_taken_over() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let elsewhere = super::PhoneBook::open(&db).await.expect("opens");
        assert!(!elsewhere.refresh(&db).await.expect("refresh"), "nothing changed");
        let asked = NewPhone { extension: "6100".into(), name: String::new(), person: None };
        let line = Entry::of_console(START, Action::AddPhone);
        manage::add(&app.app, asked, line).await.expect("made");
        assert!(elsewhere.phones().by_user("6100").is_none());
        assert!(elsewhere.refresh(&db).await.expect("refresh"));
        assert_eq!(elsewhere.phones().by_user("6100").map(|phone| phone.name.as_str()), Some("6100"));
        assert!(!elsewhere.refresh(&db).await.expect("refresh"));
    })
    .await;
}

#[tokio::test]
async fn a_password_of_another_domain_is_of_no_use() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let digest = Digest { realm: "old.example".into(), ha1_md5: "x".into(), ha1_sha256: "y".into() };
        let (user, extension) = ("6100".to_owned(), "6100".to_owned());
        let phone = Phone {
            name: user.clone(),
            user,
            extension,
            person: None,
            digest,
            created_at: START,
            password_at: START,
        };
        let mut tx = db.write(Scope::slice("phone")).await.expect("write");
        store::insert(&mut tx, &phone).await.expect("insert");
        store::next_revision(&mut tx).await.expect("revision");
        tx.commit().await.expect("commit");
        app.app.phones.refresh(&db).await.expect("refresh");
        let numbers = PhoneNumbers::new(app.app.clone());
        assert!(numbers.account("6100").is_none());
        let mut browser = app.logged_in(2).await;
        let usable = browser.get(PHONES).await.body["phones"][0]["usable"].clone();
        assert_eq!(usable, Value::Bool(false), "the page says so");
        browser.post(&format!("{PHONES}/6100/password"), json!({})).await;
        assert!(numbers.account("6100").is_some(), "a new password mends it");
    })
    .await;
}
