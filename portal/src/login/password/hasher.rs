//! Hashing on threads of its own, as many at once as there are cores, with a short queue.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use thiserror::Error;
use tokio::sync::Semaphore;

use super::policy::normalize;

/// Memory of one hash in KiB, passes and lanes (OWASP's recommendation for Argon2id). More costs an attacker and us alike:
/// about 20 ms of a core per log-in.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Marks hashes that the pepper went into, so that one can be introduced later.
const PEPPERED: &str = "peppered:";

/// How passwords are hashed.
#[derive(Clone, Debug)]
pub struct HasherConfig {
    /// A secret kept outside the database that goes into every hash: a stolen database alone cannot be guessed at.
    pub pepper: Option<Vec<u8>>,
    /// Hashes computed at once; each takes 19 MiB.
    pub parallel: NonZeroUsize,
    /// Log-ins that may wait for their turn. Longer rides out a burst at 08:00, but those at the end wait longer.
    pub queue: usize,
}

impl Default for HasherConfig {
    fn default() -> Self {
        let parallel = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        HasherConfig { pepper: None, parallel, queue: 64 }
    }
}

/// The queue is full; try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("too many passwords are waiting to be checked")]
pub struct Busy;

/// What became of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the account's.
    pub right: bool,
    /// Right, but kept in an outdated way: hash it again.
    pub outdated: bool,
}

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Hasher {
    work: Arc<Work>,
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    queue: usize,
    checks: AtomicU64,
}

/// What a thread needs.
#[derive(Debug)]
struct Work {
    pepper: Option<Vec<u8>>,
    /// Hash of a password that nobody has: checked in place of an unknown account's, so that both take the same work.
    dummy: String,
}

impl Hasher {
    /// Makes the hasher; computes one hash.
    ///
    /// # Errors
    /// When the pepper is too long for Argon2 (2^32 bytes) or the system gives no random bytes.
    pub fn new(config: HasherConfig) -> Result<Self, argon2::password_hash::Error> {
        let mut work =
            Work { pepper: config.pepper.filter(|pepper| !pepper.is_empty()), dummy: String::new() };
        work.dummy = work.hash("no account has this password")?;
        Ok(Hasher {
            work: Arc::new(work),
            turns: Arc::new(Semaphore::new(config.parallel.get())),
            waiting: AtomicUsize::new(0),
            queue: config.queue,
            checks: AtomicU64::new(0),
        })
    }

    /// Checks a password against the account's hash. Without an account the same work is done for nothing.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full.
    pub async fn check(&self, password: String, hash: Option<&str>) -> Result<Verdict, Busy> {
        let hash = hash.map(str::to_owned);
        self.checks.fetch_add(1, Ordering::Relaxed);
        self.run(move |work| {
            let right = work.verify(&password, hash.as_deref().unwrap_or(&work.dummy));
            let known = hash.as_deref().filter(|_| right);
            Verdict { right: known.is_some(), outdated: known.is_some_and(|hash| work.outdated(hash)) }
        })
        .await
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full, or the system gives no random bytes.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        self.run(move |work| work.hash(&password)).await?.map_err(|error| {
            tracing::error!(%error, "password could not be hashed");
            Busy
        })
    }

    /// How many checks were asked for, those of unknown accounts included.
    pub fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&Work) -> T + Send + 'static) -> Result<T, Busy> {
        let _place = self.take_place()?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| Busy)?;
        let work = self.work.clone();
        let job = move || {
            // Held by the job and not by the request, which may be given up while the job goes on.
            let _turn = turn;
            job(&work)
        };
        tokio::task::spawn_blocking(job).await.map_err(|error| {
            tracing::error!(%error, "a password thread failed");
            Busy
        })
    }

    fn take_place(&self) -> Result<Place<'_>, Busy> {
        let limit = self.queue + self.turns.available_permits().max(1);
        let place = Place(&self.waiting);
        if self.waiting.fetch_add(1, Ordering::Relaxed) < limit { Ok(place) } else { Err(Busy) }
    }
}

/// A place in the queue, given back when dropped: also when the client went away while waiting.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Work {
    fn hash(&self, password: &str) -> Result<String, argon2::password_hash::Error> {
        let hash = self.argon2(self.pepper.as_deref())?.hash_password(normalize(password).as_bytes())?;
        let mark = if self.pepper.is_some() { PEPPERED } else { "" };
        Ok(format!("{mark}{hash}"))
    }

    fn verify(&self, password: &str, kept: &str) -> bool {
        let (pepper, phc) = match kept.strip_prefix(PEPPERED) {
            Some(phc) => (self.pepper.as_deref(), phc),
            None => (None, kept),
        };
        let checked = self.argon2(pepper).and_then(|argon2| {
            argon2.verify_password(normalize(password).as_bytes(), &PasswordHash::new(phc)?)
        });
        checked.is_ok()
    }

    fn outdated(&self, kept: &str) -> bool {
        let phc = kept.strip_prefix(PEPPERED);
        let parsed =
            PasswordHash::new(phc.unwrap_or(kept)).ok().and_then(|hash| Params::try_from(&hash).ok());
        let current = parsed.is_some_and(|params| {
            (params.m_cost(), params.t_cost(), params.p_cost()) == (MEMORY_KIB, PASSES, LANES)
        });
        !current || phc.is_some() != self.pepper.is_some()
    }

    fn argon2<'a>(&self, pepper: Option<&'a [u8]>) -> Result<Argon2<'a>, argon2::password_hash::Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
        let argon2 = match pepper {
            Some(pepper) => Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params)?,
            None => Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
        };
        Ok(argon2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher(pepper: Option<&str>) -> Hasher {
        let pepper = pepper.map(|text| text.as_bytes().to_vec());
        Hasher::new(HasherConfig { pepper, ..HasherConfig::default() }).expect("hasher")
    }

    #[tokio::test]
    async fn a_password_is_checked_in_any_width_and_never_kept() {
        let hasher = hasher(None);
        let hash = hasher.hash("ｌａｎｔｅｒｎ harbor".into()).await.expect("hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = hasher.check("lantern harbor".into(), Some(&hash)).await;
        assert_eq!(right, Ok(Verdict { right: true, outdated: false }));
        let wrong = hasher.check("lantern harbour".into(), Some(&hash)).await;
        assert_eq!(wrong, Ok(Verdict { right: false, outdated: false }));
    }

    #[tokio::test]
    async fn an_unknown_account_costs_a_check_and_is_never_right() {
        let hasher = hasher(None);
        let verdict = hasher.check("no account has this password".into(), None).await;
        assert_eq!(verdict, Ok(Verdict { right: false, outdated: false }));
        assert_eq!(hasher.checks(), 1);
    }

    #[tokio::test]
    async fn a_pepper_can_be_introduced_and_is_then_needed() {
        let (plain, peppered) = (hasher(None), hasher(Some("grain of paradise")));
        let old = plain.hash("lantern".into()).await.expect("hash");
        let verdict = peppered.check("lantern".into(), Some(&old)).await;
        assert_eq!(verdict, Ok(Verdict { right: true, outdated: true }));
        let new = peppered.hash("lantern".into()).await.expect("hash");
        assert!(peppered.check("lantern".into(), Some(&new)).await.expect("turn").right);
        assert!(
            !plain.check("lantern".into(), Some(&new)).await.expect("turn").right,
            "stolen without the pepper"
        );
    }

    #[tokio::test]
    async fn weaker_parameters_are_outdated() {
        let params = Params::new(8 * 1024, 1, 1, None).expect("params");
        let old =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(b"lantern").expect("hash");
        let verdict = hasher(None).check("lantern".into(), Some(&old.to_string())).await;
        assert_eq!(verdict, Ok(Verdict { right: true, outdated: true }));
    }

    /// A hash cannot be stopped half-way: clients that hang up at once must not have more of them computed than turns.
    #[tokio::test]
    async fn a_client_that_hangs_up_does_not_free_the_turn_of_its_hash() {
        let config = HasherConfig { parallel: NonZeroUsize::MIN, ..HasherConfig::default() };
        let hasher = Arc::new(Hasher::new(config).expect("hasher"));
        let (started, begun) = tokio::sync::oneshot::channel();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let request = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(move |_| started.send(()).is_ok() && held.recv().is_ok()).await }
        });
        begun.await.expect("at work");
        request.abort();
        assert!(request.await.is_err_and(|error| error.is_cancelled()));
        assert_eq!(hasher.turns.available_permits(), 0, "still at work");
        release.send(()).expect("it waits for this");
        assert!(hasher.check("x".into(), None).await.is_ok(), "the turn is given back");
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let config = HasherConfig { parallel: NonZeroUsize::MIN, queue: 2, ..HasherConfig::default() };
        let hasher = Hasher::new(config).expect("hasher");
        let checks = futures_util::future::join_all((0..10).map(|_| hasher.check("x".into(), None))).await;
        let refused = checks.iter().filter(|check| **check == Err(Busy)).count();
        assert_eq!(refused, 10 - 3, "one at work and two waiting");
        assert!(hasher.check("x".into(), None).await.is_ok(), "places are given back");
    }
}
