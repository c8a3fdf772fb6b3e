//! A hub with its media plane and telephony on loopback, and what it needs of a portal in memory.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use media::worker::{Engine, EngineConfig};
use signaling::Hub;
use signaling::ids::{LoginId, PersonId};
use signaling::log::{EventLog, Head, LoggedEvent};
use signaling::node::{HubConfig, Ports, Telephony, TimedIds};
use signaling::ports::{
    Journal, JournalEntry, LegRecord, Numbers, People, PhoneAccount, PortFuture, Records,
};
use signaling::sip::config::{
    CodecName, Fallback, LimitsConfig, PlanConfig, SipConfig, Srtp, TlsFiles, TrunkConfig,
};
use signaling::sip::dialog::Credentials;
use signaling::sip::digest::Algorithm;
use signaling::sip::port::Protocol;
use signaling::topic::Topic;
use signaling::wire::call::PersonCard;
use signaling::ws::{Identity, Socket, accept_key};
use tests::peers::process::free_port;
use tests::peers::{Baresip, BaresipConfig, Certificates, Kamailio};
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::app::App;

/// Our domain and digest realm.
pub const DOMAIN: &str = "city.test";

/// The card of person `n`, whose extension is 7000 + n.
pub fn card(n: u128) -> PersonCard {
    PersonCard {
        person: PersonId(Uuid::from_u128(n)),
        name: format!("同仁{n}"),
        unit: "資訊局".into(),
        post: "工程師".into(),
        extension: Some((7_000 + n).to_string()),
        line: false,
    }
}

/// Staff 1 to 9, telephones 1001 to 1009, no history.
struct Memory {
    records: Mutex<Vec<LegRecord>>,
}

impl People for Memory {
    fn cards(&self, _: PersonId, ids: Vec<PersonId>) -> PortFuture<'_, Vec<PersonCard>> {
        let known = ids.iter().map(|id| id.0.as_u128()).filter(|n| (1..10).contains(n)).map(card).collect();
        Box::pin(async move { Ok(known) })
    }
}

impl Journal for Memory {
    fn write(&self, _: JournalEntry) -> PortFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl EventLog for Memory {
    fn epoch(&self) -> i64 {
        1
    }

    fn head(&self, _: Topic) -> PortFuture<'_, Head> {
        Box::pin(async { Ok(Head { seq: 0, oldest: 1 }) })
    }

    fn read(&self, _: Topic, _: u64, _: u32) -> PortFuture<'_, Vec<LoggedEvent>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Records for Memory {
    fn write(&self, record: LegRecord) -> PortFuture<'_, ()> {
        self.records.lock().unwrap().push(record);
        Box::pin(async { Ok(()) })
    }
}

impl Numbers for Memory {
    fn by_extension(&self, number: &str) -> Option<PersonCard> {
        (1..10).map(card).find(|card| card.extension.as_deref() == Some(number))
    }

    fn account(&self, user: &str) -> Option<PhoneAccount> {
        let known = user.len() == 4 && user.starts_with("100");
        known.then(|| PhoneAccount {
            user: user.into(),
            extension: user.into(),
            person: None,
            name: format!("話機{user}"),
            ha1_md5: Algorithm::Md5.ha1(user, DOMAIN, &password(user)),
            ha1_sha256: Algorithm::Sha256.ha1(user, DOMAIN, &password(user)),
        })
    }

    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount> {
        self.account(number)
    }

    fn missed(&self, _: PersonId) -> PortFuture<'_, u32> {
        Box::pin(async { Ok(0) })
    }
}

fn password(user: &str) -> String {
    format!("desk-{user}")
}

pub struct Office {
    pub hub: Hub,
    pub port: u16,
    runtime: Runtime,
    listener: TcpListener,
    engine: Option<Arc<Engine>>,
    memory: Arc<Memory>,
}

impl Office {
    pub fn start(trunks: Vec<TrunkConfig>, tls: Option<&Certificates>) -> Office {
        let port = free_port(2).unwrap();
        let memory = Arc::new(Memory { records: Mutex::default() });
        let config = config(port, trunks, tls);
        let ports = Ports {
            people: memory.clone(),
            journal: memory.clone(),
            log: memory.clone(),
            ids: Arc::new(TimedIds),
            telephony: Some(Telephony::new(config, memory.clone(), memory.clone())),
        };
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let guard = runtime.enter();
        let mut engine = None;
        let hub = Hub::start(HubConfig { shards: 1, ..HubConfig::default() }, ports, |events| {
            let announce = vec!["127.0.0.1".parse().map_err(std::io::Error::other)?];
            let config = EngineConfig { workers: 1, announce, ..EngineConfig::default() };
            let started = Arc::new(Engine::start(config, events)?);
            engine = Some(started.clone());
            Ok(started)
        });
        drop(guard);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Office { hub: hub.unwrap(), port, runtime, listener, engine, memory }
    }

    /// Where it listens for UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The app of person `n`, logged in.
    pub fn app(&self, n: u128) -> App {
        let address = self.listener.local_addr().unwrap();
        let client = std::thread::spawn(move || App::connect(address));
        let (mut stream, _) = self.listener.accept().unwrap();
        upgrade(&mut stream);
        stream.set_nonblocking(true).unwrap();
        let _guard = self.runtime.enter();
        let socket = Socket::Plain(tokio::net::TcpStream::from_std(stream).unwrap());
        let (card, id) = (card(n), Uuid::from_u128(n));
        let identity =
            Identity { person: card.person, login: LoginId(id), card, address: "127.0.0.1".into() };
        self.hub.adopt(socket, Bytes::new(), identity).unwrap();
        client.join().unwrap()
    }

    /// A telephone that registers here, with this tone.
    pub fn phone(&self, user: &str, tone: f64) -> Baresip {
        self.phone_with(user, |config| config.tone = tone)
    }

    pub fn phone_with<'a>(&self, user: &'a str, change: impl FnOnce(&mut BaresipConfig<'a>)) -> Baresip {
        let mut wanted = BaresipConfig::new(user, DOMAIN);
        change(&mut wanted);
        let (udp, tls) = (self.address().to_string(), format!("127.0.0.1:{}", self.port + 1));
        let password = password(user);
        let outbound = Some(if wanted.transport == "tls" { tls.as_str() } else { &udp });
        Baresip::start(&BaresipConfig { password: Some((user, &password)), outbound, ..wanted }).unwrap()
    }

    pub fn records(&self) -> Vec<LegRecord> {
        self.memory.records.lock().unwrap().clone()
    }

    /// Waits until a trunk is up.
    pub fn await_trunk(&self, name: &str) {
        let begin = super::now();
        loop {
            let views = self.runtime.block_on(self.hub.trunks());
            let up = |view: &signaling::sip::view::TrunkView| {
                let text = serde_json::to_string(&view).unwrap();
                view.name == name
                    && text.contains("\"state\":\"up\"")
                    && !text.contains("\"registered\":false")
            };
            if views.iter().any(up) {
                return;
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "{views:?}");
            super::pause();
        }
    }

    pub fn drain(&self) {
        self.runtime.block_on(self.hub.drain(Duration::from_secs(5)));
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        drop(self.engine.take());
    }
}

/// A PBX as a trunk.
pub fn trunk(name: &str, port: u16, protocol: Protocol) -> TrunkConfig {
    TrunkConfig {
        name: name.into(),
        host: "127.0.0.1".into(),
        port,
        protocol,
        register: false,
        user: "7000".into(),
        credentials: None,
        peers: Vec::new(),
        srtp: Srtp::Off,
        codecs: vec![CodecName::Pcma, CodecName::Pcmu],
        ptime: 20,
        trusted_identity: true,
        outbound: Vec::new(),
        inbound: Vec::new(),
        max_calls: 20,
        max_calls_per_second: 20,
        options_every: Duration::from_secs(30),
        patience: Duration::from_secs(2),
    }
}

/// The same as a client that registers.
pub fn registered(name: &str, port: u16, protocol: Protocol) -> TrunkConfig {
    let credentials = Credentials { user: "7000".into(), password: Kamailio::password("7000") };
    TrunkConfig { register: true, credentials: Some(credentials), ..trunk(name, port, protocol) }
}

fn config(port: u16, trunks: Vec<TrunkConfig>, tls: Option<&Certificates>) -> SipConfig {
    SipConfig {
        listen: vec![SocketAddr::from(([127, 0, 0, 1], port))],
        listen_tls: tls.iter().map(|_| SocketAddr::from(([127, 0, 0, 1], port + 1))).collect(),
        tls: tls.map(|tls| TlsFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
            ca: tls.ca.clone(),
            require_client: false,
        }),
        domain: DOMAIN.into(),
        announced: None,
        trunks,
        plan: PlanConfig {
            patterns: vec!["1XXX".into(), "2XXX".into(), "7XXX".into()],
            ..PlanConfig::default()
        },
        fallback: Fallback::Unavailable,
        limits: LimitsConfig { calls_per_person: 8, dials_per_minute: 99, calls: 50, calls_per_second: 50 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

/// The server side of the upgrade.
fn upgrade(stream: &mut std::net::TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.push(byte[0]);
    }
    let text = String::from_utf8(request).unwrap();
    let key = text.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).unwrap();
    let reply = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {}\r\n\r\n",
        accept_key(key.trim())
    );
    stream.write_all(reply.as_bytes()).unwrap();
}
