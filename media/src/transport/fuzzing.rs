//! Entry points for `media/fuzz` into parsers that are not public (feature `fuzzing`). Not an interface.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::dtls::Dtls;
use super::sctp::{self, Sctp};
use super::sdp::{Answer, Offer, SectionAnswer, answer};
use super::{Fingerprint, LocalCredentials, TransportConfig, TransportError};

fn config() -> Result<Arc<TransportConfig>, TransportError> {
    static CONFIG: OnceLock<Result<Arc<TransportConfig>, TransportError>> = OnceLock::new();
    CONFIG.get_or_init(TransportConfig::new).clone()
}

/// Splits into parts that have their length before them, the last one cut short where the data ends.
fn parts(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = data.split_at_checked(2)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        let (part, rest) = rest.split_at(length.min(rest.len()));
        data = rest;
        Some(part)
    })
}

/// Datagrams to a DTLS server, 40 ms apart.
pub fn dtls(start: Instant, data: &[u8]) {
    let Ok(config) = config() else { return };
    let mut dtls = Dtls::new(config);
    let mut out = Vec::new();
    for (at, datagram) in (0..).zip(parts(data)) {
        let now = start + Duration::from_millis(40 * at);
        let _ = dtls.handle(now, datagram, &Fingerprint([0; 32]), &mut out);
        dtls.handle_timeout(now, &mut out);
        out.clear();
    }
}

/// Chunks to an SCTP association, behind a right header: first INIT from the data, then packets with the tag we gave.
pub fn sctp(start: Instant, data: &[u8]) {
    let Ok(config) = config() else { return };
    let mut sctp = Sctp::new(&config.sctp);
    let (mut tag, mut out) = ([0; 4], Vec::new());
    for (at, chunks) in (0..).zip(parts(data)) {
        let now = start + Duration::from_millis(40 * at);
        sctp.handle(now, packet(tag, chunks), &mut out);
        sctp.handle_timeout(now, &mut out);
        for event in out.drain(..) {
            // INIT ACK is chunk type 2; its initiate tag follows the chunk header.
            if let sctp::Event::Packet(sent) = event
                && let Some(chunk) = sent.get(12..20).filter(|chunk| chunk[0] == 2)
            {
                tag.copy_from_slice(&chunk[4..]);
            }
        }
    }
}

/// An SCTP packet with ports, verification tag and CRC-32C.
fn packet(tag: [u8; 4], chunks: &[u8]) -> Bytes {
    let mut packet = vec![0x13, 0x88, 0x13, 0x88];
    packet.extend_from_slice(&tag);
    packet.extend_from_slice(&[0; 4]);
    packet.extend_from_slice(chunks);
    let crc = !packet.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg()))
    });
    packet[8..12].copy_from_slice(&crc.to_le_bytes());
    packet.into()
}

/// A control message of a data channel.
pub fn dcep(data: &[u8]) {
    let _ = sctp::dcep::parse_open(data);
}

/// An offer, answered in two ways if it is one.
pub fn sdp(text: &str) {
    let (Ok(offer), Ok(config)) = (Offer::parse(text), config()) else { return };
    let Ok(local) = LocalCredentials::random(config.provider.random()) else { return };
    let candidates: [SocketAddr; 1] = [([192, 0, 2, 1], 4000).into()];
    for choice in [SectionAnswer::Receive, SectionAnswer::Reject] {
        let sections = vec![choice; offer.sections.len()];
        let answer = Answer {
            session_id: 1,
            version: 1,
            local: &local,
            fingerprint: config.fingerprint(),
            candidates: &candidates,
            sections: &sections,
        };
        let text = answer::write(&offer, &answer);
        assert!(text.split("\r\n").all(|line| line.is_empty() || line.as_bytes().get(1) == Some(&b'=')));
    }
}
