//! The server under test: an engine of one worker that takes offers line by line.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::channel;

use media::control::{ClientOffer, RoomCommand, SendSection};
use media::ids::{PeerId, RoomId, Source};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::client::Server;

/// One request line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) room: u128,
    pub(super) peer: u128,
    pub(super) sdp: String,
    pub(super) sends: Vec<(String, Source)>,
}

/// Runs until the input ends. Each request is answered with the answer as a JSON string on one line.
///
/// # Errors
/// The engine's and those of input and output; a request that is refused.
pub fn serve() -> io::Result<()> {
    let server = Server::start(1)?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let (room, peer) = (RoomId(Uuid::from_u128(request.room)), PeerId(Uuid::from_u128(request.peer)));
        server.engine.open_room(room).map_err(io::Error::other)?;
        let (sender, answer) = channel();
        let sends = request.sends.into_iter().map(|(mid, source)| SendSection { mid, source }).collect();
        let answered = Box::new(move |result| {
            // The receiver waits below.
            let _ = sender.send(result);
        });
        let offer = ClientOffer { sdp: request.sdp, sends };
        server.command(room, RoomCommand::Offer { peer, offer, answer: answered });
        let text = answer.recv().map_err(io::Error::other)?.map_err(io::Error::other)?;
        server.command(room, RoomCommand::SetOpen { peer, open: true });
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &text)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}
