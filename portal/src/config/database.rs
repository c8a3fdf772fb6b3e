//! `[database]`: where the data is.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Problems, Secret};
use crate::db::Place;

/// `[database]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// URL of a PostgreSQL database, which holds its password; empty for SQLite in the data folder.
    pub url: Secret,
    /// Connections to PostgreSQL.
    pub connections: u32,
    /// Days that events are kept.
    pub keep_events_days: u32,
    /// Days that call records are kept.
    pub keep_call_records_days: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        DatabaseConfig {
            url: Secret::default(),
            connections: 16,
            keep_events_days: 30,
            keep_call_records_days: 180,
        }
    }
}

impl DatabaseConfig {
    /// The place in the terms of the storage layer.
    pub fn place(&self, data: &Path) -> Place {
        match self.url.0.as_str() {
            "" => Place::Sqlite(data.join("switchboard.sqlite3")),
            url => Place::Postgres { url: url.to_owned(), connections: self.connections },
        }
    }

    /// How long events are kept.
    pub fn keep_events(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_events_days) * 86_400)
    }

    /// How long call records are kept.
    pub fn keep_call_records(&self) -> Duration {
        Duration::from_secs(u64::from(self.keep_call_records_days) * 86_400)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let url = self.url.0.as_str();
        if !(url.is_empty() || url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            problems.add("database.url", "must be empty or begin with postgres://");
        }
        problems.within("database.connections", self.connections.into(), 2, 1_000);
        problems.within("database.keep_events_days", self.keep_events_days.into(), 1, 3_650);
        problems.within("database.keep_call_records_days", self.keep_call_records_days.into(), 1, 3_650);
    }
}
