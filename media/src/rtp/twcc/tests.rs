use std::time::Duration;

use proptest::prelude::*;

use super::super::rtcp::{self, Packet};
use super::*;

fn feedback(recorder: &mut TwccRecorder) -> Vec<u8> {
    let mut buffer = vec![0; 2048];
    let mut writer = Writer::new(&mut buffer);
    recorder.write(1, 2, &mut writer).unwrap();
    let len = writer.len();
    buffer.truncate(len);
    buffer
}

/// Reads a feedback independently of the writer: (sequence, arrival in 250 µs units or none).
fn read(bytes: &[u8]) -> Vec<(u16, Option<i64>)> {
    let Some(Ok(Packet::TransportCc(feedback))) = rtcp::packets(bytes).next() else {
        panic!("not a feedback")
    };
    feedback.packets().collect()
}

#[test]
fn arrivals_and_losses_are_told_with_their_times() {
    let t0 = Instant::now();
    let mut recorder = TwccRecorder::new(t0);
    for (sequence, ms) in [(10u16, 0u64), (11, 5), (13, 100), (14, 101)] {
        recorder.received(sequence, t0 + Duration::from_millis(ms));
    }
    let told = read(&feedback(&mut recorder));
    assert_eq!(told, [(10, Some(0)), (11, Some(20)), (12, None), (13, Some(400)), (14, Some(404))]);
    assert!(recorder.is_empty());
    recorder.received(16, t0 + Duration::from_millis(200));
    assert_eq!(read(&feedback(&mut recorder)), [(15, None), (16, Some(800))]);
}

#[test]
fn a_late_packet_that_was_told_lost_stays_lost() {
    let t0 = Instant::now();
    let mut recorder = TwccRecorder::new(t0);
    for s in [1, 3] {
        recorder.received(s, t0);
    }
    feedback(&mut recorder);
    recorder.received(2, t0);
    assert!(recorder.is_empty());
}

#[test]
fn a_jump_starts_anew_behind_the_hole() {
    let t0 = Instant::now();
    let mut recorder = TwccRecorder::new(t0);
    recorder.received(1, t0);
    recorder.received(20_000, t0);
    assert_eq!(read(&feedback(&mut recorder)).len(), 1);
}

#[test]
fn without_room_the_arrivals_are_kept() {
    let t0 = Instant::now();
    let mut recorder = TwccRecorder::new(t0);
    recorder.received(1, t0);
    let mut small = [0; 10];
    assert_eq!(recorder.write(1, 2, &mut Writer::new(&mut small)), Err(ParseError::NoRoom));
    assert_eq!(read(&feedback(&mut recorder)).len(), 1);
}

proptest! {
    #[test]
    fn every_arrival_comes_back(
        packets in prop::collection::vec((0u16..4, 0i64..40_000), 1..200), start in any::<u16>()
    ) {
        let t0 = Instant::now();
        let mut recorder = TwccRecorder::new(t0);
        let (mut sequence, mut at, mut expected) = (start, 0i64, Vec::new());
        for (skip, gap) in packets {
            sequence = sequence.wrapping_add(1 + skip);
            at += gap;
            recorder.received(sequence, t0 + Duration::from_micros(at as u64 * 250));
            expected.push((sequence, at));
        }
        let told: Vec<_> = read(&feedback(&mut recorder)).into_iter().filter_map(|(s, a)| Some((s, a?))).collect();
        // A gap over 8.19 s cannot be told in one delta and is clamped; arrivals up to there are exact.
        let exact = expected.windows(2).take_while(|w| w[1].1 - w[0].1 <= i64::from(i16::MAX)).count() + 1;
        prop_assert_eq!(told.len(), expected.len());
        prop_assert_eq!(&told[..exact], &expected[..exact]);
    }

    #[test]
    fn reordered_and_repeated_packets_do_no_harm(sequences in prop::collection::vec(any::<u16>(), 1..300)) {
        let t0 = Instant::now();
        let mut recorder = TwccRecorder::new(t0);
        for (n, sequence) in sequences.iter().enumerate() {
            recorder.received(*sequence, t0 + Duration::from_millis(n as u64));
            if n % 50 == 49 {
                let mut buffer = [0; 4096];
                recorder.write(1, 2, &mut Writer::new(&mut buffer)).unwrap();
            }
        }
    }
}
