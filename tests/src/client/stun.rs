//! Connectivity checks of a controlling agent, and answers to those of a server that is not ICE-lite.

use std::net::SocketAddr;

use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::xoraddr::XorMappedAddress;

/// A binding request that nominates.
pub(super) fn request(username: &str, pwd: &str) -> Vec<u8> {
    let mut message = Message::new();
    let built = message.build(&[Box::new(TransactionId([7; 12])), Box::new(BINDING_REQUEST)]);
    built.expect("a request without attributes can be built");
    message.add(ATTR_USERNAME, username.as_bytes());
    message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
    message.add(ATTR_USE_CANDIDATE, &[]);
    seal(message, pwd)
}

/// The response to a binding request from `server`; nothing if it is none.
pub(super) fn response(request: &[u8], server: SocketAddr, pwd: &str) -> Option<Vec<u8>> {
    let mut asked = Message::new();
    asked.unmarshal_binary(request).ok().filter(|()| asked.typ == BINDING_REQUEST)?;
    let mut message = Message::new();
    let mapped = XorMappedAddress { ip: server.ip(), port: server.port() };
    let built = message.build(&[Box::new(asked.transaction_id), Box::new(BINDING_SUCCESS), Box::new(mapped)]);
    built.ok()?;
    Some(seal(message, pwd))
}

fn seal(mut message: Message, pwd: &str) -> Vec<u8> {
    let provider = rtc_crypto::default_provider().expect("a crypto provider is compiled in");
    let integrity =
        MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), provider.crypto());
    integrity.add_to(&mut message).expect("HMAC takes any key");
    FINGERPRINT.add_to(&mut message).expect("a checksum can be added");
    message.raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_requests_are_answered_and_with_their_transaction() {
        let server = SocketAddr::from(([127, 0, 0, 1], 5000));
        let request = request("a:b", "password");
        let response = response(&request, server, "password").unwrap();
        assert_eq!(response[..2], [0x01, 0x01]);
        assert_eq!(response[4..20], request[4..20]);
        assert_eq!(super::response(&response, server, "password"), None);
        assert_eq!(super::response(b"no message", server, "password"), None);
    }
}
