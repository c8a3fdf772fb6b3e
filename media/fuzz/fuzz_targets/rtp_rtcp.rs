//! A decrypted RTCP compound, each packet read to its end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media::rtp::rtcp::{Packet, packets};

fuzz_target!(|data: &[u8]| {
    for packet in packets(data).flatten() {
        match packet {
            Packet::SenderReport { blocks, .. } | Packet::ReceiverReport { blocks, .. } => {
                blocks.iter().count();
            }
            Packet::Nack(nack) => {
                nack.sequences().count();
            }
            Packet::Fir(fir) => {
                fir.requests().count();
            }
            Packet::TransportCc(feedback) => {
                feedback.packets().count();
            }
            Packet::Bye(_) | Packet::Pli(_) | Packet::Other => {}
        }
    }
});
