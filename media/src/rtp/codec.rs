//! The codecs that are forwarded, and where a picture begins that needs no other.

use crate::ids::Kind;

/// What a payload type means. Their numbers are each connection's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    /// Opus (RFC 7587).
    Opus,
    /// Redundant Opus (RFC 2198).
    Red,
    /// VP8 (RFC 7741).
    Vp8,
    /// VP9 (RFC 9628).
    Vp9,
    /// H.264 (RFC 6184).
    H264,
    /// AV1 (the Alliance for Open Media's RTP payload format).
    Av1,
}

impl Codec {
    /// Rate of the RTP clock in Hz.
    pub fn clock_hz(self) -> u32 {
        match self.kind() {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        }
    }

    /// Audio or video.
    pub fn kind(self) -> Kind {
        match self {
            Codec::Opus | Codec::Red => Kind::Audio,
            Codec::Vp8 | Codec::Vp9 | Codec::H264 | Codec::Av1 => Kind::Video,
        }
    }

    /// Whether a decoder can start with this packet: the first of a keyframe, or any packet of audio.
    pub fn starts_here(self, payload: &[u8]) -> bool {
        match self {
            Codec::Opus | Codec::Red => true,
            Codec::Vp8 => vp8_key(payload).unwrap_or(false),
            Codec::Vp9 => vp9_key(payload),
            Codec::H264 => h264_key(payload),
            // N: first packet of a coded video sequence.
            Codec::Av1 => payload.first().is_some_and(|byte| byte & 0x08 != 0),
        }
    }
}

/// Start of partition 0 (S set, PID 0) and the frame header says key (P clear); RFC 7741 sections 4.2 and 4.3.
fn vp8_key(payload: &[u8]) -> Option<bool> {
    let first = *payload.first()?;
    if first & 0x1f != 0x10 {
        return Some(false);
    }
    let mut at = 1;
    if first & 0x80 != 0 {
        let present = *payload.get(1)?;
        at += 1;
        if present & 0x80 != 0 {
            // A picture id of 15 bits has its top bit set.
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(present & 0x40 != 0) + usize::from(present & 0x30 != 0);
    }
    Some(payload.get(at)? & 0x01 == 0)
}

/// Begins a frame (B) that is not predicted from another (P clear), in the lowest spatial layer; RFC 9628 section 4.2.
fn vp9_key(payload: &[u8]) -> bool {
    let [first, rest @ ..] = payload else { return false };
    let (has_id, predicted, has_layers, begins) =
        (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0, first & 0x08 != 0);
    let id_len = match (has_id, rest) {
        (true, [id, ..]) if id & 0x80 != 0 => 2,
        (true, _) => 1,
        (false, _) => 0,
    };
    let spatial = match has_layers {
        true => rest.get(id_len).map_or(0, |layers| layers >> 1 & 7),
        false => 0,
    };
    begins && !predicted && spatial == 0
}

/// A parameter set or the first slice of an IDR picture, alone, aggregated or fragmented; RFC 6184 section 5.
fn h264_key(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    match payload {
        [first, rest @ ..] if first & 0x1f == STAP_A => {
            let mut rest = rest;
            while let [a, b, unit @ ..] = rest {
                let len = usize::from(u16::from_be_bytes([*a, *b]));
                if unit.first().is_some_and(|header| matches!(header & 0x1f, IDR | SPS)) {
                    return true;
                }
                rest = unit.get(len..).unwrap_or_default();
            }
            false
        }
        [first, header, ..] if first & 0x1f == FU_A => header & 0x80 != 0 && header & 0x1f == IDR,
        [first, ..] => matches!(first & 0x1f, IDR | SPS),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn vp8_keyframes_start_with_partition_zero() {
        // Extended, 15-bit picture id, TL0PICIDX, TID; then the frame header.
        let start = [0x90, 0xe0, 0x81, 0x02, 7, 0x20];
        let frame = |header: u8| [&start[..], &[header]].concat();
        assert!(Codec::Vp8.starts_here(&frame(0x10)));
        assert!(!Codec::Vp8.starts_here(&frame(0x11)));
        assert!(Codec::Vp8.starts_here(&[0x10, 0x00]));
        assert!(!Codec::Vp8.starts_here(&[0x00, 0x00]), "a continuation");
        assert!(!Codec::Vp8.starts_here(&[0x11, 0x00]), "another partition");
        assert!(!Codec::Vp8.starts_here(&start));
    }

    #[test]
    fn vp9_keyframes_start_in_the_lowest_layer() {
        assert!(Codec::Vp9.starts_here(&[0x88, 0x01]));
        assert!(!Codec::Vp9.starts_here(&[0xc8, 0x01]), "predicted");
        assert!(!Codec::Vp9.starts_here(&[0x80, 0x01]), "does not begin a frame");
        assert!(Codec::Vp9.starts_here(&[0xa8, 0x81, 0x01, 0x00]));
        assert!(!Codec::Vp9.starts_here(&[0xa8, 0x81, 0x01, 0x02]), "upper spatial layer");
    }

    #[test]
    fn h264_keyframes_have_parameter_sets_or_idr_slices() {
        assert!(Codec::H264.starts_here(&[0x67, 1]));
        assert!(Codec::H264.starts_here(&[0x65, 1]));
        assert!(!Codec::H264.starts_here(&[0x61, 1]));
        assert!(Codec::H264.starts_here(&[0x78, 0, 1, 0x06, 0, 2, 0x67, 1]));
        assert!(!Codec::H264.starts_here(&[0x78, 0, 1, 0x06]));
        assert!(Codec::H264.starts_here(&[0x7c, 0x85]));
        assert!(!Codec::H264.starts_here(&[0x7c, 0x05]), "not its first fragment");
    }

    #[test]
    fn av1_keyframes_begin_a_sequence() {
        assert!(Codec::Av1.starts_here(&[0x18]));
        assert!(!Codec::Av1.starts_here(&[0x10]));
    }

    proptest! {
        #[test]
        fn any_payload_is_read_without_panic(payload in prop::collection::vec(any::<u8>(), 0..60)) {
            for codec in [Codec::Opus, Codec::Red, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
                codec.starts_here(&payload);
            }
        }
    }
}
