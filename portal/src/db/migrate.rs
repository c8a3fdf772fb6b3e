//! Brings the schema up to date, on a connection of its own, before any pool is open.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migrator};

use super::error::{DbError, DbResult};
use super::{postgres, sqlite};

pub(super) static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
pub(super) static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// Migrates a file, made when missing.
pub(super) async fn sqlite(path: &Path) -> DbResult<()> {
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

fn refused(error: MigrateError) -> DbError {
    DbError::Unfit(format!("migrations: {error}"))
}
