//! Transactions: poisoning, savepoints, scopes, errors.

use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use crate::db::with_dbs::{START, with_dbs};
use crate::db::{Db, DbError, DbResult, Kind, Rows, Scope, Tx, on};

const SCOPE: Scope = Scope::slice("test");

async fn put(tx: &mut Tx<'_>, topic: &str, seq: i64) -> DbResult<u64> {
    on!(tx, c => sqlx::query("INSERT INTO topic_head (topic, seq, at) VALUES ($1, $2, 0)").bind(topic).bind(seq).execute(c).rows())
}

async fn seq_of(tx: &mut Tx<'_>, topic: &str) -> DbResult<Option<i64>> {
    on!(tx, c => sqlx::query_scalar("SELECT seq FROM topic_head WHERE topic = $1").bind(topic).fetch_optional(c))
}

async fn seqs_of(tx: &mut Tx<'_>, topics: &[&str]) -> DbResult<Vec<i64>> {
    on!(tx, c: D => async move {
        let mut query = QueryBuilder::<D>::new("SELECT seq FROM topic_head WHERE topic IN (");
        let mut list = query.separated(", ");
        for topic in topics {
            list.push_bind(*topic);
        }
        query.push(") ORDER BY topic").build_query_scalar().persistent(false).fetch_all(c).await
    })
}

async fn committed(db: &Db, topic: &str) -> Option<i64> {
    seq_of(&mut db.read().await.expect("read"), topic).await.expect("select")
}

#[tokio::test]
async fn a_failed_statement_poisons_the_transaction_even_when_swallowed() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        put(&mut tx, "a", 1).await.expect("insert");
        let twice = put(&mut tx, "a", 2).await.expect_err("same key");
        assert!(twice.violates("topic_head_pkey"), "{twice:?}");
        assert!(matches!(put(&mut tx, "b", 1).await, Err(DbError::TxFailed)));
        assert!(matches!(tx.savepoint().await.err(), Some(DbError::TxFailed)));
        assert!(matches!(tx.commit().await, Err(DbError::TxFailed)));
        assert_eq!(committed(&db, "a").await, None);
    })
    .await;
}

#[tokio::test]
async fn no_row_is_not_a_failure() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        let exact: DbResult<i64> = async {
            let tx = &mut tx;
            on!(tx, c => sqlx::query_scalar("SELECT seq FROM topic_head WHERE topic = 'x'").fetch_one(c))
        }
        .await;
        assert!(matches!(exact, Err(DbError::RowNotFound)));
        put(&mut tx, "a", 1).await.expect("still usable");
        tx.commit().await.expect("commit");
        assert_eq!(committed(&db, "a").await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_savepoint_confines_a_failure() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        put(&mut tx, "a", 1).await.expect("insert");
        let mut inner = tx.savepoint().await.expect("savepoint");
        put(&mut inner, "b", 1).await.expect("insert");
        put(&mut inner, "a", 2).await.expect_err("same key");
        drop(inner);
        let mut inner = tx.savepoint().await.expect("savepoint");
        put(&mut inner, "c", 3).await.expect("insert");
        inner.commit().await.expect("release");
        tx.commit().await.expect("commit");
        let mut tx = db.read().await.expect("read");
        assert_eq!(seqs_of(&mut tx, &["a", "b", "c"]).await.expect("select"), [1, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        put(&mut tx, "a", 1).await.expect("insert");
        drop(tx);
        assert_eq!(committed(&db, "a").await, None);
    })
    .await;
}

#[tokio::test]
async fn read_then_write_loses_no_update() {
    with_dbs(async |db| {
        let mut tx = db.write(SCOPE).await.expect("write");
        put(&mut tx, "n", 0).await.expect("insert");
        tx.commit().await.expect("commit");
        let bump = |scope: Scope| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut tx = db.write(scope).await.expect("write");
                let n = seq_of(&mut tx, "n").await.expect("select").expect("row");
                // A value computed here, so that only the scope stands between two writers.
                set(&mut tx, "n", n + 1).await.expect("update");
                tx.commit().await.expect("commit");
            })
        };
        // Writers of one aggregate, and writers of the whole slice among them.
        let one = Scope::one("test", Uuid::from_u128(9));
        let tasks: Vec<_> = (0..20).map(|n| bump(if n % 5 == 0 { SCOPE } else { one })).collect();
        for task in tasks {
            task.await.expect("task");
        }
        assert_eq!(committed(&db, "n").await, Some(20));
    })
    .await;
}

async fn set(tx: &mut Tx<'_>, topic: &str, seq: i64) -> DbResult<u64> {
    on!(tx, c => sqlx::query("UPDATE topic_head SET seq = $2 WHERE topic = $1").bind(topic).bind(seq).execute(c).rows())
}

#[tokio::test]
async fn a_read_sees_one_state() {
    with_dbs(async |db| {
        let mut reader = db.read().await.expect("read");
        assert_eq!(seq_of(&mut reader, "a").await.expect("select"), None);
        let mut tx = db.write(SCOPE).await.expect("write");
        put(&mut tx, "a", 1).await.expect("insert");
        tx.commit().await.expect("commit");
        assert_eq!(seq_of(&mut reader, "a").await.expect("select"), None);
        assert_eq!(committed(&db, "a").await, Some(1));
    })
    .await;
}

#[tokio::test]
async fn a_read_cannot_write() {
    with_dbs(async |db| {
        let mut tx = db.read().await.expect("read");
        put(&mut tx, "a", 1).await.expect_err("read only");
    })
    .await;
}

#[tokio::test]
async fn violations_have_the_same_names_on_both() {
    with_dbs(async |db| {
        let ddl = "CREATE TABLE parent (id BIGINT_ NOT NULL PRIMARY KEY); \
            CREATE TABLE child (a BIGINT_ NOT NULL, b BIGINT_ NOT NULL, parent BIGINT_ REFERENCES parent (id), \
            CONSTRAINT child_b_check CHECK (b >= 0), PRIMARY KEY (a, b)); \
            CREATE UNIQUE INDEX child_open_key ON child (a) WHERE parent IS NULL; \
            CREATE UNIQUE INDEX child_twice_key ON child ((b * 2));";
        let db = reopened(db, ddl).await;
        let violation = async |a: i64, b: i64, parent: Option<i64>| {
            let mut tx = db.write(SCOPE).await.expect("write");
            child(&mut tx, 1, 1, None).await.expect("first");
            child(&mut tx, a, b, parent).await.expect_err("violation")
        };
        assert!(violation(1, 2, None).await.violates("child_open_key"));
        assert!(violation(2, 1, None).await.violates("child_twice_key"));
        assert!(violation(2, -1, None).await.violates("child_b_check"));
        assert!(matches!(violation(2, 2, Some(7)).await, DbError::ForeignKey));
    })
    .await;
}

async fn child(tx: &mut Tx<'_>, a: i64, b: i64, parent: Option<i64>) -> DbResult<u64> {
    on!(tx, c => sqlx::query("INSERT INTO child (a, b, parent) VALUES ($1, $2, $3)").bind(a).bind(b).bind(parent).execute(c).rows())
}

/// Adds tables and opens the database again, so that SQLite's names are read from the new schema.
async fn reopened(db: Db, ddl: &str) -> Db {
    let mut tx = db.write(SCOPE).await.expect("write");
    let place = match &mut tx.kind {
        Kind::Sqlite(inner) => {
            let path: String = sqlx::query("SELECT file FROM pragma_database_list WHERE name = 'main'")
                .fetch_one(&mut **inner)
                .await
                .expect("path")
                .get(0);
            crate::db::Place::Sqlite(path.into())
        }
        Kind::Postgres(_) => {
            let ddl = ddl.replace("BIGINT_", "BIGINT");
            run(&mut tx, &ddl).await;
            tx.commit().await.expect("commit");
            return db;
        }
    };
    run(&mut tx, &ddl.replace("BIGINT_", "INTEGER")).await;
    tx.commit().await.expect("commit");
    db.close().await;
    Db::open(&place, START).await.expect("opens again")
}

async fn run(tx: &mut Tx<'_>, ddl: &str) {
    let outcome: DbResult<()> = async {
        on!(tx, c => async move { sqlx::raw_sql(sqlx::AssertSqlSafe(ddl)).execute(c).await.map(|_| ()) })
    }
    .await;
    outcome.expect("ddl");
}

#[tokio::test]
async fn a_closed_database_is_unavailable() {
    with_dbs(async |db| {
        db.close().await;
        assert!(matches!(db.read().await.err(), Some(DbError::Unavailable(_))));
        assert_eq!(db.stats().open, 0);
    })
    .await;
}
