//! One transaction on either database, and the macro that runs a statement in it.

use std::future::Future;
use std::sync::Arc;

use sqlx::postgres::{PgQueryResult, Postgres};
use sqlx::sqlite::SqliteQueryResult;
use sqlx::{Connection, Transaction};
use uuid::Uuid;

use super::error::{DbError, DbResult};
use super::group::SqliteTx;
use super::uniques::UniqueNames;

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
///
/// A failed statement makes it unusable on both databases: PostgreSQL refuses the rest anyway (and answers a later COMMIT with
/// "ok" although it rolled back), SQLite would silently keep the half. To survive an expected violation use `ON CONFLICT DO
/// NOTHING` or [`Tx::savepoint`].
pub struct Tx<'c> {
    pub(crate) kind: Kind<'c>,
    pub(super) failed: bool,
    pub(super) names: Arc<UniqueNames>,
}

/// The database that a transaction is on. Only [`on!`](crate::db::on) looks inside.
pub(crate) enum Kind<'c> {
    /// SQLite.
    Sqlite(SqliteTx<'c>),
    /// PostgreSQL.
    Postgres(Transaction<'c, Postgres>),
}

impl<'c> Tx<'c> {
    pub(super) fn new(kind: Kind<'c>, names: Arc<UniqueNames>) -> Tx<'c> {
        Tx { kind, failed: false, names }
    }

    /// An error when an earlier statement failed.
    pub(crate) fn usable(&self) -> DbResult<()> {
        if self.failed { Err(DbError::TxFailed) } else { Ok(()) }
    }

    /// Notes the outcome of a statement.
    pub(crate) fn done<T>(&mut self, outcome: Result<T, sqlx::Error>) -> DbResult<T> {
        outcome.map_err(|error| {
            self.failed |= !matches!(error, sqlx::Error::RowNotFound);
            DbError::of(error, &self.names)
        })
    }

    /// Keeps everything: with the answer it is on the disk. Refused when a statement failed, even if its error was swallowed.
    pub async fn commit(self) -> DbResult<()> {
        self.usable()?;
        let outcome = match self.kind {
            Kind::Sqlite(SqliteTx::Job(job)) => return job.commit().await,
            Kind::Sqlite(SqliteTx::Own(tx)) => tx.commit().await,
            Kind::Postgres(tx) => tx.commit().await,
        };
        outcome.map_err(|error| DbError::of(error, &self.names))
    }

    /// A transaction within this one: its failure or drop undoes only its own statements.
    pub async fn savepoint(&mut self) -> DbResult<Tx<'_>> {
        self.usable()?;
        let names = self.names.clone();
        let kind = match &mut self.kind {
            Kind::Sqlite(tx) => (**tx).begin().await.map(|tx| Kind::Sqlite(SqliteTx::Own(tx))),
            Kind::Postgres(tx) => tx.begin().await.map(Kind::Postgres),
        };
        match kind {
            Ok(kind) => Ok(Tx::new(kind, names)),
            Err(error) => {
                self.failed = true;
                Err(DbError::of(error, &names))
            }
        }
    }
}

/// What the rules of a write read, and so what must not change under them: a whole slice, or one aggregate in it. SQLite has
/// one writer at a time anyway; on PostgreSQL the scope becomes advisory locks, held to the end of the transaction, so that a
/// body that is right on one database is right on the other. Writers of different aggregates of a slice do not wait for each
/// other; a writer of the whole slice waits for them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    slice: &'static str,
    one: Option<Uuid>,
}

impl Scope {
    /// All of a slice.
    pub const fn slice(slice: &'static str) -> Scope {
        Scope { slice, one: None }
    }

    /// One aggregate of a slice.
    pub const fn one(slice: &'static str, id: Uuid) -> Scope {
        Scope { slice, one: Some(id) }
    }

    /// The locks: that of the slice, and that of the aggregate. A collision of two keys only makes writers wait needlessly.
    pub(super) fn keys(self) -> (i64, Option<i64>) {
        let slice = fnv1a(self.slice.as_bytes(), FNV_START);
        (slice.cast_signed(), self.one.map(|id| fnv1a(id.as_bytes(), slice).cast_signed()))
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a, 64 bits: stable over versions and machines, which the standard library's hasher is not.
fn fnv1a(bytes: &[u8], start: u64) -> u64 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Makes the result of `execute` one type: the number of rows.
pub(crate) trait Rows {
    /// Rows that the statement changed.
    fn rows(self) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;
}

/// A driver's result of `execute`.
pub(crate) trait Affected {
    /// Rows that the statement changed.
    fn affected(&self) -> u64;
}

impl Affected for SqliteQueryResult {
    fn affected(&self) -> u64 {
        self.rows_affected()
    }
}

impl Affected for PgQueryResult {
    fn affected(&self) -> u64 {
        self.rows_affected()
    }
}

impl<R: Affected, F: Future<Output = Result<R, sqlx::Error>> + Send> Rows for F {
    async fn rows(self) -> Result<u64, sqlx::Error> {
        self.await.map(|outcome| outcome.affected())
    }
}

/// Runs one statement in a transaction: `on!(tx, c => sqlx::query("...").bind(x).execute(c).rows())`. The body is compiled
/// once per database, with one SQL text. Where it needs the driver's type (a `QueryBuilder`): `on!(tx, c: D => async move {
/// QueryBuilder::<D>::new(..) .. })`. `tx` is a `&mut Tx`, so only store functions can use it. It awaits the body, marks the
/// transaction failed when it fails, and gives a `DbResult`.
macro_rules! on {
    ($tx:expr, $c:ident => $body:expr) => { $crate::db::on!($tx, $c: _D => $body) };
    ($tx:expr, $c:ident: $d:ident => $body:expr) => {{
        let tx: &mut $crate::db::Tx<'_> = &mut *$tx;
        tx.usable()?;
        let outcome = match &mut tx.kind {
            $crate::db::Kind::Sqlite(inner) => {
                #[cfg(test)]
                $crate::db::tests::coverage::note("sqlite", ::std::any::type_name_of_val(&|| ()));
                // Only bodies that build their text name the driver.
                #[allow(dead_code)]
                type $d = ::sqlx::Sqlite;
                let $c = &mut **inner;
                $body.await
            }
            $crate::db::Kind::Postgres(inner) => {
                #[cfg(test)]
                $crate::db::tests::coverage::note("postgres", ::std::any::type_name_of_val(&|| ()));
                #[allow(dead_code)]
                type $d = ::sqlx::Postgres;
                let $c = &mut **inner;
                $body.await
            }
        };
        tx.done(outcome)
    }};
}
pub(crate) use on;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_have_stable_and_different_keys() {
        let id = Uuid::from_u128(1);
        let (slice, none) = Scope::slice("login").keys();
        assert_eq!(none, None);
        assert_eq!(slice, Scope::one("login", id).keys().0);
        assert_ne!(Scope::one("login", id).keys(), Scope::one("login", Uuid::from_u128(2)).keys());
        assert_ne!(Scope::one("login", id).keys(), Scope::one("calls", id).keys());
        // Published constant of FNV-1a 64: another value would let two versions of the server write at once.
        assert_eq!(fnv1a(b"a", FNV_START), 0xaf63_dc4c_8601_ec8c);
    }
}
