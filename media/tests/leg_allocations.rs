//! A call with a telephone does not allocate per packet: transcoding, numbering and sealing work in memory that is kept.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::bridge::codec::{Encoder, MAX_PAYLOAD, OpusEncoder};
use media::bridge::leg::{Heard, Leg, RoomPacket, Wire};
use media::control::{PhoneCodec, PhoneRemote};
use media::rtp::header::Outgoing;

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

fn remote(codec: PhoneCodec, payload_type: u8, rtp: SocketAddr) -> PhoneRemote {
    PhoneRemote {
        rtp,
        rtcp: rtp,
        mux: true,
        latch: true,
        codec,
        payload_type,
        payload_type_in: payload_type,
        ptime: 20,
        events: Some((101, 101)),
        comfort_noise: Some(13),
        send: true,
        receive: true,
        music: false,
        srtp: None,
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test needs some instant to count from")]
fn packets_of_a_call_are_carried_without_allocation() {
    let from = SocketAddr::from(([192, 0, 2, 1], 4_000));
    for (codec, payload_type) in [(PhoneCodec::Pcma, 8), (PhoneCodec::G722, 9), (PhoneCodec::Opus, 111)] {
        let mut now = Instant::now();
        let mut leg = Leg::new(0, || 1);
        leg.set(&remote(codec, payload_type, from), now).unwrap();
        leg.bind(0, true, now);
        let (mut wire, mut heard) = (Wire::default(), Heard::default());
        let (mut theirs, mut ours) = ([0; MAX_PAYLOAD], [0; MAX_PAYLOAD]);
        let pcm = vec![300; codec.sample_rate() as usize / 50];
        let len = Encoder::new(codec).unwrap().encode(&pcm, &mut theirs).unwrap();
        let room = OpusEncoder::new(48_000).unwrap().encode(&[300; 960], &mut ours).unwrap();
        let mut packets = 0;
        let mut round = |n: u32| {
            now += Duration::from_millis(20);
            let ticks = codec.clock_hz() / 50;
            let (sequence, timestamp) = (n as u16, n * ticks);
            let header = Outgoing { marker: false, payload_type, sequence, timestamp, ssrc: 7 };
            let mut bytes = [0; 12 + MAX_PAYLOAD];
            header.write(&mut bytes, &[]).unwrap();
            bytes[12..12 + len].copy_from_slice(&theirs[..len]);
            leg.rtp(from, &mut bytes[..12 + len], true, now, &mut heard).unwrap();
            let packet = RoomPacket { sequence: n.into(), timestamp: n * 960, payload: &ours[..room] };
            assert!(leg.room(0, &packet, now, &mut wire));
            leg.tick(true, now, &mut wire, &mut heard);
            packets += heard.voice.frames().count() + wire.datagrams().count();
            heard.voice.clear();
            wire.clear();
        };
        (1..300).for_each(&mut round);
        let before = ALLOCATIONS.with(Cell::get);
        (300..1_000).for_each(&mut round);
        assert_eq!(ALLOCATIONS.with(Cell::get), before, "{codec:?}");
        assert!(packets > 1_990, "{packets}");
    }
}
