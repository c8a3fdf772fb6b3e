//! Numbers of the shards for the metrics page.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counters that one shard adds to. Each is a total since the start unless it says otherwise.
        #[derive(Debug, Default)]
        pub struct Counters {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }

        /// A reading of the counters, of one shard or summed over all.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Totals {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            /// Adds this shard's values to the sum.
            pub fn add_to(&self, totals: &mut Totals) {
                $(totals.$name = totals.$name.wrapping_add(self.$name.load(Ordering::Relaxed));)*
            }
        }

        impl Totals {
            /// Names and values, for a metrics page.
            pub fn named(&self) -> Vec<(&'static str, u64)> {
                vec![$((stringify!($name), self.$name),)*]
            }
        }
    };
}

counters! {
    /// Sockets that are open now.
    sockets_open,
    /// Sockets taken over.
    sockets_adopted,
    /// Frames written or queued, each delivery of a fan-out included.
    frames_out,
    /// Messages received.
    messages_in,
    /// Sockets closed because they read too slowly.
    closed_slow,
    /// Sockets closed for a breach of the WebSocket protocol.
    closed_protocol,
    /// Sockets dropped because their pings were not answered.
    closed_silent,
    /// Requests refused because the node's inbox was full.
    refused_overload,
    /// Sockets that got a queue because they would have blocked.
    backlogs,
    /// Times that a shard fell behind the bus.
    lagged,
    /// Replays served from memory.
    replays_ring,
    /// Replays served from the log.
    replays_log,
    /// Sockets that were told to read a topic anew.
    resyncs,
}

/// Adds to a counter.
pub(super) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// Subtracts one from a gauge.
pub(super) fn decrement(gauge: &AtomicU64) {
    gauge.fetch_sub(1, Ordering::Relaxed);
}
