//! A user agent by hand on our transport: what the cores would say, said by the test.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use signaling::sip::config::{Fallback, LimitsConfig, PlanConfig, SipConfig, TlsFiles};
use signaling::sip::dialog::Credentials;
use signaling::sip::digest::{Challenge, authorize};
use signaling::sip::message::{Headers, Method, Request, Response, Uri};
use signaling::sip::port::{
    ClientTx, Hop, Owner, Protocol, ServerTx, SipInput, SipOutput, SipTransport, Target,
};
use signaling::sip::transport::{Counts, Transport};
use tests::peers::process::PATIENCE;
use tests::peers::{Certificates, Kamailio};
use tokio::runtime::{Builder, Runtime};

/// A configuration that listens on loopback, on ports of the system's choice.
pub fn config(tls: Option<&Certificates>) -> SipConfig {
    let any = "127.0.0.1:0".parse().unwrap();
    SipConfig {
        listen: vec![any],
        listen_tls: tls.iter().map(|_| any).collect(),
        tls: tls.map(|tls| TlsFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
            ca: tls.ca.clone(),
            require_client: false,
        }),
        domain: "city.test".into(),
        announced: None,
        trunks: Vec::new(),
        plan: PlanConfig::default(),
        fallback: Fallback::default(),
        limits: LimitsConfig { calls_per_person: 9, dials_per_minute: 99, calls: 99, calls_per_second: 99 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

pub struct Agent {
    runtime: Runtime,
    transport: Transport,
    told: Receiver<SipInput>,
    last: u64,
}

impl Agent {
    pub fn start(config: &SipConfig) -> Agent {
        Agent::try_start(config).unwrap()
    }

    pub fn try_start(config: &SipConfig) -> io::Result<Agent> {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let to_core = Arc::new(move |input| {
            let _ = tell.lock().unwrap().send(input);
        });
        let guard = runtime.enter();
        let transport = Transport::start(config, to_core)?;
        drop(guard);
        Ok(Agent { runtime, transport, told, last: 0 })
    }

    pub fn close(self) {
        self.runtime.block_on(self.transport.close());
    }

    pub fn address(&self, protocol: Protocol) -> SocketAddr {
        self.transport.listening().iter().find(|hop| hop.protocol == protocol).unwrap().address
    }

    pub fn counts(&self) -> Counts {
        self.transport.counts()
    }

    pub fn next(&self) -> SipInput {
        self.told.recv_timeout(PATIENCE).expect("nothing was told")
    }

    /// The next request, which must be this method.
    pub fn request(&self, method: Method) -> (ServerTx, Hop, Request) {
        match self.next() {
            SipInput::Request { tx, from, request } if request.method == method => (tx, from, request),
            other => panic!("{method} was awaited, not {other:?}"),
        }
    }

    pub fn ack(&self) -> Request {
        match self.next() {
            SipInput::Ack { request } => request,
            other => panic!("an ACK was awaited, not {other:?}"),
        }
    }

    /// The next response to this.
    pub fn response(&self, to: ClientTx) -> Response {
        match self.next() {
            SipInput::Response { tx, response } if tx == to => response,
            other => panic!("a response was awaited, not {other:?}"),
        }
    }

    /// The next final response to this, past the provisional ones.
    pub fn end(&self, to: ClientTx) -> Response {
        loop {
            let response = self.response(to);
            if !response.is_provisional() {
                return response;
            }
        }
    }

    pub fn send(&mut self, target: Target, request: Request) -> ClientTx {
        self.last += 1;
        let tx = ClientTx { owner: Owner::Dialogs, number: self.last };
        self.transport.carry_out(SipOutput::Send { tx, target, request: Box::new(request) });
        tx
    }

    pub fn carry_out(&self, output: SipOutput) {
        self.transport.carry_out(output);
    }

    pub fn respond(&self, tx: ServerTx, request: &Request, status: u16) {
        let mut response = Response::to(request, status, Some("ours"));
        if request.method == Method::Invite && status < 300 && status > 100 {
            for value in request.headers.all("Record-Route") {
                response.headers.push("Record-Route", value);
            }
            response.headers.push("Contact", "<sip:7001@switchboard.invalid>");
            if status == 200 {
                response.headers.push("Content-Type", "application/sdp");
                response.body = sdp().into_bytes();
            }
        }
        self.transport.carry_out(SipOutput::Respond { tx, response: Box::new(response) });
    }

    /// Registers as a user of a PBX, through its challenge.
    pub fn register(&mut self, pbx: &Kamailio, user: &str, transport: &str) -> Response {
        self.bind(pbx, user, transport, &format!("<sip:{user}@switchboard.invalid>"), 300)
    }

    /// Takes all contacts of a user of a PBX back.
    pub fn unregister(&mut self, pbx: &Kamailio, user: &str, transport: &str) -> Response {
        self.bind(pbx, user, transport, "*", 0)
    }

    fn bind(&mut self, pbx: &Kamailio, user: &str, transport: &str, contact: &str, expires: u32) -> Response {
        let uri = format!("sip:{}", Kamailio::DOMAIN);
        let mut register = out_of_dialog(Method::Register, &uri, user);
        register.headers.push("Contact", contact);
        register.headers.push("Expires", &expires.to_string());
        let target = place(pbx, transport);
        let tx = self.send(target.clone(), register.clone());
        let challenged = self.end(tx);
        assert_eq!(challenged.status, 401);
        let challenge = Challenge::parse(&challenged.headers).unwrap();
        let credentials = Credentials { user: user.into(), password: Kamailio::password(user) };
        let (name, value) = authorize(&challenge, &credentials, &Method::Register, &uri, "c0ffee", 1);
        register.headers.push(name, &value);
        register.headers.set("CSeq", "2 REGISTER");
        let tx = self.send(target, register);
        self.end(tx)
    }
}

/// Where a PBX is reached by this transport.
pub fn place(pbx: &Kamailio, transport: &str) -> Target {
    let port = if transport == "tls" { pbx.port + 1 } else { pbx.port };
    Target::Uri(format!("sip:127.0.0.1:{port};transport={transport}").parse().unwrap())
}

pub fn out_of_dialog(method: Method, uri: &str, from: &str) -> Request {
    let mut request = Request::new(method.clone(), uri.parse().unwrap());
    request.headers.push("From", &format!("<sip:{from}@{}>;tag=ours", Kamailio::DOMAIN));
    request.headers.push("To", &format!("<sip:{from}@{}>", Kamailio::DOMAIN));
    request.headers.push("Call-ID", &format!("{from}-{method}"));
    request.headers.push("CSeq", &format!("1 {method}"));
    request
}

pub fn invite(uri: &str, from: &str) -> Request {
    let mut request = out_of_dialog(Method::Invite, uri, from);
    request.headers.set("To", &format!("<{uri}>"));
    request.headers.push("Contact", "<sip:7001@switchboard.invalid>");
    request.headers.push("Content-Type", "application/sdp");
    request.body = sdp().into_bytes();
    request
}

/// A request in the dialog that an INVITE of ours and its 2xx made.
pub fn in_dialog(method: Method, invite: &Request, answer: &Response, cseq: u32) -> Request {
    let remote = answer.headers.address("Contact").unwrap().uri;
    let mut request = Request::new(method.clone(), remote);
    let routes = answer.headers.list("Record-Route").collect::<Vec<_>>();
    for route in routes.into_iter().rev() {
        request.headers.push("Route", route);
    }
    copy(&invite.headers, &mut request.headers, &["From", "Call-ID"]);
    copy(&answer.headers, &mut request.headers, &["To"]);
    request.headers.push("CSeq", &format!("{cseq} {method}"));
    request
}

fn copy(from: &Headers, to: &mut Headers, names: &[&str]) {
    for name in names {
        to.push(name, from.get(name).unwrap());
    }
}

pub fn target_of(uri: &str) -> Target {
    Target::Uri(uri.parse::<Uri>().unwrap())
}

/// An audio description; nobody listens at its port.
pub fn sdp() -> String {
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        .into()
}
