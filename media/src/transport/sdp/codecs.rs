//! The codecs of the profile and how they are picked from a section.

use std::collections::BTreeSet;

use rtc_sdp::description::media::MediaDescription;

use super::{is_plain, values};

/// Longest format parameters that are kept; H.264's have 70 bytes.
const MAX_FMTP: usize = 256;

/// A codec of the profile. There is one variant of each, so that whatever one client sends every other can decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodecKind {
    /// Redundant audio (RFC 2198) around Opus.
    Red,
    /// Opus, 48 kHz, two channels.
    Opus,
    /// VP8.
    Vp8,
    /// VP9, profile 0.
    Vp9,
    /// H.264, packetization mode 1, baseline.
    H264,
    /// AV1, main profile.
    Av1,
}

impl CodecKind {
    /// Encoding name and clock rate (and channels) as `a=rtpmap` has them.
    pub fn rtpmap(self) -> &'static str {
        match self {
            CodecKind::Red => "red/48000/2",
            CodecKind::Opus => "opus/48000/2",
            CodecKind::Vp8 => "VP8/90000",
            CodecKind::Vp9 => "VP9/90000",
            CodecKind::H264 => "H264/90000",
            CodecKind::Av1 => "AV1/90000",
        }
    }

    /// RTP clock in Hz.
    pub fn clock_rate(self) -> u32 {
        match self {
            CodecKind::Red | CodecKind::Opus => 48_000,
            CodecKind::Vp8 | CodecKind::Vp9 | CodecKind::H264 | CodecKind::Av1 => 90_000,
        }
    }

    fn of_rtpmap(rtpmap: &str) -> Option<Self> {
        [Self::Red, Self::Opus, Self::Vp8, Self::Vp9, Self::H264, Self::Av1]
            .into_iter()
            .find(|kind| kind.rtpmap().eq_ignore_ascii_case(rtpmap))
    }

    /// How well format parameters fit the variant of the profile; `None` is another variant.
    fn fitness(self, fmtp: &str) -> Option<u8> {
        let parameter = |name: &str| {
            let mut parts = fmtp.split(';').filter_map(|part| part.trim().split_once('='));
            parts.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let profile = |name| matches!(parameter(name), None | Some("0")).then_some(0);
        match self {
            CodecKind::Vp9 => profile("profile-id"),
            CodecKind::Av1 => profile("profile"),
            CodecKind::H264 if parameter("packetization-mode") == Some("1") => {
                let id = parameter("profile-level-id").unwrap_or_default().to_ascii_lowercase();
                // Constrained baseline is what every encoder and decoder has.
                [("42e0", 2), ("4200", 1)]
                    .into_iter()
                    .find(|(start, _)| id.starts_with(start))
                    .map(|(_, fit)| fit)
            }
            CodecKind::H264 => None,
            CodecKind::Red | CodecKind::Opus | CodecKind::Vp8 => Some(0),
        }
    }
}

/// The feedback messages of the profile that the client offered for a codec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// `nack`: retransmission of single packets.
    pub nack: bool,
    /// `nack pli`: picture loss indication.
    pub pli: bool,
    /// `ccm fir`: full intra request.
    pub fir: bool,
    /// `transport-cc`: arrival times for bandwidth estimation.
    pub transport_cc: bool,
}

impl Feedback {
    /// The values of `a=rtcp-fb` for what is set.
    pub(super) fn names(self) -> impl Iterator<Item = &'static str> {
        [
            (self.nack, "nack"),
            (self.pli, "nack pli"),
            (self.fir, "ccm fir"),
            (self.transport_cc, "transport-cc"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
    }

    fn add(&mut self, name: &str) {
        match name.trim() {
            "nack" => self.nack = true,
            "nack pli" => self.pli = true,
            "ccm fir" => self.fir = true,
            "transport-cc" => self.transport_cc = true,
            _ => {}
        }
    }
}

/// A codec that the client and we have in common, with the client's payload types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Codec {
    /// Which one.
    pub kind: CodecKind,
    /// Its payload type.
    pub payload_type: u8,
    /// Payload type of its retransmissions (RFC 4588).
    pub rtx: Option<u8>,
    /// Feedback both sides have.
    pub feedback: Feedback,
    /// Format parameters of the offer; plain text of bounded length.
    pub fmtp: String,
}

/// Picks the codecs of the profile: RED first, so that clients which can send it do; otherwise the client's order, at most
/// one of each kind.
pub(super) fn pick(media: &MediaDescription) -> Vec<Codec> {
    let mut picked: Vec<(Codec, u8)> = Vec::new();
    let mut seen = BTreeSet::new();
    let payload_types = media.media_name.formats.iter().filter_map(|format| payload_type(format));
    for payload_type in payload_types.filter(|payload_type| seen.insert(*payload_type)) {
        let Some((codec, fitness)) = read(media, payload_type) else { continue };
        match picked.iter_mut().find(|(known, _)| known.kind == codec.kind) {
            Some(known) if fitness > known.1 => *known = (codec, fitness),
            Some(_) => {}
            None => picked.push((codec, fitness)),
        }
    }
    let mut codecs: Vec<Codec> = picked.into_iter().map(|(codec, _)| codec).collect();
    let opus = codecs.iter().find(|codec| codec.kind == CodecKind::Opus).map(|codec| codec.payload_type);
    codecs.retain(|codec| codec.kind != CodecKind::Red || redundant_of(&codec.fmtp, opus));
    codecs.sort_by_key(|codec| codec.kind != CodecKind::Red);
    codecs
}

/// Whether RED parameters name nothing but the given payload type.
fn redundant_of(fmtp: &str, payload_type: Option<u8>) -> bool {
    payload_type.is_some_and(|expected| fmtp.split('/').all(|part| part.parse() == Ok(expected)))
}

fn read(media: &MediaDescription, payload_type: u8) -> Option<(Codec, u8)> {
    let kind = CodecKind::of_rtpmap(of_payload_type(media, "rtpmap", payload_type).next()?)?;
    let fmtp = of_payload_type(media, "fmtp", payload_type).next().unwrap_or_default();
    let fitness = kind.fitness(fmtp).filter(|_| is_plain(fmtp, MAX_FMTP))?;
    let mut feedback = Feedback::default();
    of_payload_type(media, "rtcp-fb", payload_type).for_each(|name| feedback.add(name));
    let rtx = retransmission(media, payload_type);
    Some((Codec { kind, payload_type, rtx, feedback, fmtp: fmtp.to_owned() }, fitness))
}

/// The payload type whose format is rtx with `apt` of the given one.
fn retransmission(media: &MediaDescription, payload_type: u8) -> Option<u8> {
    let apt = format!("apt={payload_type}");
    values(media, "fmtp")
        .filter_map(|value| value.split_once(' '))
        .filter(|(_, fmtp)| fmtp.len() <= MAX_FMTP && fmtp.split(';').any(|part| part.trim() == apt))
        .filter_map(|(rtx, _)| self::payload_type(rtx))
        .find(|&rtx| of_payload_type(media, "rtpmap", rtx).any(|map| map.eq_ignore_ascii_case("rtx/90000")))
}

/// What follows a payload type, or the wildcard of `rtcp-fb`, in the attributes of a name.
fn of_payload_type<'a>(
    media: &'a MediaDescription,
    key: &'a str,
    payload_type: u8,
) -> impl Iterator<Item = &'a str> {
    values(media, key).filter_map(|value| value.split_once(' ')).filter_map(move |(format, rest)| {
        let wanted = self::payload_type(format) == Some(payload_type) || (key == "rtcp-fb" && format == "*");
        wanted.then_some(rest)
    })
}

/// A dynamic or static payload type that rtcp-mux leaves to RTP (RFC 5761, section 4).
fn payload_type(format: &str) -> Option<u8> {
    format.parse().ok().filter(|payload_type| matches!(payload_type, 0..=63 | 96..=127))
}
