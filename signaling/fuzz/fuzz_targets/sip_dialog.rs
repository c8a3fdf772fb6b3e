//! Any requests, responses and orders within a call, in either role: every request gets one final answer, time always goes
//! on, and at last the leg is forgotten.
#![no_main]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use signaling::sip::dialog::{Credentials, Dial, DialogInput, DialogOutput, Dialogs, DialogsConfig, LegId};
use signaling::sip::message::{Method, NameAddr, Request, Response, Uri};
use signaling::sip::port::{ClientTx, Failure, Hop, Protocol, ServerTx, SipInput, SipOutput, Target};

const LEG: LegId = LegId(1);

struct Run {
    dialogs: Dialogs,
    now: Instant,
    /// Requests of theirs, and whether they are answered.
    theirs: BTreeMap<ServerTx, bool>,
    /// Requests of ours without an end.
    ours: Vec<(ClientTx, Request)>,
    /// Headers that put a request into the dialog.
    names: [(&'static str, String); 3],
}

impl Run {
    fn put(&mut self, input: DialogInput) {
        let mut out = Vec::new();
        self.dialogs.handle(self.now, input, &mut out);
        for output in out {
            match output {
                DialogOutput::Sip(SipOutput::Respond { tx, response }) if response.status >= 200 => {
                    let answered = self.theirs.insert(tx, true).expect("an answer to a request");
                    assert!(!answered || response.is_success(), "two answers");
                }
                DialogOutput::Sip(SipOutput::Send { tx, request, .. }) => self.ours.push((tx, *request)),
                _ => {}
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.dialogs.deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.put(DialogInput::Tick);
            assert!(self.dialogs.deadline().is_none_or(|next| next > self.now), "time stands still");
        }
        self.now = end;
    }

    /// A request, or with a digit in front a response; then lines of headers, an empty one, and the body.
    fn message(&mut self, text: &str) {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap_or_default();
        let mut request = Request::new(Method::from(first), uri("sip:2@switchboard.example"));
        self.names.iter().for_each(|(name, value)| request.headers.push(name, value));
        let mut response = None;
        if let Ok(status @ 100..700) = first.parse::<u16>()
            && let Some((tx, sent)) = self.ours.last().cloned()
        {
            response = Some((tx, Response::to(&sent, status, Some("them"))));
        }
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            match &mut response {
                Some((_, response)) => response.headers.push(name, value),
                None => request.headers.set(name, value),
            }
        }
        if let Some((tx, mut response)) = response {
            response.body = body.into();
            return self.put(DialogInput::Sip(SipInput::Response { tx, response }));
        }
        request.body = body.into();
        if request.method == Method::Ack {
            return self.put(DialogInput::Sip(SipInput::Ack { request }));
        }
        let tx = ServerTx(self.theirs.len() as u64);
        self.theirs.insert(tx, false);
        self.put(DialogInput::Sip(SipInput::Request { tx, from: hop(), request }));
    }

    fn order(&mut self, order: u8) {
        let sdp = || "v=0".to_owned();
        self.put(match order % 9 {
            0 => DialogInput::Ring { leg: LEG, sdp: Some(sdp()) },
            1 => DialogInput::Accept { leg: LEG, sdp: sdp(), identity: None },
            2 => DialogInput::Offer { leg: LEG, sdp: sdp() },
            3 => DialogInput::Answer { leg: LEG, sdp: Some(sdp()) },
            4 => DialogInput::Answer { leg: LEG, sdp: None },
            5 => DialogInput::Refer { leg: LEG, to: Box::new(NameAddr::new(uri("sip:3@h"))) },
            6 => DialogInput::ReferProgress { leg: LEG, status: 180 },
            7 => DialogInput::Identify { leg: LEG, identity: NameAddr::new(uri("sip:3@h")) },
            _ => DialogInput::Info { leg: LEG, digit: '7' },
        });
    }

    fn begin(&mut self, dialled: bool) {
        if dialled {
            let dial = Dial {
                uri: uri("sip:1@pbx.example"),
                target: Target::Hop(hop()),
                route: Vec::new(),
                from: NameAddr::new(uri("sip:2@switchboard.example")),
                contact_user: None,
                headers: Vec::new(),
                offer: "v=0".into(),
                credentials: Some(Credentials { user: "u".into(), password: "p".into() }),
                patience: Duration::from_secs(4),
            };
            self.put(DialogInput::Dial { leg: LEG, dial: Box::new(dial) });
            let (_, invite) = self.ours.last().expect("an INVITE").clone();
            let get = |name| invite.headers.get(name).unwrap_or_default().to_owned();
            self.names =
                [("Call-ID", get("Call-ID")), ("To", get("From")), ("From", "<sip:1@h>;tag=them".into())];
            return;
        }
        let mut request = Request::new(Method::Invite, uri("sip:2@switchboard.example"));
        let headers = [("Call-ID", "c"), ("To", "<sip:2@h>"), ("From", "<sip:1@h>;tag=them")];
        headers.iter().for_each(|(name, value)| request.headers.push(name, value));
        request.headers.push("CSeq", "1 INVITE");
        request.headers.push("Contact", "<sip:1@192.0.2.1>");
        request.body = b"v=0".to_vec();
        self.theirs.insert(ServerTx(0), false);
        self.put(DialogInput::Admit { leg: LEG, tx: ServerTx(0), from: hop(), request });
        let tag = self.dialogs.dialog_id(LEG).expect("a dialog").local_tag;
        self.names[1].1 = format!("<sip:2@h>;tag={tag}");
    }
}

fn uri(text: &str) -> Uri {
    text.parse().expect("a URI")
}

fn hop() -> Hop {
    Hop { protocol: Protocol::Udp, address: ([192, 0, 2, 1], 5060).into() }
}

fuzz_target!(|data: &[u8]| {
    #[expect(clippy::disallowed_methods, reason = "any instant will do; only differences count")]
    let now = Instant::now();
    let dialogs = Dialogs::new(DialogsConfig::default(), 1);
    let names = [("Call-ID", "c".into()), ("To", String::new()), ("From", "<sip:1@h>;tag=them".into())];
    let mut run = Run { dialogs, now, theirs: BTreeMap::new(), ours: Vec::new(), names };
    let Some((role, rest)) = data.split_first() else { return };
    run.begin(role % 2 == 0);
    for part in rest.split(|byte| *byte == 0).take(64) {
        match part {
            [b'!', order] => run.order(*order),
            [b'+', time] => run.pass(Duration::from_secs(u64::from(*time))),
            part => run.message(&String::from_utf8_lossy(part)),
        }
    }
    run.put(DialogInput::HangUp { leg: LEG, reason: None });
    for _ in 0..4 {
        run.pass(Duration::from_secs(40));
        for (tx, _) in std::mem::take(&mut run.ours) {
            run.put(DialogInput::Sip(SipInput::Failed { tx, failure: Failure::Timeout }));
        }
    }
    assert!(run.dialogs.is_empty() && run.dialogs.deadline().is_none());
    assert!(run.theirs.values().all(|answered| *answered));
});
