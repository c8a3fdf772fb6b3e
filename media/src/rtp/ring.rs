//! The packets of one ingest stream, kept for retransmission and shared by all its subscribers: decrypted, in one fixed
//! slab, oldest overwritten first.

/// A packet as the ring keeps it: what a subscriber's header is made of, and the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<'a> {
    /// Timestamp of the ingest stream.
    pub timestamp: u32,
    /// The publisher's payload type.
    pub payload_type: u8,
    /// Marker bit.
    pub marker: bool,
    /// Payload without padding; never empty.
    pub payload: &'a [u8],
}

/// Where a stored packet lies. `at` counts bytes written since the ring was made, so a packet is still whole exactly while
/// the writer is no more than one slab ahead of it.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    sequence: u64,
    at: u64,
    len: u16,
    timestamp: u32,
    payload_type: u8,
    marker: bool,
}

/// Ring of packets by extended sequence number.
#[derive(Debug)]
pub struct PacketRing {
    slab: Box<[u8]>,
    entries: Box<[Entry]>,
    head: u64,
}

/// How much a ring holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSize {
    /// Bytes of packets.
    pub bytes: usize,
    /// Most packets.
    pub packets: usize,
}

impl RingSize {
    /// About two seconds of 1.5 Mbit/s. Smaller: a subscriber on a slow path asks for packets that are gone and needs a
    /// keyframe. Larger: memory per camera.
    pub const VIDEO: RingSize = RingSize { bytes: 384 * 1024, packets: 512 };
}

impl PacketRing {
    /// An empty ring; takes all its memory at once.
    pub fn new(size: RingSize) -> PacketRing {
        PacketRing {
            slab: vec![0; size.bytes].into_boxed_slice(),
            entries: vec![Entry::default(); size.packets.max(1)].into_boxed_slice(),
            head: 0,
        }
    }

    /// Stores a packet. One that is larger than the slab, or older than what the ring covers, is not stored.
    pub fn store(&mut self, sequence: u64, packet: &Stored<'_>) {
        let payload = packet.payload;
        let Ok(len) = u16::try_from(payload.len()) else { return };
        let capacity = self.slab.len() as u64;
        if u64::from(len) > capacity || len == 0 {
            return;
        }
        let index = self.index(sequence);
        if self.entries[index].len > 0 && self.entries[index].sequence > sequence {
            return;
        }
        // A packet never wraps: what is left at the end of the slab is skipped.
        let offset = self.head % capacity;
        if offset + u64::from(len) > capacity {
            self.head += capacity - offset;
        }
        let start = (self.head % capacity) as usize;
        self.slab[start..start + payload.len()].copy_from_slice(payload);
        let Stored { timestamp, payload_type, marker, .. } = *packet;
        self.entries[index] = Entry { sequence, at: self.head, len, timestamp, payload_type, marker };
        self.head += u64::from(len);
    }

    /// The packet with this extended sequence number, if it is still there.
    pub fn get(&self, sequence: u64) -> Option<Stored<'_>> {
        let entry = self.entries[self.index(sequence)];
        let alive = self.head - entry.at <= self.slab.len() as u64;
        if entry.sequence != sequence || entry.len == 0 || !alive {
            return None;
        }
        let start = (entry.at % self.slab.len() as u64) as usize;
        let payload = self.slab.get(start..start + usize::from(entry.len))?;
        let Entry { timestamp, payload_type, marker, .. } = entry;
        Some(Stored { timestamp, payload_type, marker, payload })
    }

    fn index(&self, sequence: u64) -> usize {
        (sequence % self.entries.len() as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn packet(payload: &[u8]) -> Stored<'_> {
        Stored { timestamp: payload.len() as u32, payload_type: 96, marker: true, payload }
    }

    #[test]
    fn the_oldest_packets_make_room() {
        let mut ring = PacketRing::new(RingSize { bytes: 100, packets: 64 });
        for sequence in 0..10u64 {
            ring.store(sequence, &packet(&[sequence as u8; 30]));
        }
        assert_eq!(ring.get(9), Some(packet(&[9u8; 30][..])));
        assert_eq!(ring.get(7), Some(packet(&[7u8; 30][..])));
        assert_eq!(ring.get(6), None);
        assert_eq!(ring.get(10), None);
    }

    #[test]
    fn the_index_bounds_the_number_of_packets() {
        let mut ring = PacketRing::new(RingSize { bytes: 1000, packets: 4 });
        (0..6u64).for_each(|sequence| ring.store(sequence, &packet(&[1; 10])));
        assert_eq!(ring.get(1), None);
        assert!(ring.get(2).is_some());
        ring.store(1, &packet(&[1; 10]));
        assert_eq!(ring.get(1), None, "an old packet must not push out a newer one");
        assert!(ring.get(5).is_some());
    }

    #[test]
    fn what_does_not_fit_is_left_out() {
        let mut ring = PacketRing::new(RingSize { bytes: 20, packets: 4 });
        ring.store(1, &packet(&[0; 21]));
        ring.store(2, &packet(&[]));
        assert_eq!((ring.get(1), ring.get(2)), (None, None));
    }

    proptest! {
        #[test]
        fn a_packet_is_whole_or_absent(lens in prop::collection::vec(1usize..90, 1..200), bytes in 90usize..700) {
            let mut ring = PacketRing::new(RingSize { bytes, packets: 32 });
            for (n, len) in lens.iter().enumerate() {
                ring.store(n as u64, &packet(&vec![n as u8; *len]));
                prop_assert_eq!(ring.get(n as u64).map(|p| p.payload.to_vec()), Some(vec![n as u8; *len]));
                for (old, len) in lens[..n].iter().enumerate() {
                    if let Some(found) = ring.get(old as u64) {
                        prop_assert_eq!(found.payload, vec![old as u8; *len]);
                    }
                }
            }
        }
    }
}
