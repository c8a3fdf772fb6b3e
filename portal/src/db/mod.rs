//! Storage: the only place that knows that there are two databases.
//!
//! A store function takes a `&mut` [`Tx`] and runs **one SQL text**, in the portable subset of `migrations/README.md`, through
//! [`on!`](on):
//!
//! ```text
//! pub async fn open_punch(tx: &mut Tx<'_>, person: PersonId) -> DbResult<Option<Punch>> {
//!     on!(tx, c => sqlx::query_as("SELECT id, started FROM punch WHERE person = $1 AND ended IS NULL")
//!         .bind(person.0).fetch_optional(c))
//! }
//! ```
//!
//! [`Db::read`] gives a transaction that sees one state of the database; [`Db::write`] one whose [`Scope`] nobody else is
//! writing. Keep writes short: hash passwords, ask the network and sort out input before; never `write` within a write.

mod error;
mod group;
mod migrate;
mod outbox;
mod postgres;
mod sqlite;
#[cfg(test)]
pub(crate) mod tests;
mod tx;
pub(crate) mod types;
mod uniques;
#[cfg(test)]
pub(crate) mod with_dbs;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;

pub use error::{DbError, DbResult};
pub use outbox::{append, prune};
pub(crate) use tx::{Kind, Rows, on};
pub use tx::{Scope, Tx};
pub(crate) use types::{Text, newtype_column};

use crate::clock::Millis;
use group::SqliteTx;
use uniques::UniqueNames;

/// How long a request waits for a connection before it is told that the server is busy. Longer piles up requests in front of
/// a database that is away; shorter refuses those that a burst would have let through.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Prepared statements per connection. We have some hundreds of texts; fewer slots would prepare them again and again.
const STATEMENT_CACHE: usize = 512;

/// Where the data is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A SQLite file, made when missing.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres {
        /// `postgres://user:password@host/database`.
        url: String,
        /// Size of the pool.
        connections: u32,
    },
}

/// The open database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pools: Pools,
    names: Arc<UniqueNames>,
    epoch: Millis,
}

#[derive(Debug)]
enum Pools {
    Sqlite(sqlite::Sqlite),
    Postgres(PgPool),
}

/// How busy the connections are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolStats {
    /// Open connections.
    pub open: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

impl Db {
    /// Brings the schema up to date and opens the database. `now` becomes the epoch of a new log.
    ///
    /// # Errors
    /// [`DbError::Unfit`] when the schema is newer than this program, was changed by hand, or does not sort by code point.
    pub async fn open(place: &Place, now: Millis) -> DbResult<Db> {
        let (pools, names) = match place {
            Place::Sqlite(path) => {
                migrate::sqlite(path).await?;
                let (pools, names) = sqlite::open(path).await?;
                (Pools::Sqlite(pools), names)
            }
            Place::Postgres { url, connections } => {
                migrate::postgres(url).await?;
                (Pools::Postgres(postgres::open(url, *connections).await?), UniqueNames::default())
            }
        };
        let mut inner = Inner { pools, names: Arc::new(names), epoch: now };
        inner.epoch = inner.read_epoch(now).await?;
        Ok(Db(Arc::new(inner)))
    }

    /// A transaction that only reads and sees one state of the database from its first statement on.
    pub async fn read(&self) -> DbResult<Tx<'static>> {
        self.0.read().await
    }

    /// A transaction that writes, alone in its scope.
    ///
    /// # Errors
    /// [`DbError::Retry`] or [`DbError::Unavailable`] when its turn does not come in time.
    pub async fn write(&self, scope: Scope) -> DbResult<Tx<'static>> {
        self.0.write(scope).await
    }

    /// Epoch of the log: see [`signaling::log::EventLog::epoch`].
    pub fn epoch(&self) -> Millis {
        self.0.epoch
    }

    /// For the metrics.
    pub fn stats(&self) -> PoolStats {
        match &self.0.pools {
            Pools::Sqlite(pools) => PoolStats {
                open: pools.read.size() + pools.write.pool.size(),
                idle: as_count(pools.read.num_idle() + pools.write.pool.num_idle()),
            },
            Pools::Postgres(pool) => PoolStats { open: pool.size(), idle: as_count(pool.num_idle()) },
        }
    }

    /// Waits for running transactions and closes. Later calls get [`DbError::Unavailable`].
    pub async fn close(&self) {
        match &self.0.pools {
            Pools::Sqlite(pools) => {
                pools.read.close().await;
                // Last, so that it checkpoints the write-ahead log into the file.
                pools.write.pool.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

fn as_count(n: usize) -> u32 {
    n.try_into().unwrap_or(u32::MAX)
}

impl Inner {
    async fn read(&self) -> DbResult<Tx<'static>> {
        let kind = match &self.pools {
            Pools::Sqlite(pools) => pools.read.begin().await.map(|tx| Kind::Sqlite(SqliteTx::Own(tx))),
            Pools::Postgres(pool) => {
                pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Kind::Postgres)
            }
        };
        self.begun(kind)
    }

    async fn write(&self, scope: Scope) -> DbResult<Tx<'static>> {
        let kind = match &self.pools {
            Pools::Sqlite(pools) => pools.write.begin().await.map(|job| Kind::Sqlite(SqliteTx::Job(job))),
            Pools::Postgres(pool) => pool.begin().await.map(Kind::Postgres),
        };
        let mut tx = self.begun(kind)?;
        if let Kind::Postgres(inner) = &mut tx.kind {
            let lock = match scope.keys() {
                (slice, None) => sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(slice),
                (slice, Some(one)) => {
                    sqlx::query("SELECT pg_advisory_xact_lock_shared($1), pg_advisory_xact_lock($2)")
                        .bind(slice)
                        .bind(one)
                }
            };
            let outcome = lock.execute(&mut **inner).await;
            tx.done(outcome)?;
        }
        Ok(tx)
    }

    fn begun(&self, kind: Result<Kind<'static>, sqlx::Error>) -> DbResult<Tx<'static>> {
        match kind {
            Ok(kind) => Ok(Tx::new(kind, self.names.clone())),
            Err(error) => Err(DbError::of(error, &self.names)),
        }
    }

    /// The epoch, made with `now` when the log is new.
    async fn read_epoch(&self, now: Millis) -> DbResult<Millis> {
        let mut tx = self.write(Scope::slice("outbox")).await?;
        let epoch = outbox::epoch(&mut tx, now).await?;
        tx.commit().await?;
        Ok(epoch)
    }
}
