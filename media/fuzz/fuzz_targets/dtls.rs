//! Any datagrams to a DTLS server; a datagram is preceded by its length in two bytes.
#![no_main]

use std::sync::OnceLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;

static START: OnceLock<Instant> = OnceLock::new();

fuzz_target!(|data: &[u8]| media::transport::fuzzing::dtls(*START.get_or_init(Instant::now), data));
