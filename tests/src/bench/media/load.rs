//! What the load thread does: pacing, draining sockets, socket options.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Room for what UDP GRO joins.
const LARGEST: usize = 65_536;

/// Lets the kernel cut every longer send into datagrams of this size.
pub(super) fn send_in_segments(socket: &UdpSocket, size: usize) -> io::Result<()> {
    set_udp_option(socket, libc::UDP_SEGMENT, i32::try_from(size).map_err(io::Error::other)?)
}

/// Lets one read return several datagrams of equal size: a cheap way to drain a socket.
pub(super) fn receive_joined(socket: &UdpSocket) -> io::Result<()> {
    set_udp_option(socket, libc::UDP_GRO, 1)
}

fn set_udp_option(socket: &UdpSocket, name: i32, value: i32) -> io::Result<()> {
    let size = std::mem::size_of::<i32>() as libc::socklen_t;
    // SAFETY: the pointer is to a live integer of the given size.
    let done = unsafe {
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, name, std::ptr::from_ref(&value).cast(), size)
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads all that waits on a socket; returns the bytes of media packets.
pub(super) fn drain(socket: &UdpSocket) -> usize {
    let mut buffer = [0; LARGEST];
    let mut media = 0;
    while let Ok(len) = socket.recv(&mut buffer) {
        let is_media = matches!(buffer[..len], [128..=191, second, ..] if !(192..=223).contains(&second));
        media += if is_media { len } else { 0 };
    }
    media
}

/// Calls `step` at even times until `duration` has passed; steps that are late follow at once.
pub(super) fn paced(
    duration: Duration,
    interval: Duration,
    mut step: impl FnMut(Instant, u32) -> io::Result<()>,
    mut idle: impl FnMut(),
) -> io::Result<()> {
    let start = now();
    for n in 0.. {
        let due = start + interval * n;
        if due > start + duration {
            break;
        }
        while now() < due {
            idle();
        }
        step(now(), n)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a load generator reads the clock")]
pub(super) fn now() -> Instant {
    Instant::now()
}
