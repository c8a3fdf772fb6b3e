//! What the load thread does: pacing, draining sockets, socket options.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Room for what UDP GRO joins.
const LARGEST: usize = 65_536;

/// Lets the kernel cut every longer send into datagrams of this size.
pub(in crate::bench) fn send_in_segments(socket: &UdpSocket, size: usize) -> io::Result<()> {
    set_udp_option(socket, libc::UDP_SEGMENT, i32::try_from(size).map_err(io::Error::other)?)
}

/// Lets one read return several datagrams of equal size: a cheap way to drain a socket.
pub(in crate::bench) fn receive_joined(socket: &UdpSocket) -> io::Result<()> {
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

/// Media that was read from a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::bench) struct Drained {
    /// Reads: the packets, where the kernel joins none.
    pub(in crate::bench) reads: usize,
    /// Bytes of the packets.
    pub(in crate::bench) bytes: usize,
}

/// Reads all that waits on a socket.
pub(in crate::bench) fn drain(socket: &UdpSocket) -> Drained {
    let mut buffer = [0; LARGEST];
    let mut drained = Drained::default();
    while let Ok(len) = socket.recv(&mut buffer) {
        // RTP, not RTCP (RFC 5761), STUN or DTLS.
        if matches!(buffer[..len], [128..=191, second, ..] if !(192..=223).contains(&second)) {
            drained.reads += 1;
            drained.bytes += len;
        }
    }
    drained
}

/// Calls `step` at even times until `duration` has passed; steps that are late follow at once. `idle` is told the time that
/// is left until the next step.
pub(in crate::bench) fn paced(
    duration: Duration,
    interval: Duration,
    mut step: impl FnMut(Instant, u32) -> io::Result<()>,
    mut idle: impl FnMut(Duration),
) -> io::Result<()> {
    let start = now();
    for n in 0.. {
        let due = start + interval * n;
        if due > start + duration {
            break;
        }
        while let Some(left) = due.checked_duration_since(now()).filter(|left| !left.is_zero()) {
            idle(left);
        }
        step(now(), n)?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a load generator reads the clock")]
pub(in crate::bench) fn now() -> Instant {
    Instant::now()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a load generator keeps a pace and leaves the core to what it measures"
)]
pub(in crate::bench) fn pause(duration: Duration) {
    std::thread::sleep(duration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_media_is_counted() {
        let to = UdpSocket::bind("127.0.0.1:0").unwrap();
        to.set_nonblocking(true).unwrap();
        let from = UdpSocket::bind("127.0.0.1:0").unwrap();
        from.connect(to.local_addr().unwrap()).unwrap();
        for packet in
            [&[0x80, 96, 0, 1][..], &[0x90, 0x80 | 96, 0, 2], &[0x80, 200, 0, 6], &[0, 1, 0, 0], &[22]]
        {
            from.send(packet).unwrap();
        }
        crate::client::wait(&to, Duration::from_secs(5)).unwrap();
        assert_eq!(drain(&to), Drained { reads: 2, bytes: 8 });
        assert_eq!(drain(&to), Drained::default());
    }
}
