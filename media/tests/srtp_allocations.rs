//! The packet path does not allocate: sealing and opening a packet of a known source.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use media::transport::srtp::{KEY_LEN, MAX_OVERHEAD, MasterKey, SrtpProfile, SrtpReceiver, SrtpSender};

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: passes every call on to the system allocator unchanged; counting touches no heap.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `GlobalAlloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn packet(sequence: u16) -> [u8; 12 + 1_000 + MAX_OVERHEAD] {
    let mut packet = [7; 12 + 1_000 + MAX_OVERHEAD];
    packet[..12].copy_from_slice(&[0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    packet
}

#[test]
fn known_sources_are_sealed_and_opened_without_allocation() {
    for (profile, salt) in [(SrtpProfile::AeadAes128Gcm, 12), (SrtpProfile::Aes128CmSha1_80, 14)] {
        let master = MasterKey::new(&[9; KEY_LEN], &[8; 14][..salt]);
        let mut sender = SrtpSender::new(profile, &master).unwrap();
        let mut receiver = SrtpReceiver::new(profile, &master).unwrap();
        let mut round = |sequence: u16| {
            let plain = packet(sequence);
            let mut sealed = [0; 2_000];
            let len = sender.seal_rtp_into(&plain[..12], &plain[12..1_012], &mut sealed).unwrap();
            assert_eq!(receiver.open_rtp(&mut sealed[..len]), Ok(1_012));
            let mut report = [0; 8 + MAX_OVERHEAD];
            report[..8].copy_from_slice(&[0x80, 201, 0, 1, 0, 0, 0, 1]);
            let len = sender.seal_rtcp(&mut report, 8).unwrap();
            assert_eq!(receiver.open_rtcp(&mut report[..len]), Ok(8));
        };
        round(1);
        let before = ALLOCATIONS.with(Cell::get);
        (2..1_000).for_each(&mut round);
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "{profile:?}");
    }
}
