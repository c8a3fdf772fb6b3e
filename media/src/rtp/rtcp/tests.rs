use proptest::prelude::*;

use super::*;

fn written(write: impl FnOnce(&mut Writer<'_>) -> Result<(), ParseError>) -> Vec<u8> {
    let mut buffer = vec![0xff; 1500];
    let mut writer = Writer::new(&mut buffer);
    write(&mut writer).unwrap();
    let len = writer.len();
    buffer.truncate(len);
    buffer
}

const BLOCK: ReportBlock = ReportBlock {
    ssrc: 1,
    fraction_lost: 3,
    total_lost: -2,
    highest_sequence: 0x0001_0002,
    jitter: 4,
    last_sr: 5,
    delay_since_last_sr: 6,
};

#[test]
fn a_compound_is_read_packet_by_packet() {
    let info = SenderInfo { ntp: 0x1122_3344_5566_7788, rtp_timestamp: 9, packets: 10, octets: 11 };
    let bytes = written(|out| {
        sender_report(out, 42, &info, "name")?;
        receiver_report(out, 43, &[BLOCK])?;
        nack(out, 44, 45, &[65_535, 0, 15, 16])?;
        pli(out, 46, 47)
    });
    let read: Vec<_> = packets(&bytes).map(Result::unwrap).collect();
    let [
        Packet::SenderReport { ssrc: 42, info: read_info, .. },
        Packet::Other,
        Packet::ReceiverReport { ssrc: 43, blocks },
        Packet::Nack(missing),
        Packet::Pli(47),
    ] = read[..]
    else {
        panic!("{read:?}")
    };
    assert_eq!(read_info, info);
    assert_eq!(info.ntp_middle(), 0x3344_5566);
    assert_eq!(blocks.iter().collect::<Vec<_>>(), [BLOCK]);
    assert_eq!(missing.media_ssrc, 45);
    assert_eq!(missing.sequences().collect::<Vec<_>>(), [65_535, 0, 15, 16]);
}

#[test]
fn a_full_intra_request_names_its_streams() {
    let bytes = [0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 7, 0, 0, 0];
    let Some(Ok(Packet::Fir(fir))) = packets(&bytes).next() else { panic!() };
    assert_eq!(fir.requests().collect::<Vec<_>>(), [(9, 7)]);
}

#[test]
fn a_goodbye_lists_its_ssrcs() {
    let Some(Ok(Packet::Bye(ssrcs))) = packets(&[0x81, 203, 0, 1, 0, 0, 0, 5]).next() else { panic!() };
    assert_eq!(ssrcs, [0, 0, 0, 5]);
}

#[test]
fn a_wrong_length_ends_the_compound_with_an_error() {
    let mut bytes = written(|out| {
        pli(out, 1, 2)?;
        pli(out, 3, 4)
    });
    bytes[15] = 9;
    let read: Vec<_> = packets(&bytes).map(|p| p.is_ok()).collect();
    assert_eq!(read, [true, false]);
    assert_eq!(packets(&[0x81, 201, 0, 1, 0, 0, 0, 1]).next().unwrap().err(), Some(ParseError::Truncated));
}

#[test]
fn a_packet_that_does_not_fit_leaves_the_rest_whole() {
    let mut buffer = [0; 20];
    let mut writer = Writer::new(&mut buffer);
    pli(&mut writer, 1, 2).unwrap();
    assert_eq!(pli(&mut writer, 3, 4), Err(ParseError::NoRoom));
    assert_eq!(writer.len(), 12);
}

/// A run, then a one-bit and a two-bit vector.
#[test]
fn congestion_feedback_has_three_kinds_of_chunks() {
    let body = [
        0x8f,
        205,
        0,
        7,
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        2, // sender and media
        0,
        5,
        0,
        18,
        0,
        0,
        1,
        0, // base 5, 18 packets, reference 64 ms
        0x20,
        2, // run: two small deltas
        0b1010_0000,
        0b0000_0000, // one bit each: one small delta, 13 lost
        0b1110_0000,
        0b0000_0000, // two bits each: one large delta, the rest unused or lost
        1,
        2,
        3,
        0xff,
        0xff,
        0, // deltas
    ];
    let Some(Ok(Packet::TransportCc(feedback))) = packets(&body).next() else { panic!() };
    let read: Vec<_> = feedback.packets().collect();
    assert_eq!(read.len(), 18);
    assert_eq!(read[..3], [(5, Some(257)), (6, Some(259)), (7, Some(262))]);
    assert_eq!((read[3], read[16], read[17]), ((8, None), (21, Some(261)), (22, None)));
    assert_eq!(read.iter().filter(|(_, at)| at.is_some()).count(), 4);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        drain(&bytes);
    }

    #[test]
    fn any_body_of_a_known_type_is_read_without_panic(
        count in 0u8..32, kind in 200u8..208, body in prop::collection::vec(any::<u8>(), 0..160)
    ) {
        let words = body.len() / 4;
        let mut bytes = vec![0x80 | count, kind, 0, words as u8];
        bytes.extend(&body[..words * 4]);
        drain(&bytes);
    }

    #[test]
    fn missing_packets_come_back(start in any::<u16>(), steps in prop::collection::vec(1u16..40, 1..100)) {
        let sequences: Vec<u16> =
            steps.iter().scan(start, |s, step| { *s = s.wrapping_add(*step); Some(*s) }).collect();
        let bytes = written(|out| nack(out, 1, 2, &sequences));
        let Some(Ok(Packet::Nack(read))) = packets(&bytes).next() else { panic!() };
        prop_assert_eq!(read.sequences().collect::<Vec<_>>(), sequences);
    }
}

fn drain(bytes: &[u8]) {
    for packet in packets(bytes).flatten() {
        match packet {
            Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
                blocks.iter().count();
            }
            Packet::Nack(nack) => {
                nack.sequences().count();
            }
            Packet::Fir(fir) => {
                fir.requests().count();
            }
            Packet::TransportCc(feedback) => assert!(feedback.packets().count() <= 65_535),
            Packet::Bye(_) | Packet::Pli(_) | Packet::Other => {}
        }
    }
}
