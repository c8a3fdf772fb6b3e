//! The media engine on real sockets: clients with ICE, DTLS and SRTP on loopback.

use std::io::ErrorKind;
use std::time::Duration;

use media::control::{LostReason, MediaEvent, RoomCommand};
use media::ids::Source::{Camera, Mic};
use media::rtp::header::Outgoing;
use media::rtp::rtcp::{self, Packet, ReportBlock, SenderInfo};
use media::rtp::rtx;
use media::worker::Counters;
use tests::client::{Client, LEVEL, MID, OPUS, Offer, RTX, Received, Server, VP8, peer};

const LIMIT: Duration = Duration::from_secs(5);
/// First packet of a VP8 keyframe, and one of another frame.
const KEYFRAME: [u8; 4] = [0x10, 0x00, 1, 2];
const DELTA: [u8; 4] = [0x10, 0x01, 3, 4];

fn voice(client: &Client, sequence: u16) -> Outgoing {
    let timestamp = u32::from(sequence) * 960;
    Outgoing { marker: false, payload_type: OPUS, sequence, timestamp, ssrc: client.offer.ssrc }
}

fn video(client: &Client, sequence: u16) -> Outgoing {
    let timestamp = u32::from(sequence) * 3000;
    Outgoing { marker: true, payload_type: VP8, sequence, timestamp, ssrc: client.offer.ssrc + 1 }
}

/// The next media packet: header fields and payload.
fn media(client: &mut Client) -> (Outgoing, Vec<u8>) {
    loop {
        if let Received::Rtp(header, packet) = client.next(LIMIT).unwrap() {
            let (marker, payload_type) = (header.marker, header.payload_type);
            let (sequence, timestamp, ssrc) = (header.sequence, header.timestamp, header.ssrc);
            return (
                Outgoing { marker, payload_type, sequence, timestamp, ssrc },
                header.payload(&packet).to_vec(),
            );
        }
    }
}

/// The next compound in which `pick` finds something.
fn report<T>(client: &mut Client, mut pick: impl FnMut(Packet<'_>) -> Option<T>) -> T {
    for _ in 0..200 {
        if let Received::Rtcp(compound) = client.next(LIMIT).unwrap()
            && let Some(found) = rtcp::packets(&compound).flatten().find_map(&mut pick)
        {
            return found;
        }
    }
    panic!("no such report");
}

/// Waits until the counters are as wanted.
fn counters(server: &Server, wanted: impl Fn(&Counters) -> bool) {
    let mut client = Client::new(Offer::voice(1)).unwrap();
    for _ in 0..500 {
        if wanted(&server.engine.counters()) {
            return;
        }
        // Nothing comes to this socket: a wait with a limit.
        let _ = client.next(Duration::from_millis(10));
    }
    panic!("{:?}", server.engine.counters());
}

/// Two clients in a call, and what the slots of each are.
fn call(server: &Server, a: Offer, b: Offer) -> (Client, Client) {
    let room = server.room(1);
    let a = server.join(room, peer(1), a).unwrap();
    let b = server.join(room, peer(2), b).unwrap();
    (a, b)
}

#[test]
fn two_clients_hear_each_other() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    server.slots(peer(1), &[Some((peer(2), Mic))]);
    for sequence in 65_530..=65_535u16 {
        a.send(&voice(&a, sequence), &[(LEVEL, &[0x8a])], b"from a").unwrap();
        b.send(&voice(&b, sequence), &[(LEVEL, &[0x8a])], b"from b").unwrap();
    }
    let (mut last, mut first_timestamp) = (None, None);
    for n in 0..6u32 {
        let Received::Rtp(header, packet) = b.next(LIMIT).unwrap() else { continue };
        assert_eq!(header.payload(&packet), b"from a");
        assert_eq!(header.ssrc, b.answer.slots[0].ssrc);
        let extensions: Vec<_> = header.extensions(&packet).collect();
        assert_eq!(extensions, [(MID, b.answer.slots[0].mid.as_bytes()), (LEVEL, &[0x8a][..])]);
        if let Some(last) = last.replace(header.sequence) {
            assert_eq!(header.sequence, last + 1u16);
        }
        let first = *first_timestamp.get_or_insert(header.timestamp);
        assert_eq!(header.timestamp.wrapping_sub(first), 960 * n);
        assert_eq!(header.marker, n == 0, "a talk spurt begins");
    }
    assert_eq!(media(&mut a).1, b"from b");
}

#[test]
fn a_closed_gate_silences_and_opens_again() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    let room = server.room(1);
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    a.send(&voice(&a, 1), &[], b"before").unwrap();
    let before = media(&mut b).0;
    server.command(room, RoomCommand::SetOpen { peer: peer(1), open: false });
    server.slots(peer(2), &[None]);
    a.send(&voice(&a, 2), &[], b"on hold").unwrap();
    counters(&server, |counters| counters.dropped_gate == 1);
    server.command(room, RoomCommand::SetOpen { peer: peer(1), open: true });
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    a.send(&voice(&a, 3), &[], b"after").unwrap();
    let (after, payload) = media(&mut b);
    assert_eq!(payload, b"after");
    assert_eq!(after.sequence, before.sequence.wrapping_add(1), "no hole for a decoder to conceal");
}

#[test]
fn video_starts_with_a_keyframe_that_is_asked_for() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::video(100, 1), Offer::video(200, 1));
    server.slots(peer(2), &[Some((peer(1), Mic)), Some((peer(1), Camera))]);
    let asked = report(&mut a, |packet| match packet {
        Packet::Pli(ssrc) => Some(ssrc),
        _ => None,
    });
    assert_eq!(asked, 101);
    a.send(&video(&a, 1), &[], &DELTA).unwrap();
    a.send(&video(&a, 2), &[], &KEYFRAME).unwrap();
    a.send(&video(&a, 3), &[], &DELTA).unwrap();
    let (first, payload) = media(&mut b);
    assert_eq!(payload, KEYFRAME, "what cannot be decoded is not sent");
    assert_eq!(first.ssrc, b.answer.slots[1].ssrc);
    assert_eq!(media(&mut b).0.sequence, first.sequence.wrapping_add(1));
    let slot = b.answer.slots[1].ssrc;
    b.send_rtcp(|out| rtcp::pli(out, 1, slot)).unwrap();
    // Waits for it, and fails when it does not come.
    report(&mut a, |packet| matches!(packet, Packet::Pli(101)).then_some(()));
}

#[test]
fn a_lost_packet_is_sent_again() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::video(100, 1), Offer::video(200, 1));
    server.slots(peer(2), &[Some((peer(1), Mic)), Some((peer(1), Camera))]);
    for sequence in 1..=3 {
        let payload = if sequence == 1 { KEYFRAME } else { DELTA };
        a.send(&video(&a, sequence), &[], &payload).unwrap();
    }
    let slot = b.answer.slots[1].clone();
    let lost = media(&mut b).0.sequence.wrapping_add(1);
    for _ in 2..=3 {
        media(&mut b);
    }
    b.send_rtcp(|out| rtcp::nack(out, 1, slot.ssrc, &[lost])).unwrap();
    let (repaired, payload) = media(&mut b);
    assert_eq!((Some(repaired.ssrc), repaired.payload_type), (slot.rtx, RTX));
    assert_eq!(rtx::read(&payload), Ok(Some((lost, &DELTA[..]))));
    b.send_rtcp(|out| rtcp::nack(out, 1, slot.ssrc, &[lost.wrapping_add(9)])).unwrap();
    counters(&server, |counters| counters.retransmitted == 1);
}

#[test]
fn what_a_publisher_lost_is_asked_for_and_repaired() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::video(100, 1), Offer::video(200, 1));
    server.slots(peer(2), &[Some((peer(1), Mic)), Some((peer(1), Camera))]);
    a.send(&video(&a, 1), &[], &KEYFRAME).unwrap();
    a.send(&video(&a, 3), &[], b"\x10\x01third").unwrap();
    let missing = report(&mut a, |packet| match packet {
        Packet::Nack(nack) if nack.media_ssrc == 101 => nack.sequences().next(),
        _ => None,
    });
    assert_eq!(missing, 2);
    let header = Outgoing { ssrc: 102, payload_type: RTX, sequence: 900, ..video(&a, 2) };
    let payload = [&2u16.to_be_bytes()[..], b"\x10\x01second"].concat();
    a.send(&header, &[], &payload).unwrap();
    let got: Vec<_> = (0..3).map(|_| media(&mut b)).collect();
    assert_eq!(got[2].1, b"\x10\x01second");
    assert_eq!(got[2].0.sequence, got[0].0.sequence.wrapping_add(1), "it fills the hole");
    assert_eq!(got[2].0.ssrc, b.answer.slots[1].ssrc);
}

#[test]
fn reports_go_both_ways() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    a.send(&voice(&a, 1), &[(3, &[0, 1])], b"voice").unwrap();
    let sent = media(&mut b).0;
    let info = SenderInfo { ntp: 1 << 60, rtp_timestamp: 960 + 4800, packets: 1, octets: 5 };
    a.send_rtcp(|out| rtcp::sender_report(out, 100, &info, "a")).unwrap();
    let slot = b.answer.slots[0].ssrc;
    let told = report(&mut b, |packet| match packet {
        Packet::SenderReport { ssrc, info, .. } if ssrc == slot => Some(info),
        _ => None,
    });
    assert_eq!(told.rtp_timestamp, sent.timestamp.wrapping_add(4800), "on the slot's clock");
    assert_eq!((told.packets, told.octets), (1, 5));
    let (mut reported, mut arrivals) = (false, false);
    report(&mut a, |packet| {
        match packet {
            Packet::ReceiverReport { blocks, .. } => {
                reported |= blocks.iter().any(|block| block.ssrc == 100 && block.highest_sequence == 1);
            }
            Packet::TransportCc(feedback) => {
                arrivals |= feedback.packets().any(|(sequence, at)| sequence == 1 && at.is_some());
            }
            _ => {}
        }
        (reported && arrivals).then_some(())
    });
    let block = ReportBlock { ssrc: slot, last_sr: told.ntp_middle(), ..ReportBlock::default() };
    b.send_rtcp(|out| rtcp::receiver_report(out, 7, &[block])).unwrap();
    let quality = server.event(|event| match event {
        MediaEvent::Quality { peer: told, quality, .. } if *told == peer(2) && quality.rtt_ms > 0 => {
            Some(*quality)
        }
        _ => {
            // Consent must go on while this test waits for the report interval.
            a.send_check().unwrap();
            b.send_check().unwrap();
            None
        }
    });
    assert!(quality.rtt_ms < 5_000);
}

#[test]
fn replays_and_strangers_are_dropped_and_counted() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    let datagram = a.seal(&voice(&a, 1), &[], b"once").unwrap();
    a.socket.send(&datagram).unwrap();
    a.socket.send(&datagram).unwrap();
    assert_eq!(media(&mut b).1, b"once");
    let stranger = Client::new(Offer::voice(300)).unwrap();
    stranger.socket.send_to(&datagram, a.answer.address).unwrap();
    stranger.socket.send_to(&[0xff; 40], a.answer.address).unwrap();
    let mut forged = a.seal(&voice(&a, 2), &[], b"forged").unwrap();
    *forged.last_mut().unwrap() ^= 1;
    a.socket.send(&forged).unwrap();
    counters(&server, |c| {
        (c.dropped_replay, c.dropped_stranger, c.dropped_malformed, c.dropped_unauthentic) == (1, 1, 1, 1)
    });
    assert_eq!(b.next(Duration::from_millis(50)).unwrap_err().kind(), ErrorKind::TimedOut);
}

#[test]
fn the_call_goes_on_from_a_new_address() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    a.send(&voice(&a, 1), &[], b"wifi").unwrap();
    assert_eq!(media(&mut b).1, b"wifi");
    a.move_to_new_address().unwrap();
    a.send(&voice(&a, 2), &[], b"lte").unwrap();
    assert_eq!(media(&mut b).1, b"lte");
    b.send(&voice(&b, 1), &[], b"to lte").unwrap();
    assert_eq!(media(&mut a).1, b"to lte");
}

#[test]
fn a_new_connection_of_a_peer_takes_the_place_of_the_old_one() {
    let server = Server::start(1).unwrap();
    let (mut old, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    let room = server.room(1);
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    // The page was opened again: another certificate, another address, the same peer. Its gate is open as before.
    let mut a = Client::opened_again(Offer::voice(300)).unwrap();
    let answer = server.offer(room, peer(1), &a).unwrap();
    a.connect(&answer).unwrap();
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    a.send(&voice(&a, 1), &[], b"again").unwrap();
    assert_eq!(media(&mut b).1, b"again");
    b.send(&voice(&b, 1), &[], b"welcome back").unwrap();
    assert_eq!(media(&mut a).1, b"welcome back");
    old.send(&voice(&old, 1), &[], b"ghost").unwrap();
    counters(&server, |now| now.dropped_stranger > 0);
}

#[test]
fn a_third_joins_and_a_slot_is_bound_anew() {
    let server = Server::start(1).unwrap();
    let (mut a, mut b) = call(&server, Offer::voice(100), Offer::voice(200));
    let room = server.room(1);
    server.slots(peer(2), &[Some((peer(1), Mic))]);
    let mut c = server.join(room, peer(3), Offer { audio_slots: 2, ..Offer::voice(300) }).unwrap();
    server.slots(peer(3), &[Some((peer(1), Mic)), Some((peer(2), Mic))]);
    a.send(&voice(&a, 7), &[], b"a").unwrap();
    let (from_a, payload) = media(&mut b);
    assert_eq!(payload, b"a");
    assert_eq!(media(&mut c).0.ssrc, c.answer.slots[0].ssrc);
    server.command(room, RoomCommand::Leave { peer: peer(1) });
    server.slots(peer(2), &[Some((peer(3), Mic))]);
    c.send(&voice(&c, 5000), &[], b"c").unwrap();
    let (from_c, payload) = media(&mut b);
    assert_eq!(payload, b"c");
    assert_eq!((from_c.ssrc, from_c.sequence), (from_a.ssrc, from_a.sequence.wrapping_add(1)));
}

#[test]
fn closing_a_room_leaves_nothing_behind() {
    let server = Server::start(2).unwrap();
    let (a, _b) = call(&server, Offer::voice(100), Offer::voice(200));
    let room = server.room(1);
    counters(&server, |counters| (counters.rooms, counters.peers) == (1, 2));
    server.command(room, RoomCommand::Close);
    counters(&server, |counters| (counters.rooms, counters.peers) == (0, 0));
    let mut a = a;
    a.send(&voice(&a, 1), &[], b"too late").unwrap();
    counters(&server, |counters| counters.dropped_stranger >= 1);
}

#[test]
fn a_peer_without_consent_is_lost() {
    let server = Server::start(1).unwrap();
    let (_a, _b) = call(&server, Offer::voice(100), Offer::voice(200));
    // Neither sends checks any more.
    let reason = server.event_within(Duration::from_secs(40), |event| match event {
        MediaEvent::Lost { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(reason, LostReason::ConsentExpired);
}
