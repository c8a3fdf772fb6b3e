//! A colleague dials a telephone behind the PBX, and is called from it.

use std::time::Duration;

use crate::ports::{LegKind, LegRecord, Numbers, PhoneAccount, Records};
use crate::sip::config::*;
use crate::sip::message::{Method, Request as SipRequest, Response};
use crate::sip::port::*;

use super::*;

/// The PBX and what it was sent.
#[derive(Default)]
struct Pbx {
    inputs: Mutex<Option<SipInputFn>>,
    sent: Mutex<Vec<SipOutput>>,
}

impl SipTransport for Pbx {
    fn carry_out(&self, output: SipOutput) {
        // The trunk lives.
        if let SipOutput::Send { tx, request, .. } = &output
            && request.method == Method::Options
        {
            let response = Response::to(request, 200, Some("pbx"));
            return self.tell(SipInput::Response { tx: *tx, response });
        }
        self.sent.lock().unwrap().push(output);
    }

    fn contact(&self, _: &Target) -> std::net::SocketAddr {
        "192.0.2.9:5060".parse().unwrap()
    }
}

impl Pbx {
    fn tell(&self, input: SipInput) {
        let inputs = self.inputs.lock().unwrap().clone().expect("connected");
        inputs(input);
    }

    fn take<T>(&self, wanted: impl Fn(&SipOutput) -> Option<T>) -> Option<T> {
        let mut sent = self.sent.lock().unwrap();
        let at = sent.iter().position(|output| wanted(output).is_some())?;
        wanted(&sent.remove(at))
    }

    async fn next<T>(&self, what: &str, wanted: impl Fn(&SipOutput) -> Option<T>) -> T {
        let poll = async {
            loop {
                match self.take(&wanted) {
                    Some(found) => return found,
                    None => tokio::task::yield_now().await,
                }
            }
        };
        timeout(PATIENCE, poll).await.unwrap_or_else(|_| panic!("no {what}: {:?}", self.sent.lock().unwrap()))
    }

    /// The next request of this method.
    async fn request(&self, method: Method) -> (ClientTx, SipRequest) {
        let found = |output: &SipOutput| match output {
            SipOutput::Send { tx, request, .. } if request.method == method => {
                Some((*tx, (**request).clone()))
            }
            _ => None,
        };
        self.next(method.as_str(), found).await
    }

    /// The next response with this status.
    async fn response(&self, status: u16) -> Response {
        let found = |output: &SipOutput| match output {
            SipOutput::Respond { response, .. } if response.status == status => Some((**response).clone()),
            _ => None,
        };
        self.next(&status.to_string(), found).await
    }

    fn answer(&self, tx: ClientTx, request: &SipRequest, status: u16, sdp: Option<&str>) {
        let mut response = Response::to(request, status, Some("tag-of-pbx"));
        response.headers.push("Contact", "<sip:7300@192.0.2.1>");
        if let Some(sdp) = sdp {
            response.headers.push("Content-Type", "application/sdp");
            response.body = sdp.into();
        }
        self.tell(SipInput::Response { tx, response });
    }
}

struct Nobody;

impl Numbers for Nobody {
    fn by_extension(&self, number: &str) -> Option<PersonCard> {
        (number == "7001").then(|| card(1))
    }

    fn account(&self, _: &str) -> Option<PhoneAccount> {
        None
    }

    fn account_by_extension(&self, _: &str) -> Option<PhoneAccount> {
        None
    }

    fn missed(&self, _: PersonId) -> PortFuture<'_, u32> {
        Box::pin(async { Ok(0) })
    }
}

/// Refuses the first record once.
#[derive(Default)]
struct Kept {
    written: Mutex<Vec<LegRecord>>,
    refused: AtomicBool,
}

impl Records for Kept {
    fn write(&self, record: LegRecord) -> PortFuture<'_, ()> {
        let first = !self.refused.swap(true, Ordering::Relaxed);
        if !first {
            self.written.lock().unwrap().push(record);
        }
        Box::pin(async move { if first { Err(PortError::Unavailable("busy".into())) } else { Ok(()) } })
    }
}

fn config() -> SipConfig {
    let trunk = TrunkConfig {
        name: "pbx".into(),
        host: "192.0.2.1".into(),
        port: 5060,
        protocol: Protocol::Udp,
        register: false,
        user: "hub".into(),
        credentials: None,
        peers: Vec::new(),
        srtp: Srtp::Off,
        codecs: vec![CodecName::Pcma],
        ptime: 20,
        trusted_identity: true,
        outbound: Vec::new(),
        inbound: Vec::new(),
        max_calls: 10,
        max_calls_per_second: 10,
        options_every: Duration::from_secs(30),
        patience: Duration::from_secs(3),
    };
    SipConfig {
        listen: Vec::new(),
        listen_tls: Vec::new(),
        tls: None,
        domain: "hub.example".into(),
        announced: None,
        trunks: vec![trunk],
        plan: PlanConfig { patterns: vec!["7XXX".into()], ..PlanConfig::default() },
        fallback: Fallback::Unavailable,
        limits: LimitsConfig { calls_per_person: 4, dials_per_minute: 30, calls: 10, calls_per_second: 10 },
        session_expires: Duration::from_secs(1800),
        register_expires: (Duration::from_secs(60), Duration::from_secs(3600)),
    }
}

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
    m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n";

fn start() -> (World, Arc<Pbx>, Arc<Kept>) {
    let (pbx, kept) = (Arc::new(Pbx::default()), Arc::new(Kept::default()));
    let own = pbx.clone();
    let telephony = Telephony::new(config(), Arc::new(Nobody), kept.clone()).over(move |_, inputs| {
        *own.inputs.lock().unwrap() = Some(inputs);
        Ok(own.clone())
    });
    let config = HubConfig { shards: 1, ..HubConfig::default() };
    (World::with_telephony(config, Some(telephony)), pbx, kept)
}

#[tokio::test]
async fn dial_talk_press_digits_and_hang_up() {
    let (world, pbx, kept) = start();
    let mut ann = world.device(1).await;
    let refused = ann.ask("call.start", json!({"to": [], "numbers": ["9999"], "sources": all_on()})).await;
    assert_eq!(refused["data"]["code"], "number_not_allowed", "{refused}");
    let reply = ann.ask("call.start", json!({"to": [], "numbers": ["7300"], "sources": all_on()})).await;
    assert_eq!(reply["type"], "call", "{reply}");
    let call = reply["data"]["call"].as_str().unwrap().to_owned();
    assert_eq!(reply["data"]["parties"][1]["card"]["extension"], "7300");
    let (tx, invite) = pbx.request(Method::Invite).await;
    pbx.answer(tx, &invite, 180, None);
    ann.event(|frame| frame["data"]["parties"][1]["state"] == "ringing").await;
    pbx.answer(tx, &invite, 200, Some(SDP));
    ann.event(|frame| frame["data"]["parties"][1]["state"] == "connected").await;
    assert_eq!(ann.ask("call.digits", json!({"call": call, "digits": "12#"})).await["type"], "ok");
    world
        .until("digits", |world| world.commands(&call).iter().any(|c| c.contains("Digits(3 of them)")))
        .await;
    assert_eq!(ann.ask("call.leave", json!({"call": call})).await["type"], "ok");
    let (tx, bye) = pbx.request(Method::Bye).await;
    pbx.answer(tx, &bye, 200, None);
    // One of the telephone, one of the app, one of the number that was not dialled; the first was refused once.
    world.until("on record", |_| kept.written.lock().unwrap().len() == 3).await;
    let written = kept.written.lock().unwrap().clone();
    let leg = written.iter().find(|record| record.kind == LegKind::Trunk).unwrap();
    assert_eq!((leg.via.as_str(), leg.to.as_str(), leg.codec.as_deref()), ("pbx", "7300", Some("PCMA")));
    let app = written.iter().find(|record| record.kind == LegKind::App && record.call.is_some()).unwrap();
    assert_eq!((app.to.as_str(), app.call), ("7300", leg.call));
    assert_eq!(world.hub.trunks().await.len(), 1);
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn a_desk_telephone_calls_and_hangs_up() {
    let (world, pbx, kept) = start();
    let mut ann = world.device(1).await;
    let mut invite = SipRequest::new(Method::Invite, "sip:7001@hub.example".parse().unwrap());
    for (name, value) in [
        ("From", "\"Desk\" <sip:7300@192.0.2.1>;tag=desk"),
        ("To", "<sip:7001@hub.example>"),
        ("Call-ID", "from-desk"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:7300@192.0.2.1>"),
        ("Content-Type", "application/sdp"),
    ] {
        invite.headers.push(name, value);
    }
    invite.body = SDP.into();
    let from = Hop { protocol: Protocol::Udp, address: "192.0.2.1:5060".parse().unwrap() };
    pbx.tell(SipInput::Request { tx: ServerTx(1), from, request: invite.clone() });
    let ring = ann.event(|frame| frame["type"] == "call.state").await;
    let call = ring["data"]["call"].clone();
    assert_eq!(ring["data"]["parties"][0]["card"]["name"], "Desk");
    assert_eq!(ann.ask("call.alerting", json!({"call": call})).await["type"], "ok");
    pbx.response(180).await;
    let reply = ann.ask("call.answer", json!({"call": call, "sources": all_on()})).await;
    assert_eq!(reply["type"], "call", "{reply}");
    let answer = pbx.response(200).await;
    let mut within = SipRequest::new(Method::Ack, invite.uri.clone());
    within.headers = invite.headers.clone();
    within.headers.remove("Content-Type");
    within.headers.set("To", answer.headers.get("To").unwrap());
    within.headers.set("CSeq", "1 ACK");
    pbx.tell(SipInput::Ack { request: within.clone() });
    within.method = Method::Bye;
    within.headers.set("CSeq", "2 BYE");
    pbx.tell(SipInput::Request { tx: ServerTx(2), from, request: within });
    let over = ann.event(|frame| frame["data"]["ended"].is_string()).await;
    assert_eq!(over["data"]["ended"], "ended");
    pbx.response(200).await;
    world.until("on record", |_| kept.written.lock().unwrap().len() == 2).await;
    drop(ann);
    world.check_empty().await;
}
