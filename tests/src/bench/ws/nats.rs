//! nats-server as the peer: its text protocol, without WebSocket, which is the cheaper of its two.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::client::{MARK, exchange};
use super::{MESSAGE, process};

/// A server that has not opened its port after so long will not.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server and a connection that publishes.
pub(super) struct Nats {
    child: Child,
    address: SocketAddr,
    publisher: TcpStream,
}

impl Nats {
    /// Starts Debian's server on a free port of loopback.
    pub(super) fn start() -> Nats {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        let address = free.local_addr().expect("a bound listener");
        drop(free);
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &address.port().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server (Debian package nats-server)");
        let publisher = connect(address);
        Nats { child, address, publisher }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Publishes so many messages at once.
    pub(super) fn publish(&mut self, count: usize) {
        let message = publication().repeat(count);
        self.publisher.write_all(&message).expect("a server that reads");
    }

    /// A publisher for another thread.
    pub(super) fn publisher(&self) -> impl FnMut() + Send + use<> {
        let mut socket = connect(self.address);
        let message = publication();
        move || socket.write_all(&message).expect("a server that reads")
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that does not subscribe to the city.
pub(super) fn connect(address: SocketAddr) -> TcpStream {
    let began = process::now();
    loop {
        match TcpStream::connect(address) {
            Ok(mut socket) => {
                socket.set_nodelay(true).expect("a socket");
                exchange(&mut socket, b"CONNECT {\"verbose\":false}\r\nPING\r\n", b"PONG").expect("a server");
                return socket;
            }
            Err(error) => assert!(began.elapsed() < PATIENCE, "nats-server does not listen: {error}"),
        }
        std::thread::yield_now();
    }
}

fn publication() -> Vec<u8> {
    let mut text = format!("PUB city {MESSAGE}\r\n").into_bytes();
    text.push(MARK);
    text.resize(text.len() + MESSAGE - 1, b'x');
    text.extend(b"\r\n");
    text
}
