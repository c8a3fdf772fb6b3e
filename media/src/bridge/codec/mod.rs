//! The codecs of telephones, and the Opus of the room at a telephone's rate.

mod g711;
mod g722;
mod opus;
#[cfg(test)]
mod tests;

use thiserror::Error;

pub use self::opus::{OpusDecoder, OpusEncoder};
use crate::control::PhoneCodec;

/// Longest audio in one packet, in milliseconds: the most that Opus holds (RFC 6716). A buffer for decoding that has room
/// for it at the decoder's rate is never too small.
pub const MAX_PACKET_MS: usize = 120;
/// Bytes that hold any packet that an [`Encoder`] or [`OpusEncoder`] makes of at most 60 ms.
pub const MAX_PAYLOAD: usize = 1275;

/// Why a packet could not be decoded, or samples not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The payload is not what the codec can read.
    #[error("malformed payload")]
    Payload,
    /// The buffer is smaller than the result.
    #[error("the buffer is too small")]
    Space,
    /// The codec has no frame of so many samples.
    #[error("no frame has this length")]
    Length,
    /// The codec failed otherwise, or has no such rate.
    #[error("the codec failed")]
    Library,
}

impl PhoneCodec {
    /// Samples per second of the audio.
    pub fn sample_rate(self) -> u32 {
        match self {
            PhoneCodec::Pcmu | PhoneCodec::Pcma => 8_000,
            PhoneCodec::G722 => 16_000,
            PhoneCodec::Opus => 48_000,
        }
    }

    /// Ticks per second of RTP timestamps, also of its telephone events. That of G.722 is half of its sample rate, by an
    /// old mistake that became the standard (RFC 3551 section 4.5.2).
    pub fn clock_hz(self) -> u32 {
        match self {
            PhoneCodec::Pcmu | PhoneCodec::Pcma | PhoneCodec::G722 => 8_000,
            PhoneCodec::Opus => 48_000,
        }
    }
}

/// Reads what a telephone sends.
pub struct Decoder {
    codec: PhoneCodec,
    state: DecoderState,
}

enum DecoderState {
    G711(g711::Law),
    G722(Box<g722::Decoder>),
    Opus(OpusDecoder),
}

impl Decoder {
    /// A decoder in its first state. [`CodecError::Library`] when memory for Opus is short.
    pub fn new(codec: PhoneCodec) -> Result<Self, CodecError> {
        let state = match codec {
            PhoneCodec::Pcmu => DecoderState::G711(g711::Law::Mu),
            PhoneCodec::Pcma => DecoderState::G711(g711::Law::A),
            PhoneCodec::G722 => DecoderState::G722(Box::default()),
            PhoneCodec::Opus => DecoderState::Opus(OpusDecoder::new(codec.sample_rate())?),
        };
        Ok(Self { codec, state })
    }

    /// Samples per second of what comes out.
    pub fn rate(&self) -> u32 {
        self.codec.sample_rate()
    }

    /// Decodes a payload into the start of `pcm` and says how many samples that are. Of G.711 and G.722 a payload of any
    /// length is a packet; nothing is written on an error.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Payload);
        }
        match &mut self.state {
            DecoderState::G711(law) => law.decode(payload, pcm),
            DecoderState::G722(decoder) => decoder.decode(payload, pcm),
            DecoderState::Opus(decoder) => decoder.decode(payload, pcm),
        }
    }
}

/// Writes what a telephone receives.
pub struct Encoder {
    codec: PhoneCodec,
    state: EncoderState,
}

enum EncoderState {
    G711(g711::Law),
    G722(Box<g722::Encoder>),
    Opus(OpusEncoder),
}

impl Encoder {
    /// An encoder in its first state. [`CodecError::Library`] when memory for Opus is short.
    pub fn new(codec: PhoneCodec) -> Result<Self, CodecError> {
        let state = match codec {
            PhoneCodec::Pcmu => EncoderState::G711(g711::Law::Mu),
            PhoneCodec::Pcma => EncoderState::G711(g711::Law::A),
            PhoneCodec::G722 => EncoderState::G722(Box::default()),
            PhoneCodec::Opus => EncoderState::Opus(OpusEncoder::new(codec.sample_rate())?),
        };
        Ok(Self { codec, state })
    }

    /// Samples per second of what goes in.
    pub fn rate(&self) -> u32 {
        self.codec.sample_rate()
    }

    /// Encodes all of `pcm` as one payload into the start of `out` and says how many bytes that are. G.722 takes an even
    /// number of samples, Opus 2.5, 5, 10, 20, 40 or 60 ms.
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        match &mut self.state {
            EncoderState::G711(law) => law.encode(pcm, out),
            EncoderState::G722(encoder) => encoder.encode(pcm, out),
            EncoderState::Opus(encoder) => encoder.encode(pcm, out),
        }
    }
}
