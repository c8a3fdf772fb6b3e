//! The durable log.

use std::time::Duration;

use serde::Serialize;
use signaling::ids::PersonId;
use signaling::log::{EventLog, Head};
use signaling::topic::Topic;
use uuid::Uuid;

use crate::db::outbox::{KEPT_PER_TOPIC, MAX_FRAME_BYTES};
use crate::db::with_dbs::{START, with_dbs};
use crate::db::{Db, DbError, DbResult, Rows, Scope, Tx, append, on, prune};

#[derive(Serialize)]
#[serde(tag = "type", content = "data")]
enum Event {
    #[serde(rename = "test.said")]
    Said { word: String },
}

const SCOPE: Scope = Scope::slice("test");

fn said(word: &str) -> Event {
    Event::Said { word: word.into() }
}

async fn say(db: &Db, topic: Topic, word: &str) -> u64 {
    let mut tx = db.write(SCOPE).await.expect("write");
    let event = append(&mut tx, START, topic, &said(word)).await.expect("append");
    tx.commit().await.expect("commit");
    event.seq
}

#[tokio::test]
async fn an_event_is_logged_as_the_frame_that_clients_get() {
    with_dbs(async |db| {
        let topic = Topic::Person(PersonId(Uuid::from_u128(1)));
        let mut tx = db.write(SCOPE).await.expect("write");
        let event = append(&mut tx, START, topic, &said("早安\0")).await.expect("append");
        tx.commit().await.expect("commit");
        let frame: serde_json::Value = serde_json::from_slice(&event.frame).expect("json");
        let expected = serde_json::json!({"topic": "person:00000000-0000-0000-0000-000000000001", "seq": 1,
            "type": "test.said", "data": {"word": "早安\0"}});
        assert_eq!(frame, expected);
        assert_eq!(EventLog::read(&db, topic, 0, 10).await, Ok(vec![event]));
    })
    .await;
}

#[tokio::test]
async fn each_topic_counts_on_its_own_and_without_gaps() {
    with_dbs(async |db| {
        let person = Topic::Person(PersonId(Uuid::from_u128(1)));
        assert_eq!(db.head(person).await, Ok(Head { seq: 0, oldest: 1 }));
        assert_eq!(say(&db, person, "a").await, 1);
        assert_eq!(say(&db, Topic::City, "b").await, 1);
        // Rolled back: its sequence is given again.
        let mut tx = db.write(SCOPE).await.expect("write");
        assert_eq!(append(&mut tx, START, person, &said("lost")).await.expect("append").seq, 2);
        drop(tx);
        assert_eq!(say(&db, person, "c").await, 2);
        assert_eq!(db.head(person).await, Ok(Head { seq: 2, oldest: 1 }));
        let missed = EventLog::read(&db, person, 1, 10).await.expect("read");
        assert_eq!(missed.iter().map(|event| event.seq).collect::<Vec<_>>(), [2]);
        let limited = EventLog::read(&db, person, 0, 1).await.expect("read");
        assert_eq!(limited.iter().map(|event| event.seq).collect::<Vec<_>>(), [1]);
        assert_eq!(EventLog::read(&db, person, u64::MAX, 1).await, Ok(vec![]));
    })
    .await;
}

#[tokio::test]
async fn writers_at_once_get_sequences_without_gaps() {
    with_dbs(async |db| {
        let one = |id: u128| {
            let db = db.clone();
            tokio::spawn(async move {
                // Different scopes: only the topic's head orders them.
                let mut tx = db.write(Scope::one("test", Uuid::from_u128(id))).await.expect("write");
                let event = append(&mut tx, START, Topic::City, &said("x")).await.expect("append");
                tx.commit().await.expect("commit");
                event.seq
            })
        };
        let mut seqs = Vec::new();
        for task in (0..24).map(one).collect::<Vec<_>>() {
            seqs.push(task.await.expect("task"));
        }
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=24).collect::<Vec<u64>>());
    })
    .await;
}

#[tokio::test]
async fn pruning_takes_away_a_beginning_even_when_the_clock_went_back() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        let second = Duration::from_secs(1);
        for now in [START, START.after(second * 2), START.after(second)] {
            append(&mut tx, now, Topic::City, &said("x")).await.expect("append");
        }
        assert_eq!(prune(&mut tx, START.after(second * 2)).await.expect("prune"), 1);
        tx.commit().await.expect("commit");
        assert_eq!(db.head(Topic::City).await, Ok(Head { seq: 3, oldest: 2 }));
        let mut tx = db.write(SCOPE).await.expect("write");
        assert_eq!(prune(&mut tx, START.after(second * 9)).await.expect("prune"), 2);
        tx.commit().await.expect("commit");
        assert_eq!(db.head(Topic::City).await, Ok(Head { seq: 3, oldest: 4 }));
    })
    .await;
}

#[tokio::test]
async fn a_topic_keeps_a_bounded_number_of_events() {
    with_dbs(async |db| {
        say(&db, Topic::City, "oldest").await;
        let mut tx = db.write(SCOPE).await.expect("write");
        // As if the topic had filled up: the next sequence is a multiple of 64 and two past the bound.
        let almost = (KEPT_PER_TOPIC / 64 + 1) * 64 - 1;
        jump(&mut tx, almost).await.expect("jump");
        let event = append(&mut tx, START, Topic::City, &said("newest")).await.expect("append");
        tx.commit().await.expect("commit");
        assert_eq!(db.head(Topic::City).await, Ok(Head { seq: event.seq, oldest: event.seq }));
    })
    .await;
}

async fn jump(tx: &mut Tx<'_>, seq: i64) -> DbResult<u64> {
    on!(tx, c => sqlx::query("UPDATE topic_head SET seq = $1").bind(seq).execute(c).rows())
}

#[tokio::test]
async fn an_event_that_is_too_long_is_refused() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        let outcome = append(&mut tx, START, Topic::City, &said(&"x".repeat(MAX_FRAME_BYTES))).await;
        assert!(matches!(outcome, Err(DbError::EventTooLong(size)) if size > MAX_FRAME_BYTES));
    })
    .await;
}

#[tokio::test]
async fn the_epoch_is_that_of_the_first_start() {
    with_dbs(async |db| assert_eq!(EventLog::epoch(&db), START.0)).await;
}
