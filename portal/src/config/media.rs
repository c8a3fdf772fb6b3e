//! `[media]`: ports and addresses of the media plane.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Problems;

/// Most workers; a machine with more cores than this does not exist for us.
const MAX_WORKERS: u16 = 256;

/// `[media]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// First UDP port.
    pub port: u16,
    /// Workers; 0 is one per core.
    pub workers: u16,
    /// Addresses announced to clients; empty: those of this machine.
    pub addresses: Vec<IpAddr>,
    /// First and last UDP port for the audio of telephones.
    pub phone_ports: (u16, u16),
}

impl Default for MediaConfig {
    fn default() -> Self {
        MediaConfig { port: 40_000, workers: 0, addresses: Vec::new(), phone_ports: (30_000, 39_999) }
    }
}

impl MediaConfig {
    /// Workers to start on a machine with so many cores.
    pub fn workers(&self, cores: usize) -> u16 {
        match self.workers {
            0 => cores.clamp(1, MAX_WORKERS.into()) as u16,
            set => set,
        }
    }

    /// Whether the ports of telephones stay clear of those of the workers.
    pub(super) fn check_phones(&self, problems: &mut Problems) {
        let (first, last) = self.phone_ports;
        let workers = self.port..=self.port.saturating_add(MAX_WORKERS - 1);
        if self.port != 0 && first <= *workers.end() && last >= *workers.start() {
            problems
                .add("media.phone_ports", format!("meet the ports of the workers, from {} on", self.port));
        }
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        problems.within("media.workers", self.workers.into(), 0, MAX_WORKERS.into());
        if self.port != 0 {
            problems.within("media.port", self.port.into(), 1_024, (u16::MAX - MAX_WORKERS).into());
        }
        let (first, last) = self.phone_ports;
        if first < 1_024 || last <= first {
            problems.add(
                "media.phone_ports",
                "must be two ports, the first at least 1024 and less than the last",
            );
        }
        for address in
            self.addresses.iter().filter(|address| address.is_unspecified() || address.is_multicast())
        {
            problems.add("media.addresses", format!("{address} is not the address of one machine"));
        }
    }
}
