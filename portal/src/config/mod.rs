//! Configuration: one TOML file with a section per concern, overridden by the environment. Everything has a working default.
//!
//! [`Config::load`] reports every problem at once, each with its key, and never half of a configuration.

mod database;
mod limits;
mod load;
mod log;
mod login;
mod media;
mod metrics;
mod network;
mod server;
mod sip;
#[cfg(test)]
mod tests;
mod tls;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use database::DatabaseConfig;
pub use limits::LimitsConfig;
pub use log::{LogConfig, LogFormat};
pub use login::LoginConfig;
pub use media::MediaConfig;
pub use metrics::MetricsConfig;
pub use network::Network;
pub use server::ServerConfig;
pub use sip::SipConfig;
pub use tls::TlsConfig;

/// The commented file of all defaults.
pub const DEFAULT_FILE: &str = include_str!("switchboard.toml");

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[tls]`
    pub tls: TlsConfig,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[login]`
    pub login: LoginConfig,
    /// `[media]`
    pub media: MediaConfig,
    /// `[sip]`
    pub sip: SipConfig,
    /// `[limits]`
    pub limits: LimitsConfig,
    /// `[metrics]`
    pub metrics: MetricsConfig,
    /// `[log]`
    pub log: LogConfig,
}

impl Config {
    /// Reads the text of a file and the environment's overrides.
    ///
    /// # Errors
    /// All problems, each with its key.
    pub fn load(text: &str, env: impl IntoIterator<Item = (String, String)>) -> Result<Config, Problems> {
        let mut problems = Problems::default();
        let config = load::read(text, env, &mut problems);
        config.check(&mut problems);
        if problems.0.is_empty() { Ok(config) } else { Err(problems) }
    }

    fn check(&self, problems: &mut Problems) {
        self.server.check(problems);
        self.tls.check(problems);
        self.database.check(problems);
        self.login.check(problems);
        self.media.check(problems);
        self.sip.check(problems);
        if self.sip.enabled() {
            self.media.check_phones(problems);
        }
        self.limits.check(problems);
        self.metrics.check(problems);
        self.log.check(problems);
    }
}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// `section.key`, or the name of the environment's variable; empty for the file as a whole.
    pub key: String,
    /// What is wrong and what would be right.
    pub text: String,
}

impl Problems {
    fn add(&mut self, key: impl Into<String>, text: impl Into<String>) {
        self.0.push(Problem { key: key.into(), text: text.into() });
    }

    /// Adds a problem unless the number is within the bounds.
    fn within(&mut self, key: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.add(key, format!("{value} is not between {least} and {most}"));
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Problem { key, text }) in self.0.iter().enumerate() {
            let separator = if n == 0 { "" } else { "\n" };
            let colon = if key.is_empty() { "" } else { ": " };
            write!(f, "{separator}{key}{colon}{text}")?;
        }
        Ok(())
    }
}

/// A setting that must not be printed. Its debug form says only whether it is set.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "Secret(empty)" } else { "Secret(set)" })
    }
}
