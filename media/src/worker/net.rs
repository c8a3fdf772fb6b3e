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
use super::engine::{Mailbox, Message, Moving};
use super::interfaces;
use super::lines::Lines;
use super::phone::Arrival;
use super::poller::Poller;
use super::sys::{self, Doorbell, Inbox, Outbox, Outgoing};
use crate::control::{EventFn, MediaError, OpenedFn, PhoneCommand, RoomCommand};
use crate::ids::{PeerId, RoomId};
use crate::transport::TransportConfig;

/// Socket buffers that are asked for. Smaller: a burst of a large room overruns them. Larger: packets queue instead of being
/// dropped, and arrive late. The kernel gives what it allows.
const SOCKET_BUFFER: i32 = 4 << 20;
/// Longest wait; nothing needs it, but a lost wake-up would not last.
const MAX_WAIT: Duration = Duration::from_secs(1);
/// Commands carried out per wake-up. An offer takes 0.1 ms; more of them would hold up the packets of running calls.
const COMMANDS: usize = 8;
/// How soon a full queue of another worker is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(5);
/// What the poller calls the worker's own socket and its doorbell; telephones' sockets have smaller tokens.
const SOCKET: u64 = u64::MAX;
const DOORBELL: u64 = u64::MAX - 1;

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
    poller: Poller,
    lines: Lines,
    /// The worker's own socket may have something.
    readable: bool,
    /// Telephones for another worker whose queue is full.
    departing: Vec<(Mailbox, Message)>,
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
        let seed = seed()?;
        let core = Core::new(clock(), setup.transport.clone(), candidates, limits, seed);
        let poller = Poller::new()?;
        poller.add(socket.as_fd(), SOCKET)?;
        poller.add(links.doorbell.event(), DOORBELL)?;
        let (inbox, outbox) = (Inbox::new(), Outbox::new(setup.ipv6));
        let lines = Lines::new(config.phone_ports, seed as u32);
        let (readable, departing) = (true, Vec::new());
        Ok(Shell { socket, links, core, inbox, outbox, poller, lines, readable, departing })
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
        self.depart_again();
        let mut commands = 0;
        while commands < COMMANDS
            && let Ok(message) = self.links.queue.try_recv()
        {
            commands += 1;
            self.message(now, message);
        }
        let received = if self.readable { self.receive(now) } else { 0 };
        self.receive_from_phones(now);
        self.core.expire(now);
        self.finish();
        let busy = received == sys::BATCH || commands == COMMANDS;
        self.readable = busy;
        let timeout = match self.core.deadline() {
            _ if busy => Duration::ZERO,
            _ if !self.departing.is_empty() => TRY_AGAIN,
            Some(at) => at.saturating_duration_since(clock()).min(MAX_WAIT),
            None => MAX_WAIT,
        };
        self.poller.wait(timeout)?;
        if self.poller.ready().any(|token| token == DOORBELL) {
            self.links.doorbell.clear();
        }
        self.readable |= self.poller.ready().any(|token| token == SOCKET);
        Ok(())
    }

    fn message(&mut self, now: Instant, message: Message) {
        match message {
            Message::Open(room) => self.core.open_room(room),
            Message::Room(
                room,
                RoomCommand::Phone { peer, command: PhoneCommand::Open { bind, opened } },
            ) => {
                self.open_phone(now, room, peer, bind, opened);
            }
            Message::Room(room, command) => self.core.command(now, room, command),
            Message::Await { room, peer } => self.core.await_phone(room, peer),
            Message::Depart { room, peer, to, mailbox } => self.depart(now, room, peer, to, mailbox),
            Message::Arrive(moving) => self.arrive(now, *moving),
        }
    }

    fn open_phone(&mut self, now: Instant, room: RoomId, peer: PeerId, bind: IpAddr, opened: OpenedFn) {
        let port = match self.core.phone_port(room, peer) {
            Ok(None) => self.lines.bind(bind).and_then(|pair| {
                let port = pair.port;
                let line = self.core.open_phone(now, room, peer, port);
                let watched = self.lines.insert(line, pair, &self.poller);
                watched.map(|()| port).map_err(|error| {
                    tracing::error!(%error, "a telephone's sockets cannot be watched");
                    self.core.command(now, room, RoomCommand::Leave { peer });
                    MediaError::Full
                })
            }),
            Ok(Some(port)) => Ok(port),
            Err(error) => Err(error),
        };
        opened(port);
    }

    /// Sends a telephone to another worker.
    fn depart(&mut self, now: Instant, room: RoomId, peer: PeerId, to: (RoomId, PeerId), mailbox: Mailbox) {
        // What it still has to say here must be said before its sockets go.
        self.lines.flush(&mut self.core);
        let phone = self.core.take_phone(now, room, peer);
        let pair = phone.as_ref().and_then(|phone| {
            self.core.release_line(phone.line);
            self.lines.remove(phone.line, &self.poller)
        });
        let arrival = Arrival { room: to.0, peer: to.1, phone };
        self.departing.push((mailbox, Message::Arrive(Box::new(Moving { arrival, pair }))));
        self.depart_again();
    }

    /// Tries to give other workers the telephones that are for them.
    fn depart_again(&mut self) {
        for (mailbox, message) in std::mem::take(&mut self.departing) {
            if let Some(message) = mailbox.give(message) {
                self.departing.push((mailbox, message));
            }
        }
    }

    fn arrive(&mut self, now: Instant, moving: Moving) {
        let Moving { arrival, pair } = moving;
        let (room, peer) = (arrival.room, arrival.peer);
        let Some((line, pair)) = self.core.arrive(now, arrival).zip(pair) else { return };
        if let Err(error) = self.lines.insert(line, pair, &self.poller) {
            tracing::error!(%error, "a telephone's sockets cannot be watched");
            self.core.command(now, room, RoomCommand::Leave { peer });
        }
    }

    /// Takes what has arrived from telephones.
    fn receive_from_phones(&mut self, now: Instant) {
        let Shell { core, lines, poller, socket, outbox, .. } = self;
        for token in poller.ready().filter(|token| *token < DOORBELL) {
            lines.receive(token, |line, channel, message| {
                core.phone_datagram(now, line, channel, message.from, message.bytes);
            });
            if core.egress.is_high() {
                flush(socket, core, outbox);
            }
        }
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
        if !self.core.egress.phones.is_empty() {
            self.lines.flush(&mut self.core);
        }
        for line in self.core.phones.closed.drain(..) {
            self.lines.remove(line, &self.poller);
        }
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
