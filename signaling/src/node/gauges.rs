//! How much there is, for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};

/// Written by the node after each turn, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    sockets: AtomicU64,
    sessions: AtomicU64,
    calls: AtomicU64,
}

/// What a node holds at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Sockets that the node knows.
    pub sockets: u64,
    /// Sessions, those waiting to resume included.
    pub sessions: u64,
    /// Calls that ring or run.
    pub calls: u64,
}

impl Gauges {
    pub(super) fn set(&self, sockets: usize, sessions: usize, calls: usize) {
        self.sockets.store(sockets as u64, Ordering::Relaxed);
        self.sessions.store(sessions as u64, Ordering::Relaxed);
        self.calls.store(calls as u64, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Load {
        Load {
            sockets: self.sockets.load(Ordering::Relaxed),
            sessions: self.sessions.load(Ordering::Relaxed),
            calls: self.calls.load(Ordering::Relaxed),
        }
    }
}
