//! `[metrics]`: the admin listener.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::Problems;

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address of the admin listener; empty: none.
    pub listen: String,
}

impl Default for MetricsConfig {
    fn default() -> Self {
        MetricsConfig { listen: "127.0.0.1:9090".into() }
    }
}

impl MetricsConfig {
    /// The address, when there is to be a listener.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listen.parse().ok()
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        if !self.listen.is_empty() && self.address().is_none() {
            let text = format!("\"{}\" is not an address with a port such as 127.0.0.1:9090", self.listen);
            problems.add("metrics.listen", text);
        }
    }
}
