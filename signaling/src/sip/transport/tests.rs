//! The transport with real sockets on loopback; the other end speaks plain text.

use std::sync::Mutex;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;
use crate::sip::config::{Fallback, LimitsConfig, PlanConfig};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::{ClientTx, Owner};

const PATIENCE: Duration = Duration::from_secs(20);

/// A configuration that listens on loopback, on ports of the system's choice.
fn config() -> SipConfig {
    SipConfig {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        listen_tls: Vec::new(),
        tls: None,
        domain: "city.example".into(),
        announced: None,
        trunks: Vec::new(),
        plan: PlanConfig::default(),
        fallback: Fallback::default(),
        limits: LimitsConfig { calls_per_person: 9, dials_per_minute: 99, calls: 99, calls_per_second: 99 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

/// A running transport and what it told.
struct Us {
    transport: Transport,
    told: UnboundedReceiver<SipInput>,
}

fn start(config: &SipConfig) -> Us {
    let (tell, told) = unbounded_channel();
    let tell = Mutex::new(tell);
    let to_core = Arc::new(move |input| {
        let _ = tell.lock().unwrap().send(input);
    });
    Us { transport: Transport::start(config, to_core).unwrap(), told }
}

impl Us {
    fn address(&self, protocol: Protocol) -> SocketAddr {
        self.transport.listening().iter().find(|hop| hop.protocol == protocol).unwrap().address
    }

    async fn next(&mut self) -> SipInput {
        timeout(PATIENCE, self.told.recv()).await.expect("nothing was told").unwrap()
    }

    fn send(&self, number: u64, target: Target, method: Method) {
        let tx = ClientTx { owner: Owner::Trunks, number };
        let request = Box::new(request(method));
        self.transport.carry_out(SipOutput::Send { tx, target, request });
    }

    /// Answers the next request, which must be this method, with 200.
    async fn answer(&mut self, method: Method) -> Hop {
        let SipInput::Request { tx, from, request } = self.next().await else { panic!("not a request") };
        assert_eq!(request.method, method);
        let response = Box::new(Response::to(&request, 200, Some("us")));
        self.transport.carry_out(SipOutput::Respond { tx, response });
        from
    }
}

fn request(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:1001@peer".parse().unwrap());
    for (name, value) in [("From", "<sip:a@h>;tag=1"), ("To", "<sip:b@h>"), ("Call-ID", "c")] {
        request.headers.push(name, value);
    }
    request.headers.push("Contact", "<sip:a@switchboard.invalid>;q=1");
    request.headers.push("CSeq", &format!("1 {method}"));
    request
}

fn text(method: &str, transport: &str, sent_by: SocketAddr, branch: &str) -> String {
    format!(
        "{method} sip:7001@h SIP/2.0\r\nVia: SIP/2.0/{transport} {sent_by};branch=z9hG4bK{branch}\r\n\
         From: <sip:1@h>;tag=a\r\nTo: <sip:7001@h>\r\nCall-ID: c1\r\nCSeq: 1 {method}\r\nContent-Length: 0\r\n\r\n"
    )
}

async fn datagram(socket: &UdpSocket) -> String {
    let mut buffer = vec![0; 65_535];
    let (length, _) = timeout(PATIENCE, socket.recv_from(&mut buffer)).await.unwrap().unwrap();
    String::from_utf8(buffer[..length].to_vec()).unwrap()
}

/// Reads a connection until a message of this start has come whole.
async fn message(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap();
        text.push(byte);
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn requests_and_responses_go_both_ways_over_udp() {
    let mut us = start(&config());
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = peer.local_addr().unwrap();
    peer.send_to(text("OPTIONS", "UDP", at, "1").as_bytes(), us.address(Protocol::Udp)).await.unwrap();
    assert_eq!(us.answer(Method::Options).await.address, at);
    assert!(datagram(&peer).await.starts_with("SIP/2.0 200 OK\r\n"));
    us.send(1, Target::Uri(format!("sip:1@{at}").parse().unwrap()), Method::Register);
    let sent = datagram(&peer).await;
    let own = us.address(Protocol::Udp);
    assert!(sent.contains(&format!("Contact: <sip:a@{own}>;q=1\r\n")), "{sent}");
    assert_eq!(us.transport.contact(&Target::Uri(format!("sip:1@{at}").parse().unwrap())), own);
    let head = sent.split_once("\r\n").unwrap().1;
    peer.send_to(format!("SIP/2.0 401 Unauthorized\r\n{head}").as_bytes(), own).await.unwrap();
    let SipInput::Response { response, .. } = us.next().await else { panic!() };
    assert_eq!((response.status, response.reason.as_str()), (401, "Unauthorized"));
    us.transport.close().await;
}

#[tokio::test]
async fn a_telephone_is_reached_over_the_connection_that_it_made() {
    let mut us = start(&config());
    let mut phone = TcpStream::connect(us.address(Protocol::Tcp)).await.unwrap();
    phone.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    timeout(PATIENCE, phone.read_exact(&mut pong)).await.unwrap().unwrap();
    let register = text("REGISTER", "TCP", "10.0.0.1:5060".parse().unwrap(), "1");
    let (first, second) = register.split_at(100);
    phone.write_all(first.as_bytes()).await.unwrap();
    phone.write_all(second.as_bytes()).await.unwrap();
    let hop = us.answer(Method::Register).await;
    assert_eq!(hop, Hop { protocol: Protocol::Tcp, address: phone.local_addr().unwrap() });
    assert!(message(&mut phone).await.starts_with("SIP/2.0 200"));
    us.send(1, Target::Hop(hop), Method::Notify);
    assert!(message(&mut phone).await.starts_with("NOTIFY "));
    // Gone with a request on its way: it fails at once, as does the next one.
    drop(phone);
    let failed = |number| SipInput::Failed {
        tx: ClientTx { owner: Owner::Trunks, number },
        failure: Failure::Unreachable,
    };
    assert_eq!(us.next().await, failed(1));
    us.send(2, Target::Hop(hop), Method::Notify);
    assert_eq!(us.next().await, failed(2));
}

#[tokio::test]
async fn nobody_there_is_reported_at_once() {
    let mut us = start(&config());
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (number, uri) in [
        (1, format!("sip:1@{closed};transport=tcp")),
        (2, "sip:1@nowhere.invalid".into()),
        (3, "tel:1".into()),
    ] {
        us.send(number, Target::Uri(uri.parse().unwrap()), Method::Invite);
        let SipInput::Failed { tx, failure } = us.next().await else { panic!() };
        assert_eq!((tx.number, failure), (number, Failure::Unreachable));
    }
}

#[tokio::test]
async fn a_long_request_takes_tcp_if_the_peer_does_and_udp_if_not() {
    let mut us = start(&config());
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = tcp.local_addr().unwrap();
    let udp = UdpSocket::bind(at).await.unwrap();
    let long = || {
        let mut request = request(Method::Other("MESSAGE".into()));
        request.body = [vec![b'x'; 2_000], b"\r\n\r\n".to_vec()].concat();
        Box::new(request)
    };
    let send = |us: &Us, number| {
        let tx = ClientTx { owner: Owner::Dialogs, number };
        let target = Target::Hop(Hop { protocol: Protocol::Udp, address: at });
        us.transport.carry_out(SipOutput::Send { tx, target, request: long() });
    };
    send(&us, 1);
    let (mut stream, _) = timeout(PATIENCE, tcp.accept()).await.unwrap().unwrap();
    assert!(message(&mut stream).await.contains("Via: SIP/2.0/TCP "));
    drop((stream, tcp));
    // The connection broke before anything was answered: the datagram is tried.
    assert!(datagram(&udp).await.contains("Via: SIP/2.0/UDP "));
    send(&us, 2);
    assert!(datagram(&udp).await.contains("Via: SIP/2.0/UDP "));
    assert!(us.told.try_recv().is_err());
    us.transport.close().await;
}

#[tokio::test]
async fn a_name_that_was_looked_up_is_faced_by_the_right_address() {
    let mut any = config();
    any.listen = vec!["0.0.0.0:0".parse().unwrap()];
    let mut us = start(&any);
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let target = Target::Uri(format!("sip:localhost:{};transport=tcp", closed.port()).parse().unwrap());
    us.send(1, target.clone(), Method::Options);
    assert!(matches!(us.next().await, SipInput::Failed { .. }));
    let own = us.transport.contact(&target);
    assert_eq!((own.ip().to_string().as_str(), own.port()), ("127.0.0.1", us.address(Protocol::Tcp).port()));
}

#[tokio::test]
async fn garbage_gets_silence_and_is_counted() {
    let mut us = start(&config());
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = peer.local_addr().unwrap();
    let own = us.address(Protocol::Udp);
    let good = text("OPTIONS", "UDP", at, "1");
    let broken = [
        "\0\u{1}garbage".to_owned(),
        "OPTIONS sip:a SIP/2.0\r\n\r\n".to_owned(),
        good.replace("CSeq: 1 OPTIONS", "CSeq: 1 INVITE"),
        good.replace("Call-ID: c1", "Call-ID:"),
        good.replace("branch=", "brunch="),
        good.replace("SIP/2.0\r\nVia", "SIP/3.0\r\nVia"),
        good.replace("OPTIONS sip:7001@h", "OPTIONS http://h"),
    ];
    for bytes in &broken {
        peer.send_to(bytes.as_bytes(), own).await.unwrap();
    }
    peer.send_to(text("FLY", "UDP", at, "2").as_bytes(), own).await.unwrap();
    us.answer(Method::Other("FLY".into())).await;
    assert!(datagram(&peer).await.starts_with("SIP/2.0 200"));
    assert_eq!(us.transport.counts().malformed, broken.len() as u64);
    let mut stream = TcpStream::connect(us.address(Protocol::Tcp)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.is_empty());
}

proptest::proptest! {
    #[test]
    fn what_is_read_can_be_written_and_read_again_however_it_is_cut(
        edits in proptest::collection::vec((0usize..900, 0u8..=255, 0u8..4), 0..6),
        piece in 1usize..400,
    ) {
        let sample = text("INVITE", "UDP", "192.0.2.1:5070".parse().unwrap(), "1")
            + "SIP/2.0 180 Ringing\r\nv: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa;rport, SIP/2.0/TCP b;branch=2\r\n\
               f: \"A \\\" B\" <sip:1@h;x=y>;tag=a\r\nt: <tel:+886>\r\ni: c\r\nCSeq: 2 INVITE\r\n\
               Warning: 399 h \"a, b\"\r\nSubject: one\r\n two\r\nl: 4\r\n\r\nv=0\n\r\n\r\n";
        let mut bytes = sample.into_bytes();
        for (at, byte, kind) in edits {
            let at = at % bytes.len();
            match kind {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, byte),
                _ => bytes.insert(at, b"\r\n;:<>\"@, "[usize::from(byte) % 10]),
            }
        }
        proptest::prop_assert_eq!(fuzz::read_stream(&bytes, piece), fuzz::read_stream(&bytes, usize::MAX));
    }
}
