//! Sockets for UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;

use socket2::{Domain, Protocol as Ip, Socket, Type};
use tokio::sync::mpsc;

use super::codec::{self, MAX_MESSAGE};
use super::shell::Event;
use super::{Counters, layer};
use crate::sip::port::{Hop, Protocol};

/// Receive buffer of a socket: a second of 1,000 calls. Smaller: bursts are lost and come again half a second later.
const BUFFER: usize = 4 * 1024 * 1024;

/// Binds a socket.
pub(super) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Ip::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    // As far as the system lets us; it is no failure when it gives less.
    let _ = socket.set_recv_buffer_size(BUFFER);
    let _ = socket.set_send_buffer_size(BUFFER);
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// Reads a socket until nobody listens any more. What is malformed is counted and forgotten.
pub(super) async fn read(
    socket: tokio::net::UdpSocket,
    events: mpsc::Sender<Event>,
    counters: Arc<Counters>,
) {
    let mut buffer = vec![0; MAX_MESSAGE + 1];
    loop {
        let (length, address) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            // What the network says about an earlier datagram is no end of the socket.
            Err(error) => {
                tracing::debug!(%error, "reading UDP");
                tokio::task::yield_now().await;
                continue;
            }
        };
        let bytes = &buffer[..length];
        if bytes == b"\r\n\r\n" {
            let _ = socket.try_send_to(b"\r\n", address);
        }
        if bytes.iter().all(u8::is_ascii_whitespace) || bytes == [0] {
            continue;
        }
        let Ok(message) = codec::read(bytes) else {
            counters.malformed();
            continue;
        };
        let from = Hop { protocol: Protocol::Udp, address };
        // When all is full, the datagram is lost like others, and comes again.
        match events.try_send(Event::Layer(layer::Input::Received(from, message))) {
            Err(mpsc::error::TrySendError::Closed(_)) => return,
            Err(mpsc::error::TrySendError::Full(_)) => counters.overload(),
            Ok(()) => {}
        }
    }
}
