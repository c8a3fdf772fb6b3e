//! Stories of call records on both databases.

use std::io::Read;
use std::time::Duration;

use axum::http::StatusCode;
use flate2::read::DeflateDecoder;
use serde_json::{Value, json};
use signaling::ids::CallId;
use signaling::ports::{Direction, LegKind, LegRecord, Records};
use signaling::wire::call::EndReason;
use uuid::Uuid;

use super::CallRecords;
use super::columns::{Cell, Language};
use super::model::Record;
use super::ods::Ods;
use crate::db::with_dbs::{START, with_dbs};
use crate::test_app::{Browser, TestApp, trail};

const PATH: &str = "/api/admin/call-records";

fn leg(n: u128, from: &str, to: &str) -> LegRecord {
    LegRecord {
        id: Uuid::from_u128(n),
        call: Some(CallId(Uuid::from_u128(0xca11))),
        person: None,
        kind: LegKind::Trunk,
        direction: Direction::Out,
        via: "pbx".into(),
        from: from.into(),
        to: to.into(),
        started_at: START.0 + n as i64,
        ringing_at: Some(START.0 + 100),
        answered_at: Some(START.0 + 1_000),
        ended_at: START.0 + 61_000,
        reason: EndReason::Ended,
        status: Some(200),
        codec: Some("PCMA".into()),
        loss: Some(0.25),
        loss_there: None,
        jitter_ms: Some(1.5),
        rtt_ms: Some(20),
        mos: Some(4.25),
    }
}

async fn write(app: &TestApp, legs: Vec<LegRecord>) {
    let records = CallRecords::new(app.app.clone());
    for leg in legs {
        // The second time must change nothing.
        for _ in 0..2 {
            records.write(leg.clone()).await.expect("written");
        }
    }
}

async fn found(browser: &mut Browser, query: &str) -> Vec<u64> {
    let page = browser.get(&format!("{PATH}?{query}")).await.body;
    let number = |record: &Value| Uuid::parse_str(record["id"].as_str()?).ok().map(|id| id.as_u128() as u64);
    page["records"].as_array().into_iter().flatten().filter_map(number).collect()
}

#[tokio::test]
async fn a_record_comes_back_as_it_was_written() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let mut one = leg(1, "2001", "0227208889");
        one.person = Some(app.person(0));
        write(&app, vec![one.clone()]).await;
        let mut browser = app.logged_in(2).await;
        let page = browser.get(PATH).await.body;
        let mut expected = serde_json::to_value(&one).expect("json");
        expected.as_object_mut().expect("an object").remove("loss_there");
        expected["person_name"] = json!("林雅婷");
        assert_eq!(page, json!({"records": [expected]}));
        assert!(trail(&db).await.iter().any(|line| line.1 == "search_call_records"), "looking leaves a line");
    })
    .await;
}

#[tokio::test]
async fn records_are_found_by_every_filter() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut lin = leg(1, "2001", "0227208889");
        lin.person = Some(app.person(0));
        let mut phone = leg(2, "王　大明", "2001");
        (phone.kind, phone.direction, phone.via) = (LegKind::Phone, Direction::In, "6100".into());
        phone.reason = EndReason::NumberUnknown;
        write(&app, vec![lin, phone, leg(3, "100%_!", "9")]).await;
        let mut browser = app.logged_in(2).await;
        for (query, expected) in [
            ("", vec![3, 2, 1]),
            ("text=2001", vec![2, 1]),
            ("text=%E7%8E%8B%E5%A4%A7%E6%98%8E", vec![2]),
            ("text=%E6%9E%97%E9%9B%85", vec![1]),
            ("text=%25_!", vec![3]),
            ("text=_", vec![3]),
            ("via=6100", vec![2]),
            ("kind=trunk", vec![3, 1]),
            ("direction=in", vec![2]),
            ("reason=number_unknown", vec![2]),
            ("kind=app", vec![]),
        ] {
            assert_eq!(found(&mut browser, query).await, expected, "{query}");
        }
        let range = format!("from={}&to={}", START.0 + 2, START.0 + 3);
        assert_eq!(found(&mut browser, &range).await, [2]);
        for bad in ["cursor=x", &format!("text={}", "a".repeat(65)), "kind=fax"] {
            let refused = browser.get(&format!("{PATH}?{bad}")).await;
            assert!(refused.status.is_client_error(), "{bad}: {}", refused.status);
        }
    })
    .await;
}

#[tokio::test]
async fn pages_join_without_a_gap_even_within_a_millisecond() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let legs = (1..=5).map(|n| LegRecord { started_at: START.0, ..leg(n, "1", "2") });
        write(&app, legs.collect()).await;
        let mut browser = app.logged_in(2).await;
        let (mut all, mut query) = (Vec::new(), "limit=2".to_owned());
        loop {
            all.extend(found(&mut browser, &query).await);
            let page = browser.get(&format!("{PATH}?{query}")).await.body;
            match page["next"].as_str() {
                Some(next) => query = format!("limit=2&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(all, [5, 4, 3, 2, 1]);
    })
    .await;
}

#[tokio::test]
async fn only_administrators_see_records() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let mut browser = app.logged_in(0).await;
        for path in [PATH.to_owned(), format!("{PATH}.csv"), format!("{PATH}.ods")] {
            let refused = browser.get(&path).await;
            assert_eq!((refused.status, refused.code()), (StatusCode::FORBIDDEN, "forbidden"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_csv_file_is_utf8_with_guarded_texts() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        write(&app, vec![leg(1, "=cmd()\0\r\n", "+886227208889")]).await;
        let answer = app.logged_in(2).await.get(&format!("{PATH}.csv?lang=en")).await;
        assert_eq!(answer.headers["content-type"], "text/csv; charset=utf-8");
        assert!(
            answer.headers["content-disposition"]
                .to_str()
                .is_ok_and(|text| text.contains("call-records.csv"))
        );
        let text = answer.body.as_str().expect("text").to_owned();
        assert!(text.starts_with("\u{feff}\"Started\","), "{text}");
        let row = text.lines().nth(1).expect("a row");
        assert!(row.starts_with("2026-09-21 "), "{row}");
        assert!(row.contains("\"'=cmd()\",\"'+886227208889\""), "{row}");
        assert!(row.contains(",60,\"ended\",200,\"PCMA\",25,,1.5,20,4.25,"), "{row}");
        assert!(trail(&db).await.iter().any(|line| line.1 == "export_call_records"));
    })
    .await;
}

#[tokio::test]
async fn a_spreadsheet_is_given_as_a_file() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        write(&app, vec![leg(1, "2001", "2002")]).await;
        let answer = app.logged_in(2).await.get(&format!("{PATH}.ods")).await;
        assert_eq!(answer.headers["content-type"], super::ods::MEDIA_TYPE);
        assert!(answer.body.as_str().is_some_and(|text| text.starts_with("PK")));
    })
    .await;
}

#[tokio::test]
async fn old_records_are_deleted() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        write(&app, vec![leg(1, "1", "2")]).await;
        let records = CallRecords::new(app.app.clone());
        let mut browser = app.logged_in(2).await;
        records.prune().await.expect("prune");
        assert_eq!(found(&mut browser, "").await, [1], "not yet");
        app.pass(app.app.config.database.keep_call_records() + Duration::from_secs(1));
        records.prune().await.expect("prune");
        let mut browser = app.logged_in(2).await;
        assert_eq!(found(&mut browser, "").await, [] as [u64; 0]);
    })
    .await;
}

/// Members of a ZIP file by its directory: name, method and unpacked content.
fn unzip(file: &[u8]) -> Vec<(String, u16, String)> {
    let short = |at: usize| u16::from_le_bytes([file[at], file[at + 1]]);
    let long = |at: usize| u32::from_le_bytes([file[at], file[at + 1], file[at + 2], file[at + 3]]) as usize;
    let end = file.len() - 22;
    assert_eq!(&file[end..end + 4], b"PK\x05\x06");
    let mut at = long(end + 16);
    let mut members = Vec::new();
    for _ in 0..short(end + 10) {
        assert_eq!(&file[at..at + 4], b"PK\x01\x02");
        let (method, crc, packed, size) = (short(at + 10), long(at + 16), long(at + 20), long(at + 24));
        let (name_length, local) = (usize::from(short(at + 28)), long(at + 42));
        let name = String::from_utf8(file[at + 46..at + 46 + name_length].to_vec()).expect("a name");
        assert_eq!(&file[local..local + 4], b"PK\x03\x04");
        assert_eq!(&file[local + 30..local + 30 + name_length], name.as_bytes());
        let data = &file[local + 30 + name_length..][..packed];
        let mut content = String::new();
        match method {
            0 => content.push_str(std::str::from_utf8(data).expect("text")),
            _ => drop(DeflateDecoder::new(data).read_to_string(&mut content).expect("unpacks")),
        }
        let mut sum = flate2::Crc::new();
        sum.update(content.as_bytes());
        assert_eq!((sum.sum() as usize, content.len()), (crc, size), "{name}");
        members.push((name, method, content));
        at += 46 + name_length;
    }
    assert_eq!(at, end, "the directory is whole");
    members
}

/// Every element is closed in order, and every text is escaped.
fn assert_well_formed(xml: &str) {
    let mut open = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a declaration");
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text}");
        let (tag, after) = after.split_once('>').expect("the end of a tag");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().expect("a name"));
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
}

#[test]
fn a_spreadsheet_is_a_zip_of_well_formed_xml_whose_type_comes_first() {
    let mut ods = Ods::new(4).expect("begins");
    let text = Cell::Text("<b> & \u{7} =1+1".into());
    let time = Cell::Time("2026-11-24T17:05:03".into());
    ods.row(&[text, Cell::Number(1.5), time, Cell::Empty]).expect("a row");
    let file = ods.finish().expect("a file");
    assert_eq!(&file[30..38], b"mimetype", "LibreOffice knows it by its beginning");
    assert_eq!(&file[38..38 + super::ods::MEDIA_TYPE.len()], super::ods::MEDIA_TYPE.as_bytes());
    let members = unzip(&file);
    let names: Vec<_> = members.iter().map(|(name, method, _)| (name.as_str(), *method)).collect();
    assert_eq!(names, [("mimetype", 0), ("content.xml", 8), ("META-INF/manifest.xml", 0)]);
    let content = &members[1].2;
    assert_well_formed(content);
    assert_well_formed(&members[2].2);
    assert!(
        content.contains("office:value-type=\"string\"><text:p>&lt;b&gt; &amp;  =1+1</text:p>"),
        "{content}"
    );
    assert!(
        content.contains("office:value=\"1.5\"/>")
            && content.contains("office:date-value=\"2026-11-24T17:05:03\"/>")
    );
}

#[test]
fn rows_have_as_many_values_as_heads_in_both_languages() {
    let record = Record { leg: leg(1, "2001", "2002"), person_name: None };
    for language in [Language::Chinese, Language::English] {
        assert_eq!(super::columns::row(&record, language).len(), super::columns::heads(language).len());
    }
    let nan = Record { leg: LegRecord { mos: Some(f32::NAN), ..record.leg }, person_name: None };
    assert!(super::columns::row(&nan, Language::English).contains(&Cell::Empty));
}
