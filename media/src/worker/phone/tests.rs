//! Telephones in rooms, without sockets: two telephones hear each other through the room.

use std::time::Duration;

use uuid::Uuid;

use super::super::core::Limits;
use super::*;
use crate::bridge::codec::{Encoder, MAX_PAYLOAD};
use crate::bridge::signal::tone;
use crate::control::{PhoneCodec, PhoneRemote, RoomCommand};
use crate::rtp::Header;
use crate::rtp::header::Outgoing;
use crate::transport::TransportConfig;

const ROOM: RoomId = RoomId(Uuid::from_u128(1));
const OTHER: RoomId = RoomId(Uuid::from_u128(2));

fn peer(n: u128) -> PeerId {
    PeerId(Uuid::from_u128(n))
}

fn home(n: u8) -> SocketAddr {
    SocketAddr::from(([10, 0, 0, n], 4_000))
}

fn core() -> (Core, Instant) {
    let now = Instant::now();
    let limits = Limits { rooms: 3, peers: 20 };
    let mut core = Core::new(now, TransportConfig::new().unwrap(), Vec::new(), limits, 1);
    core.open_room(ROOM);
    core.open_room(OTHER);
    (core, now)
}

fn remote(n: u8, codec: PhoneCodec) -> Box<PhoneRemote> {
    let payload_type = if codec == PhoneCodec::Pcmu { 0 } else { 9 };
    Box::new(PhoneRemote {
        rtp: home(n),
        rtcp: home(n),
        mux: true,
        latch: true,
        codec,
        payload_type,
        payload_type_in: payload_type,
        ptime: 20,
        events: Some((101, 101)),
        comfort_noise: None,
        send: true,
        receive: true,
        music: false,
        srtp: None,
    })
}

fn command(core: &mut Core, now: Instant, n: u8, command: PhoneCommand) {
    core.command(now, ROOM, RoomCommand::Phone { peer: peer(n.into()), command });
}

/// A telephone that is negotiated and open.
fn join(core: &mut Core, now: Instant, n: u8, codec: PhoneCodec) -> Key {
    assert_eq!(core.phone_port(ROOM, peer(n.into())), Ok(None));
    let line = core.open_phone(now, ROOM, peer(n.into()), 30_000 + 2 * u16::from(n));
    command(core, now, n, PhoneCommand::Set(remote(n, codec)));
    core.command(now, ROOM, RoomCommand::SetOpen { peer: peer(n.into()), open: true });
    line
}

/// 20 ms of a telephone.
fn packet(codec: PhoneCodec, n: u16) -> Vec<u8> {
    let len = codec.sample_rate() as usize / 50;
    let pcm = tone(codec.sample_rate(), 440.0, 8_000.0, usize::from(n) * len, len);
    let mut payload = [0; MAX_PAYLOAD];
    let len = Encoder::new(codec).unwrap().encode(&pcm, &mut payload).unwrap();
    let payload_type = if codec == PhoneCodec::Pcmu { 0 } else { 9 };
    let timestamp = u32::from(n) * 160;
    let header = Outgoing { marker: false, payload_type, sequence: n, timestamp, ssrc: 77 };
    let mut bytes = vec![0; 12];
    header.write(&mut bytes, &[]).unwrap();
    bytes.extend_from_slice(&payload[..len]);
    bytes
}

/// Names and headers of the RTP that waits to be sent.
fn sent(core: &mut Core) -> Vec<(u64, Header)> {
    let rtp = core.egress.phones.datagrams().filter(|(_, bytes)| !crate::rtp::is_rtcp(bytes));
    let sent = rtp.map(|(datagram, bytes)| (datagram.line, Header::parse(bytes).unwrap())).collect();
    core.egress.phones.clear();
    sent
}

#[test]
fn telephones_hear_each_other_and_leave_a_report() {
    let (mut core, t0) = core();
    let a = join(&mut core, t0, 1, PhoneCodec::Pcmu);
    let b = join(&mut core, t0, 2, PhoneCodec::G722);
    assert_eq!(core.counters().phones, 2);
    let connected = |n| MediaEvent::Connected { room: ROOM, peer: peer(n) };
    assert_eq!(core.events, [connected(1), connected(2)], "and no slots that nobody shows");
    for n in 0..10 {
        let now = t0 + Duration::from_millis(20 * u64::from(n));
        core.phone_datagram(now, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, n));
        let sent = sent(&mut core);
        assert_eq!(sent.len(), 1);
        assert_eq!((sent[0].0, sent[0].1.payload_type), (b.to_bits(), 9));
    }
    core.phone_datagram(t0, b, Channel::Rtp, home(2), &mut packet(PhoneCodec::G722, 0));
    assert_eq!(sent(&mut core)[0].0, a.to_bits());
    core.command(t0, ROOM, RoomCommand::SetOpen { peer: peer(2), open: false });
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, 10));
    assert!(sent(&mut core).is_empty());
    core.events.clear();
    core.command(t0, ROOM, RoomCommand::Leave { peer: peer(1) });
    assert_eq!(core.phones.closed, [a]);
    let [MediaEvent::Phone { event: PhoneEvent::Report(report), .. }] = core.events[..] else {
        panic!("{:?}", core.events);
    };
    assert_eq!((report.received, report.sent), (11, 1));
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, 11));
    core.command(t0, ROOM, RoomCommand::Close);
    assert_eq!(core.phones.closed, [a, b]);
    assert_eq!((core.counters().phones, core.counters().peers), (0, 0));
}

#[test]
fn a_telephone_that_is_not_open_is_counted_but_not_heard() {
    let (mut core, t0) = core();
    let a = join(&mut core, t0, 1, PhoneCodec::Pcmu);
    join(&mut core, t0, 2, PhoneCodec::Pcmu);
    core.command(t0, ROOM, RoomCommand::SetOpen { peer: peer(1), open: false });
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, 0));
    assert!(sent(&mut core).is_empty());
    assert_eq!(core.counters().phone_in, 1);
    core.command(t0, ROOM, RoomCommand::SetOpen { peer: peer(1), open: true });
    core.command(t0, ROOM, RoomCommand::SetSources { peer: peer(1), on: Vec::new() });
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, 1));
    assert!(sent(&mut core).is_empty(), "muted");
    let elsewhere = SocketAddr::from(([10, 0, 1, 1], 4_000));
    core.phone_datagram(t0, a, Channel::Rtp, elsewhere, &mut packet(PhoneCodec::Pcmu, 2));
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut [1, 2, 3]);
    core.phone_datagram(t0, a, Channel::Rtp, home(1), &mut packet(PhoneCodec::Pcmu, 1));
    let counters = *core.counters();
    assert_eq!((counters.dropped_stranger, counters.dropped_malformed, counters.dropped_phone), (1, 1, 1));
}

#[test]
fn a_peer_is_a_telephone_or_it_is_not() {
    let (mut core, t0) = core();
    join(&mut core, t0, 1, PhoneCodec::Pcmu);
    assert_eq!(core.phone_port(ROOM, peer(1)), Ok(Some(30_002)), "opened again");
    let nowhere = RoomId(Uuid::from_u128(9));
    assert_eq!(core.phone_port(nowhere, peer(1)), Err(MediaError::NoRoom));
    let (sender, answer) = std::sync::mpsc::channel();
    let offer = crate::control::ClientOffer { sdp: String::from("v=0\r\n"), sends: Vec::new() };
    let answer_fn = Box::new(move |result| sender.send(result).unwrap());
    core.command(t0, ROOM, RoomCommand::Offer { peer: peer(1), offer, answer: answer_fn });
    assert!(answer.recv().unwrap().is_err());
    for n in 2..=20 {
        core.open_phone(t0, ROOM, peer(n), 0);
    }
    assert_eq!(core.phone_port(ROOM, peer(21)), Err(MediaError::Full));
    command(&mut core, t0, 77, PhoneCommand::Digits(String::from("1")));
}

#[test]
fn a_move_takes_the_leg_along() {
    let (mut core, t0) = core();
    let a = join(&mut core, t0, 1, PhoneCodec::Pcmu);
    let b = join(&mut core, t0, 2, PhoneCodec::Pcmu);
    core.phone_datagram(t0, b, Channel::Rtp, home(2), &mut packet(PhoneCodec::Pcmu, 0));
    let before = sent(&mut core)[0].1;
    core.events.clear();
    command(&mut core, t0, 1, PhoneCommand::Move { to: OTHER, peer: peer(3) });
    assert_eq!(core.events, [MediaEvent::Connected { room: OTHER, peer: peer(3) }]);
    core.command(t0, OTHER, RoomCommand::SetOpen { peer: peer(3), open: true });
    let now = t0 + Duration::from_millis(20);
    core.phone_datagram(now, b, Channel::Rtp, home(2), &mut packet(PhoneCodec::Pcmu, 1));
    assert!(sent(&mut core).is_empty(), "it left this room");
    command(&mut core, t0, 2, PhoneCommand::Move { to: OTHER, peer: peer(4) });
    core.command(t0, OTHER, RoomCommand::SetOpen { peer: peer(4), open: true });
    core.phone_datagram(now, b, Channel::Rtp, home(2), &mut packet(PhoneCodec::Pcmu, 2));
    let (line, after) = sent(&mut core)[0];
    assert_eq!(line, a.to_bits());
    assert_eq!((after.ssrc, after.sequence), (before.ssrc, before.sequence.wrapping_add(1)));
    assert!(core.phones.closed.is_empty());
    core.command(
        t0,
        OTHER,
        RoomCommand::Phone {
            peer: peer(3),
            command: PhoneCommand::Move { to: RoomId(Uuid::from_u128(9)), peer: peer(5) },
        },
    );
    assert_eq!(core.phones.closed, [a], "there is no such room: it ends");
    assert!(matches!(core.events.last(), Some(MediaEvent::Phone { event: PhoneEvent::Report(_), .. })));
}

#[test]
fn commands_wait_for_a_telephone_of_another_worker() {
    let ((mut from, t0), (mut to, _)) = (core(), core());
    join(&mut from, t0, 1, PhoneCodec::Pcmu);
    let phone = from.take_phone(t0, ROOM, peer(1)).unwrap();
    from.release_line(phone.line);
    assert_eq!((from.counters().phones, from.counters().peers), (0, 0));
    to.await_phone(ROOM, peer(7));
    to.command(t0, ROOM, RoomCommand::SetOpen { peer: peer(7), open: true });
    command(&mut to, t0, 7, PhoneCommand::Digits(String::from("5")));
    let line = to.arrive(t0, Arrival { room: ROOM, peer: peer(7), phone: Some(phone) }).unwrap();
    to.expire(t0 + Duration::from_millis(40));
    let events: Vec<_> = sent(&mut to);
    assert!(!events.is_empty() && events.iter().all(|(l, h)| (*l, h.payload_type) == (line.to_bits(), 101)));
    // One that left meanwhile, and one that never came.
    let phone = to.take_phone(t0, ROOM, peer(7)).unwrap();
    from.await_phone(ROOM, peer(8));
    from.command(t0, ROOM, RoomCommand::Leave { peer: peer(8) });
    assert_eq!(from.arrive(t0, Arrival { room: ROOM, peer: peer(8), phone: Some(phone) }), None);
    assert!(matches!(from.events.last(), Some(MediaEvent::Phone { event: PhoneEvent::Report(_), .. })));
    from.await_phone(ROOM, peer(9));
    assert_eq!(from.arrive(t0, Arrival { room: ROOM, peer: peer(9), phone: None }), None);
    assert!(from.phones.awaited.is_empty());
}
