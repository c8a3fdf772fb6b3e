//! Telephones, apps and a PBX around the gateway and the real call core: no clock, no sockets, one run.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::media::control::{MediaError, PhoneCommand, PhoneEvent, PhoneRemote, PhoneReport};
use ::media::ids::{PeerId, RoomId};
use uuid::Uuid;

use super::super::*;
use crate::call::{CallInput, CallOutput, CallReply, CallRequest, Exchange, MediaCommand};
use crate::ids::PersonId;
use crate::ports::{JournalEntry, PhoneAccount, PortFuture};
use crate::sip::config::*;
use crate::sip::digest::Algorithm;
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::{ClientTx, Hop, Protocol, ServerTx, SipInput, SipOutput};
use crate::wire::call::{CallView, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

/// Password of the telephones.
pub const PASSWORD: &str = "secret";
/// Address of the PBX.
pub const PBX: &str = "192.0.2.1:5060";

/// A directory with Ann (1, 7001) and Bob (2, 7002), a desk telephone of Bob, and one of a meeting room.
pub struct Staff;

impl Numbers for Staff {
    fn by_extension(&self, number: &str) -> Option<PersonCard> {
        match number {
            "7001" => Some(card(1)),
            "7002" => Some(card(2)),
            "7003" => Some(card(3)),
            _ => None,
        }
    }

    fn account(&self, user: &str) -> Option<PhoneAccount> {
        match user {
            "desk" => Some(account("desk", "7002", Some(person(2)))),
            "room" => Some(account("room", "7100", None)),
            _ => None,
        }
    }

    fn account_by_extension(&self, number: &str) -> Option<PhoneAccount> {
        match number {
            "7002" => self.account("desk"),
            "7100" => self.account("room"),
            _ => None,
        }
    }

    fn missed(&self, _: PersonId) -> PortFuture<'_, u32> {
        Box::pin(async { Ok(0) })
    }
}

fn account(user: &str, extension: &str, person: Option<PersonId>) -> PhoneAccount {
    PhoneAccount {
        user: user.into(),
        extension: extension.into(),
        person,
        name: format!("Telephone {user}"),
        ha1_md5: Algorithm::Md5.ha1(user, "hub.example", PASSWORD),
        ha1_sha256: Algorithm::Sha256.ha1(user, "hub.example", PASSWORD),
    }
}

pub fn person(number: u128) -> PersonId {
    PersonId(Uuid::from_u128(number))
}

pub fn card(number: u128) -> PersonCard {
    let names = ["", "Ann", "Bob", "Cleo"];
    PersonCard {
        person: person(number),
        name: names[number as usize].into(),
        unit: "Unit".into(),
        post: "Clerk".into(),
        extension: Some(format!("700{number}")),
        line: false,
    }
}

pub fn config() -> SipConfig {
    let trunk = |name: &str, host: &str| TrunkConfig {
        name: name.into(),
        host: host.into(),
        port: 5060,
        protocol: Protocol::Udp,
        register: false,
        user: "hub".into(),
        credentials: None,
        peers: vec![host.parse().unwrap()],
        srtp: Srtp::Off,
        codecs: vec![CodecName::G722, CodecName::Pcma, CodecName::Pcmu],
        ptime: 20,
        trusted_identity: true,
        outbound: Vec::new(),
        inbound: Vec::new(),
        max_calls: 100,
        max_calls_per_second: 100,
        options_every: Duration::from_secs(30),
        patience: Duration::from_secs(3),
    };
    SipConfig {
        listen: Vec::new(),
        listen_tls: Vec::new(),
        tls: None,
        domain: "hub.example".into(),
        announced: None,
        trunks: vec![trunk("first", "192.0.2.1"), trunk("second", "192.0.2.2")],
        plan: PlanConfig {
            patterns: vec!["7XXX".into(), "2XXX".into()],
            emergency: vec!["119".into()],
            ..PlanConfig::default()
        },
        fallback: Fallback::Unavailable,
        limits: LimitsConfig { calls_per_person: 4, dials_per_minute: 30, calls: 100, calls_per_second: 100 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

/// A device with the app.
#[derive(Default)]
pub struct App {
    pub views: BTreeMap<CallId, CallView>,
    pub refused: Vec<ErrorCode>,
}

pub struct World {
    pub gateway: Gateway,
    pub calls: Exchange,
    pub now: Instant,
    pub apps: BTreeMap<SessionId, App>,
    /// What the PBX and the telephones were sent and have not looked at.
    pub wire: VecDeque<SipOutput>,
    pub media: BTreeMap<PeerId, Vec<String>>,
    /// What was last set.
    pub remotes: BTreeMap<PeerId, PhoneRemote>,
    pub records: Vec<LegRecord>,
    pub journal: Vec<JournalEntry>,
    pub no_media: bool,
    rooms: BTreeMap<PeerId, RoomId>,
    /// Methods of all requests that were sent.
    pub all_sent: Vec<String>,
    next_port: u16,
    next_request: u32,
    next_tx: u64,
    /// Commands that open and close gates.
    pub gates: BTreeMap<PeerId, bool>,
}

impl World {
    pub fn new() -> World {
        World::with(config())
    }

    pub fn with(config: SipConfig) -> World {
        let own: IpAddr = "192.0.2.9".parse().unwrap();
        let gateway = Gateway::new(config, [3; 32], Arc::new(Staff), Box::new(move |_| own));
        #[expect(clippy::disallowed_methods, reason = "a test begins at some time")]
        let now = Instant::now();
        let mut world = World {
            gateway,
            calls: Exchange::new(5),
            now,
            apps: BTreeMap::new(),
            wire: VecDeque::new(),
            media: BTreeMap::new(),
            remotes: BTreeMap::new(),
            records: Vec::new(),
            journal: Vec::new(),
            no_media: false,
            rooms: BTreeMap::new(),
            all_sent: Vec::new(),
            next_port: 30_000,
            next_request: 0,
            next_tx: 0,
            gates: BTreeMap::new(),
        };
        world.gateway(GatewayInput::Start);
        world.answer_options();
        world
    }

    /// The trunks live.
    fn answer_options(&mut self) {
        while let Some(at) = self.wire.iter().position(|sent| method(sent) == Some(Method::Options)) {
            if let Some(SipOutput::Send { tx, request, .. }) = self.wire.remove(at) {
                let response = Response::to(&request, 200, Some("pbx"));
                self.gateway(GatewayInput::Sip(SipInput::Response { tx, response }));
            }
        }
    }

    /// A device of this person.
    pub fn app(&mut self, number: u128) -> SessionId {
        let session = SessionId(Uuid::from_u128(1_000 + number + 100 * self.apps.len() as u128));
        self.apps.insert(session, App::default());
        let device = "app".to_owned();
        self.call(CallInput::SessionUp { session, person: person(number), device, phone: false });
        session
    }

    pub fn ask(&mut self, session: SessionId, request: CallRequest) {
        self.next_request += 1;
        let id = self.next_request;
        self.call(CallInput::Request { session, id, request });
    }

    /// The person dials a number in the app; gives the call.
    pub fn dial(&mut self, session: SessionId, who: u128, number: &str) -> Result<CallId, ErrorCode> {
        let mut out = Vec::new();
        let called = self.gateway.dial(self.now, 1_000, &card(who), number, true, &mut out);
        self.carry_out(out);
        let to = called.map_err(|error| error.code)?;
        self.next_request += 1;
        let call = CallId(Uuid::from_u128(50_000 + u128::from(self.next_request)));
        let request = CallRequest::Start {
            call,
            from: card(who),
            to: vec![to.person],
            cards: vec![to],
            sources: mic(),
        };
        self.ask(session, request);
        self.media_up(session, call);
        Ok(call)
    }

    /// One person calls another.
    pub fn start(&mut self, session: SessionId, who: u128, whom: u128) -> CallId {
        self.next_request += 1;
        let call = CallId(Uuid::from_u128(60_000 + u128::from(self.next_request)));
        let (from, to) = (card(who), card(whom));
        let request = CallRequest::Start { call, from, to: vec![to.person], cards: vec![to], sources: mic() };
        self.ask(session, request);
        self.media_up(session, call);
        call
    }

    /// The media of an app comes up.
    pub fn media_up(&mut self, session: SessionId, call: CallId) {
        if let Some(peer) = self.calls.peer_of(session, call) {
            self.call(CallInput::MediaUp { peer });
        }
    }

    pub fn answer(&mut self, session: SessionId, call: CallId) {
        self.ask(session, CallRequest::Answer { call, sources: mic(), current: CurrentCall::Hold });
        self.media_up(session, call);
    }

    pub fn view(&self, session: SessionId, call: CallId) -> &CallView {
        &self.apps[&session].views[&call]
    }

    /// The only call of this device.
    pub fn only_call(&self, session: SessionId) -> CallId {
        *self.apps[&session].views.keys().next_back().expect("a call")
    }

    pub fn call(&mut self, input: CallInput) {
        let mut out = Vec::new();
        self.calls.handle(self.now, 1_000, input, &mut out);
        out.into_iter().for_each(|output| self.carry_out_call(output));
    }

    pub fn gateway(&mut self, input: GatewayInput) {
        let mut out = Vec::new();
        self.gateway.handle(self.now, 1_000, input, &mut out);
        self.carry_out(out);
    }

    fn carry_out(&mut self, out: Vec<GatewayOutput>) {
        for output in out {
            match output {
                GatewayOutput::Sip(output) => {
                    self.all_sent.extend(method(&output).map(|method| method.to_string()));
                    self.wire.push_back(output);
                }
                GatewayOutput::Call(input) => self.call(input),
                GatewayOutput::Open { room, peer, .. } => {
                    self.rooms.insert(peer, room);
                    self.media.entry(peer).or_default().push("Open".into());
                    self.next_port += 2;
                    let port = if self.no_media { Err(MediaError::Full) } else { Ok(self.next_port) };
                    self.gateway(GatewayInput::Opened { peer, port });
                }
                GatewayOutput::Media { peer, command, .. } => self.phone(peer, command),
                GatewayOutput::Record(record) => self.records.push(*record),
                GatewayOutput::AskMissed(_) | GatewayOutput::Resolve { .. } => {}
            }
        }
    }

    fn phone(&mut self, peer: PeerId, command: PhoneCommand) {
        self.media.entry(peer).or_default().push(format!("{command:?}"));
        match command {
            PhoneCommand::Set(remote) => {
                let first = self.remotes.insert(peer, *remote).is_none();
                if first {
                    self.call(CallInput::MediaUp { peer });
                }
            }
            PhoneCommand::Move { to: room, peer: to } => {
                self.rooms.insert(to, room);
                if let Some(remote) = self.remotes.remove(&peer) {
                    self.remotes.insert(to, remote);
                }
                self.call(CallInput::MediaUp { peer: to });
            }
            PhoneCommand::Open { .. } | PhoneCommand::Digits(_) => {}
        }
    }

    fn carry_out_call(&mut self, output: CallOutput) {
        match output {
            CallOutput::Show { session, view } => match self.apps.get_mut(&session) {
                Some(app) => drop(app.views.insert(view.call, *view)),
                None => self.gateway(GatewayInput::Show { session, view }),
            },
            CallOutput::Reply { session, id, result } => match (self.apps.get_mut(&session), result) {
                (Some(app), Ok(CallReply::Call(view))) => drop(app.views.insert(view.call, *view)),
                (Some(app), Err(code)) => app.refused.push(code),
                (Some(_), Ok(CallReply::Ok)) => {}
                (None, result) => self.gateway(GatewayInput::Reply { session, id, result }),
            },
            CallOutput::Journal { ticket, entry } => {
                self.journal.push(entry);
                self.call(CallInput::JournalDone { ticket });
            }
            CallOutput::MovePhone { session, from, to } => {
                self.gateway(GatewayInput::Moved { session, from, to });
            }
            CallOutput::Media { command: MediaCommand::SetOpen { peer, open }, .. } => {
                self.gates.insert(peer, open);
            }
            CallOutput::Media { command: MediaCommand::Leave { peer }, .. } => self.report(peer),
            CallOutput::Media { room, command: MediaCommand::Close } => {
                let there = |peer: &&PeerId| self.rooms.get(*peer) == Some(&room);
                let peers: Vec<PeerId> = self.remotes.keys().filter(there).copied().collect();
                peers.into_iter().for_each(|peer| self.report(peer));
            }
            CallOutput::Media { .. } | CallOutput::ShowMediaLost { .. } | CallOutput::InCall { .. } => {}
        }
    }

    /// The media plane lets a telephone go.
    fn report(&mut self, peer: PeerId) {
        if self.remotes.remove(&peer).is_some() {
            let report = PhoneReport {
                received: 90,
                lost: 10,
                sent: 100,
                lost_there: 5,
                mos: 4.2,
                ..PhoneReport::default()
            };
            self.gateway(GatewayInput::Phone { peer, event: PhoneEvent::Report(report) });
        }
    }

    /// Time passes, in steps to the next deadline.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = [self.gateway.deadline(), self.calls.deadline()].into_iter().flatten().min();
            match due.filter(|due| *due <= end) {
                Some(due) => self.now = self.now.max(due),
                None => break,
            }
            self.gateway(GatewayInput::Tick);
            self.call(CallInput::Tick);
        }
        self.now = end;
    }

    /// The next request of this method that was sent; what came before is passed over.
    pub fn sent(&mut self, wanted: Method) -> (ClientTx, Request) {
        while let Some(output) = self.wire.pop_front() {
            match output {
                SipOutput::Send { tx, request, .. } if request.method == wanted => return (tx, *request),
                _ => {}
            }
        }
        panic!("no {wanted} was sent")
    }

    /// The next request of this method; the others stay.
    pub fn sent_keeping(&mut self, wanted: Method) -> (ClientTx, Request) {
        let at = self.wire.iter().position(|output| method(output).as_ref() == Some(&wanted));
        match at.and_then(|at| self.wire.remove(at)) {
            Some(SipOutput::Send { tx, request, .. }) => (tx, *request),
            _ => panic!("no {wanted} was sent"),
        }
    }

    /// Whether a request of this method waits.
    pub fn has_sent(&self, wanted: &Method) -> bool {
        self.wire.iter().any(|output| method(output).as_ref() == Some(wanted))
    }

    /// The next response with this status.
    pub fn responded(&mut self, status: u16) -> Response {
        let mut passed = Vec::new();
        while let Some(output) = self.wire.pop_front() {
            match output {
                SipOutput::Respond { response, .. } if response.status == status => return *response,
                SipOutput::Respond { response, .. } => passed.push(response.status),
                _ => {}
            }
        }
        panic!("no {status}, but {passed:?}")
    }

    /// The other side answers a request of ours.
    pub fn respond(&mut self, tx: ClientTx, request: &Request, status: u16, sdp: Option<&str>) {
        let mut response = Response::to(request, status, Some("their-tag"));
        response.headers.push("Contact", "<sip:7100@192.0.2.1:5060>");
        if let Some(sdp) = sdp {
            response.headers.push("Content-Type", "application/sdp");
            response.body = sdp.as_bytes().to_vec();
        }
        self.gateway(GatewayInput::Sip(SipInput::Response { tx, response }));
    }

    /// A request of the PBX or a telephone.
    pub fn request(&mut self, from: &str, request: Request) -> ServerTx {
        self.next_tx += 1;
        let tx = ServerTx(self.next_tx);
        let address: SocketAddr = from.parse().unwrap();
        let from = Hop { protocol: Protocol::Udp, address };
        self.gateway(GatewayInput::Sip(SipInput::Request { tx, from, request }));
        tx
    }

    /// An INVITE of the PBX to this number.
    pub fn invite(&mut self, from: &str, number: &str, headers: &[(&str, &str)]) -> (ServerTx, Request) {
        let mut request = Request::new(Method::Invite, format!("sip:{number}@hub.example").parse().unwrap());
        let caller = headers.iter().find(|(name, _)| *name == "From").map(|(_, value)| *value);
        request.headers.push("From", caller.unwrap_or("\"Desk\" <sip:2001@192.0.2.1>;tag=caller"));
        request.headers.push("To", &format!("<sip:{number}@hub.example>"));
        request.headers.push("Call-ID", &format!("call-{}", self.next_tx));
        request.headers.push("CSeq", "1 INVITE");
        request.headers.push("Contact", "<sip:2001@192.0.2.1:5060>");
        for (name, value) in headers.iter().filter(|(name, _)| *name != "From") {
            request.headers.push(name, value);
        }
        request.headers.push("Content-Type", "application/sdp");
        request.body = sdp("sendrecv").into_bytes();
        let tx = self.request(from, request.clone());
        (tx, request)
    }

    /// A request within the dialog that `invite` began and `answer` confirmed, from the side that called.
    pub fn within(
        &mut self,
        invite: &Request,
        answer: &Response,
        method: Method,
        sdp: Option<&str>,
    ) -> ServerTx {
        let mut request = Request::new(method, invite.uri.clone());
        for name in ["From", "Call-ID"] {
            request.headers.push(name, invite.headers.get(name).unwrap());
        }
        request.headers.push("To", answer.headers.get("To").unwrap());
        self.next_tx += 1;
        request.headers.push("CSeq", &format!("{} {}", 10 + self.next_tx, request.method));
        request.headers.push("Contact", "<sip:2001@192.0.2.1:5060>");
        if let Some(sdp) = sdp {
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp.as_bytes().to_vec();
        }
        self.request(PBX, request)
    }

    /// The ACK for a 200 of ours.
    pub fn ack(&mut self, invite: &Request, answer: &Response) {
        let mut request = Request::new(Method::Ack, invite.uri.clone());
        for name in ["From", "Call-ID"] {
            request.headers.push(name, invite.headers.get(name).unwrap());
        }
        request.headers.push("To", answer.headers.get("To").unwrap());
        request.headers.push("CSeq", "1 ACK");
        self.gateway(GatewayInput::Sip(SipInput::Ack { request }));
    }

    /// The same from the side that was called: tags the other way round.
    pub fn within_theirs(&mut self, ours: &Request, method: Method, sdp: Option<&str>) -> ServerTx {
        let request = self.theirs(ours, method, sdp);
        self.request(PBX, request)
    }

    /// The same with further headers.
    pub fn within_theirs_with(&mut self, ours: &Request, method: Method, headers: &[(&str, &str)]) {
        let mut request = self.theirs(ours, method, None);
        headers.iter().for_each(|(name, value)| request.headers.push(name, value));
        self.request(PBX, request);
    }

    fn theirs(&mut self, ours: &Request, method: Method, sdp: Option<&str>) -> Request {
        let mut request = Request::new(method, "sip:hub@192.0.2.9".parse().unwrap());
        request.headers.push("To", ours.headers.get("From").unwrap());
        request.headers.push("From", &format!("{};tag=their-tag", ours.headers.get("To").unwrap()));
        request.headers.push("Call-ID", ours.headers.get("Call-ID").unwrap());
        self.next_tx += 1;
        request.headers.push("CSeq", &format!("{} {}", 10 + self.next_tx, request.method));
        request.headers.push("Contact", "<sip:7100@192.0.2.1:5060>");
        if let Some(sdp) = sdp {
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp.as_bytes().to_vec();
        }
        request
    }
}

fn method(output: &SipOutput) -> Option<Method> {
    match output {
        SipOutput::Send { request, .. } => Some(request.method.clone()),
        _ => None,
    }
}

pub fn mic() -> Sources {
    Sources { mic: true, camera: false, screen: false }
}

/// A description of a telephone at the PBX.
pub fn sdp(direction: &str) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na={direction}\r\n"
    )
}
