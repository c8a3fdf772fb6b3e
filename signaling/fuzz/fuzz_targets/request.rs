//! Any text as a request; what is accepted can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signaling::wire::client::ClientFrame;

fuzz_target!(|data: &[u8]| {
    let Ok(frame) = ClientFrame::parse(data) else { return };
    let text = serde_json::to_vec(&frame).expect("a request is JSON");
    assert_eq!(ClientFrame::parse(&text), Ok(frame));
});
