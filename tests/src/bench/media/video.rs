//! One publisher of video to a hundred subscribers.

use std::io;

use media::rtp::rtcp::{self, ReportBlock};

use super::janus::Janus;
use super::limit::BareSender;
use super::load;
use super::process::ServerProcess;
use super::round::{Contender, DATAGRAM, PACKETS, Round, SUBSCRIBERS, Stream, cost_at_full_delivery, round};
use crate::bench::row::Row;
use crate::client::{Client, MID, Offer};

/// The contenders take turns, so that other load on the machine meets all.
const ROUNDS: usize = 5;

/// CPU of the server per delivered packet, against a bare loop of GSO sends and against Janus.
pub(super) fn forward_video() -> io::Result<Row> {
    // Janus first: our server would take its peers for gone while the viewers of another one connect.
    let mut janus = Janus::start();
    let mut scene = Scene::new()?;
    let mut bare = BareSender::start(SUBSCRIBERS, PACKETS, DATAGRAM)?;
    round(&mut scene)?;
    let (mut ours, mut limit, mut peer) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(round(&mut scene)?);
        limit.push(round(&mut bare)?);
        janus = janus.and_then(|mut janus| {
            peer.push(round(&mut janus)?);
            Ok(janus)
        });
    }
    let full = |rounds: &[Round]| {
        cost_at_full_delivery(rounds).ok_or_else(|| io::Error::other("no round was delivered in full"))
    };
    let row = Row::new("media.forward_video", full(&ours)?, "µs/packet").limit(full(&limit)?);
    Ok(match janus {
        Ok(_) => with_peer(row, &peer),
        Err(error) => row.note(format!("janus was not measured: {error}")),
    })
}

/// Adds Janus's cost; a disturbed one is better than none, if it says so.
fn with_peer(row: Row, rounds: &[Round]) -> Row {
    let best = rounds.iter().copied().max_by(|a, b| a.delivery.total_cmp(&b.delivery));
    match (cost_at_full_delivery(rounds), best) {
        (Some(cost), _) => row.peer("janus", cost),
        (None, Some(Round { cost, delivery })) => row
            .peer("janus", cost)
            .note(format!("janus delivered {:.0} % at best; its figure is of that round", delivery * 100.0)),
        (None, None) => row,
    }
}

/// Our server with its clients.
struct Scene {
    server: ServerProcess,
    publisher: Client,
    subscribers: Vec<Client>,
    stream: Stream,
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
        Ok(Scene { server, publisher, subscribers, stream: Stream::default() })
    }
}

impl Contender for Scene {
    /// Consent checks, and a receiver report of each subscriber.
    fn prepare(&mut self) -> io::Result<()> {
        self.publisher.send_check()?;
        self.subscribers.iter_mut().try_for_each(keep_alive)
    }

    fn frame(&mut self) -> io::Result<()> {
        let (headers, payload) = self.stream.next_frame(self.publisher.offer.ssrc + 1);
        let mut train = Vec::with_capacity(PACKETS * DATAGRAM);
        for header in &headers {
            train.extend(self.publisher.seal(header, &[(MID, b"1")], &payload)?);
        }
        self.publisher.socket.send(&train).map(drop)
    }

    fn arrived(&mut self) -> usize {
        load::drain(&self.publisher.socket);
        self.subscribers.iter().map(|client| load::drain(&client.socket).bytes).sum::<usize>() / DATAGRAM
    }

    fn cpu(&self) -> io::Result<u64> {
        self.server.cpu()
    }
}

/// What a subscriber sends besides: a consent check and a receiver report.
pub(super) fn keep_alive(client: &mut Client) -> io::Result<()> {
    client.send_check()?;
    let block = ReportBlock { ssrc: client.answer.slots[0].ssrc, ..ReportBlock::default() };
    client.send_rtcp(|out| rtcp::receiver_report(out, 1, &[block]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbed_peer_is_named_as_such() {
        let row = || Row::new("media.forward_video", 2.0, "µs/packet");
        let round = |cost, delivery| Round { cost, delivery };
        let full = with_peer(row(), &[round(40.0, 0.5), round(30.0, 1.0)]);
        assert_eq!((full.peers["janus"], full.notes.len()), (30.0, 0));
        let disturbed = with_peer(row(), &[round(40.0, 0.5), round(35.0, 0.9)]);
        assert_eq!(disturbed.peers["janus"], 35.0);
        assert!(disturbed.notes[0].contains("90 %"), "{:?}", disturbed.notes);
    }
}
