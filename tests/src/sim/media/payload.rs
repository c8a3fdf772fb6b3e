//! What a packet carries: who sent it. Shaped so that the media plane takes it for VP8.

use media::ids::{PeerId, Source};
use uuid::Uuid;

/// Length in bytes.
const LEN: usize = 2 + 1 + 16 + 4;

/// One packet's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payload {
    /// The sender.
    pub from: PeerId,
    /// The source.
    pub source: Source,
    /// Counts the packets of this sender and source.
    pub number: u32,
    /// A picture can begin here.
    pub key: bool,
}

impl Payload {
    /// As bytes.
    pub fn write(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend([0x10, u8::from(!self.key), self.source as u8]);
        bytes.extend(self.from.0.as_bytes());
        bytes.extend(self.number.to_be_bytes());
        bytes
    }

    /// From bytes; `None` if they are not a payload.
    pub fn read(bytes: &[u8]) -> Option<Payload> {
        let bytes: &[u8; LEN] = bytes.try_into().ok()?;
        let source = [Source::Mic, Source::Camera].into_iter().find(|source| *source as u8 == bytes[2])?;
        let from = PeerId(Uuid::from_slice(&bytes[3..19]).ok()?);
        let number = u32::from_be_bytes(bytes[19..].try_into().ok()?);
        Some(Payload { from, source, number, key: bytes[1] & 1 == 0 })
    }
}

#[cfg(test)]
mod tests {
    use media::rtp::Codec;

    use super::*;

    #[test]
    fn a_payload_names_its_sender() {
        for key in [true, false] {
            let from = PeerId(Uuid::from_u128(7));
            let payload = Payload { from, source: Source::Camera, number: 9, key };
            assert_eq!(Payload::read(&payload.write()), Some(payload));
            assert_eq!(Codec::Vp8.starts_here(&payload.write()), key);
        }
        assert_eq!(Payload::read(&[0; 5]), None);
    }
}
