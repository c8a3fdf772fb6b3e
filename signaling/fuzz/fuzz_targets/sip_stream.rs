//! Any stream as SIP messages: however it is cut, the same is read, and what is read can be written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signaling::sip::transport::fuzz::read_stream;

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else { return };
    assert_eq!(read_stream(stream, usize::MAX), read_stream(stream, usize::from(*cut)));
});
