//! What log-in keeps between requests, and the chores that it does in the background.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use signaling::ids::LoginId;

use super::model::Login;
use super::password::{Hasher, HasherConfig};
use super::rules::Lifetime;
use super::secret::{self, Secret};
use super::seen::Seen;
use super::store;
use super::throttle::Throttle;
use super::tickets::{Full, Holder, Tickets};
use crate::app::App;
use crate::clock::Millis;
use crate::db::{DbResult, Scope, Tx};

/// How often [`chores`] should run. Longer keeps expired sockets open longer; shorter writes more often.
pub const CHORES_EVERY: Duration = Duration::from_secs(30);
/// Signs of life per transaction: other writers wait meanwhile.
const SEEN_BATCH: usize = 500;
/// Log-ins that one transaction ends or deletes.
const SWEEP_BATCH: i64 = 500;
/// Ended log-ins are kept this long: their devices count as known.
const KEEP_ENDED: Duration = Duration::from_secs(180 * 24 * 60 * 60);

/// The state of log-in on this node.
#[derive(Debug)]
pub struct Service {
    /// Checks passwords.
    pub hasher: Hasher,
    /// How long log-ins live.
    pub lifetime: Lifetime,
    throttle: Mutex<Throttle>,
    tickets: Mutex<Tickets>,
    seen: Mutex<Seen>,
}

/// Why there is no ticket.
#[derive(Debug, thiserror::Error)]
pub enum NoTicket {
    /// Too many unused ones.
    #[error(transparent)]
    Full(#[from] Full),
    /// The system gives no random bytes.
    #[error("no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

impl Service {
    /// Starts with nothing noted.
    ///
    /// # Errors
    /// See [`Hasher::new`].
    pub fn new(hasher: HasherConfig, lifetime: Lifetime) -> Result<Self, argon2::password_hash::Error> {
        Ok(Service {
            hasher: Hasher::new(hasher)?,
            lifetime,
            throttle: Mutex::default(),
            tickets: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    /// The limits on guessing.
    pub fn throttle(&self) -> MutexGuard<'_, Throttle> {
        lock(&self.throttle)
    }

    /// Notes a sign of life of a log-in.
    pub fn note_seen(&self, login: LoginId, now: Millis) {
        lock(&self.seen).note(login, now);
    }

    /// Whether a log-in may be used now.
    pub fn alive(&self, login: &Login, now: Millis) -> bool {
        super::rules::alive(login, lock(&self.seen).of(login.id), now, self.lifetime)
    }

    /// Makes a socket ticket.
    ///
    /// # Errors
    /// When too many are unused.
    pub fn issue_ticket(&self, now: Millis, holder: Holder) -> Result<Secret, NoTicket> {
        let secret = Secret::fresh()?;
        lock(&self.tickets).issue(now, secret.hash(), holder)?;
        Ok(secret)
    }

    /// Takes a socket ticket: once, within its lifetime, and while its log-in is open.
    pub fn redeem_ticket(&self, now: Millis, ticket: &str) -> Option<Holder> {
        lock(&self.tickets).redeem(now, &secret::hash_of(ticket)?)
    }

    /// Forgets what belongs to a log-in that ended.
    pub fn ended(&self, login: LoginId) {
        lock(&self.tickets).void(login);
    }
}

/// A panic elsewhere leaves counts and notes that are still whole: every change is a few plain map operations.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Commits the end of these log-ins, then tells the live side and drops their tickets.
pub async fn commit_ended(app: &App, tx: Tx<'static>, logins: Vec<LoginId>) -> DbResult<()> {
    let tell = move |app: &App| {
        for login in logins {
            app.login.ended(login);
            app.live.end_login(login);
        }
    };
    app.commit_and(tx, tell).await
}

/// Writes signs of life, ends what has expired and deletes what is old. Run it every [`CHORES_EVERY`] and once at the stop.
pub async fn chores(app: &App) -> DbResult<()> {
    let now = app.now();
    lock(&app.login.tickets).expire(now);
    // Who talks or reads asks nothing over HTTP for long, and is not idle.
    for login in app.live.logins_in_use().await {
        app.login.note_seen(login, now);
    }
    write_seen(app).await?;
    end_expired(app, now).await?;
    let mut tx = app.db.write(Scope::slice("login")).await?;
    store::prune_ended(&mut tx, now.before(KEEP_ENDED), SWEEP_BATCH).await?;
    app.commit(tx, []).await
}

async fn write_seen(app: &App) -> DbResult<()> {
    let seen = lock(&app.login.seen).take();
    for batch in seen.chunks(SEEN_BATCH) {
        let mut tx = app.db.write(Scope::slice("login")).await?;
        store::write_seen(&mut tx, batch).await?;
        app.commit(tx, []).await?;
    }
    Ok(())
}

async fn end_expired(app: &App, now: Millis) -> DbResult<()> {
    let lifetime = app.login.lifetime;
    loop {
        let mut tx = app.db.write(Scope::slice("login")).await?;
        let (idle, made) = (now.before(lifetime.idle), now.before(lifetime.absolute));
        let ended = store::end_expired(&mut tx, idle, made, SWEEP_BATCH, now).await?;
        let more = ended.len() as i64 == SWEEP_BATCH;
        commit_ended(app, tx, ended).await?;
        if !more {
            return Ok(());
        }
    }
}
