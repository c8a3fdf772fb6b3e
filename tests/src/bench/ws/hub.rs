//! A hub with ports in memory, and the sockets that it owns as raw descriptors for the bare `send()`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use media::control::{MediaError, RoomCommand};
use media::ids::RoomId;
use signaling::Hub;
use signaling::ids::{LoginId, PersonId};
use signaling::log::{EventLog, Head, LoggedEvent};
use signaling::node::{HubConfig, MediaPlane, Ports, TimedIds};
use signaling::ports::{Journal, JournalEntry, People, PortFuture};
use signaling::topic::Topic;
use signaling::wire::call::PersonCard;
use signaling::ws::{Identity, Socket};
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::MESSAGE;
use super::client::{MARK, UPGRADE, exchange};

/// Epoch of the log.
const EPOCH: i64 = 1;
/// Bytes of a text frame's header at this length.
const HEADER: usize = 4;

/// A hub that listens, and what was published.
pub(super) struct BenchHub {
    hub: Hub,
    runtime: Runtime,
    listener: TcpListener,
    sockets: Vec<RawFd>,
    published: Arc<AtomicU64>,
}

/// No people, no journal, and a log that only counts: a bench replays nothing.
struct Nothing(Arc<AtomicU64>);

impl People for Nothing {
    fn cards(&self, _: PersonId, _: Vec<PersonId>) -> PortFuture<'_, Vec<PersonCard>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Journal for Nothing {
    fn write(&self, _: JournalEntry) -> PortFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl EventLog for Nothing {
    fn epoch(&self) -> i64 {
        EPOCH
    }

    fn head(&self, topic: Topic) -> PortFuture<'_, Head> {
        let seq = if topic == Topic::City { self.0.load(Ordering::SeqCst) } else { 0 };
        Box::pin(async move { Ok(Head { seq, oldest: 1 }) })
    }

    fn read(&self, _: Topic, _: u64, _: u32) -> PortFuture<'_, Vec<LoggedEvent>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl MediaPlane for Nothing {
    fn open_room(&self, _: RoomId) -> Result<(), MediaError> {
        Err(MediaError::Full)
    }

    fn send(&self, _: RoomId, _: RoomCommand) -> Result<(), MediaError> {
        Err(MediaError::NoRoom)
    }
}

impl BenchHub {
    /// One shard, no pings; the node runs on a runtime of one thread.
    pub(super) fn start() -> BenchHub {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let published = Arc::new(AtomicU64::new(0));
        let port = || Arc::new(Nothing(published.clone()));
        let ports =
            Ports { people: port(), journal: port(), log: port(), ids: Arc::new(TimedIds), telephony: None };
        let config = HubConfig { shards: 1, ping_every: Duration::from_secs(3_600), ..HubConfig::default() };
        let guard = runtime.enter();
        let hub = Hub::start(config, ports, |_| Ok(port())).expect("a hub");
        drop(guard);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
        BenchHub { hub, runtime, listener, sockets: Vec::new(), published }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("a bound listener")
    }

    /// What a client says to subscribe to the city from its beginning.
    pub(super) fn hello(&self) -> String {
        let city = format!(r#"{{"topic":"city","epoch":{EPOCH},"seq":0}}"#);
        format!(r#"{{"id":1,"type":"hello","data":{{"device":"bench","topics":[{city}]}}}}"#)
    }

    /// Upgrades so many sockets and hands them to the hub; each is a person of its own.
    pub(super) fn accept(&mut self, count: usize) {
        let _guard = self.runtime.enter();
        for _ in 0..count {
            let (mut socket, _) = self.listener.accept().expect("a client");
            upgrade(&mut socket);
            socket.set_nonblocking(true).expect("a socket");
            self.sockets.push(socket.as_raw_fd());
            let socket = tokio::net::TcpStream::from_std(socket).expect("a socket");
            let adopted = self.hub.adopt(Socket::Plain(socket), Bytes::new(), identity(self.sockets.len()));
            adopted.expect("a shard with room");
        }
    }

    /// Publishes the next message to the city.
    pub(super) fn publish(&self) {
        let seq = self.published.fetch_add(1, Ordering::SeqCst) + 1;
        self.hub.publish(LoggedEvent { topic: Topic::City, seq, frame: message(seq).into() });
    }

    /// A publisher for another thread.
    pub(super) fn publisher(&self) -> impl Fn() + Send + use<> {
        let (hub, published) = (self.hub.clone(), self.published.clone());
        move || {
            let seq = published.fetch_add(1, Ordering::SeqCst) + 1;
            hub.publish(LoggedEvent { topic: Topic::City, seq, frame: message(seq).into() });
        }
    }

    /// The same bytes to the same sockets by nothing but `send()`, from this thread. The hub must be idle.
    pub(super) fn send_bare(&self) {
        let text = message(0);
        let mut frame = vec![0x81, 126];
        frame.extend((text.len() as u16).to_be_bytes());
        frame.extend(text);
        for socket in &self.sockets {
            // SAFETY: the hub keeps the descriptor open as long as its client stays, and `frame` is valid.
            let sent = unsafe { libc::send(*socket, frame.as_ptr().cast(), frame.len(), libc::MSG_NOSIGNAL) };
            assert_eq!(sent, frame.len() as isize, "a socket that would block");
        }
    }
}

/// The server side of the upgrade.
fn upgrade(socket: &mut TcpStream) {
    let mut request = vec![0; UPGRADE.len()];
    std::io::Read::read_exact(socket, &mut request).expect("an upgrade request");
    let accept = signaling::ws::accept_key("dGhlIHNhbXBsZSBub25jZQ==");
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    std::io::Write::write_all(socket, reply.as_bytes()).expect("a client that waits");
}

/// One more socket, for probes: adopted, upgraded and welcomed, without the city.
pub(super) fn probe_socket(hub: &mut BenchHub) -> TcpStream {
    let address = hub.address();
    let client = std::thread::spawn(move || {
        let mut socket = TcpStream::connect(address).expect("a listener");
        exchange(&mut socket, UPGRADE, b"\r\n\r\n").expect("an upgrade");
        let hello = br#"{"id":1,"type":"hello","data":{"device":"probe","topics":[]}}"#;
        exchange(&mut socket, &super::client::text_frame(hello), b"welcome").expect("a welcome");
        socket
    });
    hub.accept(1);
    let socket = client.join().expect("a probe");
    hub.sockets.pop();
    socket
}

/// An event of the city; with its header it has [`MESSAGE`] bytes, and one of them is the mark.
fn message(seq: u64) -> Vec<u8> {
    let begin = format!(r#"{{"topic":"city","seq":{seq},"type":"bench","data":{{"text":""#);
    let mut text = begin.into_bytes();
    text.push(MARK);
    text.resize(MESSAGE - HEADER - 3, b'x');
    text.extend(b"\"}}");
    text
}

fn identity(number: usize) -> Identity {
    let person = PersonId(Uuid::from_u128(number as u128));
    let card = PersonCard {
        person,
        name: "王小明".into(),
        unit: "資訊局".into(),
        post: "科員".into(),
        extension: Some("1234".into()),
        line: false,
    };
    Identity { person, login: LoginId(Uuid::from_u128(number as u128)), card, address: "127.0.0.1".into() }
}
