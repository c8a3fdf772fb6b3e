//! One voice of a mix: packets of Opus in, a frame of 20 ms out with every beat.

use std::time::Instant;

use super::codec::{CodecError, MAX_PACKET_MS, OpusDecoder};
use super::jitter::{FRAME, Inserted, JitterBuffer, Next};
use super::noise::level_of;

/// Ticks of the RTP clock of Opus per second.
const CLOCK_HZ: u32 = 48_000;
/// A frame softer than this many dB below overload is silence: a frame may be added or left out there.
const QUIET: u8 = 50;

/// Jitter buffer and decoder of one stream, at the rate of those who listen.
pub struct Source {
    rate: u32,
    buffer: JitterBuffer,
    decoder: OpusDecoder,
    /// Decoded and not yet heard: `pcm[from..to]`.
    pcm: Box<[i16]>,
    from: usize,
    to: usize,
    quiet: bool,
}

impl Source {
    /// `rate` as of [`OpusDecoder::new`]; `epoch` is any time before the first packet.
    pub fn new(rate: u32, epoch: Instant) -> Result<Self, CodecError> {
        let longest = rate as usize * MAX_PACKET_MS / 1_000;
        Ok(Self {
            rate,
            buffer: JitterBuffer::new(epoch),
            decoder: OpusDecoder::new(rate)?,
            pcm: vec![0; longest + frame_len(rate)].into_boxed_slice(),
            from: 0,
            to: 0,
            quiet: true,
        })
    }

    /// Takes a packet that came at `now`.
    pub fn push(&mut self, timestamp: u32, payload: &[u8], now: Instant) -> Inserted {
        self.buffer.insert(timestamp, payload, now)
    }

    /// Forgets what waits: another stream follows.
    pub fn reset(&mut self) {
        self.buffer.reset();
        (self.from, self.to) = (0, 0);
    }

    /// Fills `pcm`, whose length is that of 20 ms at the rate ([`frame_len`]), and says whether there was anything to hear.
    pub fn pull(&mut self, pcm: &mut [i16]) -> bool {
        while self.to - self.from < pcm.len() {
            if !self.more() {
                break;
            }
        }
        let len = pcm.len().min(self.to - self.from);
        pcm[..len].copy_from_slice(&self.pcm[self.from..self.from + len]);
        pcm[len..].fill(0);
        self.from += len;
        self.quiet = level_of(pcm) > QUIET;
        len > 0
    }

    /// Decodes the next packet, or makes one up.
    fn more(&mut self) -> bool {
        self.pcm.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        let (frame, per_sample) = (frame_len(self.rate), CLOCK_HZ / self.rate);
        let space = &mut self.pcm[self.to..];
        let made = match self.buffer.next(self.quiet) {
            Next::Nothing => return false,
            Next::Conceal => self.decoder.conceal(frame, space),
            Next::Recover { next, missing } => {
                let lost = (missing / per_sample) as usize;
                match space.get_mut(..lost) {
                    Some(space) => self.decoder.recover(next, space),
                    None => Err(CodecError::Space),
                }
            }
            Next::Packet(payload) => {
                let decoded = self.decoder.decode(payload, space);
                // What cannot be read still takes its time.
                let ticks = decoded.map_or(FRAME, |samples| samples as u32 * per_sample);
                self.buffer.played(ticks);
                decoded
            }
        };
        let made = made.or_else(|_| self.decoder.conceal(frame, &mut self.pcm[self.to..]));
        self.to += made.unwrap_or(0);
        made.is_ok()
    }
}

/// Samples of 20 ms.
pub const fn frame_len(rate: u32) -> usize {
    rate as usize / 50
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bridge::signal::{level, rms, snr, tone};

    /// A browser's tone with its overtones in packets of `ms`; those in `lost` do not come. What is heard in two seconds.
    fn heard(rate: u32, ms: usize, tones: &[f64], lost: impl Fn(usize) -> bool) -> Vec<i16> {
        let mut encoder =
            opus::Encoder::new(48_000, opus::Channels::Mono, opus::Application::Voip).expect("encoder");
        encoder.set_inband_fec(true).expect("FEC");
        encoder.set_packet_loss_perc(10).expect("loss");
        encoder.set_bitrate(opus::Bitrate::Bits(32_000)).expect("bit rate");
        let epoch = Instant::now();
        let mut source = Source::new(rate, epoch).expect("source");
        let (mut frame, mut heard, mut sent) = (vec![0; frame_len(rate)], Vec::new(), 0);
        for beat in 0..100 {
            let now = epoch + Duration::from_millis(beat * 20);
            while sent * ms <= beat as usize * 20 {
                let len = 48 * ms;
                let mut pcm = vec![0; len];
                for hz in tones {
                    let part = tone(48_000, *hz, 8_000.0 * tones[0] / hz, sent * len, len);
                    pcm.iter_mut().zip(part).for_each(|(sum, sample)| *sum += sample);
                }
                let packet = encoder.encode_vec(&pcm, 1_275).expect("packet");
                if !lost(sent) {
                    source.push((sent * len) as u32, &packet, now);
                }
                sent += 1;
            }
            source.pull(&mut frame);
            heard.extend_from_slice(&frame);
        }
        heard
    }

    #[test]
    fn packets_of_any_length_become_one_sound() {
        for rate in [8_000, 16_000, 48_000] {
            for ms in [10, 20, 40, 60] {
                let heard = heard(rate, ms, &[500.0], |_| false);
                let settled = &heard[rate as usize..];
                let (peak, clear) = (level(settled, rate, 500.0), snr(settled, rate, 500.0));
                assert!((7_000.0..9_000.0).contains(&peak), "{rate} {ms} ms: {peak}");
                assert!(clear > 12.0, "{rate} {ms} ms: {clear} dB");
            }
        }
    }

    #[test]
    fn one_packet_in_ten_may_be_lost() {
        let voice: Vec<f64> = (1..12).map(|n| 140.0 * f64::from(n)).collect();
        let (whole, thinned) =
            (heard(8_000, 20, &voice, |_| false), heard(8_000, 20, &voice, |n| n % 10 == 7));
        let frames = whole.chunks_exact(160).zip(thinned.chunks_exact(160)).skip(10);
        let softest = frames.map(|(whole, thinned)| rms(thinned) / rms(whole)).fold(f64::MAX, f64::min);
        assert!(softest > 0.5, "no hole: {softest}");
    }

    #[test]
    fn rubbish_is_concealed_and_silence_says_so() {
        let epoch = Instant::now();
        let mut source = Source::new(8_000, epoch).expect("source");
        let mut frame = [1; 160];
        assert!(!source.pull(&mut frame));
        assert_eq!(frame, [0; 160]);
        for n in 0..40u32 {
            source.push(n * FRAME, &[0x03], epoch + Duration::from_millis(u64::from(n) * 20));
            source.pull(&mut frame);
        }
        source.reset();
        assert!(!source.pull(&mut frame));
    }
}
