//! Brings the schema up to date, on a connection of its own, before any pool is open.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};

use super::error::{DbError, DbResult};
use super::{postgres, sqlite};

pub(super) static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long to wait for another process that migrates the same file.
const LOCK_DEADLINE: Duration = Duration::from_secs(60);

/// Migrates a file, made when missing. SQLite has no lock that outlives a transaction, so a file beside it is locked: of two
/// processes that start together, both would otherwise run the first migration.
pub(super) async fn sqlite(path: &Path) -> DbResult<()> {
    let _alone = lock(path.with_extension("lock")).await?;
    let pool = sqlite::migration_pool(path).await?;
    let outcome = SQLITE.run(&pool).await;
    let orphans = sqlite::orphans(&pool).await;
    pool.close().await;
    outcome.map_err(refused)?;
    match orphans?.as_slice() {
        [] => Ok(()),
        rows => Err(DbError::Unfit(format!("rows without their parent: {}", rows.join(", ")))),
    }
}

/// Migrates a PostgreSQL database; several servers that start together wait for each other.
pub(super) async fn postgres(url: &str) -> DbResult<()> {
    let pool = postgres::migration_pool(url).await?;
    let outcome = POSTGRES.run(&pool).await;
    pool.close().await;
    outcome.map_err(refused)
}

async fn lock(path: PathBuf) -> DbResult<File> {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path)?;
        file.lock().map(|()| file)
    });
    match tokio::time::timeout(LOCK_DEADLINE, locked).await {
        Ok(Ok(outcome)) => outcome.map_err(|error| DbError::Unavailable(error.to_string())),
        Ok(Err(error)) => Err(DbError::Unavailable(error.to_string())),
        Err(_) => Err(DbError::Unavailable("another process is migrating this database".into())),
    }
}

fn refused(error: MigrateError) -> DbError {
    DbError::Unfit(format!("migrations: {error}"))
}
