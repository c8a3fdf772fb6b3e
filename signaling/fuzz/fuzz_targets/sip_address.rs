//! Any text as an address, a URI, parameters and a list of a SIP message: what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signaling::sip::message::{Headers, NameAddr, Params, Uri};

/// Writing may take three bytes for one, and a URI has a longest length.
const LONGEST: usize = 300;

fuzz_target!(|text: &str| {
    let mut headers = Headers::default();
    headers.push("Contact", text);
    let _ = (headers.list("Contact").count(), headers.address("Contact"), headers.cseq());
    assert!(!headers.get("m").unwrap_or_default().contains(['\r', '\n']));
    // As it comes out of a message.
    let text = headers.get("Contact").unwrap_or_default();
    if text.len() > LONGEST {
        return;
    }
    if let Ok(uri) = text.parse::<Uri>() {
        assert_eq!(uri.to_string().parse(), Ok(uri));
    }
    if let Ok(address) = text.parse::<NameAddr>() {
        assert_eq!(address.to_string().parse(), Ok(address));
    }
    let params = Params::parse(text);
    assert_eq!(Params::parse(params.to_string().trim_start_matches(';')), params);
});
