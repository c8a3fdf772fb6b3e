//! The load: one process, one thread, raw epoll, the same for every server.
//!
//! The bench starts its own program again with [`WORD`] as the first argument. The child opens its sockets, says `ready`, and
//! then answers each line with a number by `ok` once it has received so many messages in all. It counts [`MARK`], a byte
//! that each message carries once and nothing else does.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::process;

/// First argument of the child.
pub const WORD: &str = "ws-client";
/// DEL: allowed in JSON, and in nothing that a server sends by itself.
pub(super) const MARK: u8 = 0x7f;
/// A server that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Which protocol the child speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Switchboard's.
    WebSocket,
    /// The text protocol of NATS.
    Nats,
}

/// Handle of the child; it ends with this.
pub(super) struct Client {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    /// Starts the child. It opens `count` sockets to `address`; those of a hub say this hello.
    pub(super) fn start(kind: Kind, address: SocketAddr, count: usize, hello: &str) -> Client {
        let program = std::env::current_exe().expect("the path of this program");
        let words = [WORD, &format!("{kind:?}"), &address.to_string(), &count.to_string(), hello];
        let mut child = Command::new(program)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child process");
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = BufReader::new(output.expect("a piped output"));
        Client { child, input: input.expect("a piped input"), output }
    }

    /// Waits until all sockets are open and subscribed.
    pub(super) fn ready(&mut self) {
        self.line("ready");
    }

    /// Waits until so many messages were received since the start.
    pub(super) fn expect(&mut self, messages: usize) {
        writeln!(self.input, "{messages}").expect("a living child");
        self.line("ok");
    }

    fn line(&mut self, expected: &str) {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a living child");
        assert_eq!(line.trim(), expected, "the load client failed");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs as the load client if the arguments ask for it; true when it did.
pub fn run_if_asked() -> bool {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [WORD, kind, address, count, hello] => {
            let kind = if kind == "Nats" { Kind::Nats } else { Kind::WebSocket };
            let address = address.parse().expect("an address");
            run(kind, address, count.parse().expect("a number"), hello).expect("a load client that runs");
            true
        }
        _ => false,
    }
}

#[expect(clippy::print_stdout, reason = "the pipe to the parent")]
fn run(kind: Kind, address: SocketAddr, count: usize, hello: &str) -> io::Result<()> {
    process::pin_to_last_core();
    process::raise_open_files(count + 100);
    let sockets: Vec<TcpStream> = (0..count).map(|_| open(kind, address, hello)).collect::<Result<_, _>>()?;
    let epoll = Epoll::new(&sockets)?;
    println!("ready");
    let (mut received, mut buffer) = (0, vec![0; 256 * 1024]);
    for line in io::stdin().lock().lines() {
        let wanted: usize = line?.parse().map_err(io::Error::other)?;
        while received < wanted {
            for index in epoll.wait()? {
                received += drain(&sockets[index], &mut buffer)?;
            }
        }
        println!("ok");
    }
    Ok(())
}

/// Reads what is there and counts the messages that begin in it.
fn drain(mut socket: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut messages = 0;
    loop {
        match socket.read(buffer) {
            Ok(0) => return Err(io::Error::other("the server closed a socket")),
            Ok(read) => {
                messages += buffer[..read].iter().filter(|byte| **byte == MARK).count();
                if read < buffer.len() {
                    return Ok(messages);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(messages),
            Err(error) => return Err(error),
        }
    }
}

/// Connects and subscribes one socket, and makes it non-blocking.
fn open(kind: Kind, address: SocketAddr, hello: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    match kind {
        Kind::WebSocket => {
            exchange(&mut socket, UPGRADE, b"\r\n\r\n")?;
            exchange(&mut socket, &text_frame(hello.as_bytes()), b"welcome")?;
        }
        Kind::Nats => {
            exchange(&mut socket, b"CONNECT {\"verbose\":false}\r\nSUB city 1\r\nPING\r\n", b"PONG")?
        }
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// The upgrade request, with the key of RFC 6455's example.
pub(super) const UPGRADE: &[u8] =
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Sends, and reads until the marker has come.
pub(super) fn exchange(socket: &mut TcpStream, bytes: &[u8], marker: &[u8]) -> io::Result<()> {
    socket.write_all(bytes)?;
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(marker.len()).any(|window| window == marker) {
        match socket.read(&mut buffer)? {
            0 => return Err(io::Error::other(String::from_utf8_lossy(&seen).into_owned())),
            read => seen.extend_from_slice(&buffer[..read]),
        }
    }
    Ok(())
}

/// A client's text frame of up to 65,535 bytes, masked with zeros.
pub(super) fn text_frame(text: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short @ 0..=125) => frame.push(0x80 | short),
        _ => {
            frame.push(0x80 | 126);
            frame.extend((text.len() as u16).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text);
    frame
}

/// Which of the sockets can be read.
struct Epoll(libc::c_int);

impl Epoll {
    fn new(sockets: &[TcpStream]) -> io::Result<Epoll> {
        // SAFETY: no pointers are passed.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if epoll < 0 {
            return Err(io::Error::last_os_error());
        }
        for (index, socket) in sockets.iter().enumerate() {
            let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: index as u64 };
            // SAFETY: `event` is valid for the call, and both descriptors are open.
            if unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event) } < 0 {
                return Err(io::Error::last_os_error());
            }
        }
        Ok(Epoll(epoll))
    }

    fn wait(&self) -> io::Result<Vec<usize>> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 1_024];
        let patience = PATIENCE.as_millis() as libc::c_int;
        // SAFETY: the kernel writes at most `events.len()` events.
        let count =
            unsafe { libc::epoll_wait(self.0, events.as_mut_ptr(), events.len() as libc::c_int, patience) };
        match count {
            0 => Err(io::ErrorKind::TimedOut.into()),
            count if count < 0 => Err(io::Error::last_os_error()),
            count => Ok(events[..count as usize].iter().map(|event| event.u64 as usize).collect()),
        }
    }
}
