//! Whole rooms in memory: the core on one side, peers that hold the other ends of the keys on the other. DTLS is left out, as
//! its outcome is only the keys; the clients on real sockets have it.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::control::{ClientOffer, MediaError, RoomCommand, SendSection};
use crate::ids::Source;
use crate::rtp::header::Outgoing;
use crate::rtp::{Header, rtcp, rtx};
use crate::transport::srtp::{MasterKey, SrtpProfile};

const KEYFRAME: [u8; 2] = [0x10, 0x00];
const DELTA: [u8; 2] = [0x10, 0x01];
const SLOTS: usize = 4;

/// One datagram that reached a client, decrypted.
#[derive(Clone, Debug)]
struct Got {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    payload: Vec<u8>,
}

struct Client {
    id: PeerId,
    address: SocketAddr,
    key: Key,
    sender: SrtpSender,
    receiver: SrtpReceiver,
    ssrc: u32,
    /// Packets sent by microphone and camera; numbers begin near their wrap.
    sent: [u32; 2],
    got: Vec<Got>,
    compounds: Vec<Vec<u8>>,
}

struct World {
    core: Core,
    now: Instant,
    room: RoomId,
    clients: BTreeMap<u8, Client>,
}

impl World {
    fn new() -> World {
        let now = Instant::now();
        let limits = Limits { rooms: 2, peers: 20 };
        let config = TransportConfig::new().unwrap();
        let candidates = vec![SocketAddr::from(([192, 0, 2, 1], 9))];
        let mut core = Core::new(now, config, candidates, limits, 1);
        let room = RoomId(Uuid::from_u128(1));
        core.open_room(room);
        World { core, now, room, clients: BTreeMap::new() }
    }

    fn offer(&mut self, id: PeerId, sdp: &str) -> Result<String, MediaError> {
        let section = |mid: &str, source| SendSection { mid: mid.to_owned(), source };
        let sends = vec![section("0", Source::Mic), section("1", Source::Camera)];
        let (sender, answer) = channel();
        let offer = ClientOffer { sdp: sdp.to_owned(), sends };
        let answer_fn = Box::new(move |result| sender.send(result).unwrap());
        self.core.command(self.now, self.room, RoomCommand::Offer { peer: id, offer, answer: answer_fn });
        answer.recv().unwrap()
    }

    /// A connected, open peer with a microphone, a camera, and slots for both.
    fn join(&mut self, n: u8) {
        let id = PeerId(Uuid::from_u128(u128::from(n)));
        let ssrc = 1000 * u32::from(n);
        self.offer(id, &sdp(n, ssrc, SLOTS)).unwrap();
        let key = self.core.key_of(self.room, id).unwrap();
        let address = SocketAddr::from(([10, 0, 0, n], 5000));
        self.core.peers.get_mut(key).unwrap().reach(Path { remote: address, local: None });
        self.core.by_address.insert(address, key);
        let master = |byte| MasterKey::new(&[byte; 16], &[byte; 12]);
        let keys =
            SrtpKeys { profile: SrtpProfile::AeadAes128Gcm, local: master(n), remote: master(n + 100) };
        self.core.connected(self.now, key, &keys);
        let mirror = keys.swapped();
        let sender = SrtpSender::new(mirror.profile, &mirror.local).unwrap();
        let receiver = SrtpReceiver::new(mirror.profile, &mirror.remote).unwrap();
        let (got, compounds) = Default::default();
        let client = Client { id, address, key, sender, receiver, ssrc, sent: [65_500; 2], got, compounds };
        self.clients.insert(n, client);
        self.open(n, true);
    }

    fn open(&mut self, n: u8, open: bool) {
        let peer = self.clients[&n].id;
        self.core.command(self.now, self.room, RoomCommand::SetOpen { peer, open });
        self.deliver();
    }

    fn leave(&mut self, n: u8) {
        let peer = self.clients[&n].id;
        self.core.command(self.now, self.room, RoomCommand::Leave { peer });
        self.clients.remove(&n);
        self.deliver();
    }

    /// A sealed packet of a camera, or of a microphone.
    fn seal(&mut self, n: u8, camera: bool, payload: &[u8]) -> Vec<u8> {
        let client = self.clients.get_mut(&n).unwrap();
        let sent = &mut client.sent[usize::from(camera)];
        *sent += 1;
        let header = Outgoing {
            marker: false,
            payload_type: if camera { 96 } else { 111 },
            sequence: *sent as u16,
            timestamp: *sent * 100,
            ssrc: client.ssrc + u32::from(camera),
        };
        let mut bytes = vec![0; 1500];
        let head = header.write(&mut bytes, &[]).unwrap();
        bytes[head..head + payload.len()].copy_from_slice(payload);
        let len = client.sender.seal_rtp(&mut bytes, head, head + payload.len()).unwrap();
        bytes.truncate(len);
        bytes
    }

    fn arrive(&mut self, n: u8, mut datagram: Vec<u8>) {
        let from = self.clients[&n].address;
        let len = datagram.len();
        let mut run = self.core.message(self.now, from, None, len, &mut datagram);
        self.core.fan_out_all(self.now, &mut run);
        self.deliver();
    }

    fn send(&mut self, n: u8, camera: bool, payload: &[u8]) {
        let datagram = self.seal(n, camera, payload);
        self.arrive(n, datagram);
    }

    fn send_rtcp(&mut self, n: u8, write: impl FnOnce(&mut rtcp::Writer<'_>)) {
        let client = self.clients.get_mut(&n).unwrap();
        let mut bytes = vec![0; 1500];
        let mut writer = rtcp::Writer::new(&mut bytes);
        write(&mut writer);
        let len = writer.len();
        let sealed = client.sender.seal_rtcp(&mut bytes, len).unwrap();
        bytes.truncate(sealed);
        self.arrive(n, bytes);
    }

    fn pass(&mut self, ms: u64) {
        for _ in 0..ms {
            self.now += Duration::from_millis(1);
            self.core.expire(self.now);
            self.deliver();
        }
    }

    /// Brings what left the core to the clients; everything must be authentic.
    fn deliver(&mut self) {
        for train in self.core.egress.trains() {
            let Some(client) = self.clients.values_mut().find(|client| client.address == train.path.remote)
            else {
                continue;
            };
            for datagram in train.bytes().chunks(train.segment) {
                let mut bytes = datagram.to_vec();
                match transport::classify(&bytes) {
                    Some(Protocol::Rtp) => {
                        let len = client.receiver.open_rtp(&mut bytes).unwrap();
                        let header = Header::parse(&bytes[..len]).unwrap();
                        let payload = header.payload(&bytes[..len]).to_vec();
                        let Header { ssrc, sequence, timestamp, .. } = header;
                        client.got.push(Got { ssrc, sequence, timestamp, payload });
                    }
                    Some(Protocol::Rtcp) => {
                        let len = client.receiver.open_rtcp(&mut bytes).unwrap();
                        client.compounds.push(bytes[..len].to_vec());
                    }
                    _ => {}
                }
            }
        }
        self.core.egress.clear();
    }

    /// What a client got since the last time.
    fn got(&mut self, n: u8) -> Vec<Got> {
        std::mem::take(&mut self.clients.get_mut(&n).unwrap().got)
    }

    fn keyframe_requests(&mut self, n: u8) -> usize {
        let compounds = std::mem::take(&mut self.clients.get_mut(&n).unwrap().compounds);
        let packets = compounds.iter().flat_map(|compound| rtcp::packets(compound)).flatten();
        packets.filter(|packet| matches!(packet, rtcp::Packet::Pli(_))).count()
    }

    /// Nothing may be left of peers that are gone.
    fn check_tables(&self) {
        assert_eq!(self.core.peers.len(), self.clients.len());
        assert_eq!(self.core.by_address.len(), self.clients.len());
        assert_eq!(self.core.by_ufrag.len(), self.clients.len());
        for client in self.clients.values() {
            let peer = self.core.peers.get(client.key).unwrap();
            for track in &peer.tracks {
                for subscriber in &track.subscribers {
                    let receiver = self.core.peers.get(subscriber.peer).expect("no subscriber is gone");
                    let slot = &receiver.slots[usize::from(subscriber.slot)];
                    assert_eq!(slot.track, Some((client.key, track.plan.source)));
                }
            }
        }
    }
}

fn sdp(n: u8, ssrc: u32, slots: usize) -> String {
    let mids: Vec<String> = (0..2 + 2 * slots).map(|mid| mid.to_string()).collect();
    let print = ["AB"; 32].join(":");
    let mut sdp =
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n", mids.join(" "));
    for (at, mid) in mids.iter().enumerate() {
        let video = at == 1 || at >= 2 + slots;
        let (kind, formats) = if video { ("video", "96 97") } else { ("audio", "111") };
        let direction = if at < 2 { "sendonly" } else { "recvonly" };
        sdp += &format!(
            "m={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:user{n}\r\n\
             a=ice-pwd:0123456789abcdef01234567\r\na=fingerprint:sha-256 {print}\r\na=setup:actpass\r\n\
             a=mid:{mid}\r\na={direction}\r\na=rtcp-mux\r\n"
        );
        sdp += if video {
            "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        } else {
            "a=rtpmap:111 opus/48000/2\r\n"
        };
        if at < 2 {
            sdp += &format!("a=ssrc:{} cname:c\r\n", ssrc + u32::from(video));
        }
    }
    sdp
}

#[test]
fn everyone_hears_everyone_else() {
    let mut world = World::new();
    (1..=4).for_each(|n| world.join(n));
    world.send(1, false, b"one");
    for n in 2..=4 {
        let got = world.got(n);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].payload, b"one");
    }
    assert!(world.got(1).is_empty(), "not the sender himself");
    assert_eq!((world.core.counters.media_in, world.core.counters.media_out), (1, 3));
}

#[test]
fn what_the_transport_drops_is_counted() {
    let mut world = World::new();
    world.join(1);
    let transport = &world.core.peers.get(world.clients[&1].key).unwrap().transport().unwrap();
    let name = format!("{}:x", transport.local().ufrag.as_str());
    let mut check = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    check.extend([7; 12]);
    check.extend([0, 6, 0, name.len() as u8]);
    check.extend(name.as_bytes());
    check.resize(check.len().next_multiple_of(4), 0);
    check[3] = (check.len() - 20) as u8;
    world.arrive(1, check);
    assert_eq!(world.core.counters.dropped_stun, 1, "without integrity");
    world.arrive(1, vec![22, 254, 253, 0]);
    assert_eq!(world.core.counters.dropped_dtls, 1, "cut off");
}

#[test]
fn the_packets_of_a_frame_leave_in_one_train_per_subscriber() {
    let mut world = World::new();
    (1..=3).for_each(|n| world.join(n));
    let datagrams: Vec<Vec<u8>> = (0..8).map(|_| world.seal(1, true, &KEYFRAME)).collect();
    let from = world.clients[&1].address;
    let segment = datagrams[0].len();
    let mut message = datagrams.concat();
    let mut run = world.core.message(world.now, from, None, segment, &mut message);
    world.core.fan_out_all(world.now, &mut run);
    let trains: Vec<_> = world.core.egress.trains().iter().map(|t| (t.path.remote, t.datagrams)).collect();
    assert_eq!(trains, [(world.clients[&2].address, 8), (world.clients[&3].address, 8)]);
}

#[test]
fn a_newcomer_makes_the_publisher_send_a_keyframe() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.join(n));
    world.pass(1);
    assert!(world.keyframe_requests(1) >= 1);
    world.send(1, true, &DELTA);
    assert!(world.got(2).is_empty());
    world.send(1, true, &KEYFRAME);
    world.send(1, true, &DELTA);
    assert_eq!(world.got(2).len(), 2);
    world.pass(2_000);
    assert_eq!(world.keyframe_requests(1), 0, "nobody waits any more");
    world.join(3);
    world.pass(1);
    assert_eq!(world.keyframe_requests(1), 1);
}

#[test]
fn a_room_and_a_worker_have_bounds() {
    let mut world = World::new();
    for n in 1..=20 {
        world.offer(PeerId(Uuid::from_u128(n)), &sdp(n as u8, 1000, 1)).unwrap();
    }
    let refused = world.offer(PeerId(Uuid::from_u128(21)), &sdp(21, 1000, 1));
    assert_eq!(refused, Err(MediaError::Full));
    let refused = world.offer(PeerId(Uuid::from_u128(1)), "nonsense");
    assert!(matches!(refused, Err(MediaError::BadOffer(_))));
    world.core.command(world.now, world.room, RoomCommand::Close);
    assert_eq!(world.offer(PeerId(Uuid::from_u128(1)), &sdp(1, 1, 1)), Err(MediaError::NoRoom));
    world.check_tables();
}

#[test]
fn peers_that_never_connect_expire() {
    let mut world = World::new();
    world.offer(PeerId(Uuid::from_u128(1)), &sdp(1, 1000, 1)).unwrap();
    world.pass(61_000);
    world.check_tables();
    let lost = world
        .core
        .events
        .iter()
        .any(|event| matches!(event, MediaEvent::Lost { reason: LostReason::SetupTimeout, .. }));
    assert!(lost, "{:?}", world.core.events);
}

#[test]
fn more_slots_by_a_later_offer_keep_the_stream() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.join(n));
    world.send(1, false, b"a");
    let before = world.got(2)[0].clone();
    let id = world.clients[&2].id;
    world.offer(id, &sdp(2, 2000, SLOTS + 2)).unwrap();
    world.send(1, false, b"b");
    let after = world.got(2)[0].clone();
    assert_eq!((after.ssrc, after.sequence), (before.ssrc, before.sequence.wrapping_add(1)));
    world.check_tables();
}

#[test]
fn a_flood_of_repair_requests_is_bounded() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.join(n));
    (0..20).for_each(|_| world.send(1, true, &KEYFRAME));
    let got = world.got(2);
    let (slot, sequence) = (got[0].ssrc, got[0].sequence);
    for _ in 0..50 {
        let missing: Vec<u16> = (0..20).map(|n| sequence.wrapping_add(n)).collect();
        world.send_rtcp(2, |out| rtcp::nack(out, 1, slot, &missing).unwrap());
    }
    let repaired = world.got(2).len();
    assert!((20..=200).contains(&repaired), "{repaired}");
}

#[test]
fn data_channel_messages_need_an_open_gate_and_have_a_rate() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.join(n));
    let label: Arc<str> = "chat".into();
    let message = transport::Message::Text("hello".to_owned());
    let relay = |world: &mut World, n: u8| {
        let before = world.core.counters.dropped_data;
        world.core.relay(world.now, world.clients[&n].key, &label, &message);
        world.core.counters.dropped_data - before
    };
    assert_eq!(relay(&mut world, 1), 0, "nobody has the channel, so there is nothing to drop");
    let refused = (0..100).map(|_| relay(&mut world, 1)).sum::<u64>();
    assert!((60..90).contains(&refused), "{refused} of 100 at once");
    world.pass(300);
    assert_eq!(relay(&mut world, 1), 0, "a new interval");
    world.open(2, false);
    assert_eq!(relay(&mut world, 2), 1);
}

/// What may happen in a room.
#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    Leave(u8),
    Open(u8, bool),
    Frames(u8, u8),
    Voice(u8),
    Pass(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let n = 1u8..6;
    prop_oneof![
        2 => n.clone().prop_map(Step::Join),
        1 => n.clone().prop_map(Step::Leave),
        1 => (n.clone(), any::<bool>()).prop_map(|(n, open)| Step::Open(n, open)),
        4 => (n.clone(), 1u8..12).prop_map(|(n, count)| Step::Frames(n, count)),
        4 => n.prop_map(Step::Voice),
        2 => (1u8..120).prop_map(Step::Pass),
    ]
}

/// Seeded network between a publisher and the core: loses and reorders.
fn rough(random: &mut Random, datagrams: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut kept: Vec<Vec<u8>> = datagrams.into_iter().filter(|_| !random.next().is_multiple_of(5)).collect();
    for at in 1..kept.len() {
        if random.next().is_multiple_of(4) {
            kept.swap(at, at - 1);
        }
    }
    kept
}

impl World {
    fn apply(&mut self, step: &Step, random: &mut Random) {
        match step {
            Step::Join(n) if !self.clients.contains_key(n) => self.join(*n),
            Step::Leave(n) if self.clients.contains_key(n) => self.leave(*n),
            Step::Open(n, open) if self.clients.contains_key(n) => self.open(*n, *open),
            Step::Frames(n, count) if self.clients.contains_key(n) => {
                let payload = |first: bool| if first { KEYFRAME } else { DELTA };
                let sent = (0..*count).map(|at| self.seal(*n, true, &payload(at == 0))).collect();
                for datagram in rough(random, sent) {
                    self.arrive(*n, datagram);
                }
            }
            Step::Voice(n) if self.clients.contains_key(n) => self.send(*n, false, b"voice"),
            Step::Pass(ms) => self.pass(u64::from(*ms)),
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    /// Whatever happens, each receiver sees one sound stream per slot: no number twice, jumps no larger than what was lost,
    /// time never backwards over a change of track. Authenticity is checked with each delivery.
    #[test]
    fn slots_stay_sound_streams_through_loss_and_change(steps in prop::collection::vec(step(), 1..60), seed in any::<u64>()) {
        let (mut world, mut random) = (World::new(), Random::new(seed));
        let mut streams: BTreeMap<(u8, u32), Vec<Got>> = BTreeMap::new();
        for step in &steps {
            world.apply(step, &mut random);
            world.check_tables();
            let present: Vec<u8> = world.clients.keys().copied().collect();
            for n in present {
                for got in world.got(n) {
                    streams.entry((n, got.ssrc)).or_default().push(got);
                }
            }
            if let Step::Leave(n) = step {
                streams.retain(|(receiver, _), _| receiver != n);
            }
        }
        for stream in streams.values() {
            let mut numbers: Vec<u16> = stream.iter().map(|got| got.sequence).collect();
            let first = numbers[0];
            numbers.iter_mut().for_each(|number| *number = number.wrapping_sub(first).wrapping_add(1_000));
            numbers.sort_unstable();
            prop_assert!(numbers.windows(2).all(|pair| (1..=40).contains(&(pair[1] - pair[0]))), "{numbers:?}");
            for pair in stream.windows(2) {
                let (step, time) = (
                    pair[1].sequence.wrapping_sub(pair[0].sequence) as i16,
                    pair[1].timestamp.wrapping_sub(pair[0].timestamp) as i32,
                );
                prop_assert!(step < 0 || time >= 0, "{pair:?}");
            }
        }
    }

    #[test]
    fn any_datagram_of_a_peer_does_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..200), first in 0u8..=255) {
        let mut world = World::new();
        (1..=2).for_each(|n| world.join(n));
        let mut bytes = bytes;
        if let Some(byte) = bytes.first_mut() {
            *byte = first;
        }
        world.arrive(1, bytes);
        prop_assert!(world.got(2).is_empty());
        world.send(1, false, b"still there");
        prop_assert_eq!(world.got(2).len(), 1);
    }
}

#[test]
fn a_repaired_packet_is_the_one_that_was_missing() {
    let mut world = World::new();
    (1..=2).for_each(|n| world.join(n));
    for n in 0..100u8 {
        world.send(1, true, &[KEYFRAME[0], KEYFRAME[1], n]);
    }
    let got = world.got(2);
    let lost = &got[40];
    world.send_rtcp(2, |out| rtcp::nack(out, 1, lost.ssrc, &[lost.sequence]).unwrap());
    let repaired = world.got(2);
    assert_eq!(repaired.len(), 1);
    assert_eq!(rtx::read(&repaired[0].payload), Ok(Some((lost.sequence, &lost.payload[..]))));
    assert_eq!(repaired[0].timestamp, lost.timestamp);
}
