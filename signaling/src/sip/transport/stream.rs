//! One connection: its reading and its writing half.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use super::Counters;
use super::codec::{self, Malformed};
use super::frame::{Frame, take};
use super::layer::Input;
use super::shell::Event;
use super::streams::Packet;
use crate::sip::port::Hop;

/// Longest until the first message of a connection, and from the beginning of a message to its end: who is slower holds
/// a connection only to have it.
const MESSAGE: Duration = Duration::from_secs(15);
/// Longest that the other side takes nothing of what we write.
const WRITE: Duration = Duration::from_secs(10);
/// How much is read at once.
const READ: usize = 8 * 1024;

/// What a connection needs to be kept.
pub(super) struct Keep {
    pub(super) number: u64,
    pub(super) hop: Hop,
    pub(super) arrived: bool,
    pub(super) events: mpsc::Sender<Event>,
    pub(super) counters: Arc<Counters>,
    pub(super) idle: Duration,
}

/// Runs a connection until one side has enough of it.
pub(super) async fn run<S: AsyncRead + AsyncWrite + Send + 'static>(
    stream: S,
    keep: Keep,
    mut packets: mpsc::Receiver<Packet>,
) {
    let (mut reading, mut writing) = tokio::io::split(stream);
    let (pong, mut pongs) = mpsc::channel(1);
    let (from, events) = (&keep, keep.events.clone());
    tokio::select! {
        () = read(&mut reading, from, &pong) => {}
        () = write(&mut writing, &mut packets, &mut pongs) => {}
    }
    let _ = timeout(WRITE, writing.shutdown()).await;
    drop((reading, writing));
    let _ = events.send(Event::Closed(keep.number)).await;
    packets.close();
    while let Some(packet) = packets.recv().await {
        if let Some(number) = packet.of {
            let _ = events.send(Event::Layer(Input::Unsent(number, keep.hop.protocol))).await;
        }
    }
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    packets: &mut mpsc::Receiver<Packet>,
    pongs: &mut mpsc::Receiver<()>,
) {
    loop {
        let bytes = tokio::select! {
            packet = packets.recv() => match packet {
                Some(packet) => packet.bytes,
                None => return,
            },
            Some(()) = pongs.recv() => bytes::Bytes::from_static(b"\r\n"),
        };
        let written = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        if !matches!(timeout(WRITE, written).await, Ok(Ok(()))) {
            return;
        }
    }
}

async fn read(stream: &mut (impl AsyncRead + Unpin), keep: &Keep, pong: &mpsc::Sender<()>) {
    let mut buffer = BytesMut::with_capacity(READ);
    // Who opened the connection has to say something; who was called may wait for our messages.
    let mut due = now() + if keep.arrived { MESSAGE } else { keep.idle };
    let mut heard = !keep.arrived;
    loop {
        buffer.reserve(READ);
        let began = buffer.len() > 2;
        match timeout_at(due, stream.read_buf(&mut buffer)).await {
            Ok(Ok(1..)) => {}
            _ => return,
        }
        let mut whole = false;
        loop {
            match take(&mut buffer) {
                Ok(Some(Frame::Message(bytes))) => {
                    let Ok(message) = codec::read(&bytes) else { return keep.counters.malformed() };
                    let input = Input::Received(keep.hop, message);
                    if keep.events.send(Event::Layer(input)).await.is_err() {
                        return;
                    }
                    (heard, whole) = (true, true);
                }
                Ok(Some(Frame::Ping)) => {
                    let _ = pong.try_send(());
                }
                Ok(None) => break,
                Err(Malformed) => return keep.counters.malformed(),
            }
        }
        let begins = buffer.len() > 2 && (whole || !began);
        if heard && buffer.len() <= 2 {
            due = now() + keep.idle;
        } else if heard && begins {
            due = now() + MESSAGE;
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the deadlines of a socket")]
fn now() -> Instant {
    Instant::now()
}
