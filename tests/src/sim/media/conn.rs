//! A client's end of a media connection: what it sends, keeps for repair, hears, and asks for.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use media::ids::{PeerId, Source};
use media::rtp::header::Outgoing;
use media::rtp::nack::NackGenerator;
use media::rtp::sequence::{SequenceUnwrapper, nearest};
use media::rtp::{Header, is_rtcp, rtcp, rtx};
use signaling::wire::client::OfferSend;

use super::{Payload, RTX_BIT, SOURCES, payload_types};
use crate::sim::prng::Prng;

/// Packets kept for retransmission.
const KEPT: usize = 256;
/// Round trip that requests are spaced by.
const RTT: Duration = Duration::from_millis(100);

/// What an offer's SDP stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub client: usize,
    /// The connection: its certificate.
    pub number: u64,
    /// SSRC of the first source.
    pub ssrc: u32,
}

impl Offer {
    pub fn read(sdp: &str) -> Option<Offer> {
        let mut parts = sdp.split(' ');
        let client = parts.next()?.parse().ok()?;
        let number = parts.next()?.parse().ok()?;
        Some(Offer { client, number, ssrc: parts.next()?.parse().ok()? })
    }
}

/// See the module.
pub struct Conn {
    /// The peer that it is for the media plane.
    pub peer: PeerId,
    /// Names the connection; never used twice.
    pub number: u64,
    /// Names its network path.
    pub link: u64,
    /// The path does not carry anything.
    pub broken: bool,
    /// Since when it is neither connected nor given up.
    pub waits_since: Option<Instant>,
    ssrc: u32,
    senders: [Sender; 2],
    receivers: BTreeMap<u32, Receiver>,
    due: Option<Instant>,
}

struct Sender {
    source: Source,
    number: u32,
    sequence: u16,
    rtx_sequence: u16,
    key_wanted: bool,
    kept: VecDeque<(u16, u32, Vec<u8>)>,
}

#[derive(Default)]
struct Receiver {
    unwrapper: SequenceUnwrapper,
    nacks: NackGenerator,
}

/// What a packet was for a client.
#[derive(Clone, Debug)]
pub enum Got {
    /// A packet of a slot, with its extended number.
    Media { ssrc: u32, sequence: u64, payload: Payload },
    /// Packets to be sent, again or because a keyframe is wanted.
    Send(Vec<Vec<u8>>),
}

impl Conn {
    /// A new connection.
    pub fn new(peer: PeerId, now: Instant, random: &mut Prng) -> Conn {
        let sender = |source: Source, random: &mut Prng| Sender {
            source,
            number: 0,
            // Near its wrap.
            sequence: 65_500u16.wrapping_add(random.below(60) as u16),
            rtx_sequence: 0,
            key_wanted: true,
            kept: VecDeque::new(),
        };
        Conn {
            peer,
            number: random.bits(),
            link: random.bits(),
            broken: false,
            waits_since: Some(now),
            ssrc: random.bits() as u32 & !RTX_BIT & !1,
            senders: SOURCES.map(|source| sender(source, random)),
            receivers: BTreeMap::new(),
            due: None,
        }
    }

    /// The offer of this connection.
    pub fn offer(&self, client: usize) -> (String, Vec<OfferSend>) {
        let sends =
            SOURCES.iter().zip(0..).map(|(source, mid)| OfferSend { mid: format!("{mid}"), source: *source });
        (format!("{client} {} {}", self.number, self.ssrc), sends.collect())
    }

    /// The next packet of a source.
    pub fn send(&mut self, source: Source, now_ms: u64) -> Vec<u8> {
        let at = usize::from(source != Source::Mic);
        let (from, ssrc) = (self.peer, self.ssrc + at as u32);
        let sender = &mut self.senders[at];
        sender.number += 1;
        sender.sequence = sender.sequence.wrapping_add(1);
        let key = std::mem::take(&mut sender.key_wanted);
        let payload = Payload { from, source, number: sender.number, key }.write();
        let timestamp = (now_ms as u32).wrapping_mul(48);
        sender.kept.push_back((sender.sequence, timestamp, payload.clone()));
        if sender.kept.len() > KEPT {
            sender.kept.pop_front();
        }
        let payload_type = payload_types(source).0;
        let header = Outgoing { marker: false, payload_type, sequence: sender.sequence, timestamp, ssrc };
        packet(&header, &payload)
    }

    /// A datagram has come. `None`: nothing new.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Option<Got> {
        if is_rtcp(bytes) {
            return Some(Got::Send(self.feedback(bytes)));
        }
        let header = Header::parse(bytes).ok()?;
        let ssrc = header.ssrc & !RTX_BIT;
        let receiver = self.receivers.entry(ssrc).or_default();
        let (sequence, body) = if header.ssrc & RTX_BIT != 0 {
            let (original, body) = rtx::read(header.payload(bytes)).ok()??;
            (nearest(receiver.unwrapper.highest()?, original), body)
        } else {
            (receiver.unwrapper.unwrap(header.sequence), header.payload(bytes))
        };
        receiver.nacks.received(sequence, now);
        Some(Got::Media { ssrc, sequence, payload: Payload::read(body)? })
    }

    /// What the media plane asks for again.
    fn feedback(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut again = Vec::new();
        for packet in rtcp::packets(bytes).flatten() {
            match packet {
                rtcp::Packet::Nack(nack) => {
                    let at = (nack.media_ssrc & 1) as usize;
                    again.extend(nack.sequences().filter_map(|n| self.senders[at].again(nack.media_ssrc, n)));
                }
                rtcp::Packet::Pli(ssrc) => self.senders[(ssrc & 1) as usize].key_wanted = true,
                _ => {}
            }
        }
        again
    }

    /// When [`Conn::asks`] has something to say that is not on the way yet.
    pub fn newly_due(&mut self) -> Option<Instant> {
        let at = self.receivers.values().filter_map(|receiver| receiver.nacks.deadline()).min()?;
        if self.due.is_some_and(|due| due <= at) {
            return None;
        }
        self.due = Some(at);
        Some(at)
    }

    /// The request for what is missing now.
    pub fn asks(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.due = None;
        let mut buffer = vec![0; 1_200];
        let mut writer = rtcp::Writer::new(&mut buffer);
        for (ssrc, receiver) in &mut self.receivers {
            let mut missing = Vec::new();
            receiver.nacks.due(now, RTT, &mut missing);
            // What does not fit is asked for again.
            let _ = rtcp::nack(&mut writer, 1, *ssrc, &missing);
        }
        let len = writer.len();
        buffer.truncate(len);
        (len > 0).then_some(buffer)
    }
}

impl Sender {
    /// A packet that was sent, as a retransmission.
    fn again(&mut self, ssrc: u32, sequence: u16) -> Option<Vec<u8>> {
        let (_, timestamp, payload) = self.kept.iter().find(|(kept, ..)| *kept == sequence)?.clone();
        self.rtx_sequence = self.rtx_sequence.wrapping_add(1);
        let payload_type = payload_types(self.source).1;
        let (sequence, original) = (self.rtx_sequence, sequence);
        let header = Outgoing { marker: false, payload_type, sequence, timestamp, ssrc: ssrc | RTX_BIT };
        let mut body = original.to_be_bytes().to_vec();
        body.extend(payload);
        Some(packet(&header, &body))
    }
}

fn packet(header: &Outgoing, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 32];
    let len = header.write(&mut bytes, &[]).expect("a header without extensions fits");
    bytes.truncate(len);
    bytes.extend(payload);
    bytes
}
