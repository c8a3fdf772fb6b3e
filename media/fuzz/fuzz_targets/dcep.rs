//! Any message as DATA_CHANNEL_OPEN.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| media::transport::fuzzing::dcep(data));
