//! Stories of calls and their history on both databases.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use signaling::ids::{CallId, PersonId};
use signaling::log::EventLog;
use signaling::ports::{Journal, JournalEntry};
use signaling::topic::Topic;
use signaling::wire::call::{CallKind, EndReason, PersonCard};
use uuid::Uuid;

use super::CallJournal;
use super::events::{CallKindSchema, EndReasonSchema};
use super::store;
use crate::clock::Millis;
use crate::db::with_dbs::{START, with_dbs};
use crate::test_app::TestApp;

const CALL: CallId = CallId(Uuid::from_u128(0xca11));

fn opened(call: CallId, starter: PersonId, at: i64) -> JournalEntry {
    JournalEntry::Opened { call, kind: CallKind::Direct, starter, video: true, at }
}

fn invited(call: CallId, person: PersonId, by: PersonId, at: i64) -> JournalEntry {
    JournalEntry::Invited { call, person, by, line: None, at }
}

fn ended(call: CallId, person: PersonId, reason: EndReason, at: i64) -> JournalEntry {
    let missed = matches!(reason, EndReason::NoAnswer | EndReason::Cancelled | EndReason::Unreachable);
    JournalEntry::LegEnded { call, person, reason, missed, at }
}

fn closed(call: CallId, reason: EndReason, at: i64) -> JournalEntry {
    JournalEntry::Closed { call, kind: CallKind::Direct, reason, at }
}

/// The entries of a call that nobody answers.
fn unanswered(call: CallId, from: PersonId, to: PersonId, at: i64) -> Vec<JournalEntry> {
    vec![
        opened(call, from, at),
        invited(call, from, from, at),
        invited(call, to, from, at),
        ended(call, to, EndReason::NoAnswer, at + 40_000),
        JournalEntry::LegEnded {
            call,
            person: from,
            reason: EndReason::NoAnswer,
            missed: false,
            at: at + 40_000,
        },
        closed(call, EndReason::NoAnswer, at + 40_000),
    ]
}

/// Writes each entry twice: the second time must change nothing.
async fn write(app: &TestApp, entries: Vec<JournalEntry>) {
    let journal = CallJournal::new(app.app.clone());
    for entry in entries {
        for _ in 0..2 {
            journal.write(entry.clone()).await.expect("written");
        }
    }
}

fn frame_types(frames: &[Value]) -> Vec<(&str, u64)> {
    frames.iter().map(|f| (f["type"].as_str().unwrap_or_default(), f["seq"].as_u64().unwrap_or(0))).collect()
}

#[tokio::test]
async fn a_missed_call_of_an_offline_person_waits_for_them() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let (lin, chen) = (app.person(0), app.person(1));
        write(&app, unanswered(CALL, lin, chen, START.0)).await;
        let frames = app.live.frames();
        assert_eq!(frame_types(&frames), [("history.missed", 1), ("history.added", 1)], "each once");
        assert_eq!(frames[0]["topic"], Topic::Person(chen).to_string());
        assert_eq!(frames[0]["data"]["unseen_missed"], 1);
        let logged = EventLog::read(&db, Topic::Person(chen), 0, 10).await.expect("log");
        assert_eq!(serde_json::from_slice::<Value>(&logged[0].frame).expect("json"), frames[0], "durable");

        let history = app.logged_in(1).await.get("/api/calls").await.body;
        assert_eq!((&history["unseen_missed"], &history["calls"][0]), (&json!(1), &frames[0]["data"]["entry"]));
        let unit = "系統研發中心 應用系統組";
        let expected = json!({
            "call": CALL, "direction": "in", "kind": "direct", "video": true,
            "others": [{"person": lin, "name": "林雅婷", "unit": unit, "line": false}],
            "started_at": START.0, "ended_at": START.0 + 40_000, "reason": "no_answer", "missed": true, "seen": false,
        });
        assert_eq!(history["calls"], json!([expected]));
        let of_caller = app.logged_in(0).await.get("/api/calls").await.body;
        assert_eq!((&of_caller["calls"][0]["direction"], &of_caller["unseen_missed"]), (&json!("out"), &json!(0)));
        assert_eq!(of_caller["calls"][0]["missed"], false);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_was_taken_is_added_and_not_missed() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, at) = (app.person(0), app.person(1), START.0);
        let answered = |person| JournalEntry::Answered { call: CALL, person, at: at + 5 };
        let entries = vec![
            opened(CALL, lin, at),
            invited(CALL, lin, lin, at),
            invited(CALL, chen, lin, at),
            answered(chen),
            answered(lin),
            ended(CALL, chen, EndReason::Ended, at + 60),
            ended(CALL, lin, EndReason::Ended, at + 60),
            closed(CALL, EndReason::Ended, at + 60),
        ];
        write(&app, entries).await;
        assert_eq!(frame_types(&app.live.frames()), [("history.added", 1), ("history.added", 1)]);
        let entry = app.logged_in(1).await.get("/api/calls").await.body["calls"][0].clone();
        assert_eq!((&entry["answered_at"], &entry["reason"]), (&json!(at + 5), &json!("ended")));
    })
    .await;
}

#[tokio::test]
async fn looking_at_missed_calls_clears_the_badge_on_all_devices() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen) = (app.person(0), app.person(1));
        for n in 0..3 {
            write(&app, unanswered(CallId(Uuid::from_u128(n)), lin, chen, START.0 + n as i64 * 100)).await;
        }
        let counts: Vec<_> = app.live.frames().iter().map(|f| f["data"]["unseen_missed"].clone()).collect();
        assert_eq!(counts.iter().flat_map(Value::as_i64).collect::<Vec<_>>(), [1, 2, 3]);
        let mut browser = app.logged_in(1).await;
        let up_to = START.0 + 100;
        for _ in 0..2 {
            let answer = browser.post("/api/calls/seen", json!({"up_to": up_to})).await;
            assert_eq!(answer.status, StatusCode::NO_CONTENT);
        }
        let frames = app.live.frames();
        assert_eq!(frame_types(&frames), [("history.seen", 4)], "once");
        assert_eq!(frames[0]["data"], json!({"up_to": up_to, "unseen_missed": 1}));
        let history = browser.get("/api/calls").await.body;
        let seen: Vec<_> =
            history["calls"].as_array().into_iter().flatten().map(|call| call["seen"].clone()).collect();
        assert_eq!(
            (seen, &history["unseen_missed"]),
            (vec![json!(false), json!(true), json!(true)], &json!(1))
        );
        let of_caller = app.logged_in(0).await.post("/api/calls/seen", json!({"up_to": up_to})).await;
        assert_eq!(of_caller.status, StatusCode::NO_CONTENT);
        assert!(app.live.frames().is_empty(), "the caller had missed nothing");
    })
    .await;
}

#[tokio::test]
async fn history_comes_in_pages() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen) = (app.person(0), app.person(1));
        for n in 0..5_u128 {
            write(&app, unanswered(CallId(Uuid::from_u128(n)), lin, chen, START.0 + n as i64)).await;
        }
        let mut browser = app.logged_in(1).await;
        let (mut starts, mut next) = (Vec::new(), String::new());
        loop {
            let page = browser.get(&format!("/api/calls?limit=2{next}")).await.body;
            let calls = page["calls"].as_array().cloned().unwrap_or_default();
            starts.extend(calls.iter().filter_map(|call| call["started_at"].as_i64()).map(|at| at - START.0));
            match page["next"].as_i64() {
                Some(before) => next = format!("&before={before}"),
                None => break,
            }
        }
        assert_eq!(starts, [4, 3, 2, 1, 0]);
    })
    .await;
}

/// "A server restart during ringing loses no missed call."
#[tokio::test]
async fn a_restart_during_ringing_makes_a_missed_call() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, wang, at) = (app.person(0), app.person(1), app.person(2), START.0);
        let answered = JournalEntry::Answered { call: CALL, person: wang, at: at + 1 };
        let invitations = [lin, chen, wang].map(|person| invited(CALL, person, lin, at));
        let mut entries = vec![opened(CALL, lin, at)];
        entries.extend(invitations);
        entries.push(answered);
        write(&app, entries).await;

        app.pass(Duration::from_secs(10));
        let journal = CallJournal::new(app.app.clone());
        let started = app.app.now();
        let later = CallId(Uuid::from_u128(2));
        write(&app, vec![opened(later, lin, started.0), invited(later, chen, lin, started.0)]).await;
        assert_eq!(journal.repair(started).await.expect("repaired"), 1);
        assert_eq!(journal.repair(started).await.expect("repaired"), 0, "once");
        let frames = app.live.frames();
        let told = |person: PersonId| {
            let topic = Topic::Person(person).to_string();
            let own = frames.iter().filter(|frame| frame["topic"] == topic.as_str());
            own.map(|f| (f["type"].as_str().unwrap_or_default(), f["data"]["entry"]["reason"].as_str()))
                .collect::<Vec<_>>()
        };
        assert_eq!(told(chen), [("history.missed", Some("failed"))], "was being called");
        assert_eq!(told(wang), [("history.added", Some("failed"))], "was talking");
        assert_eq!(told(lin), [("history.added", Some("failed"))], "was calling");
        let history = app.logged_in(1).await.get("/api/calls").await.body;
        assert_eq!(history["unseen_missed"], 1);
        assert_eq!(history["calls"][0]["ended_at"], Value::Null, "a call of this run rings on");
    })
    .await;
}

/// The answer of the time before is not one to the second ring.
#[tokio::test]
async fn a_restart_makes_a_missed_call_of_one_who_had_answered_and_left_before() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, at) = (app.person(0), app.person(1), START.0);
        let entries = vec![
            opened(CALL, lin, at),
            invited(CALL, chen, lin, at),
            JournalEntry::Answered { call: CALL, person: chen, at: at + 5 },
            ended(CALL, chen, EndReason::Ended, at + 10),
            invited(CALL, chen, lin, at + 20),
        ];
        write(&app, entries).await;
        app.pass(Duration::from_secs(10));
        let journal = CallJournal::new(app.app.clone());
        assert_eq!(journal.repair(app.app.now()).await.expect("repaired"), 1);
        let history = app.logged_in(1).await.get("/api/calls").await.body;
        assert_eq!((&history["unseen_missed"], &history["calls"][0]["missed"]), (&json!(1), &json!(true)));
        assert_eq!(history["calls"][0]["answered_at"], Value::Null);
    })
    .await;
}

#[tokio::test]
async fn a_person_called_again_has_one_entry_that_begins_anew() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, at) = (app.person(0), app.person(1), START.0);
        write(
            &app,
            vec![
                opened(CALL, lin, at),
                invited(CALL, chen, lin, at),
                ended(CALL, chen, EndReason::NoAnswer, at + 10),
                invited(CALL, chen, lin, at + 20),
            ],
        )
        .await;
        // A late repetition of the first round must not end the second.
        write(&app, vec![ended(CALL, chen, EndReason::NoAnswer, at + 10), invited(CALL, chen, lin, at)])
            .await;
        let mut browser = app.logged_in(1).await;
        let history = browser.get("/api/calls").await.body;
        assert_eq!(
            (&history["calls"][0]["started_at"], &history["unseen_missed"]),
            (&json!(at + 20), &json!(0))
        );
        assert_eq!(history["calls"][0]["ended_at"], Value::Null);
        write(&app, vec![ended(CALL, chen, EndReason::Declined, at + 30)]).await;
        let calls = browser.get("/api/calls").await.body["calls"].clone();
        assert_eq!(calls.as_array().map(Vec::len), Some(1));
        assert_eq!((&calls[0]["reason"], &calls[0]["missed"]), (&json!("declined"), &json!(false)));
    })
    .await;
}

#[tokio::test]
async fn a_person_who_left_a_group_and_is_called_again_in_vain_has_missed_it() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, at) = (app.person(0), app.person(1), START.0);
        let entries = vec![
            opened(CALL, lin, at),
            invited(CALL, chen, lin, at),
            JournalEntry::Answered { call: CALL, person: chen, at: at + 5 },
            ended(CALL, chen, EndReason::Ended, at + 10),
            invited(CALL, chen, lin, at + 20),
            ended(CALL, chen, EndReason::NoAnswer, at + 30),
        ];
        write(&app, entries).await;
        let entry = app.logged_in(1).await.get("/api/calls").await.body["calls"][0].clone();
        assert_eq!((&entry["missed"], &entry["started_at"]), (&json!(true), &json!(at + 20)));
        assert_eq!(entry["answered_at"], Value::Null, "this time there was no answer");
    })
    .await;
}

#[tokio::test]
async fn a_missed_call_that_is_joined_after_all_leaves_the_badge() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen, at) = (app.person(0), app.person(1), START.0);
        let entries = vec![
            opened(CALL, lin, at),
            invited(CALL, chen, lin, at),
            ended(CALL, chen, EndReason::NoAnswer, at + 10),
            invited(CALL, chen, chen, at + 20),
            JournalEntry::Answered { call: CALL, person: chen, at: at + 20 },
        ];
        write(&app, entries).await;
        let frames = app.live.frames();
        let of = |frame: &Value| (frame["type"].clone(), frame["data"]["unseen_missed"].clone());
        let told: Vec<_> = frames.iter().map(of).collect();
        let expected = [(json!("history.missed"), json!(1)), (json!("history.seen"), json!(0))];
        assert_eq!(told, expected, "told at once, on all devices");
        let history = app.logged_in(1).await.get("/api/calls").await.body;
        assert_eq!(
            (&history["unseen_missed"], &history["calls"][0]["answered_at"]),
            (&json!(0), &json!(at + 20))
        );
    })
    .await;
}

#[tokio::test]
async fn two_missed_calls_that_end_at_once_are_both_counted() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (lin, chen) = (app.person(0), app.person(1));
        let calls: Vec<CallId> = (1..=8).map(|n| CallId(Uuid::from_u128(n))).collect();
        for call in &calls {
            write(&app, vec![opened(*call, lin, START.0), invited(*call, chen, lin, START.0)]).await;
        }
        let journal = CallJournal::new(app.app.clone());
        let ends =
            calls.iter().map(|call| journal.write(ended(*call, chen, EndReason::NoAnswer, START.0 + 1)));
        for outcome in futures_util::future::join_all(ends).await {
            outcome.expect("written");
        }
        let mut counts: Vec<_> =
            app.live.frames().iter().filter_map(|frame| frame["data"]["unseen_missed"].as_i64()).collect();
        counts.sort_unstable();
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8]);
    })
    .await;
}

fn card(person: PersonId, name: &str, number: Option<&str>) -> PersonCard {
    PersonCard {
        person,
        name: name.into(),
        unit: String::new(),
        post: String::new(),
        extension: number.map(str::to_owned),
        line: true,
    }
}

fn line(call: CallId, person: PersonId, by: PersonId, card: PersonCard) -> JournalEntry {
    JournalEntry::Invited { call, person, by, line: Some(card), at: START.0 }
}

/// From a desk phone to a member of staff who is away: the missed call says whom to call back.
#[tokio::test]
async fn a_missed_call_of_a_telephone_has_its_name_and_number() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let (chen, phone) = (app.person(1), PersonId(Uuid::from_u128(0x11e)));
        let missed = JournalEntry::LegEnded {
            call: CALL,
            person: phone,
            reason: EndReason::NoAnswer,
            missed: true,
            at: START.0 + 40_000,
        };
        let entries = vec![
            opened(CALL, phone, START.0),
            line(CALL, phone, phone, card(phone, "大廳服務臺", Some("6100"))),
            invited(CALL, chen, phone, START.0),
            ended(CALL, chen, EndReason::NoAnswer, START.0 + 40_000),
            missed,
            closed(CALL, EndReason::NoAnswer, START.0 + 40_000),
        ];
        write(&app, entries).await;
        let frames = app.live.frames();
        assert_eq!(frame_types(&frames), [("history.missed", 1)], "nobody is told of the line's own part");
        let history = app.logged_in(1).await.get("/api/calls").await.body;
        let expected =
            json!([{"person": phone, "name": "大廳服務臺", "unit": "", "line": true, "number": "6100"}]);
        assert_eq!((&history["calls"][0]["others"], &history["unseen_missed"]), (&expected, &json!(1)));
        assert_eq!(frames[0]["data"]["entry"]["others"], expected);
        let mut tx = db.read().await.expect("read");
        assert_eq!(store::unseen_missed(&mut tx, phone).await.expect("read"), 0, "a line misses nothing");
    })
    .await;
}

/// The ends that only telephone calls have pass the database's constraints, and withheld numbers stay unknown.
#[tokio::test]
async fn calls_to_numbers_are_remembered_with_how_they_ended() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let lin = app.person(0);
        let ends = [EndReason::NumberUnknown, EndReason::LineDown, EndReason::Transferred];
        for (n, reason) in ends.into_iter().enumerate() {
            let call = CallId(Uuid::from_u128(n as u128 + 1));
            let phone = PersonId(Uuid::from_u128(n as u128 + 100));
            let entries = vec![
                opened(call, lin, START.0),
                invited(call, lin, lin, START.0),
                line(call, phone, lin, card(phone, "12345", (n > 0).then_some("12345"))),
                ended(call, phone, reason, START.0 + 5),
                ended(call, lin, reason, START.0 + 5),
                closed(call, reason, START.0 + 5),
            ];
            write(&app, entries).await;
        }
        let calls = app.logged_in(0).await.get("/api/calls").await.body["calls"].clone();
        let seen: Vec<_> = calls
            .as_array()
            .into_iter()
            .flatten()
            .map(|call| (call["reason"].clone(), call["others"][0]["number"].clone()))
            .collect();
        let number = json!("12345");
        let expected = [
            (json!("transferred"), number.clone()),
            (json!("line_down"), number),
            (json!("number_unknown"), Value::Null),
        ];
        assert_eq!(seen, expected);
    })
    .await;
}

/// A crash while a telephone rings somebody: a missed call for the person, nothing for the line.
#[tokio::test]
async fn a_restart_ends_lines_without_a_word() {
    with_dbs(async |db| {
        let app = TestApp::new(db).await;
        let (chen, phone) = (app.person(1), PersonId(Uuid::from_u128(0x11e)));
        let entries = vec![
            opened(CALL, phone, START.0),
            line(CALL, phone, phone, card(phone, "6100", Some("6100"))),
            invited(CALL, chen, phone, START.0),
        ];
        write(&app, entries).await;
        app.pass(Duration::from_secs(10));
        assert_eq!(CallJournal::new(app.app.clone()).repair(app.app.now()).await.expect("repaired"), 1);
        assert_eq!(frame_types(&app.live.frames()), [("history.missed", 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_step_of_an_unknown_call_is_an_error_and_leaves_nothing() {
    with_dbs(async |db| {
        let app = TestApp::new(db.clone()).await;
        let journal = CallJournal::new(app.app.clone());
        let (lin, chen) = (app.person(0), app.person(1));
        assert!(journal.write(invited(CALL, chen, lin, START.0)).await.is_err());
        assert_eq!(journal.write(ended(CALL, chen, EndReason::NoAnswer, START.0)).await, Ok(()));
        assert!(app.live.frames().is_empty());
        let mut tx = db.read().await.expect("read");
        assert_eq!(store::open_calls(&mut tx, Millis(i64::MAX), 10).await.expect("read"), []);
        assert_eq!(store::others(&mut tx, lin, &[]).await.expect("read"), []);
    })
    .await;
}

#[test]
fn the_document_has_the_same_names_as_the_wire() {
    use EndReason::*;
    let reasons = [
        Declined,
        Busy,
        NoAnswer,
        Cancelled,
        Unreachable,
        Failed,
        AnsweredElsewhere,
        DeclinedElsewhere,
        Moved,
        Transferred,
        NumberUnknown,
        LineDown,
        Ended,
    ];
    for reason in reasons {
        assert_eq!(json!(reason), json!(EndReasonSchema::from(reason)));
    }
    for kind in [CallKind::Direct, CallKind::Group] {
        assert_eq!(json!(kind), json!(CallKindSchema::from(kind)));
    }
}
