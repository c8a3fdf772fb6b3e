//! The server under test: an engine of one worker that takes offers and telephones line by line.

use std::io::{self, BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::mpsc::channel;

use media::control::{ClientOffer, PhoneCodec, PhoneCommand, PhoneRemote, RoomCommand, SendSection};
use media::ids::{PeerId, RoomId, Source};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::Server;

/// One request line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) room: u128,
    pub(super) peer: u128,
    pub(super) join: Join,
}

/// Who joins.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Join {
    /// A browser; answered with the answer's SDP.
    Client {
        /// Its offer.
        sdp: String,
        /// What its sections send.
        sends: Vec<(String, Source)>,
    },
    /// A telephone that speaks PCMU; answered with the address of its leg.
    Telephone {
        /// Where it takes RTP.
        at: SocketAddr,
    },
}

/// Runs until the input ends. Each request is answered with a JSON string on one line.
///
/// # Errors
/// The engine's and those of input and output; a request that is refused.
pub fn serve() -> io::Result<()> {
    let server = Server::start(1)?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let (room, peer) = (RoomId(Uuid::from_u128(request.room)), PeerId(Uuid::from_u128(request.peer)));
        server.engine.open_room(room).map_err(io::Error::other)?;
        let text = match request.join {
            Join::Client { sdp, sends } => client(&server, room, peer, sdp, sends)?,
            Join::Telephone { at } => telephone(&server, room, peer, at)?,
        };
        server.command(room, RoomCommand::SetOpen { peer, open: true });
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &text)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

fn client(
    server: &Server,
    room: RoomId,
    peer: PeerId,
    sdp: String,
    sends: Vec<(String, Source)>,
) -> io::Result<String> {
    let (sender, answer) = channel();
    let sends = sends.into_iter().map(|(mid, source)| SendSection { mid, source }).collect();
    let answered = Box::new(move |result| {
        // The receiver waits below.
        let _ = sender.send(result);
    });
    let offer = ClientOffer { sdp, sends };
    server.command(room, RoomCommand::Offer { peer, offer, answer: answered });
    answer.recv().map_err(io::Error::other)?.map_err(io::Error::other)
}

fn telephone(server: &Server, room: RoomId, peer: PeerId, at: SocketAddr) -> io::Result<String> {
    let (sender, port) = channel();
    let opened = Box::new(move |result| {
        // The receiver waits below.
        let _ = sender.send(result);
    });
    let bind = Ipv4Addr::LOCALHOST.into();
    server.command(room, RoomCommand::Phone { peer, command: PhoneCommand::Open { bind, opened } });
    let port = port.recv().map_err(io::Error::other)?.map_err(io::Error::other)?;
    let remote = PhoneRemote {
        rtp: at,
        // Nobody listens there: reports would be counted as media nowhere.
        rtcp: SocketAddr::new(at.ip(), 9),
        mux: false,
        latch: false,
        codec: PhoneCodec::Pcmu,
        payload_type: 0,
        payload_type_in: 0,
        ptime: 20,
        events: Some((101, 101)),
        comfort_noise: None,
        send: true,
        receive: true,
        music: false,
        srtp: None,
    };
    server.command(room, RoomCommand::Phone { peer, command: PhoneCommand::Set(Box::new(remote)) });
    Ok(SocketAddr::new(bind, port).to_string())
}
