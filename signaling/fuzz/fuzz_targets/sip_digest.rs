//! Any text as a challenge and as an answer: nothing is let in without the password, and each challenge can be answered.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use signaling::ports::PhoneAccount;
use signaling::sip::dialog::Credentials;
use signaling::sip::digest::{Challenge, Offer, Verdict, Verifier, authorize};
use signaling::sip::message::{Headers, Method, Request, Uri};

fuzz_target!(|text: &str| {
    let mut headers = Headers::default();
    headers.push("WWW-Authenticate", text);
    if let Some(challenge) = Challenge::parse(&headers) {
        let who = Credentials { user: "1001".into(), password: "secret".into() };
        let (name, value) = authorize(&challenge, &who, &Method::Register, "sip:pbx", "cnonce", 1);
        assert!(name == "Authorization" && value.starts_with("Digest ") && !value.contains("secret"));
    }
    let mut request = Request::new(Method::Register, Uri::sip(None, "switchboard.example", None));
    request.headers.push("Authorization", text);
    let account = |user: &str| {
        Some(PhoneAccount {
            user: user.to_owned(),
            extension: "1001".into(),
            person: None,
            name: String::new(),
            ha1_md5: "7b5f3cf29f3a4e17a5e2b0d0c8c5b4f1".into(),
            ha1_sha256: "7b5f3cf29f3a4e17a5e2b0d0c8c5b4f17b5f3cf29f3a4e17a5e2b0d0c8c5b4f1".into(),
        })
    };
    #[expect(clippy::disallowed_methods, reason = "any instant will do as the beginning of virtual time")]
    let now = Instant::now();
    let mut verifier = Verifier::new("switchboard.example", &[7; 32], Offer::Both);
    assert!(!matches!(verifier.check(now, &request, account), Verdict::Right(_)));
});
