//! Connectivity checks of a controlling agent.

use rtc_stun::attributes::{ATTR_ICE_CONTROLLING, ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, Message, Setter, TransactionId};

/// A binding request that nominates.
pub(super) fn request(username: &str, pwd: &str) -> Vec<u8> {
    let mut message = Message::new();
    let built = message.build(&[Box::new(TransactionId([7; 12])), Box::new(BINDING_REQUEST)]);
    built.expect("a request without attributes can be built");
    message.add(ATTR_USERNAME, username.as_bytes());
    message.add(ATTR_ICE_CONTROLLING, &[1; 8]);
    message.add(ATTR_USE_CANDIDATE, &[]);
    let provider = rtc_crypto::default_provider().expect("a crypto provider is compiled in");
    let integrity =
        MessageIntegrity::new_short_term_integrity_with_provider(pwd.to_owned(), provider.crypto());
    integrity.add_to(&mut message).expect("HMAC takes any key");
    FINGERPRINT.add_to(&mut message).expect("a checksum can be added");
    message.raw
}
