//! `[limits]`: what one client, and all of them together, may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Problems;

/// `[limits]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Connections at once.
    pub connections: u32,
    /// Connections at once from one address.
    pub connections_per_address: u32,
    /// Requests per minute from one address, on average.
    pub requests_per_minute: u32,
    /// Requests from one address at once.
    pub burst: u32,
    /// Longest request body in bytes.
    pub body_bytes: usize,
    /// Seconds for a TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds for the header of a request.
    pub header_seconds: u64,
    /// Seconds for a whole request.
    pub request_seconds: u64,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        LimitsConfig {
            connections: 100_000,
            connections_per_address: 2_000,
            requests_per_minute: 6_000,
            burst: 600,
            body_bytes: 65_536,
            handshake_seconds: 10,
            header_seconds: 10,
            request_seconds: 30,
        }
    }
}

impl LimitsConfig {
    /// Deadline of a TLS handshake.
    pub fn handshake_deadline(&self) -> Duration {
        Duration::from_secs(self.handshake_seconds)
    }

    /// Deadline of the header of a request.
    pub fn header_deadline(&self) -> Duration {
        Duration::from_secs(self.header_seconds)
    }

    /// Deadline of a whole request.
    pub fn request_deadline(&self) -> Duration {
        Duration::from_secs(self.request_seconds)
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let most = u64::from(u32::MAX / 2);
        problems.within("limits.connections", self.connections.into(), 1, most);
        problems.within("limits.connections_per_address", self.connections_per_address.into(), 1, most);
        problems.within("limits.requests_per_minute", self.requests_per_minute.into(), 1, most);
        problems.within("limits.burst", self.burst.into(), 1, most);
        problems.within("limits.body_bytes", self.body_bytes as u64, 1_024, 16 * 1024 * 1024);
        problems.within("limits.handshake_seconds", self.handshake_seconds, 1, 300);
        problems.within("limits.header_seconds", self.header_seconds, 1, 300);
        problems.within("limits.request_seconds", self.request_seconds, 1, 3_600);
    }
}
