//! Group commit on SQLite: writers that wait for each other anyway share one COMMIT, and with it one wait for the disk.
//!
//! There is one connection that writes, and a fair lock gives it to one writer at a time. Who finds no transaction on it opens
//! one, the *group*, and sends a closer into the queue, behind those who wait already. Each of them runs its *job* in a
//! savepoint of the group; at last the closer commits them all. Whoever comes meanwhile queues behind the closer, for the next
//! group. So a lone writer waits for nobody, and the busier the database, the more jobs share a COMMIT.
//!
//! [`Job::commit`] answers when the group's outcome is known: then the job is on the disk. A job that is dropped (an error, a
//! panic, a cancelled request) leaves its savepoint open, and the next in the queue undoes it, and nothing else. Some errors,
//! such as a full disk, make SQLite undo the whole transaction: then every job of the group fails, and none was acknowledged.
//!
//! A job sees what earlier jobs of its group wrote, as if they were committed. If they are lost, so is it.

#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::sqlite::{Sqlite, SqliteConnection};
use sqlx::{SqlitePool, Transaction};
use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard, watch};
use tokio::time::timeout;

use super::CONNECT_DEADLINE;
use super::error::{DbError, DbResult};

/// Jobs of one group at most. More share the wait for the disk, but the first also waits for the statements of all the
/// others; at 64 that is about as long as the disk takes.
const MAX_JOBS: u32 = 64;

/// The open group, if there is one. Locked: somebody's turn.
type Slot = Option<Group>;
/// How a group ended, with the reason if it was lost.
type Outcome = Option<Result<(), Arc<str>>>;

/// The connection that writes. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    /// One connection, taken by each group for as long as it lasts.
    pub(super) pool: SqlitePool,
    turn: Arc<Mutex<Slot>>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer").field("pool", &self.pool).finish_non_exhaustive()
    }
}

impl Writer {
    pub(super) fn new(pool: SqlitePool) -> Writer {
        Writer { pool, turn: Arc::default() }
    }

    /// Waits for its turn and begins a job.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] when the turn does not come in time.
    pub(super) async fn begin(&self) -> Result<Job, sqlx::Error> {
        let turn = timeout(CONNECT_DEADLINE, self.turn.clone().lock_owned()).await;
        let turn = turn.map_err(|_| sqlx::Error::PoolTimedOut)?;
        // In a task, which ends even if the caller does not wait for it: otherwise nobody could tell whether there is a
        // savepoint.
        let begun = tokio::spawn(self.clone().begin_job(turn)).await;
        begun.unwrap_or(Err(sqlx::Error::WorkerCrashed))
    }

    async fn begin_job(self, mut turn: OwnedMutexGuard<Slot>) -> Result<Job, sqlx::Error> {
        let group = match turn.take() {
            Some(group) => self.join(group).await,
            None => None,
        };
        let group = match group {
            Some(group) => turn.insert(group),
            None => turn.insert(self.open().await?),
        };
        group.run("SAVEPOINT job").await?;
        group.unfinished = true;
        group.jobs += 1;
        let outcome = group.outcome.subscribe();
        match OwnedMutexGuard::try_map(turn, Option::as_mut) {
            Ok(group) => Ok(Job { group, outcome }),
            // Not reached: the group was put in above.
            Err(_) => Err(sqlx::Error::WorkerCrashed),
        }
    }

    /// The group, if it can take another job; otherwise it is ended.
    async fn join(&self, mut group: Group) -> Option<Group> {
        if group.jobs < MAX_JOBS && group.tidy().await.is_ok() {
            return Some(group);
        }
        self.end(group).await;
        None
    }

    async fn open(&self) -> Result<Group, sqlx::Error> {
        // Deferred, a transaction that reads first could find that it may no longer write.
        let tx = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let outcome = watch::Sender::new(None);
        tokio::spawn(self.clone().close(outcome.subscribe()));
        Ok(Group { tx, jobs: 0, unfinished: false, outcome })
    }

    /// The closer of a group.
    async fn close(self, outcome: watch::Receiver<Outcome>) {
        let mut turn = self.turn.clone().lock_owned().await;
        // A full or lost group was ended by the writer that found it so.
        if outcome.borrow().is_some() {
            return;
        }
        if let Some(group) = turn.take() {
            self.end(group).await;
        }
    }

    /// Commits the group and tells its jobs. Called by whoever has the turn.
    async fn end(&self, mut group: Group) {
        let tidied = group.tidy().await;
        let Group { tx, jobs, outcome, .. } = group;
        let ended = match tidied {
            Ok(()) => tx.commit().await,
            Err(error) => {
                drop(tx);
                Err(error)
            }
        };
        if let Err(error) = &ended {
            tracing::error!(%error, jobs, "a group of writes was undone");
            self.replace_connection().await;
        }
        outcome.send_replace(Some(ended.map_err(|error| error.to_string().into())));
    }

    /// Closes the connection, which may believe that it still has a transaction. The pool makes another.
    async fn replace_connection(&self) {
        let closed = match self.pool.acquire().await {
            Ok(connection) => connection.close().await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            tracing::warn!(%error, "the connection that writes was not closed in order");
        }
    }
}

/// A transaction that jobs share.
struct Group {
    tx: Transaction<'static, Sqlite>,
    jobs: u32,
    /// Whether there is a savepoint: its job runs, or was dropped.
    unfinished: bool,
    outcome: watch::Sender<Outcome>,
}

impl Group {
    async fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(statement).execute(&mut *self.tx).await.map(|_| ())
    }

    /// Undoes a job that was dropped. Fails when SQLite has undone the whole group.
    async fn tidy(&mut self) -> Result<(), sqlx::Error> {
        if self.unfinished {
            self.run("ROLLBACK TO job").await?;
            self.release().await?;
        }
        Ok(())
    }

    async fn release(&mut self) -> Result<(), sqlx::Error> {
        self.run("RELEASE job").await?;
        self.unfinished = false;
        Ok(())
    }
}

/// One writer's part of a group, and its turn on the connection.
pub(crate) struct Job {
    group: OwnedMappedMutexGuard<Slot, Group>,
    outcome: watch::Receiver<Outcome>,
}

impl Job {
    /// Gives the turn away and waits until the job is on the disk. There is no deadline: before the outcome is known, every
    /// answer could be wrong. Cancelled, the job may or may not be kept.
    ///
    /// # Errors
    /// [`DbError::Retry`] when the group was undone.
    pub(super) async fn commit(self) -> DbResult<()> {
        let Job { mut group, mut outcome } = self;
        let released = tokio::spawn(async move { group.release().await }).await;
        released.map_err(|_| unknown())?.map_err(|error| DbError::Retry(error.to_string()))?;
        match &*outcome.wait_for(Option::is_some).await.map_err(|_| unknown())? {
            Some(Err(reason)) => {
                Err(DbError::Retry(format!("the writes of this moment were undone: {reason}")))
            }
            _ => Ok(()),
        }
    }
}

/// The tasks of the group are gone, which happens only while the process stops.
fn unknown() -> DbError {
    DbError::Unavailable("the outcome of the commit is unknown".to_owned())
}

/// A SQLite connection in a transaction.
pub(crate) enum SqliteTx<'c> {
    /// A transaction that reads, or a savepoint.
    Own(Transaction<'c, Sqlite>),
    /// A transaction that writes.
    Job(Job),
}

impl Deref for SqliteTx<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            SqliteTx::Own(tx) => tx,
            SqliteTx::Job(job) => &job.group.tx,
        }
    }
}

impl DerefMut for SqliteTx<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            SqliteTx::Own(tx) => tx,
            SqliteTx::Job(job) => &mut job.group.tx,
        }
    }
}
