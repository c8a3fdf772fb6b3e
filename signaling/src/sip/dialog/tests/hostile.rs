//! Whatever comes, nothing panics, every request gets one final answer, and nothing stays behind.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::sip::port::Owner;

/// One thing that happens; numbers choose among what is there.
#[derive(Clone, Debug)]
enum Happening {
    Request { method: usize, headers: Vec<(usize, usize)>, body: usize, seq: u32, ours: bool },
    Response { tx: u64, status: u16, headers: Vec<(usize, usize)>, body: usize, tag: bool },
    Order(usize),
    Pass(u64),
}

const METHODS: [&str; 12] = [
    "INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY", "OPTIONS", "MESSAGE", "",
];
const NAMES: [&str; 20] = [
    "Require",
    "Supported",
    "Session-Expires",
    "Min-SE",
    "RSeq",
    "RAck",
    "Contact",
    "Record-Route",
    "Replaces",
    "Refer-To",
    "Refer-Sub",
    "Event",
    "Subscription-State",
    "Content-Type",
    "Allow",
    "P-Asserted-Identity",
    "Retry-After",
    "WWW-Authenticate",
    "From",
    "CSeq",
];
const VALUES: [&str; 24] = [
    "",
    "100rel",
    "timer",
    "4294967295",
    "0",
    "-1",
    "90;refresher=uas",
    "1;refresher=\"",
    "1 1 INVITE",
    "5",
    "<sip:a@b>",
    "<tel:+1>",
    "<sip:x;lr>, <sip:y>",
    "*",
    "a;to-tag=b;from-tag=c",
    "<sip:a@b?Replaces=%zz>",
    "refer",
    "terminated",
    "application/dtmf-relay",
    "\u{feff}王\"\\",
    "Digest realm=\"r\", nonce=\"n\"",
    "Digest realm=\"r\", nonce=\"n\", stale=true",
    "99999999999999999999 INVITE",
    "\"<sip:a@b>;tag=",
];
const BODIES: [&[u8]; 6] =
    [b"", b"v=0", b"Signal=\xff", b"SIP/2.0 200 OK", b"SIP/2.0 \xe7\x8e\x8b", b"Signal=5\r\nDuration"];

fn happening() -> impl Strategy<Value = Happening> {
    let headers = || prop::collection::vec((0..NAMES.len(), 0..VALUES.len()), 0..5);
    prop_oneof![
        4 => (0..METHODS.len(), headers(), 0..BODIES.len(), 0..50_u32, prop::bool::weighted(0.8)).prop_map(
            |(method, headers, body, seq, ours)| Happening::Request { method, headers, body, seq, ours }
        ),
        3 => (0..8_u64, 100..700_u16, headers(), 0..BODIES.len(), any::<bool>()).prop_map(
            |(tx, status, headers, body, tag)| Happening::Response { tx, status, headers, body, tag }
        ),
        3 => (0..10_usize).prop_map(Happening::Order),
        1 => (0..60_000_u64).prop_map(Happening::Pass),
    ]
}

struct Attack {
    bench: Bench,
    peer: Peer,
    pending: BTreeMap<ServerTx, bool>,
    sent: Vec<(ClientTx, Request)>,
    ended: usize,
}

impl Attack {
    fn read(&mut self) {
        while let Some(output) = self.bench.out.pop_front() {
            match output {
                DialogOutput::Sip(SipOutput::Respond { tx, response }) if response.status >= 200 => {
                    let answered = self.pending.get_mut(&tx).expect("an answer to a request");
                    assert!(!*answered || response.is_success(), "two answers");
                    *answered = true;
                }
                DialogOutput::Sip(SipOutput::Send { tx, request, .. }) => self.sent.push((tx, *request)),
                DialogOutput::Ended { .. } => self.ended += 1,
                _ => {}
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Request { method, headers, body, seq, ours } => {
                let mut request = self.peer.request(METHODS[method], &[], "");
                request.headers.set("CSeq", &format!("{} {}", self.peer.seq + seq, METHODS[method]));
                headers.iter().for_each(|(name, value)| request.headers.push(NAMES[*name], VALUES[*value]));
                request.body = BODIES[body].to_vec();
                if !ours {
                    request.headers.remove(NAMES[seq as usize % NAMES.len()]);
                    request.headers.remove("To");
                }
                if request.method == Method::Ack {
                    self.bench.put(DialogInput::Sip(SipInput::Ack { request }));
                } else {
                    let tx = self.bench.receive(request);
                    self.pending.insert(tx, false);
                }
            }
            Happening::Response { tx, status, headers, body, tag } => {
                let Some(known) = self.sent.iter().rev().nth(usize::try_from(tx).unwrap()).cloned() else {
                    return;
                };
                let mut response = Response::to(&known.1, status, tag.then_some("them"));
                headers.iter().for_each(|(name, value)| response.headers.push(NAMES[*name], VALUES[*value]));
                response.body = BODIES[body].to_vec();
                let tx = ClientTx { owner: Owner::Dialogs, ..known.0 };
                self.bench.put(DialogInput::Sip(SipInput::Response { tx, response }));
            }
            Happening::Order(order) => self.order(order),
            Happening::Pass(time) => self.bench.pass(Duration::from_millis(time)),
        }
        self.read();
    }

    fn order(&mut self, order: usize) {
        let sdp = || ANSWER.to_owned();
        self.bench.put(match order {
            0 => DialogInput::Ring { leg: LEG, sdp: Some(sdp()) },
            1 => DialogInput::Accept { leg: LEG, sdp: sdp(), identity: None },
            2 => DialogInput::Offer { leg: LEG, sdp: sdp() },
            3 | 4 => DialogInput::Answer { leg: LEG, sdp: Some(sdp()) },
            5 => DialogInput::Refer { leg: LEG, to: Box::new(address("<sip:a@b>")) },
            6 => DialogInput::ReferProgress { leg: LEG, status: 180 },
            7 => DialogInput::Identify { leg: LEG, identity: address("<sip:a@b>") },
            8 => DialogInput::Info { leg: LEG, digit: '7' },
            _ => DialogInput::Answer { leg: LEG, sdp: None },
        });
    }

    fn finish(mut self) {
        self.bench.hang_up();
        // Every transaction ends; what it brings about does too.
        for _ in 0..4 {
            self.bench.seconds(40);
            self.read();
            for sent in std::mem::take(&mut self.sent) {
                self.bench.fail(&sent, Failure::Timeout);
            }
            self.read();
        }
        assert!(self.bench.dialogs.is_empty());
        assert_eq!(self.ended, 1);
        assert!(self.pending.values().all(|answered| *answered), "{:?}", self.pending);
        assert!(self.bench.dialogs.core.clients.is_empty() && self.bench.dialogs.deadline().is_none());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn hostile_peers_change_nothing_but_their_own_call(
        dialled in any::<bool>(),
        required in any::<bool>(),
        happenings in prop::collection::vec(happening(), 1..40),
    ) {
        let mut bench = Bench::new();
        let mut pending = BTreeMap::new();
        let mut sent = Vec::new();
        let peer = if dialled {
            let credentials = Some(Credentials { user: "u".into(), password: "p".into() });
            let invite = bench.dial_with(credentials);
            sent.push(invite.clone());
            Peer::called_by(&invite.1, "them")
        } else {
            let more: &[(&str, &str)] = if required { &[("Require", "100rel")] } else { &[] };
            let (tx, mut peer) = bench.invited(more, if required { "" } else { OFFER });
            pending.insert(tx, false);
            peer.our_tag = bench.dialogs.dialog_id(LEG).expect("a dialog").local_tag;
            peer
        };
        let mut attack = Attack { bench, peer, pending, sent, ended: 0 };
        for happening in happenings {
            attack.happen(happening);
        }
        attack.finish();
    }
}
