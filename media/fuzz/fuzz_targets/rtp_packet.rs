//! A decrypted RTP packet: header, extensions, padding, and what the payload formats read of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::extension::AudioLevel;
use media::rtp::{Codec, Header, red, rtx};

fuzz_target!(|data: &[u8]| {
    let Ok(header) = Header::parse(data) else { return };
    for (_, value) in header.extensions(data) {
        AudioLevel::parse(value);
    }
    let payload = header.payload(data);
    for codec in [Codec::Opus, Codec::Red, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
        codec.starts_here(payload);
    }
    let _ = (red::primary(payload), rtx::read(payload));
    red::map_payload_type(&mut payload.to_vec(), 111, 109);
});
