//! Payload types of this side: what was agreed once keeps its number (RFC 3264 section 8.3.2).

use media::control::PhoneCodec;

use super::audio::clock_of;

/// First dynamic payload type.
const DYNAMIC: u8 = 96;

/// What stands for what in packets to us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Payloads(Vec<(Format, u8)>);

/// What a payload type may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Codec(PhoneCodec),
    /// `telephone-event` with this clock.
    Events(u32),
    ComfortNoise,
}

impl Payloads {
    /// Takes over what the other side offered; numbers in use keep their meaning.
    pub(super) fn learn(&mut self, format: Format, number: u8) {
        if self.0.iter().all(|(known, used)| *known != format && *used != number) {
            self.0.push((format, number));
        }
    }

    /// The number of this format; a new one is found where there is none.
    pub(super) fn number(&mut self, format: Format) -> u8 {
        if let Some((_, number)) = self.0.iter().find(|(known, _)| *known == format) {
            return *number;
        }
        let usual = match format {
            Format::Codec(PhoneCodec::Pcmu) => 0,
            Format::Codec(PhoneCodec::Pcma) => 8,
            Format::Codec(PhoneCodec::G722) => 9,
            Format::Codec(PhoneCodec::Opus) => 111,
            Format::Events(8_000) => 101,
            Format::Events(_) => 110,
            Format::ComfortNoise => 13,
        };
        let free = |number: &u8| self.0.iter().all(|(_, used)| used != number);
        let number = std::iter::once(usual).chain(DYNAMIC..=127).find(free).unwrap_or(usual);
        self.0.push((format, number));
        number
    }

    /// The formats for these codecs: the codecs, digits at their clocks, and comfort noise.
    pub(super) fn formats(codecs: &[PhoneCodec], events: bool, noise: bool) -> Vec<Format> {
        let mut formats: Vec<Format> = codecs.iter().map(|codec| Format::Codec(*codec)).collect();
        for codec in codecs {
            let digits = Format::Events(clock_of(*codec));
            if events && !formats.contains(&digits) {
                formats.push(digits);
            }
        }
        if noise && codecs.iter().any(|codec| clock_of(*codec) == 8_000) {
            formats.push(Format::ComfortNoise);
        }
        formats
    }
}

impl Format {
    /// Value of `rtpmap`.
    pub(super) fn encoding(self) -> String {
        match self {
            Format::Codec(PhoneCodec::Pcmu) => "PCMU/8000".into(),
            Format::Codec(PhoneCodec::Pcma) => "PCMA/8000".into(),
            Format::Codec(PhoneCodec::G722) => "G722/8000".into(),
            Format::Codec(PhoneCodec::Opus) => "opus/48000/2".into(),
            Format::Events(clock) => format!("telephone-event/{clock}"),
            Format::ComfortNoise => "CN/8000".into(),
        }
    }

    /// Value of `fmtp`.
    pub(super) fn parameters(self) -> Option<&'static str> {
        match self {
            Format::Events(_) => Some("0-15"),
            Format::Codec(PhoneCodec::Opus) => Some("useinbandfec=1;minptime=10"),
            Format::Codec(_) | Format::ComfortNoise => None,
        }
    }
}
