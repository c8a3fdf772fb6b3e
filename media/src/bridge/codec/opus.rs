//! Opus (RFC 6716) by libopus, mono, at any of its rates: the decoder and the encoder do the change of rate that would
//! otherwise be a resampler's, at half the cost and without aliasing.

use opus::{Application, Bitrate, Channels, ErrorCode, Signal};

use super::CodecError;

/// 0 to 10. More costs more time: at 8 kHz a frame of 20 ms costs 23 µs at 1, 55 at 5, 67 at 10; from 5 on telephone
/// speech hardly gains.
const COMPLEXITY: i32 = 5;
/// Percent of packets that the encoder reckons to lose. More makes frames carry more of the frame before them (FEC) and leaves
/// fewer bits for themselves; 0 turns that off.
const EXPECTED_LOSS: i32 = 10;
/// Bits per second of speech of 4 kHz. Below about 18,000 the FEC no longer fits in.
const BITRATE_8K: i32 = 22_000;
/// Bits per second of speech of 8 kHz.
const BITRATE_16K: i32 = 26_000;
/// Bits per second of full bandwidth; only mixes for Opus telephones are encoded so.
const BITRATE_48K: i32 = 32_000;

/// Reads the Opus of one stream.
pub struct OpusDecoder {
    inner: opus::Decoder,
}

impl OpusDecoder {
    /// A decoder that puts out `rate` samples per second: 8,000, 12,000, 16,000, 24,000 or 48,000. Stereo is mixed down.
    pub fn new(rate: u32) -> Result<Self, CodecError> {
        Ok(Self { inner: opus::Decoder::new(rate, Channels::Mono)? })
    }

    /// Decodes a packet into the start of `pcm` and says how many samples that are.
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        if payload.is_empty() {
            return Err(CodecError::Payload);
        }
        Ok(self.inner.decode(payload, pcm, false)?)
    }

    /// Makes up `samples` of what a lost packet may have held: the voice goes on and fades. A multiple of 2.5 ms, at most
    /// [`super::MAX_PACKET_MS`].
    pub fn conceal(&mut self, samples: usize, pcm: &mut [i16]) -> Result<usize, CodecError> {
        let pcm = pcm.get_mut(..samples).ok_or(CodecError::Space)?;
        if pcm.is_empty() {
            return Err(CodecError::Length);
        }
        Ok(self.inner.decode(&[], pcm, false)?)
    }

    /// Fills `pcm`, whose length is that of the lost packet, from what the packet after it repeats of it; what that does not
    /// have is concealed. That packet must be decoded after it as usual.
    pub fn recover(&mut self, next_payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        match (next_payload, &*pcm) {
            ([], _) => Err(CodecError::Payload),
            (_, []) => Err(CodecError::Length),
            _ => Ok(self.inner.decode(next_payload, pcm, true)?),
        }
    }

    /// Samples that a packet holds at the decoder's rate, without decoding it.
    pub fn samples(&self, payload: &[u8]) -> Result<usize, CodecError> {
        Ok(self.inner.get_nb_samples(payload)?)
    }
}

/// Writes Opus for one stream: speech, with in-band FEC.
pub struct OpusEncoder {
    inner: opus::Encoder,
}

impl OpusEncoder {
    /// An encoder that takes `rate` samples per second: 8,000, 12,000, 16,000, 24,000 or 48,000.
    pub fn new(rate: u32) -> Result<Self, CodecError> {
        let mut inner = opus::Encoder::new(rate, Channels::Mono, Application::Voip)?;
        inner.set_complexity(COMPLEXITY)?;
        inner.set_signal(Signal::Voice)?;
        inner.set_inband_fec(true)?;
        inner.set_packet_loss_perc(EXPECTED_LOSS)?;
        inner.set_bitrate(Bitrate::Bits(match rate {
            0..=8_000 => BITRATE_8K,
            8_001..=16_000 => BITRATE_16K,
            _ => BITRATE_48K,
        }))?;
        Ok(Self { inner })
    }

    /// Encodes all of `pcm` (2.5, 5, 10, 20, 40 or 60 ms) as one packet into the start of `out`; see [`super::MAX_PAYLOAD`].
    pub fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        if out.is_empty() {
            return Err(CodecError::Space);
        }
        self.inner.encode(pcm, out).map_err(|error| match error.code() {
            ErrorCode::BadArg => CodecError::Length,
            _ => error.into(),
        })
    }
}

impl From<opus::Error> for CodecError {
    fn from(error: opus::Error) -> Self {
        match error.code() {
            ErrorCode::InvalidPacket => CodecError::Payload,
            ErrorCode::BufferTooSmall => CodecError::Space,
            ErrorCode::BadArg => CodecError::Length,
            _ => CodecError::Library,
        }
    }
}
