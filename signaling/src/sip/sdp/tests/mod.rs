//! Descriptions as telephones and PBXs write them, and as nobody should.

use std::net::SocketAddr;

use media::control::{PhoneCodec, PhoneRemote, PhoneSuite};
use proptest::prelude::*;

use super::*;

mod hold;
mod hostile;
mod offers;
mod secure;

/// Our side, without encryption.
fn plain() -> Negotiation {
    ours(Srtp::Off)
}

fn ours(srtp: Srtp) -> Negotiation {
    let codecs = vec![PhoneCodec::Opus, PhoneCodec::G722, PhoneCodec::Pcma, PhoneCodec::Pcmu];
    let random = std::array::from_fn(|index| index as u8);
    Negotiation::new(Profile { codecs, ptime: 20, srtp }, local(), 77, random)
}

fn local() -> SocketAddr {
    "192.0.2.9:30000".parse().unwrap()
}

/// A description of a telephone at 192.0.2.1 with this media part.
fn theirs(media: &str) -> String {
    let media = media.trim().replace('\n', "\r\n");
    format!("v=0\r\no=tel 1 1 IN IP4 192.0.2.1\r\ns=call\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{media}\r\n")
}

fn version(sdp: &str) -> u64 {
    sdp.lines().nth(1).unwrap().split(' ').nth(2).unwrap().parse().unwrap()
}

/// Whether the text has this line.
fn has(sdp: &str, line: &str) -> bool {
    sdp.split("\r\n").any(|known| known == line)
}
