//! Waits for many sockets at once (epoll). What is ready costs, not what is open.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::time::Duration;

use libc::{c_int, epoll_event};

use super::sys::check;

/// Most descriptors that one wait tells of; others follow in the next.
const EVENTS: usize = 128;

/// Descriptors, each with a token that says whose it is.
pub(super) struct Poller {
    epoll: OwnedFd,
    events: Box<[epoll_event]>,
    ready: usize,
}

impl Poller {
    pub(super) fn new() -> io::Result<Poller> {
        // SAFETY: no pointers are passed; the result is checked.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the descriptor is open and owned by nobody else.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        Ok(Poller { epoll, events: vec![epoll_event { events: 0, u64: 0 }; EVENTS].into(), ready: 0 })
    }

    /// Watches a descriptor until it is closed or taken away.
    pub(super) fn add(&self, fd: BorrowedFd<'_>, token: u64) -> io::Result<()> {
        let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: token };
        self.control(libc::EPOLL_CTL_ADD, fd, &mut event)
    }

    /// Watches it no more.
    pub(super) fn remove(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, ptr::null_mut())
    }

    fn control(&self, operation: c_int, fd: BorrowedFd<'_>, event: *mut epoll_event) -> io::Result<()> {
        let (epoll, fd) = (self.epoll.as_raw_fd(), fd.as_raw_fd());
        // SAFETY: both descriptors are open, and the event is live or, for a removal, null.
        check(unsafe { libc::epoll_ctl(epoll, operation, fd, event) }).map(drop)
    }

    /// Waits until one is readable or `timeout` passes.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<()> {
        let millis = c_int::try_from(timeout.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX);
        self.ready = 0;
        // SAFETY: the pointer and the count are those of a live array.
        let ready = unsafe {
            libc::epoll_wait(
                self.epoll.as_raw_fd(),
                self.events.as_mut_ptr(),
                self.events.len() as c_int,
                millis,
            )
        };
        match check(ready) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
            Ok(ready) => {
                self.ready = ready as usize;
                Ok(())
            }
        }
    }

    /// Tokens of those that were readable at the last wait.
    pub(super) fn ready(&self) -> impl Iterator<Item = u64> {
        self.events[..self.ready].iter().map(|event| event.u64)
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;

    use super::super::sys::Doorbell;
    use super::*;

    #[test]
    fn the_doorbell_and_sockets_end_a_wait() {
        let (doorbell, mut poller) = (Doorbell::new().unwrap(), Poller::new().unwrap());
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        poller.add(doorbell.event(), 7).unwrap();
        poller.add(socket.as_fd(), u64::MAX).unwrap();
        let mut ready = |timeout| {
            poller.wait(timeout).unwrap();
            let mut ready: Vec<u64> = poller.ready().collect();
            ready.sort_unstable();
            ready
        };
        assert!(ready(Duration::ZERO).is_empty());
        doorbell.ring();
        assert_eq!(ready(Duration::from_secs(60)), [7]);
        socket.send_to(b"x", socket.local_addr().unwrap()).unwrap();
        assert_eq!(ready(Duration::from_secs(60)), [7, u64::MAX]);
        doorbell.clear();
        assert_eq!(ready(Duration::ZERO), [u64::MAX]);
        poller.remove(socket.as_fd()).unwrap();
        poller.wait(Duration::ZERO).unwrap();
        assert_eq!(poller.ready().count(), 0);
        doorbell.stop();
        assert!(doorbell.stopped());
    }
}
