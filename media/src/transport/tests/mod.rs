//! A peer against a client made of the rtc crates, over a simulated link in virtual time.

mod channels;
mod client;
mod handshake;
mod hostile;
mod paths;
mod sim;

use super::*;

#[test]
fn datagrams_are_told_apart_by_their_first_bytes() {
    assert_eq!(classify(&[0, 1]), Some(Protocol::Stun));
    assert_eq!(classify(&[22, 0xFE]), Some(Protocol::Dtls));
    assert_eq!(classify(&[0x80, 96]), Some(Protocol::Rtp));
    assert_eq!(classify(&[0x80, 0x80 | 96]), Some(Protocol::Rtp), "marker bit");
    assert_eq!(classify(&[0x80, 200]), Some(Protocol::Rtcp));
    assert_eq!(classify(&[0x81, 206]), Some(Protocol::Rtcp));
    assert_eq!(classify(&[64, 0]), None, "a TURN channel");
    assert_eq!(classify(&[0x80]), None);
    assert_eq!(classify(&[]), None);
}
