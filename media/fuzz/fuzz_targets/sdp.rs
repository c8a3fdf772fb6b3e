//! Any text as an offer; what is accepted must be answerable.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|sdp: &str| media::transport::fuzzing::sdp(sdp));
