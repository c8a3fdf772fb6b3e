//! One publisher of video to a hundred subscribers.

use std::io;
use std::time::Duration;

use media::rtp::header::Outgoing;
use media::rtp::rtcp::{self, ReportBlock};

use super::limit::BareSender;
use super::load::{self, drain, paced};
use super::median;
use super::process::ServerProcess;
use crate::bench::row::Row;
use crate::client::{Client, MID, Offer, VP8};

const SUBSCRIBERS: usize = 100;
/// Packets of a frame, and frames per second: 2.3 Mbit/s.
const PACKETS: usize = 8;
const FRAME: Duration = Duration::from_nanos(33_333_333);
/// Payload that makes datagrams of 1,200 bytes: 20 bytes of header and 16 of tag are added.
const PAYLOAD: usize = 1_164;
const DATAGRAM: usize = 1_200;
/// Ours and the limit take turns, so that other load on the machine meets both.
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(1_500);
/// A round that loses more than this of its packets says nothing about the cost of those delivered.
const LEAST_DELIVERY: f64 = 0.98;

struct Scene {
    server: ServerProcess,
    publisher: Client,
    subscribers: Vec<Client>,
    sequence: u16,
    timestamp: u32,
}

/// CPU of the worker per forwarded packet, against a bare loop of GSO sends.
pub(super) fn forward_video() -> io::Result<Row> {
    let mut scene = Scene::new()?;
    let bare = BareSender::start(SUBSCRIBERS, PACKETS, DATAGRAM)?;
    scene.round()?;
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (cost, delivered) = scene.round()?;
        if delivered >= LEAST_DELIVERY {
            ours.push(cost);
        }
        limit.push(bare_round(&bare)?);
    }
    if ours.is_empty() {
        return Err(io::Error::other("no round was delivered in full"));
    }
    Ok(Row::new("media.forward_video", median(ours), "µs/packet").limit(median(limit)))
}

impl Scene {
    fn new() -> io::Result<Scene> {
        let mut server = ServerProcess::start()?;
        let offer = Offer { video_slots: 0, audio_slots: 0, ..Offer::video(10, 0) };
        let publisher = server.join(1, 1, offer)?;
        load::send_in_segments(&publisher.socket, DATAGRAM)?;
        let mut subscribers = Vec::new();
        for n in 0..SUBSCRIBERS {
            let offer = Offer { audio_slots: 0, video_slots: 1, ..Offer::voice(1_000 + n as u32) };
            let client = server.join(1, 2 + n as u128, offer)?;
            load::receive_joined(&client.socket)?;
            subscribers.push(client);
        }
        Ok(Scene { server, publisher, subscribers, sequence: 0, timestamp: 0 })
    }

    /// One round: µs of the worker's CPU per packet that arrived, and the part that arrived.
    fn round(&mut self) -> io::Result<(f64, f64)> {
        self.keep_alive()?;
        let mut frames = 0;
        let before = self.server.worker_cpu()?;
        let mut arrived = 0;
        let start = load::now();
        paced(
            ROUND,
            FRAME,
            |_, _| {
                frames += 1;
                let train = self.frame()?;
                self.publisher.socket.send(&train)?;
                // The frame's trains arrive while the next one is awaited.
                let until = load::now() + FRAME / 2;
                while load::now() < until {
                    crate::client::wait(&self.publisher.socket, Duration::from_millis(5))?;
                    arrived += self.drain();
                }
                Ok(())
            },
            std::thread::yield_now,
        )?;
        while load::now() < start + ROUND + Duration::from_millis(50) {
            arrived += self.drain();
        }
        let spent = self.server.worker_cpu()? - before;
        let sent = frames * PACKETS * SUBSCRIBERS;
        let packets = arrived as f64 / DATAGRAM as f64;
        Ok((spent as f64 / 1000.0 / packets, packets / sent as f64))
    }

    fn drain(&self) -> usize {
        drain(&self.publisher.socket);
        self.subscribers.iter().map(|client| drain(&client.socket)).sum()
    }

    /// A frame as the datagrams of one send; each is a keyframe's first packet, so whoever waits for one starts.
    fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut payload = vec![0x55; PAYLOAD];
        payload[..2].copy_from_slice(&[0x10, 0x00]);
        let mut train = Vec::with_capacity(PACKETS * DATAGRAM);
        self.timestamp = self.timestamp.wrapping_add(3_000);
        for n in 0..PACKETS {
            self.sequence = self.sequence.wrapping_add(1);
            let header = Outgoing {
                marker: n + 1 == PACKETS,
                payload_type: VP8,
                sequence: self.sequence,
                timestamp: self.timestamp,
                ssrc: self.publisher.offer.ssrc + 1,
            };
            train.extend(self.publisher.seal(&header, &[(MID, b"1")], &payload)?);
        }
        Ok(train)
    }

    /// What clients send besides: consent checks and a receiver report each.
    fn keep_alive(&mut self) -> io::Result<()> {
        self.publisher.send_check()?;
        for client in &mut self.subscribers {
            client.send_check()?;
            let block = ReportBlock { ssrc: client.answer.slots[0].ssrc, ..ReportBlock::default() };
            client.send_rtcp(|out| rtcp::receiver_report(out, 1, &[block]))?;
        }
        Ok(())
    }
}

/// One round of the limit: µs per packet sent.
fn bare_round(bare: &BareSender) -> io::Result<f64> {
    let before = bare.cpu()?;
    let mut frames = 0;
    paced(
        ROUND,
        FRAME,
        |_, _| {
            frames += 1;
            bare.frame()
        },
        || {
            for socket in &bare.receivers {
                drain(socket);
            }
            std::thread::yield_now();
        },
    )?;
    let spent = bare.cpu()? - before;
    Ok(spent as f64 / 1000.0 / (frames * PACKETS * SUBSCRIBERS) as f64)
}
