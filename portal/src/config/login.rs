//! `[login]`: how long log-ins live and how passwords are kept.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problems, Secret};

/// Shortest pepper that is taken: 128 bits in hexadecimal.
const MIN_PEPPER: usize = 32;

/// `[login]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LoginConfig {
    /// Minutes without a request after which a log-in ends.
    pub idle_minutes: u64,
    /// Hours after which a log-in ends however much it is used.
    pub lifetime_hours: u64,
    /// Secret that goes into every password hash.
    pub pepper: Secret,
    /// Log-ins that may wait for their password to be checked.
    pub queue: usize,
}

impl Default for LoginConfig {
    fn default() -> Self {
        LoginConfig { idle_minutes: 30, lifetime_hours: 12, pepper: Secret::default(), queue: 64 }
    }
}

impl LoginConfig {
    /// Without a request for this long a log-in ends.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.idle_minutes * 60)
    }

    /// A log-in ends after this long.
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime_hours * 60 * 60)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.within("login.idle_minutes", self.idle_minutes, 1, 24 * 60);
        problems.within("login.lifetime_hours", self.lifetime_hours, 1, 24 * 30);
        problems.within("login.queue", self.queue as u64, 1, 10_000);
        if (1..MIN_PEPPER).contains(&self.pepper.0.len()) {
            problems.add("login.pepper", format!("has fewer than {MIN_PEPPER} characters"));
        }
    }
}
