//! Any datagram as a STUN request.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::transport::stun;

fuzz_target!(|datagram: &[u8]| {
    let _ = stun::local_ufrag(datagram);
    if let Ok(request) = stun::parse(datagram) {
        let _ = request.authentic(&stun::integrity_key("password"));
    }
});
