//! Any chunks to an SCTP association; a packet's chunks are preceded by their length in two bytes.
#![no_main]

use std::sync::OnceLock;
use std::time::Instant;

use libfuzzer_sys::fuzz_target;

static START: OnceLock<Instant> = OnceLock::new();

fuzz_target!(|data: &[u8]| media::transport::fuzzing::sctp(*START.get_or_init(Instant::now), data));
