//! The shared database, for more than one machine.

use std::str::FromStr;

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::error::{DbError, DbResult};
use super::uniques::UniqueNames;
use super::{CONNECT_DEADLINE, STATEMENT_CACHE};

/// Deadlines that the server keeps for us, in milliseconds: a statement, a lock, and a transaction of a process that hangs.
const LIMITS: [(&str, &str); 3] = [
    ("statement_timeout", "30000"),
    ("lock_timeout", "10000"),
    ("idle_in_transaction_session_timeout", "60000"),
];

fn options(url: &str) -> DbResult<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)
        // The driver's error may repeat the URL, and with it the password.
        .map_err(|_| DbError::Unfit("database.url is not a PostgreSQL URL".into()))?;
    Ok(options.statement_cache_capacity(STATEMENT_CACHE).application_name("switchboard"))
}

/// A pool of one connection without the limits: a migration of a big table may take its time.
pub(super) async fn migration_pool(url: &str) -> DbResult<PgPool> {
    pool(options(url)?, 1).await
}

/// Opens the migrated database.
pub(super) async fn open(url: &str, connections: u32) -> DbResult<PgPool> {
    let pool = pool(options(url)?.options(LIMITS), connections).await?;
    check_collation(&pool).await?;
    Ok(pool)
}

async fn pool(options: PgConnectOptions, size: u32) -> DbResult<PgPool> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(CONNECT_DEADLINE)
        .connect_with(options)
        .await
        .map_err(|error| DbError::of(error, &UniqueNames::default()))
}

/// Text must sort by code point, as it does on SQLite: a cursor or a limit would otherwise mean different rows.
async fn check_collation(pool: &PgPool) -> DbResult<()> {
    let by_code_point: bool = sqlx::query_scalar("SELECT 'B' < 'a' AND 'a-c' < 'aa' AND 'Z' < 'É'")
        .fetch_one(pool)
        .await
        .map_err(|error| DbError::of(error, &UniqueNames::default()))?;
    if by_code_point {
        return Ok(());
    }
    Err(DbError::Unfit(
        "the PostgreSQL database does not sort by code point; create it with TEMPLATE template0 ENCODING 'UTF8' \
         LOCALE 'C.UTF-8'"
            .into(),
    ))
}
