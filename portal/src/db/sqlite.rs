//! The embedded database: one file, one writer, a few readers.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::error::{DbError, DbResult};
use super::group::Writer;
use super::uniques::UniqueNames;
use super::{CONNECT_DEADLINE, STATEMENT_CACHE};

/// Readers. More readers help only while as many cores are free; each costs a thread and its page cache.
const READERS: u32 = 4;
/// How long a connection waits for another process (a backup, the command line) that holds the file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The pools of one file.
#[derive(Clone, Debug)]
pub(super) struct Sqlite {
    /// Writers queue here, in order, instead of failing on each other's locks.
    pub(super) write: Writer,
    /// Connections that cannot write.
    pub(super) read: SqlitePool,
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would lose the last commits in a power cut, and with them sequences that clients have already seen.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENT_CACHE)
}

/// A connection for migrations only: with foreign keys on, rebuilding a table would delete the rows that refer to it.
pub(super) async fn migration_pool(path: &Path) -> DbResult<SqlitePool> {
    let options = options(path).create_if_missing(true).foreign_keys(false);
    pool(options, 1).await
}

/// Opens the migrated file.
pub(super) async fn open(path: &Path) -> DbResult<(Sqlite, UniqueNames)> {
    let options = options(path).foreign_keys(true);
    let write = Writer::new(pool(options.clone(), 1).await?);
    let read = pool(options.read_only(true), READERS).await?;
    let names = UniqueNames::read(&read).await?;
    Ok((Sqlite { write, read }, names))
}

async fn pool(options: SqliteConnectOptions, size: u32) -> DbResult<SqlitePool> {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(CONNECT_DEADLINE)
        // The connections are threads of ours on a local file: they do not go stale.
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(|error| DbError::of(error, &UniqueNames::default()))
}

/// Every row whose parent is missing, as text; a migration must leave none.
pub(super) async fn orphans(pool: &SqlitePool) -> DbResult<Vec<String>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(\"table\" AS TEXT), CAST(parent AS TEXT) FROM pragma_foreign_key_check() LIMIT 20",
    )
    .fetch_all(pool)
    .await
    .map_err(|error| DbError::of(error, &UniqueNames::default()))?;
    Ok(rows.into_iter().map(|(table, parent)| format!("{table} -> {parent}")).collect())
}
