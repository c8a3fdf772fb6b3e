//! Stories of the directory on both databases, over HTTP in memory.

use axum::http::StatusCode;
use serde_json::Value;
use signaling::ids::PersonId;
use signaling::ports::People;
use uuid::Uuid;

use super::live::import;
use super::model::{Person, Unit, UnitId};
use super::{Directory, store};
use crate::db::with_dbs::with_dbs;
use crate::db::{DbError, Scope};
use crate::test_app::{Browser, TestApp};

fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().map(|item| item[field].as_str().unwrap_or_default()).collect()
}

async fn unit_named(browser: &mut Browser, name: &str) -> Value {
    let units = browser.get("/api/units").await.body["units"].clone();
    units.as_array().into_iter().flatten().find(|unit| unit["name"] == name).cloned().expect("the unit")
}

#[tokio::test]
async fn the_tree_has_every_unit_with_its_headcount() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let units = browser.get("/api/units").await.body["units"].clone();
        assert_eq!(units.as_array().map(Vec::len), Some(40));
        assert_eq!((&units[0]["name"], &units[0]["parent"]), (&"明河市政府".into(), &Value::Null));
        assert_eq!(units[0]["people"], app.city.people.len());
        assert_eq!(texts(&units, "name")[1..4], ["資訊局", "系統研發中心", "應用系統組"]);
    })
    .await;
}

/// The manual's example (通訊錄, 查詢通訊錄): the director below one tier is one row.
#[tokio::test]
async fn a_search_is_limited_to_the_tier() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let centre = unit_named(&mut browser, "系統研發中心").await["id"].clone();
        let path = format!("/api/search?q=%E4%B8%BB%E4%BB%BB&unit={}", centre.as_str().expect("id"));
        let found = browser.get(&path).await.body;
        assert_eq!(found["hits"].as_array().map(Vec::len), Some(1));
        assert_eq!((&found["hits"][0]["matched"], &found["more"]), (&"post".into(), &false.into()));
        let everywhere = browser.get("/api/search?q=%E4%B8%BB%E4%BB%BB").await.body;
        assert!(everywhere["hits"].as_array().map(Vec::len) > Some(1));
        let nowhere = browser.get(&format!("/api/search?q=x&unit={}", Uuid::nil())).await;
        assert_eq!((nowhere.status, nowhere.code()), (StatusCode::NOT_FOUND, "not_found"));
    })
    .await;
}

#[tokio::test]
async fn a_search_finds_by_extension_and_refuses_what_is_too_long() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let lin = browser.get("/api/me").await.body["person"].clone();
        let extension = lin["extension"].as_str().expect("an extension");
        let found = browser.get(&format!("/api/search?q={extension}&limit=1")).await.body;
        assert_eq!((&found["hits"][0]["person"], &found["hits"][0]["matched"]), (&lin, &"extension".into()));
        let refused = browser.get(&format!("/api/search?q={}", "a".repeat(65))).await;
        assert_eq!((refused.status, refused.code()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid_input"));
    })
    .await;
}

#[tokio::test]
async fn people_of_a_unit_come_in_pages() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let lin = browser.get("/api/me").await.body["person"].clone();
        let path = format!("/api/units/{}/people", lin["unit"].as_str().expect("id"));
        let all = browser.get(&path).await.body["people"].clone();
        let mut paged = Vec::new();
        let mut next = String::new();
        loop {
            let page = browser.get(&format!("{path}?limit=1{next}")).await.body;
            paged.extend(texts(&page["people"], "id").into_iter().map(str::to_owned));
            match page["next"].as_str() {
                Some(after) => next = format!("&after={after}"),
                None => break,
            }
        }
        assert_eq!(paged, texts(&all, "id"));
        assert!(paged.len() > 1 && paged.contains(&lin["id"].as_str().expect("id").to_owned()));
        assert_eq!(texts(&all, "post")[0], "組長", "the head comes first");
        let unknown = browser.get(&format!("/api/units/{}/people", Uuid::nil())).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[tokio::test]
async fn people_are_found_by_id() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        let (lin, chen) = (app.person(0).0, app.person(1).0);
        let one = browser.get(&format!("/api/people/{chen}")).await.body;
        assert_eq!((&one["name"], &one["unit_name"]), (&"陳志明".into(), &"任免遷調科".into()));
        assert_eq!(one["path"], serde_json::json!(["明河市政府", "人事處", "任免遷調科"]));
        let many = browser.get(&format!("/api/people?ids={lin},{},{chen}", Uuid::nil())).await.body;
        assert_eq!(texts(&many["people"], "name"), ["林雅婷", "陳志明"]);
        assert_eq!(browser.get(&format!("/api/people/{}", Uuid::nil())).await.status, StatusCode::NOT_FOUND);
        assert_eq!(browser.get("/api/people?ids=x").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    })
    .await;
}

#[tokio::test]
async fn cards_are_given_for_those_who_exist() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let ids = vec![app.person(0), PersonId(Uuid::nil()), app.person(1)];
        let cards = app.app.directory.cards(app.person(2), ids).await.expect("cards");
        let names: Vec<_> = cards.iter().map(|card| (card.name.as_str(), card.unit.as_str())).collect();
        assert_eq!(names, [("林雅婷", "系統研發中心 應用系統組"), ("陳志明", "人事處 任免遷調科")]);
    })
    .await;
}

fn unit(n: u128, parent: Option<u128>) -> Unit {
    let id = |n| UnitId(Uuid::from_u128(n));
    Unit { id: id(n), parent: parent.map(id), name: format!("單位{n}"), sort: n as i64 }
}

fn person(n: u128, unit: u128) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        unit: UnitId(Uuid::from_u128(unit)),
        name: format!("人{n}"),
        post: "科員".into(),
        extension: n.is_multiple_of(2).then(|| n.to_string()),
        email: format!("p{n}@city.example"),
        deputy: (n > 1).then(|| PersonId(Uuid::from_u128(n - 1))),
        sort: 0,
    }
}

#[tokio::test]
async fn another_node_s_change_is_taken_over() {
    with_dbs(async |db| {
        let directory = Directory::open(&db).await.expect("empty");
        assert!(directory.index().is_empty());
        assert!(!directory.refresh(&db).await.expect("refresh"), "nothing changed");
        import(&db, &[unit(1, None), unit(2, Some(1))], &[person(1, 2), person(2, 2)]).await.expect("import");
        assert!(directory.refresh(&db).await.expect("refresh"));
        assert_eq!(directory.index().len(), 2);
        assert!(!directory.refresh(&db).await.expect("refresh"));
    })
    .await;
}

#[tokio::test]
async fn units_and_people_round_trip() {
    with_dbs(async |db| {
        let (units, people) = (vec![unit(1, None), unit(2, Some(1))], vec![person(1, 1), person(2, 2)]);
        import(&db, &units, &people).await.expect("import");
        let mut tx = db.read().await.expect("read");
        assert_eq!(store::units(&mut tx).await.expect("units"), units);
        assert_eq!(store::people(&mut tx).await.expect("people"), people);
        assert_eq!(store::revision(&mut tx).await.expect("revision"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_person_without_a_unit_is_refused_whole() {
    with_dbs(async |db| {
        let refused = import(&db, &[unit(1, None)], &[person(1, 1), person(2, 9)]).await;
        assert!(matches!(refused, Err(DbError::ForeignKey)), "{refused:?}");
        let mut tx = db.write(Scope::slice("directory")).await.expect("write");
        assert!(store::units(&mut tx).await.expect("units").is_empty());
        assert_eq!(store::next_revision(&mut tx).await.expect("revision"), 1);
    })
    .await;
}
