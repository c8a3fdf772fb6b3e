//! A worker's thread: wait, receive, let the core decide, send.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use std::os::fd::AsFd;

use super::config::EngineConfig;
use super::counters::{Counters, Shared};
use super::engine::Message;
use super::interfaces;
use super::sys::{self, Doorbell};
use crate::control::{EventFn, MediaError, RoomCommand};

/// Socket buffers that are asked for. Smaller: a burst of a large room overruns them. Larger: packets queue instead of being
/// dropped, and arrive late. The kernel gives what it allows.
const SOCKET_BUFFER: usize = 4 << 20;

/// What all workers share.
pub(super) struct Setup {
    ipv6: bool,
    announced: Vec<IpAddr>,
}

impl Setup {
    pub(super) fn new(config: &EngineConfig) -> io::Result<Setup> {
        let ipv6 = config.ipv6 && Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).is_ok();
        Ok(Setup { ipv6, announced: interfaces::announced(config, ipv6)? })
    }
}

/// One worker, before and while its thread runs.
pub(super) struct Shell {
    socket: Socket,
    addresses: Vec<SocketAddr>,
    inbox: Receiver<Message>,
    doorbell: Arc<Doorbell>,
    shared: Arc<Shared>,
    counters: Counters,
    _events: EventFn,
}

impl Shell {
    pub(super) fn new(
        index: usize,
        config: &EngineConfig,
        setup: &Setup,
        inbox: Receiver<Message>,
        doorbell: Arc<Doorbell>,
        shared: Arc<Shared>,
        events: EventFn,
    ) -> io::Result<Shell> {
        let port = match config.port {
            0 => 0,
            first => u16::try_from(usize::from(first) + index).map_err(io::Error::other)?,
        };
        let socket = bind(port, setup.ipv6)?;
        let port = socket.local_addr()?.as_socket().map_or(0, |address| address.port());
        let addresses = setup.announced.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        Ok(Shell {
            socket,
            addresses,
            inbox,
            doorbell,
            shared,
            counters: Counters::default(),
            _events: events,
        })
    }

    /// What answers announce.
    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Runs until the doorbell says stop.
    pub(super) fn run(mut self) {
        while !self.doorbell.stopped() {
            match sys::wait(self.socket.as_fd(), &self.doorbell, Duration::from_secs(1)) {
                Ok(true) => self.doorbell.clear(),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "media worker cannot wait");
                    return;
                }
            }
            while let Ok(message) = self.inbox.try_recv() {
                self.command(message);
            }
            self.shared.publish(&self.counters);
        }
    }

    fn command(&mut self, message: Message) {
        match message {
            Message::Open(_) => self.counters.rooms += 1,
            Message::Room(_, RoomCommand::Close) => self.counters.rooms -= 1,
            Message::Room(_, RoomCommand::Offer { answer, .. }) => answer(Err(MediaError::Unavailable)),
            Message::Room(..) => {}
        }
    }
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
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    sys::prepare(socket.as_fd(), ipv6)?;
    socket.bind(&SocketAddr::new(any, port).into())?;
    Ok(socket)
}
