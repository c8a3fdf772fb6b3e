//! Column types.

use serde::{Deserialize, Serialize};

use crate::clock::Millis;
use crate::db::with_dbs::with_dbs;
use crate::db::{DbError, DbResult, Text, Tx, on};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    NoAnswer,
}

#[derive(Debug, PartialEq, sqlx::FromRow)]
struct Echo {
    at: Millis,
    reason: Text<Reason>,
    later: Option<Millis>,
}

async fn echo(tx: &mut Tx<'_>, at: Option<Millis>, reason: Option<&str>) -> DbResult<Echo> {
    on!(tx, c => sqlx::query_as(
        "SELECT CAST($1 AS BIGINT) AS at, CAST($2 AS TEXT) AS reason, CAST($3 AS BIGINT) AS later",
    )
    .bind(at)
    .bind(reason)
    .bind(None::<Millis>)
    .fetch_one(c))
}

#[tokio::test]
async fn newtypes_round_trip_and_refuse_null() {
    with_dbs(async |db| {
        let mut tx = db.read().await.expect("read");
        let row = echo(&mut tx, Some(Millis(7)), Some("no_answer")).await.expect("row");
        assert_eq!(row, Echo { at: Millis(7), reason: Text(Reason::NoAnswer), later: None });
        for (at, reason) in
            [(None, Some("no_answer")), (Some(Millis(7)), None), (Some(Millis(7)), Some("other"))]
        {
            let mut tx = db.read().await.expect("read");
            let outcome = echo(&mut tx, at, reason).await;
            assert!(matches!(outcome, Err(DbError::Other(_))), "{outcome:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn text_enums_are_bound_by_their_serde_name() {
    with_dbs(async |db| {
        let mut tx = db.read().await.expect("read");
        let outcome: DbResult<String> = async {
            let tx = &mut tx;
            on!(tx, c => sqlx::query_scalar("SELECT CAST($1 AS TEXT)").bind(Text(Reason::NoAnswer)).fetch_one(c))
        }
        .await;
        assert_eq!(outcome.expect("row"), "no_answer");
    })
    .await;
}
