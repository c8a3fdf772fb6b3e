//! Thousands of broken datagrams while a call runs.

use std::net::UdpSocket;

use super::*;

/// Small and seeded (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}

/// A message with some bytes changed, cut or doubled.
fn mutated(random: &mut Random, message: &str) -> Vec<u8> {
    let mut bytes = message.as_bytes().to_vec();
    for _ in 0..=random.below(8) {
        let at = random.below(bytes.len());
        match random.below(4) {
            0 => bytes[at] = random.next() as u8,
            1 => bytes.truncate(at.max(1)),
            2 => {
                let slice = bytes[at..(at + 20).min(bytes.len())].to_vec();
                bytes.splice(at..at, slice);
            }
            _ => bytes[at] = b"\r\n;:<>\"@ "[random.below(9)],
        }
    }
    bytes
}

#[test]
fn garbage_does_not_touch_a_running_call() {
    let us = Agent::start(&config(None));
    let own = us.address(Protocol::Udp);
    let phone = Baresip::start(&BaresipConfig::new("1001", &own.to_string())).unwrap();
    phone.dial(&format!("sip:7001@{own}")).unwrap();
    let (tx, _, call) = us.request(Method::Invite);
    us.respond(tx, &call, 200);
    us.ack();
    phone.wait_event("CALL_ESTABLISHED").unwrap();

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let sample = format!(
        "OPTIONS sip:7001@{own} SIP/2.0\r\nVia: SIP/2.0/UDP {hop};branch=z9hG4bKsample\r\nFrom: \"A\" <sip:1@h>;tag=a\r\n\
         To: <sip:7001@h>\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nContact: <sip:1@h>\r\nContent-Length: 0\r\n\r\n",
        hop = socket.local_addr().unwrap()
    );
    let mut random = Random(5);
    for number in 0..6_000 {
        let bytes = if number % 3 == 0 {
            (0..random.below(400)).map(|_| random.next() as u8).collect()
        } else {
            mutated(&mut random, &sample)
        };
        socket.send_to(&bytes, own).unwrap();
    }
    phone.hang_up().unwrap();
    // What still was a message is answered; the call ends as ever.
    loop {
        match us.next() {
            SipInput::Request { tx, request, .. } => {
                let ends = request.method == Method::Bye
                    && request.headers.get("Call-ID") == call.headers.get("Call-ID");
                us.respond(tx, &request, if ends { 200 } else { 404 });
                if ends {
                    break;
                }
            }
            SipInput::Ack { .. } | SipInput::Cancelled { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    phone.wait_event("CALL_CLOSED").unwrap();
    let malformed = us.counts().malformed;
    assert!(malformed > 2_000, "only {malformed} were refused");
}
