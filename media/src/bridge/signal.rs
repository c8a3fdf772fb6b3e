//! Test signals, and how to measure them.

use std::f64::consts::TAU;

/// `len` samples of a sine of `hz` and the given peak, from sample `from` on.
pub fn tone(rate: u32, hz: f64, peak: f64, from: usize, len: usize) -> Vec<i16> {
    let step = TAU * hz / f64::from(rate);
    (from..from + len).map(|n| (peak * (step * n as f64).sin()).round() as i16).collect()
}

/// The peak of the sine of `hz` in `pcm` (Goertzel's algorithm).
pub fn level(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let coefficient = 2.0 * (TAU * hz / f64::from(rate)).cos();
    let (mut s1, mut s2) = (0.0, 0.0);
    for sample in pcm {
        (s1, s2) = (f64::from(*sample) + coefficient * s1 - s2, s1);
    }
    (s1 * s1 + s2 * s2 - coefficient * s1 * s2).max(0.0).sqrt() * 2.0 / pcm.len() as f64
}

/// Root mean square.
pub fn rms(pcm: &[i16]) -> f64 {
    let sum: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    (sum / pcm.len().max(1) as f64).sqrt()
}

/// Decibels by which a sine of `hz` stands above all else in `pcm`; take whole periods.
pub fn snr(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let signal = level(pcm, rate, hz).powi(2) / 2.0;
    10.0 * (signal / (rms(pcm).powi(2) - signal).max(1e-3)).log10()
}

/// 20 log10.
pub fn decibels(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

/// A sequence that looks random and is the same everywhere.
pub struct Lcg(pub u32);

impl Iterator for Lcg {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Some(self.0)
    }
}
