//! Group commit on a SQLite file: whatever happens to a job happens to that job only, and what was acknowledged is in the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::join_all;
use sqlx::sqlite::SqliteConnection;

use super::{MAX_JOBS, SqliteTx};
use crate::db::with_dbs::{Folder, START};
use crate::db::{Db, DbError, DbResult, Kind, Place, Rows, Scope, Tx, on};

const SCOPE: Scope = Scope::slice("test");

/// A database in a folder of its own.
struct File {
    folder: Folder,
    db: Db,
}

impl File {
    async fn new() -> File {
        let folder = Folder::new("group");
        let db = Db::open(&Place::Sqlite(folder.0.join("test.sqlite3")), START).await.expect("opens");
        File { folder, db }
    }

    /// What a computer that loses its power now finds when it starts again: the rows in a copy of the files.
    async fn after_a_crash(&self) -> BTreeSet<String> {
        let copy = Folder::new("group-crash");
        for entry in fs::read_dir(&self.folder.0).expect("folder") {
            let path: PathBuf = entry.expect("entry").path();
            // The index of the log is in memory that does not survive.
            if path.extension().is_none_or(|kind| kind != "sqlite3-shm") {
                fs::copy(&path, copy.0.join(path.file_name().expect("name"))).expect("copy");
            }
        }
        let db = Db::open(&Place::Sqlite(copy.0.join("test.sqlite3")), START).await.expect("opens");
        let found = rows(&db).await;
        db.close().await;
        found
    }
}

async fn rows(db: &Db) -> BTreeSet<String> {
    let mut tx = db.read().await.expect("read");
    let all: DbResult<Vec<String>> = async {
        let tx = &mut tx;
        on!(tx, c => sqlx::query_scalar("SELECT topic FROM topic_head").fetch_all(c))
    }
    .await;
    all.expect("select").into_iter().collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

async fn put(tx: &mut Tx<'_>, topic: &str) -> DbResult<u64> {
    on!(tx, c => sqlx::query("INSERT INTO topic_head (topic, seq, at) VALUES ($1, 1, 0)").bind(topic).execute(c).rows())
}

async fn write(db: &Db) -> Tx<'static> {
    db.write(SCOPE).await.expect("write")
}

async fn commit(db: &Db, topic: &str) -> DbResult<()> {
    let mut tx = write(db).await;
    put(&mut tx, topic).await?;
    tx.commit().await
}

fn connection<'t>(tx: &'t mut Tx<'_>) -> &'t mut SqliteConnection {
    match &mut tx.kind {
        Kind::Sqlite(inner) => inner,
        Kind::Postgres(_) => panic!("a file was opened"),
    }
}

/// The number of the job in its group, from 1.
fn place(tx: &Tx<'_>) -> u32 {
    match &tx.kind {
        Kind::Sqlite(SqliteTx::Job(job)) => job.group.jobs,
        _ => panic!("not a job"),
    }
}

/// Runs the stories one after the other in one group: they queue while another job has the turn, and so does the closer of
/// that job's group, before them.
async fn in_one_group<F: Future>(db: &Db, stories: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let opener = write(db).await;
    let stories = join_all(stories);
    let (opened, outcomes) = tokio::join!(opener.commit(), stories);
    opened.expect("an empty commit");
    outcomes
}

#[tokio::test]
async fn whatever_happens_to_a_job_happens_to_it_alone() {
    let file = File::new().await;
    let db = &file.db;
    let story = async |n: u32| -> Result<u32, DbError> {
        let mut tx = write(db).await;
        let place = place(&tx);
        put(&mut tx, &format!("{n}")).await?;
        match n {
            1 => drop(tx),
            2 => {
                put(&mut tx, "2").await.expect_err("same key");
                assert!(matches!(tx.commit().await, Err(DbError::TxFailed)), "the error was swallowed");
            }
            3 => {
                let mut inner = tx.savepoint().await?;
                put(&mut inner, "3 inner").await?;
                drop(inner);
                let mut inner = tx.savepoint().await?;
                put(&mut inner, "3 kept").await?;
                inner.commit().await?;
                tx.commit().await?;
            }
            4 => {
                let task = tokio::spawn(async move {
                    put(&mut tx, "4 again").await.expect("insert");
                    panic!("a bug");
                });
                assert!(task.await.is_err_and(|error| error.is_panic()));
            }
            5 => {
                let mut inner = tx.savepoint().await?;
                put(&mut inner, "5 inner").await?;
                drop(inner);
                drop(tx);
            }
            6 => {
                // Cancelled: the future is polled once and dropped, mostly in the middle of the statement.
                drop(put(&mut tx, "6 again").now_or_never());
                drop(tx);
            }
            _ => tx.commit().await?,
        }
        Ok(place)
    };
    let places = in_one_group(db, (0..8).map(story)).await;
    let places: Vec<u32> = places.into_iter().map(|place| place.expect("story")).collect();
    assert_eq!(places, (1..=8).collect::<Vec<_>>(), "one group had them all");
    assert_eq!(rows(db).await, names(&["0", "3", "3 kept", "7"]));
    commit(db, "next").await.expect("the next group works");
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_would_survive_a_crash() {
    let file = File::new().await;
    let db = &file.db;
    commit(db, "before").await.expect("commit");
    assert_eq!(file.after_a_crash().await, names(&["before"]));
    let first = async || commit(db, "first").await;
    let second = async || {
        let mut tx = write(db).await;
        put(&mut tx, "second").await?;
        // The first job has been released and is not acknowledged.
        let seen = file.after_a_crash().await;
        tx.commit().await?;
        DbResult::Ok(seen)
    };
    let opener = write(db).await;
    let (opened, first, seen) = tokio::join!(opener.commit(), first(), second());
    opened.expect("an empty commit");
    first.expect("commit");
    assert_eq!(seen.expect("commit"), names(&["before"]));
    assert_eq!(file.after_a_crash().await, names(&["before", "first", "second"]));
}

#[tokio::test]
async fn a_group_that_sqlite_undoes_is_lost_for_all_its_jobs() {
    let file = File::new().await;
    let db = &file.db;
    let story = async |n: u32| {
        let mut tx = write(db).await;
        put(&mut tx, &format!("{n}")).await?;
        if n == 1 {
            // What SQLite does by itself when the disk is full.
            sqlx::query("ROLLBACK").execute(connection(&mut tx)).await.expect("rolled back");
            drop(tx);
            return Ok(());
        }
        tx.commit().await
    };
    let outcomes = in_one_group(db, (0..3).map(story)).await;
    assert!(matches!(outcomes[0], Err(DbError::Retry(_))), "{outcomes:?}");
    assert!(outcomes[2].is_ok(), "a group of its own: {outcomes:?}");
    assert_eq!(rows(db).await, names(&["2"]));
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_all_its_jobs() {
    let file = File::new().await;
    let db = &file.db;
    let mut tx = write(db).await;
    let ddl = "CREATE TABLE child (parent TEXT REFERENCES topic_head (topic) DEFERRABLE INITIALLY DEFERRED)";
    sqlx::query(ddl).execute(connection(&mut tx)).await.expect("ddl");
    tx.commit().await.expect("commit");
    let story = async |n: u32| {
        let mut tx = write(db).await;
        put(&mut tx, &format!("{n}")).await?;
        if n == 1 {
            let orphan = sqlx::query("INSERT INTO child (parent) VALUES ('none')");
            orphan.execute(connection(&mut tx)).await.expect("checked at the commit only");
        }
        tx.commit().await
    };
    for outcome in in_one_group(db, (0..3).map(story)).await {
        assert!(matches!(outcome, Err(DbError::Retry(_))), "{outcome:?}");
    }
    assert_eq!(rows(db).await, names(&[]));
    commit(db, "next").await.expect("the next group works");
    assert_eq!(rows(db).await, names(&["next"]));
}

#[tokio::test]
async fn a_cancelled_wait_for_the_turn_leaves_nothing() {
    let file = File::new().await;
    let db = &file.db;
    let holder = write(db).await;
    assert!(db.write(SCOPE).now_or_never().is_none(), "in the queue");
    holder.commit().await.expect("commit");
    // The turn is free, so this one gets as far as beginning its job, in a task that goes on.
    assert!(db.write(SCOPE).now_or_never().is_none(), "beginning");
    commit(db, "next").await.expect("commit");
    assert_eq!(rows(db).await, names(&["next"]));
}

#[tokio::test]
async fn a_group_is_bounded_and_later_writers_get_the_next_one() {
    let file = File::new().await;
    let db = &file.db;
    let story = async |n: u32| {
        let mut tx = write(db).await;
        let place = place(&tx);
        put(&mut tx, &format!("{n}")).await.expect("insert");
        tx.commit().await.expect("commit");
        place
    };
    let places = in_one_group(db, (0..200).map(story)).await;
    assert_eq!(places.iter().max(), Some(&MAX_JOBS));
    // 200 jobs in groups of 64 are 4 groups, whose first jobs have the place 1.
    assert_eq!(places.iter().filter(|place| **place == 1).count(), 4);
    assert_eq!(rows(db).await.len(), 200);
}

/// 200 writers at once on several threads, each with its own fate.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_what_was_acknowledged_is_in_the_file() {
    let file = File::new().await;
    let writer = |n: u32| {
        let db = file.db.clone();
        tokio::spawn(async move {
            let mut tx = write(&db).await;
            put(&mut tx, &format!("{n}")).await.expect("insert");
            match n % 5 {
                0 => drop(tx),
                1 => panic!("a bug"),
                2 => {
                    put(&mut tx, &format!("{n}")).await.expect_err("same key");
                    tx.commit().await.expect_err("poisoned");
                }
                _ => {
                    tx.commit().await.expect("commit");
                    return Some(format!("{n}"));
                }
            }
            None
        })
    };
    let tasks: Vec<_> = (0..200).map(writer).collect();
    let mut acknowledged = BTreeSet::new();
    for task in tasks {
        acknowledged.extend(task.await.ok().flatten());
    }
    assert_eq!(acknowledged.len(), 80);
    assert_eq!(file.after_a_crash().await, acknowledged);
    assert_eq!(rows(&file.db).await, acknowledged);
    file.db.close().await;
}
