//! Tones in WAV files, and how loud a tone is in one (Goertzel): proof that sound has come through.

use std::f64::consts::TAU;

/// A WAV file of plain 16-bit PCM, one channel: the only kind that the telephone plays without a stall.
pub fn wav(rate: u32, samples: &[i16]) -> Vec<u8> {
    let length = samples.len() as u32 * 2;
    let mut file = Vec::with_capacity(44 + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16u32.to_le_bytes());
    for half in [1u16, 1] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&rate.to_le_bytes());
    file.extend_from_slice(&(rate * 2).to_le_bytes());
    for half in [2u16, 16] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    for sample in samples {
        file.extend_from_slice(&sample.to_le_bytes());
    }
    file
}

/// A sine of this frequency at a quarter of full scale.
pub fn sine(rate: u32, hertz: f64, seconds: u32) -> Vec<i16> {
    let sample = |at: u32| ((TAU * hertz * f64::from(at) / f64::from(rate)).sin() * 8_000.0) as i16;
    (0..rate * seconds).map(sample).collect()
}

/// Rate and samples of a WAV file of 16-bit PCM, also of one that is still being written: what its header says of its length
/// is not believed. `None` when it is no such file.
pub fn read_wav(file: &[u8]) -> Option<(u32, Vec<i16>)> {
    let format = file.windows(4).position(|four| four == b"fmt ")?;
    let rate = u32::from_le_bytes(file.get(format + 12..format + 16)?.try_into().ok()?);
    let data = file.windows(4).position(|four| four == b"data")? + 8;
    let pairs = file.get(data..)?.chunks_exact(2);
    Some((rate, pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()))
}

/// How much of the power of the samples is at this frequency, 0 to 1.
pub fn share(rate: u32, samples: &[i16], hertz: f64) -> f64 {
    let total: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    if total == 0.0 {
        return 0.0;
    }
    let coefficient = 2.0 * (TAU * hertz / f64::from(rate)).cos();
    let (mut one, mut two) = (0.0, 0.0);
    for sample in samples {
        let zero = f64::from(*sample) + coefficient * one - two;
        (two, one) = (one, zero);
    }
    let power = one * one + two * two - coefficient * one * two;
    2.0 * power / (total * samples.len() as f64)
}

/// Whether a tone stands out in some stretch of 100 ms that is not silent.
pub fn has_tone(rate: u32, samples: &[i16], hertz: f64) -> bool {
    let window = rate as usize / 10;
    samples.chunks_exact(window).any(|stretch| {
        let loud = stretch.iter().any(|sample| sample.unsigned_abs() > 1_000);
        loud && share(rate, stretch, hertz) > 0.8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_where_it_is_and_not_elsewhere() {
        let (rate, samples) = read_wav(&wav(8_000, &sine(8_000, 440.0, 1))).unwrap();
        assert_eq!((rate, samples.len()), (8_000, 8_000));
        assert!(has_tone(rate, &samples, 440.0));
        assert!(!has_tone(rate, &samples, 700.0));
        assert!(!has_tone(rate, &vec![0; 8_000], 440.0));
    }
}
