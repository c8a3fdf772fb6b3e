//! A worker's thread: wait, receive, let the core decide, send.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::config::EngineConfig;
use super::core::{Core, Limits};
use super::counters::Shared;
use super::egress::Train;
use super::engine::Message;
use super::interfaces;
use super::sys::{self, Doorbell, Inbox, Outbox, Outgoing};
use crate::control::EventFn;
use crate::transport::TransportConfig;

/// Socket buffers that are asked for. Smaller: a burst of a large room overruns them. Larger: packets queue instead of being
/// dropped, and arrive late. The kernel gives what it allows.
const SOCKET_BUFFER: i32 = 4 << 20;
/// Longest wait; nothing needs it, but a lost wake-up would not last.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Commands carried out per wake-up. An offer takes 0.1 ms; more of them would hold up the packets of running calls.
const COMMANDS: usize = 8;

/// What all workers share.
pub(super) struct Setup {
    ipv6: bool,
    announced: Vec<IpAddr>,
    transport: Arc<TransportConfig>,
}

impl Setup {
    pub(super) fn new(config: &EngineConfig) -> io::Result<Setup> {
        let ipv6 = config.ipv6 && bind(0, true).is_ok();
        let transport = TransportConfig::new().map_err(io::Error::other)?;
        Ok(Setup { ipv6, announced: interfaces::announced(config, ipv6)?, transport })
    }
}

/// How a worker is reached from outside its thread.
pub(super) struct Links {
    pub(super) queue: Receiver<Message>,
    pub(super) doorbell: Arc<Doorbell>,
    pub(super) shared: Arc<Shared>,
    pub(super) events: EventFn,
}

/// One worker, before and while its thread runs.
pub(super) struct Shell {
    socket: Socket,
    links: Links,
    core: Core,
    inbox: Inbox,
    outbox: Outbox,
}

impl Shell {
    pub(super) fn new(index: usize, config: &EngineConfig, setup: &Setup, links: Links) -> io::Result<Shell> {
        let port = match config.port {
            0 => 0,
            first => u16::try_from(usize::from(first) + index).map_err(io::Error::other)?,
        };
        let socket = bind(port, setup.ipv6)?;
        let port = socket.local_addr()?.as_socket().map_or(0, |address| address.port());
        let candidates = setup.announced.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        let limits = Limits { rooms: config.max_rooms, peers: config.max_peers };
        let core = Core::new(clock(), setup.transport.clone(), candidates, limits, seed()?);
        Ok(Shell { socket, links, core, inbox: Inbox::new(), outbox: Outbox::new(setup.ipv6) })
    }

    /// What answers announce.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.core.candidates
    }

    /// Runs until the doorbell says stop.
    pub(super) fn run(mut self) {
        while !self.links.doorbell.stopped() {
            if let Err(error) = self.wake_up() {
                tracing::error!(%error, "media worker cannot go on");
                break;
            }
        }
        self.core.close_all(clock());
        self.finish();
    }

    /// One round. A full batch means that more may be there, so the next round begins without a wait.
    fn wake_up(&mut self) -> io::Result<()> {
        let now = clock();
        let mut commands = 0;
        for message in self.links.queue.try_iter().take(COMMANDS) {
            commands += 1;
            match message {
                Message::Open(room) => self.core.open_room(room),
                Message::Room(room, command) => self.core.command(now, room, command),
            }
        }
        let received = self.receive(now);
        self.core.expire(now);
        self.finish();
        if received == sys::BATCH || commands == COMMANDS {
            return Ok(());
        }
        let timeout = match self.core.deadline() {
            Some(at) => at.saturating_duration_since(clock()).min(MAX_WAIT),
            None => MAX_WAIT,
        };
        if sys::wait(self.socket.as_fd(), &self.links.doorbell, timeout)? {
            self.links.doorbell.clear();
        }
        Ok(())
    }

    /// Takes what has arrived; returns the number of messages.
    fn receive(&mut self, now: Instant) -> usize {
        let received = match self.inbox.receive(self.socket.as_fd()) {
            Ok(received) => received,
            // Nothing there, or an ICMP error about something sent before.
            Err(_) => return 0,
        };
        let Shell { socket, core, inbox, outbox, .. } = self;
        for i in 0..received {
            let Some(message) = inbox.message(i) else { continue };
            let mut run = core.message(now, message.from, message.to, message.segment, message.bytes);
            while core.fan_out(now, &mut run) {
                flush(socket, core, outbox);
            }
            if core.egress.is_high() {
                flush(socket, core, outbox);
            }
        }
        received
    }

    /// Sends, and tells what happened.
    fn finish(&mut self) {
        flush(&self.socket, &mut self.core, &mut self.outbox);
        for event in self.core.events.drain(..) {
            (self.links.events)(event);
        }
        self.links.shared.publish(self.core.counters());
    }
}

/// Sends the trains.
fn flush(socket: &Socket, core: &mut Core, outbox: &mut Outbox) {
    let (mut trains, counters) = (core.egress.trains(), &mut core.counters);
    while !trains.is_empty() {
        let sent = outbox.send(socket.as_fd(), trains.iter().map(outgoing));
        let taken = match sent {
            Ok(taken) => taken.min(trains.len()),
            Err(error) => {
                tracing::debug!(%error, "datagrams not sent");
                0
            }
        };
        for train in &trains[..taken] {
            counters.trains_out += 1;
            counters.datagrams_out += u64::from(train.datagrams);
            counters.bytes_out += train.bytes().len() as u64;
        }
        trains = &trains[taken..];
        // The error is that of the first train; the others may have a way.
        if let Some((first, rest)) = trains.split_first().filter(|_| taken == 0) {
            counters.dropped_send += u64::from(first.datagrams);
            trains = rest;
        }
    }
    core.egress.clear();
}

fn outgoing(train: &Train) -> Outgoing<'_> {
    Outgoing { to: train.path.remote, from: train.path.local, segment: train.segment, bytes: train.bytes() }
}

/// A socket on all addresses; with IPv6 it serves both families.
fn bind(port: u16, ipv6: bool) -> io::Result<Socket> {
    let (domain, any) = match ipv6 {
        true => (Domain::IPV6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        false => (Domain::IPV4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if ipv6 {
        socket.set_only_v6(false)?;
    }
    socket.set_nonblocking(true)?;
    sys::set_buffers(socket.as_fd(), SOCKET_BUFFER)?;
    sys::prepare(socket.as_fd(), ipv6)?;
    socket.bind(&SocketAddr::new(any, port).into())?;
    Ok(socket)
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn clock() -> Instant {
    Instant::now()
}

fn seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| io::Error::other("no entropy"))?;
    Ok(u64::from_ne_bytes(bytes))
}
