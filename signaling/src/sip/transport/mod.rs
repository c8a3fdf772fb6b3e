//! Sockets and transactions: the port of [`crate::sip::port`] over UDP, TCP and TLS.
//!
//! Of the library only the parser is used. Its sockets log whole messages, with what people dial and sign with in them,
//! accept without bound and without client certificates, and its TLS would bring a second provider of cryptography; why
//! its transactions do not fit says `layer`. So these are ours: `codec` and `frame` read and write, `layer` keeps the
//! transactions without I/O, `locate` finds where a target leads, `udp`, `streams` and `stream` are the sockets, `tls` the
//! certificates, and `shell` is the task that ties them.

mod codec;
mod frame;
#[doc(hidden)]
pub mod fuzz;
mod layer;
mod locate;
mod shell;
mod stream;
mod streams;
#[cfg(test)]
mod tests;
mod tls;
mod udp;
mod via;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

use super::config::SipConfig;
use super::port::{Failure, Hop, Protocol, SipInput, SipOutput, SipTransport, Target};
use layer::Layer;
use locate::{Direction, Facing, direction};
use shell::{Event, Shell};
use streams::{Arrived, Streams};
use tls::Tls;

/// Most wishes of the cores, and events of the sockets, that wait for the task.
const QUEUE: usize = 16_384;
/// Connections that wait to be accepted, per socket.
const BACKLOG: i32 = 1_024;
/// Shortest silence after which a connection is closed; a telephone that registered for longer may be silent as long.
const IDLE: Duration = Duration::from_secs(600);

/// Where what happens is told; called by the task of the transport, must not wait.
pub type ToCore = Arc<dyn Fn(SipInput) + Send + Sync>;

/// The transport, running. Dropped, it ends; [`Transport::close`] also waits for the end.
pub struct Transport {
    wishes: mpsc::Sender<SipOutput>,
    facing: Arc<Facing>,
    counters: Arc<Counters>,
    to_core: ToCore,
    task: JoinHandle<()>,
}

/// What has happened since the start, and what there is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were none, and were met with silence.
    pub malformed: u64,
    /// Connections that were refused: no room, or a broken handshake.
    pub refused: u64,
    /// Messages for which there was no room.
    pub overload: u64,
    /// Transactions of ours that are remembered.
    pub clients: usize,
    /// Transactions of others that are remembered.
    pub servers: usize,
}

#[derive(Debug, Default)]
struct Counters {
    malformed: AtomicU64,
    refused: AtomicU64,
    overload: AtomicU64,
    clients: AtomicUsize,
    servers: AtomicUsize,
}

impl Counters {
    fn malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    fn refuse(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    fn overload(&self) {
        self.overload.fetch_add(1, Ordering::Relaxed);
    }

    fn set_transactions(&self, (clients, servers): (usize, usize)) {
        self.clients.store(clients, Ordering::Relaxed);
        self.servers.store(servers, Ordering::Relaxed);
    }
}

impl Transport {
    /// Listens and begins; what happens is told to `to_core`. Must be called within a tokio runtime with timers and I/O.
    ///
    /// # Errors
    /// When an address cannot be listened on, or a certificate cannot be read.
    pub fn start(config: &SipConfig, to_core: ToCore) -> io::Result<Transport> {
        let (wishes, wished) = mpsc::channel(QUEUE);
        let (events, happened) = mpsc::channel(QUEUE);
        let counters = Arc::new(Counters::default());
        let tls = config.tls.as_ref().map(Tls::load).transpose()?.map(Arc::new);
        let mut tasks = JoinSet::new();
        let mut facing = Facing { announced: config.announced, ..Facing::default() };
        let mut sockets = Vec::new();
        for address in &config.listen {
            let socket = udp::bind(*address)?;
            // With port 0 TCP takes the port that UDP has got.
            let address = socket.local_addr()?;
            facing.udp.push(address);
            let reader = tokio::net::UdpSocket::from_std(socket.try_clone()?)?;
            sockets.push(socket);
            tasks.spawn(udp::read(reader, events.clone(), counters.clone()));
            facing.tcp.push(listen(address, Protocol::Tcp, &events, &mut tasks)?);
        }
        if !config.listen_tls.is_empty() && tls.is_none() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "TLS is to be listened on without a certificate",
            ));
        }
        for address in &config.listen_tls {
            facing.tls.push(listen(*address, Protocol::Tls, &events, &mut tasks)?);
        }
        let facing = Arc::new(facing);
        let idle = IDLE.max(config.register_expires.1 + Duration::from_secs(60));
        let own = facing.clone();
        let shell = Shell {
            layer: Layer::new(seed()?, Box::new(move |hop| own.own(hop))),
            facing: facing.clone(),
            sockets,
            streams: Streams::new(events.clone(), counters.clone(), tls, idle),
            events,
            counters: counters.clone(),
            to_core: to_core.clone(),
            tasks,
        };
        let task = tokio::spawn(shell.run(wished, happened));
        Ok(Transport { wishes, facing, counters, to_core, task })
    }

    /// Where it listens.
    pub fn listening(&self) -> Vec<Hop> {
        let all = [
            (Protocol::Udp, &self.facing.udp),
            (Protocol::Tcp, &self.facing.tcp),
            (Protocol::Tls, &self.facing.tls),
        ];
        let hops = all
            .into_iter()
            .flat_map(|(protocol, own)| own.iter().map(move |address| Hop { protocol, address: *address }));
        hops.collect()
    }

    /// What has happened, and what there is.
    pub fn counts(&self) -> Counts {
        Counts {
            malformed: self.counters.malformed.load(Ordering::Relaxed),
            refused: self.counters.refused.load(Ordering::Relaxed),
            overload: self.counters.overload.load(Ordering::Relaxed),
            clients: self.counters.clients.load(Ordering::Relaxed),
            servers: self.counters.servers.load(Ordering::Relaxed),
        }
    }

    /// Sends what waits, closes everything and waits for it; at most a few seconds.
    pub async fn close(self) {
        let Transport { wishes, task, .. } = self;
        drop(wishes);
        let _ = task.await;
    }
}

impl SipTransport for Transport {
    fn carry_out(&self, output: SipOutput) {
        if let Err(error) = self.wishes.try_send(output) {
            self.counters.overload();
            if let SipOutput::Send { tx, .. } = error.into_inner() {
                (self.to_core)(SipInput::Failed { tx, failure: Failure::Unreachable });
            }
        }
    }

    fn contact(&self, target: &Target) -> SocketAddr {
        let own = match direction(target) {
            Direction::Known(place) => self.facing.own(place.hop),
            Direction::Named(protocol, host, port) => self.facing.own_for_name(protocol, &host, port),
            Direction::Nowhere => self.facing.own_for_name(Protocol::Udp, "", 0),
        };
        own.address
    }
}

/// Listens for connections; the address listened on.
fn listen(
    address: SocketAddr,
    protocol: Protocol,
    events: &mpsc::Sender<Event>,
    tasks: &mut JoinSet<()>,
) -> io::Result<SocketAddr> {
    let domain = if address.is_ipv4() { socket2::Domain::IPV4 } else { socket2::Domain::IPV6 };
    let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from_std(socket.into())?;
    let address = listener.local_addr()?;
    let events = events.clone();
    tasks.spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, address)) => {
                    if events.send(Event::Arrived(Arrived { stream, protocol, address })).await.is_err() {
                        return;
                    }
                }
                // Out of descriptors or memory: whoever is waiting is accepted when there is room again.
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    pause().await;
                }
            }
        }
    });
    Ok(address)
}

#[expect(clippy::disallowed_methods, reason = "nothing tells when there are descriptors again")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    aws_lc_rs::rand::fill(&mut seed).map_err(|_| io::Error::other("no random numbers"))?;
    Ok(seed)
}
