//! Connections over TCP and TLS: found by the address at their other end, opened when there is none.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Counters;
use super::layer::{Input, Transmit};
use super::shell::Event;
use super::stream::{self, Keep};
use super::tls::Tls;
use crate::sip::port::{Hop, Protocol};

/// Most connections at once.
const MAX_STREAMS: usize = 16_384;
/// Most of one address that connect to us; more than a house behind one address needs.
const MAX_PER_ADDRESS: usize = 1_024;
/// Most messages that wait for one connection.
const MAX_QUEUE: usize = 1_024;
/// Longest that a connection is opened, its TLS included; a trunk is passed by within four seconds.
const CONNECT: Duration = Duration::from_secs(3);
/// The same when the message can go by UDP instead.
const CONNECT_IN_HURRY: Duration = Duration::from_secs(1);
/// Silence after which the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
/// Longest that our last messages take when all ends.
const FLUSH: Duration = Duration::from_secs(2);

/// A connection that was made to us.
pub(super) struct Arrived {
    /// The socket.
    pub(super) stream: TcpStream,
    /// TCP, or TLS that is still to be shaken hands over.
    pub(super) protocol: Protocol,
    /// Who.
    pub(super) address: SocketAddr,
}

/// A message on its way into a connection.
pub(super) struct Packet {
    /// The message.
    pub(super) bytes: Bytes,
    /// Whom it is about if it cannot be sent.
    pub(super) of: Option<u64>,
}

struct Stream {
    number: u64,
    queue: mpsc::Sender<Packet>,
    /// The name that its certificate was checked for; none for one that was made to us.
    name: Option<String>,
    arrived: bool,
}

/// All connections.
pub(super) struct Streams {
    open: HashMap<Hop, Stream>,
    hops: HashMap<u64, Hop>,
    per_address: HashMap<IpAddr, usize>,
    last: u64,
    tasks: JoinSet<()>,
    events: mpsc::Sender<Event>,
    counters: Arc<Counters>,
    tls: Option<Arc<Tls>>,
    /// Longest that a connection may be silent.
    idle: Duration,
}

impl Streams {
    pub(super) fn new(
        events: mpsc::Sender<Event>,
        counters: Arc<Counters>,
        tls: Option<Arc<Tls>>,
        idle: Duration,
    ) -> Streams {
        Streams {
            open: HashMap::new(),
            hops: HashMap::new(),
            per_address: HashMap::new(),
            last: 0,
            tasks: JoinSet::new(),
            events,
            counters,
            tls,
            idle,
        }
    }

    /// Takes a connection that was made to us, if there is room.
    pub(super) fn accept(&mut self, arrived: Arrived) {
        let Arrived { stream, protocol, address } = arrived;
        self.reap();
        let of_address = self.per_address.get(&address.ip()).copied().unwrap_or_default();
        if self.open.len() >= MAX_STREAMS || of_address >= MAX_PER_ADDRESS {
            return self.counters.refuse();
        }
        tune(&stream);
        let hop = Hop { protocol, address };
        let (keep, packets) = self.register(hop, None, true);
        let tls = self.tls.clone();
        self.tasks.spawn(async move {
            match (protocol, tls) {
                (Protocol::Tls, Some(tls)) => match tokio::time::timeout(CONNECT, tls.accept(stream)).await {
                    Ok(Ok(stream)) => stream::run(stream, keep, packets).await,
                    _ => keep.refuse(packets).await,
                },
                _ => stream::run(stream, keep, packets).await,
            }
        });
    }

    /// Sends over the connection to a place, opened if there is none. `false`: not possible.
    pub(super) fn send(&mut self, transmit: Transmit) -> bool {
        let Transmit { place, otherwise, bytes, of, hurry } = transmit;
        let packet = Packet { bytes, of };
        let usable = |stream: &&Stream| place.name.is_none() || stream.arrived || stream.name == place.name;
        if let Some(stream) = self.open.get(&place.hop).filter(usable) {
            return stream.queue.try_send(packet).is_ok();
        }
        let hop = Hop { address: otherwise.unwrap_or(place.hop.address), ..place.hop };
        if let Some(stream) = self.open.get(&hop).filter(|_| otherwise.is_some()) {
            return stream.queue.try_send(packet).is_ok();
        }
        self.reap();
        if self.open.len() >= MAX_STREAMS || (hop.protocol == Protocol::Tls && self.tls.is_none()) {
            return false;
        }
        let name = place.name.unwrap_or_else(|| hop.address.ip().to_string());
        let (keep, packets) = self.register(hop, Some(name.clone()), false);
        let queued = self.open.get(&hop).is_some_and(|stream| stream.queue.try_send(packet).is_ok());
        let tls = self.tls.clone();
        let patience = if hurry { CONNECT_IN_HURRY } else { CONNECT };
        self.tasks.spawn(async move {
            let began = tokio::time::timeout(patience, async {
                let stream = TcpStream::connect(hop.address).await?;
                tune(&stream);
                match (hop.protocol, tls) {
                    (Protocol::Tls, Some(tls)) => {
                        Ok(Either::Tls(Box::new(tls.connect(&name, stream).await?)))
                    }
                    _ => Ok::<_, std::io::Error>(Either::Plain(stream)),
                }
            });
            match began.await {
                Ok(Ok(Either::Plain(stream))) => stream::run(stream, keep, packets).await,
                Ok(Ok(Either::Tls(stream))) => stream::run(*stream, keep, packets).await,
                Ok(Err(error)) => {
                    tracing::info!(to = %hop.address, protocol = ?hop.protocol, %error, "no connection");
                    keep.refuse(packets).await;
                }
                Err(_) => {
                    tracing::info!(to = %hop.address, protocol = ?hop.protocol, "no connection in time");
                    keep.refuse(packets).await;
                }
            }
        });
        queued
    }

    fn register(&mut self, hop: Hop, name: Option<String>, arrived: bool) -> (Keep, mpsc::Receiver<Packet>) {
        self.last += 1;
        let (queue, packets) = mpsc::channel(MAX_QUEUE);
        let stream = Stream { number: self.last, queue, name, arrived };
        // One that this one takes the place of ends when what waits for it is written.
        if let Some(old) = self.open.insert(hop, stream) {
            self.hops.remove(&old.number);
            self.leave(hop, old.arrived);
        }
        self.hops.insert(self.last, hop);
        if arrived {
            *self.per_address.entry(hop.address.ip()).or_default() += 1;
        }
        let keep = Keep {
            number: self.last,
            hop,
            arrived,
            events: self.events.clone(),
            counters: self.counters.clone(),
            idle: self.idle,
        };
        (keep, packets)
    }

    fn leave(&mut self, hop: Hop, arrived: bool) {
        if !arrived {
            return;
        }
        if let Some(count) = self.per_address.get_mut(&hop.address.ip()) {
            *count -= 1;
            if *count == 0 {
                self.per_address.remove(&hop.address.ip());
            }
        }
    }

    /// A connection has closed; its hop, unless another has taken its place.
    pub(super) fn forget(&mut self, number: u64) -> Option<Hop> {
        let hop = self.hops.remove(&number)?;
        let stream = self.open.remove(&hop)?;
        self.leave(hop, stream.arrived);
        self.reap();
        Some(hop)
    }

    fn reap(&mut self) {
        while self.tasks.try_join_next().is_some() {}
    }

    /// Writes what waits, and closes all.
    pub(super) async fn close(mut self) {
        self.open.clear();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(FLUSH, all).await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

enum Either {
    Plain(TcpStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

/// Small messages go at once, and whoever is gone without a word is noticed.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let keepalive =
        socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4).with_retries(4);
    let _ = socket2::SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

impl Keep {
    /// The connection did not come about: all that waits for it is unsent.
    pub(super) async fn refuse(self, mut packets: mpsc::Receiver<Packet>) {
        if self.arrived {
            self.counters.refuse();
        }
        // First forgotten, so that nothing else is put into its queue.
        let _ = self.events.send(Event::Closed(self.number)).await;
        packets.close();
        let mut unsent = VecDeque::new();
        while let Some(packet) = packets.recv().await {
            unsent.extend(packet.of);
        }
        for number in unsent {
            let _ = self.events.send(Event::Layer(Input::Unsent(number, self.hop.protocol))).await;
        }
    }
}
