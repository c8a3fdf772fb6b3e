//! STUN against the vectors of RFC 5769 and against rtc-stun, both ways.

use std::net::SocketAddr;

use proptest::prelude::*;
use rtc_stun::attributes::{ATTR_ICE_CONTROLLED, ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::error_code::{CODE_ROLE_CONFLICT, ErrorCodeAttribute};
use rtc_stun::fingerprint::FINGERPRINT as THEIR_FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{
    BINDING_REQUEST as THEIR_REQUEST, BINDING_SUCCESS as THEIR_SUCCESS, Getter, Message, Setter,
    TransactionId,
};
use rtc_stun::xoraddr::XorMappedAddress;

use super::*;
use crate::transport::srtp::tests::unhex;

const PWD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

/// RFC 5769, section 2.1.
fn sample() -> Vec<u8> {
    unhex(
        "000100582112A442B7E7A701BC34D686FA87DFAE\
         802200105354554E207465737420636C69656E74\
         002400046E0001FF80290008932FF9B151263B36\
         000600096576746A3A68367659202020\
         000800149AEAA70CBFD8CB56781EF2B5B2D3F249C1B571A2\
         80280004E57A3BCF",
    )
}

/// A binding request of a client, made by rtc-stun.
pub(in crate::transport) struct TestRequest<'a> {
    pub(in crate::transport) username: &'a str,
    pub(in crate::transport) pwd: &'a str,
    pub(in crate::transport) nominate: bool,
    pub(in crate::transport) controlling: bool,
}

impl TestRequest<'_> {
    pub(in crate::transport) fn build(&self) -> Vec<u8> {
        let provider = rtc_crypto::default_provider().unwrap();
        let mut message = Message::new();
        message.build(&[Box::new(TransactionId([7; 12])), Box::new(THEIR_REQUEST)]).unwrap();
        message.add(ATTR_USERNAME, self.username.as_bytes());
        let role = if self.controlling { ATTR_ICE_CONTROLLING } else { ATTR_ICE_CONTROLLED };
        message.add(role, &[1; 8]);
        if self.nominate {
            message.add(ATTR_USE_CANDIDATE, &[]);
        }
        let pwd = self.pwd.to_owned();
        let integrity = MessageIntegrity::new_short_term_integrity_with_provider(pwd, provider.crypto());
        integrity.add_to(&mut message).unwrap();
        THEIR_FINGERPRINT.add_to(&mut message).unwrap();
        message.raw
    }
}

fn decoded(datagram: &[u8]) -> Message {
    let mut message = Message { raw: datagram.to_vec(), ..Message::default() };
    message.decode().unwrap();
    THEIR_FINGERPRINT.check(&message).unwrap();
    let provider = rtc_crypto::default_provider().unwrap();
    MessageIntegrity::check(&mut message, PWD.as_bytes(), provider.crypto()).unwrap();
    message
}

#[test]
fn the_sample_request_of_rfc_5769_is_read() {
    let sample = sample();
    let request = parse(&sample).unwrap();
    assert_eq!(request.username, b"evtj:h6vY");
    assert_eq!(request.role, Some(Role::Controlled));
    assert!(!request.use_candidate);
    assert!(request.authentic(&integrity_key(PWD)));
    assert!(!request.authentic(&integrity_key("wrong")));
}

#[test]
fn what_rtc_stun_makes_is_read() {
    let made = TestRequest { username: "ABCDefgh:xyz", pwd: PWD, nominate: true, controlling: true }.build();
    let request = parse(&made).unwrap();
    assert_eq!(request.transaction, [7; 12]);
    assert!(request.use_candidate);
    assert_eq!(request.role, Some(Role::Controlling));
    assert!(request.authentic(&integrity_key(PWD)));
    assert_eq!(local_ufrag(&made).map(|ufrag| ufrag.as_str().to_owned()), Some("ABCDefgh".to_owned()));
}

#[test]
fn rtc_stun_reads_what_we_answer() {
    for (from, seen) in [
        ("192.0.2.9:4711", "192.0.2.9:4711"),
        ("[2001:db8::7]:65535", "[2001:db8::7]:65535"),
        ("[::ffff:192.0.2.9]:1", "192.0.2.9:1"),
    ] {
        let from: SocketAddr = from.parse().unwrap();
        let message = decoded(&success([9; 12], from, &integrity_key(PWD)));
        assert_eq!(message.typ, THEIR_SUCCESS);
        assert_eq!(message.transaction_id.0, [9; 12]);
        let mut mapped = XorMappedAddress::default();
        mapped.get_from(&message).unwrap();
        assert_eq!(SocketAddr::new(mapped.ip, mapped.port), seen.parse::<SocketAddr>().unwrap());
    }
    let message = decoded(&role_conflict([9; 12], &integrity_key(PWD)));
    let mut error = ErrorCodeAttribute::default();
    error.get_from(&message).unwrap();
    assert!(error.code == CODE_ROLE_CONFLICT);
}

#[test]
fn incomplete_and_foreign_messages_are_refused() {
    let sample = sample();
    assert_eq!(parse(&sample[..sample.len() - 1]).err(), Some(Malformed::NotStun));
    assert_eq!(parse(&[]).err(), Some(Malformed::NotStun));
    assert_eq!(parse(b"\0\x01\0\0nope0123456789ab").err(), Some(Malformed::NotStun));
    let mut indication = sample.clone();
    indication[1] = 0x11;
    assert_eq!(parse(&indication).err(), Some(Malformed::OtherMessage));
    let mut unsealed = sample[..sample.len() - 8].to_vec();
    unsealed[3] -= 8;
    assert_eq!(parse(&unsealed).err(), Some(Malformed::Incomplete), "no fingerprint");
    let mut damaged = sample.clone();
    damaged[25] ^= 1;
    assert_eq!(parse(&damaged).err(), Some(Malformed::Fingerprint));
    assert_eq!(local_ufrag(&sample), None, "a ufrag of another length");
}

#[test]
fn each_flipped_bit_of_a_request_is_noticed() {
    let made = TestRequest { username: "ABCDefgh:xyz", pwd: PWD, nominate: true, controlling: true }.build();
    for bit in 0..made.len() * 8 {
        let mut damaged = made.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let accepted = parse(&damaged).is_ok_and(|request| request.authentic(&integrity_key(PWD)));
        assert!(!accepted, "bit {bit}");
    }
}

proptest! {
    #[test]
    fn no_input_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = local_ufrag(&bytes);
        // Behind a right header the attributes are reached.
        let length = (bytes.len() / 4 * 4) as u16;
        let mut message = vec![0, 1];
        message.extend_from_slice(&length.to_be_bytes());
        message.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
        message.extend_from_slice(&[0; 12]);
        message.extend_from_slice(&bytes[..usize::from(length)]);
        prop_assert!(parse(&message).is_err());
        let _ = local_ufrag(&message);
    }
}
