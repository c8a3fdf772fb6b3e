//! The system calls of the packet path: batches of datagrams with UDP GSO and GRO, and a wait that a doorbell can end.
//! All unsafe code of this crate is here and in `poller`. Linux only.

use std::fs::File;
use std::io::{self, Read, Write};
use std::mem::{self, MaybeUninit};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use libc::{c_int, c_void, cmsghdr, iovec, mmsghdr, msghdr, sockaddr_storage};

/// Messages of one call. Larger: one more call saved per that many; but the first packet waits for the last.
pub(super) const BATCH: usize = 64;
/// Longest message: what GRO may join.
const MESSAGE: usize = 65_536;
/// Room for the control messages: segment size and local address.
const CONTROL: usize = 128;

/// Wakes a worker that waits, and says when it is to end.
#[derive(Debug)]
pub(super) struct Doorbell {
    event: File,
    stopped: AtomicBool,
}

impl Doorbell {
    pub(super) fn new() -> io::Result<Doorbell> {
        // SAFETY: no pointers are passed; the result is checked.
        let fd = check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })?;
        // SAFETY: the descriptor is open and owned by nobody else.
        let event = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        Ok(Doorbell { event, stopped: AtomicBool::new(false) })
    }

    /// Ends the present or next wait.
    pub(super) fn ring(&self) {
        // It can only fail with a full counter, and then the wait ends all the same.
        let _ = (&self.event).write(&1u64.to_ne_bytes());
    }

    /// Rings, and tells the worker to end.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.ring();
    }

    pub(super) fn event(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }

    pub(super) fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// Makes it silent again.
    pub(super) fn clear(&self) {
        let _ = (&self.event).read(&mut [0; 8]);
    }
}

/// Switches on what the packet path needs: GRO, and the local address of received datagrams.
pub(super) fn prepare(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    let (level, name) = match ipv6 {
        true => (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO),
        false => (libc::IPPROTO_IP, libc::IP_PKTINFO),
    };
    set_option(socket, level, name, 1)?;
    // Without GRO the path works, one datagram per message.
    if let Err(error) = set_option(socket, libc::SOL_UDP, libc::UDP_GRO, 1) {
        tracing::info!(%error, "no UDP GRO");
    }
    Ok(())
}

/// Asks for socket buffers of `bytes`: beyond the system's bound where the process may, else up to it.
pub(super) fn set_buffers(socket: BorrowedFd<'_>, bytes: c_int) -> io::Result<()> {
    let pairs = [(libc::SO_RCVBUFFORCE, libc::SO_RCVBUF), (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF)];
    for (force, plain) in pairs {
        if set_option(socket, libc::SOL_SOCKET, force, bytes).is_err() {
            set_option(socket, libc::SOL_SOCKET, plain, bytes)?;
        }
    }
    Ok(())
}

fn set_option(socket: BorrowedFd<'_>, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    let len = mem::size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the pointer is to a live integer of the given length.
    let done = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, ptr::from_ref(&value).cast::<c_void>(), len)
    };
    check(done).map(drop)
}

/// Control messages are aligned like their header.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Control([u8; CONTROL]);

/// The arrays that the kernel reads and fills. They point at each other and at boxed memory, so moving the struct is harmless.
struct Headers {
    messages: Box<[mmsghdr]>,
    vectors: Box<[iovec]>,
    names: Box<[sockaddr_storage]>,
    controls: Box<[Control]>,
}

// SAFETY: the pointers are only used within a call, and `aim` has set them to boxed memory of their owner.
unsafe impl Send for Headers {}

impl Headers {
    fn new(batch: usize) -> Headers {
        // SAFETY: all zeros are a valid value of these C structs: numbers and null pointers.
        let (message, vector, name) = unsafe { (mem::zeroed(), mem::zeroed(), mem::zeroed()) };
        Headers {
            messages: vec![message; batch].into(),
            vectors: vec![vector; batch].into(),
            names: vec![name; batch].into(),
            controls: vec![Control([0; CONTROL]); batch].into(),
        }
    }

    /// Points message `i` at `len` bytes of payload and at its own name and control.
    fn aim(&mut self, i: usize, bytes: *mut u8, len: usize, name_len: usize, control_len: usize) {
        self.vectors[i] = iovec { iov_base: bytes.cast(), iov_len: len };
        let header = &mut self.messages[i].msg_hdr;
        header.msg_name = ptr::from_mut(&mut self.names[i]).cast();
        header.msg_namelen = name_len as libc::socklen_t;
        header.msg_iov = &mut self.vectors[i];
        header.msg_iovlen = 1;
        header.msg_control = self.controls[i].0.as_mut_ptr().cast();
        header.msg_controllen = control_len as _;
        header.msg_flags = 0;
    }
}

/// Received messages.
pub(super) struct Inbox {
    slab: Box<[u8]>,
    headers: Headers,
    /// Messages of one call, and bytes of the longest.
    batch: usize,
    longest: usize,
    /// Headers that the last call changed.
    stale: usize,
}

/// One received message: datagrams of `segment` bytes, the last may be shorter.
pub(super) struct Received<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: Option<IpAddr>,
    pub(super) segment: usize,
    pub(super) bytes: &'a mut [u8],
}

impl Inbox {
    /// For [`BATCH`] messages that GRO has joined.
    pub(super) fn new() -> Inbox {
        Inbox::with(BATCH, MESSAGE)
    }

    /// For `batch` messages of at most `longest` bytes.
    pub(super) fn with(batch: usize, longest: usize) -> Inbox {
        let (slab, headers) = (vec![0; batch * longest].into(), Headers::new(batch));
        Inbox { slab, headers, batch, longest, stale: batch }
    }

    /// Takes what has arrived, without waiting; returns the number of messages.
    pub(super) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        // The others still point where they did: at boxed memory, which does not move with `self`.
        for i in 0..self.stale {
            let bytes = self.slab[i * self.longest..].as_mut_ptr();
            self.headers.aim(i, bytes, self.longest, mem::size_of::<sockaddr_storage>(), CONTROL);
        }
        // SAFETY: every header points at live memory of the lengths it names: its own part of the slab, its name and
        // control, all owned by `self`, which is borrowed until the call returns.
        let count = unsafe {
            let headers = self.headers.messages.as_mut_ptr();
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers,
                self.batch as u32,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        self.stale = check(count)? as usize;
        Ok(self.stale)
    }

    /// Message `i` of the last call; `None` if it is no UDP over IP or was cut off.
    pub(super) fn message(&mut self, i: usize) -> Option<Received<'_>> {
        let len = self.headers.messages[i].msg_len as usize;
        let header = &self.headers.messages[i].msg_hdr;
        let from = from_name(&self.headers.names[i])?;
        if header.msg_flags & libc::MSG_TRUNC != 0 {
            return None;
        }
        let (mut segment, mut to) = (len, None);
        // SAFETY: the kernel filled `msg_control` up to `msg_controllen`, and the pointers are still those of `aim`.
        unsafe {
            each_control(header, |level, kind, data| read_control(level, kind, data, &mut segment, &mut to))
        };
        let bytes = &mut self.slab[i * self.longest..i * self.longest + len];
        Some(Received { from, to, segment: segment.max(1), bytes })
    }
}

/// Calls `f` with level, type and data pointer of each control message.
///
/// # Safety
/// `header.msg_control` must point at `msg_controllen` bytes of well-formed control messages.
unsafe fn each_control(header: &msghdr, mut f: impl FnMut(c_int, c_int, *const u8)) {
    // SAFETY: the macros walk within the length that the caller vouches for.
    unsafe {
        let mut at: *const cmsghdr = libc::CMSG_FIRSTHDR(header);
        while !at.is_null() {
            f((*at).cmsg_level, (*at).cmsg_type, libc::CMSG_DATA(at));
            at = libc::CMSG_NXTHDR(header, at);
        }
    }
}

fn read_control(level: c_int, kind: c_int, data: *const u8, segment: &mut usize, to: &mut Option<IpAddr>) {
    // SAFETY: the kernel gives each of these types with a value of exactly that type; it may be unaligned.
    unsafe {
        match (level, kind) {
            (libc::SOL_UDP, libc::UDP_GRO) => *segment = data.cast::<c_int>().read_unaligned() as usize,
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                let info = data.cast::<libc::in_pktinfo>().read_unaligned();
                *to = Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into());
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let info = data.cast::<libc::in6_pktinfo>().read_unaligned();
                *to = Some(IpAddr::from(info.ipi6_addr.s6_addr).to_canonical());
            }
            _ => {}
        }
    }
}

/// One message to send: datagrams of `segment` bytes to one peer, the last may be shorter.
#[derive(Clone, Copy)]
pub(super) struct Outgoing<'a> {
    pub(super) to: SocketAddr,
    pub(super) from: Option<IpAddr>,
    pub(super) segment: usize,
    pub(super) bytes: &'a [u8],
}

/// Messages to send.
pub(super) struct Outbox {
    headers: Headers,
    ipv6: bool,
}

impl Outbox {
    /// `ipv6`: the socket is of that family and reaches IPv4 by mapped addresses.
    pub(super) fn new(ipv6: bool) -> Outbox {
        Outbox { headers: Headers::new(BATCH), ipv6 }
    }

    /// Sends at most [`BATCH`] messages without waiting and returns how many were taken; an error is that of the first.
    pub(super) fn send<'a>(
        &mut self,
        socket: BorrowedFd<'_>,
        messages: impl Iterator<Item = Outgoing<'a>>,
    ) -> io::Result<usize> {
        let mut count = 0;
        for message in messages.take(BATCH) {
            let name_len = write_name(&mut self.headers.names[count], message.to, self.ipv6);
            let control_len = self.write_control(count, &message);
            // The kernel does not write to what it sends.
            let bytes = message.bytes.as_ptr().cast_mut();
            self.headers.aim(count, bytes, message.bytes.len(), name_len, control_len);
            count += 1;
        }
        // SAFETY: every header points at live memory of the lengths it names; the messages' bytes outlive 'a.
        let sent = unsafe {
            let headers = self.headers.messages.as_mut_ptr();
            libc::sendmmsg(socket.as_raw_fd(), headers, count as u32, libc::MSG_DONTWAIT as _)
        };
        Ok(check(sent)? as usize)
    }

    /// Writes segment size (if there is more than one segment) and source address; returns the length used.
    fn write_control(&mut self, i: usize, message: &Outgoing<'_>) -> usize {
        let control = &mut self.headers.controls[i];
        let mut used = 0;
        if message.bytes.len() > message.segment {
            used += put_control(control, used, libc::SOL_UDP, libc::UDP_SEGMENT, message.segment as u16);
        }
        match message.from {
            Some(from) if self.ipv6 => {
                let address = match from {
                    IpAddr::V4(v4) => v4.to_ipv6_mapped(),
                    IpAddr::V6(v6) => v6,
                };
                let ipi6_addr = libc::in6_addr { s6_addr: address.octets() };
                let info = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: 0 };
                used += put_control(control, used, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
            }
            Some(IpAddr::V4(v4)) => {
                let source = libc::in_addr { s_addr: u32::from_ne_bytes(v4.octets()) };
                let info = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: source, ipi_addr: source };
                used += put_control(control, used, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
            }
            _ => {}
        }
        used
    }
}

/// Appends a control message at `at`; returns its length.
fn put_control<T: Copy>(control: &mut Control, at: usize, level: c_int, kind: c_int, value: T) -> usize {
    let size = mem::size_of::<T>() as u32;
    // SAFETY: these macros only compute lengths.
    let (len, space) = unsafe { (libc::CMSG_LEN(size), libc::CMSG_SPACE(size) as usize) };
    let part = &mut control.0[at..at + space];
    let header = part.as_mut_ptr().cast::<cmsghdr>();
    // SAFETY: `part` has room for header and value (else the slice above panics), and it is aligned: the control is, and
    // `at` is a sum of CMSG_SPACE values. A zeroed header is valid.
    unsafe {
        header.write(mem::zeroed());
        (*header).cmsg_len = len as _;
        (*header).cmsg_level = level;
        (*header).cmsg_type = kind;
        libc::CMSG_DATA(header).cast::<T>().write_unaligned(value);
    }
    space
}

fn write_name(name: &mut sockaddr_storage, to: SocketAddr, ipv6: bool) -> usize {
    let to = match to {
        SocketAddr::V4(v4) if ipv6 => SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0).into(),
        other => other,
    };
    let address = socket2::SockAddr::from(to);
    let len = address.len() as usize;
    // SAFETY: a socket address is at most as long as the storage, and both are plain bytes.
    unsafe { ptr::copy_nonoverlapping(address.as_ptr().cast::<u8>(), ptr::from_mut(name).cast::<u8>(), len) };
    len
}

fn from_name(name: &sockaddr_storage) -> Option<SocketAddr> {
    let address = ptr::from_ref(name);
    // SAFETY: the family says which struct the kernel wrote; the storage is large and aligned enough for both.
    unsafe {
        match c_int::from(name.ss_family) {
            libc::AF_INET => {
                let v4 = *address.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(v4.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddr::from((ip, u16::from_be(v4.sin_port))))
            }
            libc::AF_INET6 => {
                let v6 = *address.cast::<libc::sockaddr_in6>();
                let (ip, port) = (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
                Some(match ip.to_ipv4_mapped() {
                    Some(ip) => SocketAddr::from((ip, port)),
                    None => SocketAddrV6::new(ip, port, 0, v6.sin6_scope_id).into(),
                })
            }
            _ => None,
        }
    }
}

/// The addresses of this machine's interfaces that are up.
pub(super) fn interface_addresses() -> io::Result<Vec<IpAddr>> {
    let mut list = MaybeUninit::<*mut libc::ifaddrs>::uninit();
    // SAFETY: the pointer is to a live place for the result, which is freed below.
    check(unsafe { libc::getifaddrs(list.as_mut_ptr()) })?;
    let mut found = Vec::new();
    // SAFETY: the call succeeded, so the list is initialised and ends with null; it is freed once, after its last use. An
    // address is a socket address of its family, copied into a storage before it is read.
    unsafe {
        let list = list.assume_init();
        let mut at = list;
        while let Some(entry) = at.as_ref() {
            at = entry.ifa_next;
            if entry.ifa_addr.is_null() || entry.ifa_flags & libc::IFF_UP as u32 == 0 {
                continue;
            }
            let mut name: sockaddr_storage = mem::zeroed();
            let size = match c_int::from((*entry.ifa_addr).sa_family) {
                libc::AF_INET => mem::size_of::<libc::sockaddr_in>(),
                libc::AF_INET6 => mem::size_of::<libc::sockaddr_in6>(),
                _ => continue,
            };
            ptr::copy_nonoverlapping(
                entry.ifa_addr.cast::<u8>(),
                ptr::from_mut(&mut name).cast::<u8>(),
                size,
            );
            found.extend(from_name(&name).map(|address| address.ip()));
        }
        libc::freeifaddrs(list);
    }
    Ok(found)
}

pub(super) fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::time::Duration;

    use super::super::poller::Poller;
    use super::*;

    fn pair() -> (UdpSocket, UdpSocket) {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        prepare(receiver.as_fd(), false).unwrap();
        (UdpSocket::bind("0.0.0.0:0").unwrap(), receiver)
    }

    #[test]
    fn a_train_leaves_as_one_message_and_arrives_as_its_datagrams() {
        let (sender, receiver) = pair();
        let to = receiver.local_addr().unwrap();
        let bytes: Vec<u8> = (0..250u8).collect();
        let train = Outgoing { to, from: Some("127.0.0.1".parse().unwrap()), segment: 100, bytes: &bytes };
        let single = Outgoing { segment: 30, bytes: &bytes[..30], ..train };
        let sent = Outbox::new(false).send(sender.as_fd(), [train, single].into_iter()).unwrap();
        assert_eq!(sent, 2);
        let mut poller = Poller::new().unwrap();
        poller.add(receiver.as_fd(), 0).unwrap();
        let (mut inbox, mut read) = (Inbox::new(), Vec::new());
        while read.len() < 4 {
            poller.wait(Duration::from_secs(5)).unwrap();
            for i in 0..inbox.receive(receiver.as_fd()).unwrap() {
                let message = inbox.message(i).unwrap();
                assert_eq!(message.from.port(), sender.local_addr().unwrap().port());
                assert_eq!(message.to, Some("127.0.0.1".parse().unwrap()));
                read.extend(message.bytes.chunks(message.segment).map(<[u8]>::to_vec));
            }
        }
        assert_eq!(read, [&bytes[..100], &bytes[100..200], &bytes[200..], &bytes[..30]]);
    }

    #[test]
    fn a_dual_socket_reaches_ipv4() {
        let Ok(sender) = UdpSocket::bind("[::]:0") else { return };
        let (_, receiver) = pair();
        let to = receiver.local_addr().unwrap();
        let message = Outgoing { to, from: Some("127.0.0.1".parse().unwrap()), segment: 3, bytes: b"abc" };
        assert_eq!(Outbox::new(true).send(sender.as_fd(), std::iter::once(message)).unwrap(), 1);
        let mut bytes = [0; 10];
        receiver.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let (len, from) = receiver.recv_from(&mut bytes).unwrap();
        assert_eq!((&bytes[..len], from.ip()), (&b"abc"[..], "127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn loopback_is_an_interface_of_this_machine() {
        assert!(interface_addresses().unwrap().contains(&IpAddr::V4(Ipv4Addr::LOCALHOST)));
    }
}
