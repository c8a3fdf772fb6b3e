//! Comfort noise (RFC 3389): what is heard while a telephone sends nothing because nobody speaks.

/// Level while no packet has told one, in dB below overload: a quiet office.
const DEFAULT_LEVEL: u8 = 65;
/// Loudest level that is believed; a packet may say 0, which is as loud as it gets.
const LOUDEST: u8 = 40;
/// Part of the last sample in the next one: takes the hiss off the noise.
const SMOOTHING: f32 = 0.5;

/// A source of noise. Two with the same seed make the same.
pub struct ComfortNoise {
    random: u32,
    /// Peak of the white noise.
    peak: f32,
    last: f32,
}

impl ComfortNoise {
    /// At a low level.
    pub fn new(seed: u32) -> Self {
        let mut noise = Self { random: seed | 1, peak: 0.0, last: 0.0 };
        noise.set_level(DEFAULT_LEVEL);
        noise
    }

    /// Takes the payload of a packet: its first byte is the level; the shape of the spectrum after it is not followed.
    pub fn receive(&mut self, payload: &[u8]) {
        if let Some(level) = payload.first() {
            self.set_level(level & 0x7f);
        }
    }

    /// Sets the level in dB below overload, held at 40 or softer.
    pub fn set_level(&mut self, level: u8) {
        let rms = 32_768.0 * 10f32.powf(-f32::from(level.max(LOUDEST)) / 20.0);
        // White noise of a peak has 1/√3 of it as its root mean square; smoothing takes away some more.
        self.peak = rms * 3f32.sqrt() * (1.0 - SMOOTHING * SMOOTHING).sqrt();
    }

    /// Fills `pcm`; consecutive calls join without a seam.
    pub fn fill(&mut self, pcm: &mut [i16]) {
        for sample in pcm {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let white = (self.random as i32) as f32 / i32::MAX as f32;
            self.last = white * self.peak + self.last * SMOOTHING;
            *sample = self.last.round() as i16;
        }
    }
}

/// The level of `pcm` in dB below overload, as it is sent: 0 to 127.
pub fn level_of(pcm: &[i16]) -> u8 {
    let sum: i64 = pcm.iter().map(|sample| i64::from(*sample).pow(2)).sum();
    let mean = sum as f32 / pcm.len().max(1) as f32;
    (-10.0 * (mean / 32_768f32.powi(2)).log10()).clamp(0.0, 127.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::signal::{decibels, level, rms, tone};

    fn noise(payload: &[u8]) -> Vec<i16> {
        let mut source = ComfortNoise::new(7);
        source.receive(payload);
        let mut pcm = vec![0; 16_000];
        pcm.chunks_mut(160).for_each(|frame| source.fill(frame));
        pcm
    }

    #[test]
    fn the_level_is_what_the_packet_says() {
        for level in [40, 50, 60, 70] {
            let pcm = noise(&[level, 99, 3]);
            let heard = decibels(rms(&pcm) / 32_768.0);
            assert!((heard + f64::from(level)).abs() < 1.0, "{level}: {heard} dBov");
            assert!(level_of(&pcm).abs_diff(level) <= 1);
        }
    }

    #[test]
    fn it_is_never_loud() {
        for payload in [&[0][..], &[0x80], &[39]] {
            assert!(decibels(rms(&noise(payload)) / 32_768.0) < -39.0);
        }
        assert!(decibels(rms(&noise(&[])) / 32_768.0) < -60.0, "the default");
        assert!(noise(&[127]).iter().all(|sample| *sample == 0));
    }

    #[test]
    fn it_is_no_tone() {
        let pcm = noise(&[50]);
        for hz in (100..3_900).step_by(100) {
            assert!(level(&pcm, 8_000, hz.into()) < rms(&pcm) / 10.0, "{hz} Hz");
        }
    }

    #[test]
    fn levels_are_measured() {
        assert_eq!(level_of(&[0; 160]), 127);
        assert_eq!(level_of(&[]), 127);
        assert_eq!(level_of(&[i16::MIN; 160]), 0);
        assert_eq!(
            level_of(&tone(8_000, 400.0, 32_768.0 / 10.0, 0, 800)),
            23,
            "a sine is 3 dB below its peak"
        );
    }
}
