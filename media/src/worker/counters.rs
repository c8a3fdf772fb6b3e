//! What a worker counts: written by its thread alone, read by anybody without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::transport::PeerStats;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Totals since the start, and gauges of the present, over all workers.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The same as shared cells; one writer each.
        #[derive(Debug, Default)]
        pub(super) struct Shared {
            $($name: AtomicU64,)*
        }

        impl Shared {
            /// Publishes the worker's own counts.
            pub(super) fn publish(&self, counters: &Counters) {
                $(self.$name.store(counters.$name, Ordering::Relaxed);)*
            }

            /// Adds what is published to `sum`.
            pub(super) fn add_to(&self, sum: &mut Counters) {
                $(sum.$name += self.$name.load(Ordering::Relaxed);)*
            }
        }

        impl Counters {
            /// Every counter with its name, for an exporter.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }
    };
}

counters! {
    /// Rooms now.
    rooms,
    /// Peers now.
    peers,
    /// Telephone legs now.
    phones,
    /// Datagrams received.
    datagrams_in,
    /// Bytes received, without IP and UDP headers.
    bytes_in,
    /// Media packets accepted for forwarding.
    media_in,
    /// Datagrams sent.
    datagrams_out,
    /// Bytes sent, without IP and UDP headers.
    bytes_out,
    /// Media packets forwarded: one per packet and subscriber.
    media_out,
    /// Send calls' messages: one per train of datagrams to one peer.
    trains_out,
    /// Packets sent again because a subscriber missed them.
    retransmitted,
    /// Packets a subscriber missed that were no longer in the ring.
    retransmit_missed,
    /// Keyframe requests sent to publishers.
    keyframe_requests,
    /// Packets received from telephones.
    phone_in,
    /// Packets sent to telephones.
    phone_out,
    /// Dropped: packets of telephones that were duplicates, too late, or not expected.
    dropped_phone,
    /// Dropped: source address of no peer.
    dropped_stranger,
    /// Dropped: not authentic under the peer's keys.
    dropped_unauthentic,
    /// Dropped: replayed, or too late to tell.
    dropped_replay,
    /// Dropped: malformed at some layer.
    dropped_malformed,
    /// Dropped: STUN that was malformed, not authentic, or of a generation that is over.
    dropped_stun,
    /// Dropped: DTLS that was malformed, over budget, or from an address that proved nothing.
    dropped_dtls,
    /// Dropped: media of a closed peer or of a source that is off.
    dropped_gate,
    /// Dropped: an SSRC that belongs to no negotiated track.
    dropped_unknown_ssrc,
    /// Dropped: the kernel took no more datagrams.
    dropped_send,
    /// Dropped: data-channel messages above the rate or size limit, or malformed.
    dropped_data,
}

impl Counters {
    /// Adds what a peer's transport has dropped between two looks.
    pub(super) fn count_drops(&mut self, before: PeerStats, after: PeerStats) {
        self.dropped_stun += after.stun_dropped - before.stun_dropped;
        self.dropped_dtls += after.dtls_dropped - before.dtls_dropped;
        self.dropped_malformed += after.other_dropped - before.other_dropped;
        self.dropped_data += after.data_dropped - before.data_dropped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_counts_are_summed_over_workers() {
        let (a, b) = (Shared::default(), Shared::default());
        a.publish(&Counters { peers: 2, media_out: 5, ..Counters::default() });
        b.publish(&Counters { peers: 1, ..Counters::default() });
        let mut sum = Counters::default();
        a.add_to(&mut sum);
        b.add_to(&mut sum);
        assert_eq!(sum, Counters { peers: 3, media_out: 5, ..Counters::default() });
        assert!(sum.named().any(|named| named == ("media_out", 5)));
    }
}
