//! Hold music, made here: broken chords of a soft bell, over a progression of eight bars that comes round without a seam.

use std::f32::consts::TAU;

/// Seconds from note to note.
const BEAT: f32 = 0.28;
/// Seconds in which a note falls to a third.
const DECAY: f32 = 0.55;
/// Seconds in which a note comes up; less clicks.
const ATTACK: f32 = 0.012;
/// Peak of one note, of 32,768. Several sound at once; all together stay some 18 dB below overload, as speech does.
const PEAK: f32 = 1_900.0;
/// Share of the octave in a note.
const OCTAVE: f32 = 0.22;
/// Notes that sound at once at most: the oldest makes room.
const VOICES: usize = 6;

/// Semitones above A3 (220 Hz) of the notes of each bar, lowest first: D, Bm, G, A, F#m, G, Em7, A.
const BARS: [[i8; 4]; 8] = [
    [5, 9, 12, 17],
    [2, 9, 14, 17],
    [-2, 10, 14, 17],
    [0, 7, 12, 16],
    [-3, 9, 12, 16],
    [-2, 5, 10, 14],
    [-5, 7, 10, 14],
    [0, 4, 7, 12],
];
/// The order in which a bar plays its notes.
const PATTERN: [usize; 8] = [0, 2, 1, 3, 2, 1, 3, 2];

/// A player. Every one starts at the beginning and plays the same.
pub struct HoldMusic {
    rate: f32,
    /// Samples from note to note.
    beat: usize,
    /// Samples since the loop began.
    at: usize,
    voices: [Voice; VOICES],
    /// Factor per sample.
    decay: f32,
    /// Part of its peak that a note comes up per sample.
    rise: f32,
}

/// One note: an oscillator that turns a pointer by a fixed angle per sample.
#[derive(Clone, Copy, Default)]
struct Voice {
    cos: f32,
    sin: f32,
    turn_cos: f32,
    turn_sin: f32,
    level: f32,
    rise: f32,
}

impl HoldMusic {
    /// At `rate` samples per second.
    pub fn new(rate: u32) -> Self {
        let rate = rate.max(1) as f32;
        Self {
            rate,
            beat: ((rate * BEAT) as usize).max(1),
            at: 0,
            voices: [Voice::default(); VOICES],
            decay: (-1.0 / (DECAY * rate)).exp(),
            rise: 1.0 / (ATTACK * rate),
        }
    }

    /// Fills `pcm` with what comes next.
    pub fn fill(&mut self, pcm: &mut [i16]) {
        for sample in pcm {
            if self.at.is_multiple_of(self.beat) {
                self.strike(self.at / self.beat);
            }
            self.at += 1;
            if self.at == self.beat * BARS.len() * PATTERN.len() {
                self.at = 0;
            }
            let sum: f32 = self.voices.iter_mut().map(|voice| voice.next(self.decay, self.rise)).sum();
            *sample = sum as i16;
        }
    }

    fn strike(&mut self, note: usize) {
        let semitone = BARS[note / PATTERN.len() % BARS.len()][PATTERN[note % PATTERN.len()]];
        let angle = TAU * 220.0 * (f32::from(semitone) / 12.0).exp2() / self.rate;
        let accent = if note.is_multiple_of(PATTERN.len()) { 1.0 } else { 0.8 };
        self.voices[note % VOICES] = Voice {
            cos: 1.0,
            sin: 0.0,
            turn_cos: angle.cos(),
            turn_sin: angle.sin(),
            level: PEAK * accent,
            rise: 0.0,
        };
    }
}

impl Voice {
    fn next(&mut self, decay: f32, rise: f32) -> f32 {
        let sin = self.sin * self.turn_cos + self.cos * self.turn_sin;
        self.cos = self.cos * self.turn_cos - self.sin * self.turn_sin;
        self.sin = sin;
        self.rise = (self.rise + rise).min(1.0);
        self.level *= decay;
        // 2 sin cos is the octave.
        self.level * self.rise * (sin + OCTAVE * 2.0 * sin * self.cos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::signal::{decibels, level, rms};

    fn play(rate: u32, seconds: f32) -> Vec<i16> {
        let mut music = HoldMusic::new(rate);
        let mut pcm = vec![0; (seconds * rate as f32) as usize / 160 * 160];
        pcm.chunks_mut(160).for_each(|frame| music.fill(frame));
        pcm
    }

    #[test]
    fn it_is_quiet_but_never_silent() {
        for rate in [8_000, 16_000, 48_000] {
            let pcm = play(rate, 20.0);
            let loud = decibels(rms(&pcm) / 32_768.0);
            assert!((-32.0..-20.0).contains(&loud), "{rate}: {loud} dBov");
            let peak = pcm.iter().map(|sample| sample.unsigned_abs()).max().expect("samples");
            assert!(peak < 9_000, "{rate}: {peak}");
            let softest = pcm.chunks_exact(rate as usize / 5).map(rms).fold(f64::MAX, f64::min);
            assert!(decibels(softest / 32_768.0) > -40.0, "{rate}");
        }
    }

    #[test]
    fn it_plays_its_notes_at_every_rate() {
        // The first note, D4, alone; then with what follows it.
        for rate in [8_000, 16_000, 48_000] {
            let pcm = play(rate, 0.26);
            let d4 = 220.0 * 2f64.powf(5.0 / 12.0);
            assert!(level(&pcm, rate, d4) > 900.0, "{rate}");
            assert!(level(&pcm, rate, 440.0) < 200.0, "{rate}");
        }
    }

    #[test]
    fn it_comes_round_without_a_click() {
        let (rate, beat) = (8_000, (8_000.0 * BEAT) as usize);
        let round = beat * 64;
        let pcm = play(rate, (2 * round + 2_000) as f32 / 8_000.0);
        // From the second round on it repeats itself, but for what still rang at the very first beat.
        let (first, second) = (&pcm[round..round + 1_600], &pcm[2 * round..2 * round + 1_600]);
        assert!(first.iter().zip(second).all(|(a, b)| a.abs_diff(*b) <= 64));
        let steepest = pcm.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().expect("samples");
        assert!(steepest < 5_500, "{steepest}");
    }
}
