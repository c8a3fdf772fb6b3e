//! `[log]`: what is written to standard error, and how.

use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

use super::Problems;

/// `[log]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Level, also per module.
    pub level: String,
    /// Form of a line.
    pub format: LogFormat,
}

/// Form of a line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig { level: "info".into(), format: LogFormat::Text }
    }
}

impl LogConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        if let Err(error) = EnvFilter::builder().parse(&self.level) {
            problems.add("log.level", error.to_string());
        }
    }
}
