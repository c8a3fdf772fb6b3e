//! Mixes voices for those who cannot: every listener hears the three loudest, but not itself.
//!
//! One mixer has one rate; what it is given is decoded at that rate ([`super::source::Source`]), so a room whose telephones
//! have two rates has two mixers, and nothing is resampled.

/// Voices that are heard at once. More are noise; fewer cut off who says "yes" in between.
const CHOSEN: usize = 3;
/// Voices of a room that are looked at.
pub const MAX_SOURCES: usize = 32;
/// A voice takes the place of another only if it is so much louder, in sixteenths: 3.5 dB. Less flutters between two equals.
const LOUDER: u64 = 24;
/// Frames for which a voice is kept at least: half a second, the pause between two words.
const HOLD: u32 = 25;
/// A voice below this mean amplitude is silence (58 dB below overload).
const SILENCE: u64 = 40;
/// Amplitude from which loud sums are bent instead of cut: 4 dB below overload.
const KNEE: i32 = 20_000;

/// A place of a voice in the mixer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceIndex(usize);

/// The voices of a room and what became of them in this frame.
pub struct Mixer {
    frame: usize,
    voices: Vec<Voice>,
    /// The samples of all of them, one frame after the other.
    pcm: Box<[i16]>,
    sum: Box<[i32]>,
}

#[derive(Clone, Copy, Default)]
struct Voice {
    used: bool,
    /// Mean amplitude: follows at once when it rises, slowly when it falls.
    loudness: u64,
    chosen: bool,
    /// Whether it was chosen in the frame before: it fades in or out in this one.
    before: bool,
    /// Frames since it was chosen.
    age: u32,
}

impl Mixer {
    /// For frames of `frame` samples.
    pub fn new(frame: usize) -> Self {
        Self {
            frame,
            voices: vec![Voice::default(); MAX_SOURCES],
            pcm: vec![0; frame * MAX_SOURCES].into_boxed_slice(),
            sum: vec![0; frame].into_boxed_slice(),
        }
    }

    /// A place for another voice, unless all are taken.
    pub fn add(&mut self) -> Option<SourceIndex> {
        let at = self.voices.iter().position(|voice| !voice.used)?;
        self.voices[at] = Voice { used: true, ..Voice::default() };
        self.pcm[at * self.frame..][..self.frame].fill(0);
        Some(SourceIndex(at))
    }

    /// Gives the place of a voice back.
    pub fn remove(&mut self, source: SourceIndex) {
        self.voices[source.0] = Voice::default();
    }

    /// Where the next frame of a voice is to be written; what is not written is heard again.
    pub fn input(&mut self, source: SourceIndex) -> &mut [i16] {
        &mut self.pcm[source.0 * self.frame..][..self.frame]
    }

    /// Chooses the loudest, once all inputs are written.
    pub fn choose(&mut self) {
        let inputs = self.pcm.chunks_exact(self.frame.max(1));
        for (voice, pcm) in self.voices.iter_mut().zip(inputs).filter(|(voice, _)| voice.used) {
            let sum: u64 = pcm.iter().map(|sample| u64::from(sample.unsigned_abs())).sum();
            let now = sum / pcm.len().max(1) as u64;
            voice.loudness = now.max(voice.loudness - voice.loudness.div_ceil(16));
            (voice.before, voice.age) = (voice.chosen, voice.age.saturating_add(1));
            voice.chosen &= voice.loudness >= SILENCE || voice.age < HOLD;
        }
        // Each pass fills a free place, or exchanges the softest of the chosen.
        for _ in 0..CHOSEN {
            let waiting = |voice: &&mut Voice| voice.used && !voice.chosen && voice.loudness >= SILENCE;
            let chosen = self.voices.iter().filter(|voice| voice.chosen).count();
            let softest =
                self.voices.iter().enumerate().filter(|(_, voice)| voice.chosen && voice.age >= HOLD);
            let softest =
                softest.map(|(at, voice)| (at, voice.loudness)).min_by_key(|(_, loudness)| *loudness);
            let Some(loudest) = self.voices.iter_mut().filter(waiting).max_by_key(|voice| voice.loudness)
            else {
                return;
            };
            let wanted = loudest.loudness;
            if chosen < CHOSEN {
                (loudest.chosen, loudest.age) = (true, 0);
            } else if let Some((at, softest)) = softest.filter(|(_, softest)| wanted * 16 > softest * LOUDER)
            {
                debug_assert!(softest <= wanted);
                (loudest.chosen, loudest.age) = (true, 0);
                self.voices[at].chosen = false;
            } else {
                return;
            }
        }
    }

    /// Whether a voice is among those that are heard.
    pub fn is_chosen(&self, source: SourceIndex) -> bool {
        self.voices[source.0].chosen
    }

    /// Writes what a listener hears, without the voice that is its own, and says whether that is anything.
    pub fn mix(&mut self, own: Option<SourceIndex>, out: &mut [i16]) -> bool {
        self.sum.fill(0);
        let mut heard = false;
        for (at, voice) in self.voices.iter().enumerate() {
            if !voice.used || !(voice.chosen || voice.before) || own == Some(SourceIndex(at)) {
                continue;
            }
            heard = true;
            let pcm = &self.pcm[at * self.frame..][..self.frame];
            let (from, to) = (i32::from(voice.before), i32::from(voice.chosen));
            let len = self.frame as i32;
            for (n, (sum, sample)) in (0..).zip(self.sum.iter_mut().zip(pcm)) {
                let sample = i32::from(*sample);
                *sum += if from == to { sample } else { sample * (from * (len - n) + to * n) / len };
            }
        }
        for (out, sum) in out.iter_mut().zip(&self.sum) {
            *out = bend(*sum);
        }
        heard
    }
}

/// A soft limit: straight up to the knee, then ever flatter, never beyond 16 bits.
fn bend(sum: i32) -> i16 {
    let (magnitude, room) = (sum.abs(), i32::from(i16::MAX) - KNEE);
    if magnitude <= KNEE {
        return sum as i16;
    }
    let over = i64::from(magnitude - KNEE);
    let bent = KNEE + (over * i64::from(room) / (over + i64::from(room))) as i32;
    (bent * sum.signum()) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::signal::{level, snr, tone};

    const RATE: u32 = 8_000;
    const FRAME: usize = 160;

    /// A room in which each person has a tone of its own.
    struct Room {
        mixer: Mixer,
        people: Vec<(SourceIndex, f64)>,
        frames: usize,
    }

    impl Room {
        fn new(people: usize) -> Self {
            let mut mixer = Mixer::new(FRAME);
            let hz = |n: usize| 300.0 + 200.0 * n as f64;
            let people = (0..people).map(|n| (mixer.add().expect("a place"), hz(n))).collect();
            Self { mixer, people, frames: 0 }
        }

        /// Each speaks with its peak for a number of frames; what `own` hears.
        fn speak(&mut self, peaks: &[f64], frames: usize, own: Option<usize>) -> Vec<i16> {
            let mut heard = Vec::new();
            for _ in 0..frames {
                for ((index, hz), peak) in self.people.iter().zip(peaks) {
                    let frame = tone(RATE, *hz, *peak, self.frames * FRAME, FRAME);
                    self.mixer.input(*index).copy_from_slice(&frame);
                }
                self.mixer.choose();
                let mut out = [0; FRAME];
                self.mixer.mix(own.map(|own| self.people[own].0), &mut out);
                heard.extend_from_slice(&out);
                self.frames += 1;
            }
            heard
        }

        fn chosen(&self) -> Vec<usize> {
            (0..self.people.len()).filter(|n| self.mixer.is_chosen(self.people[*n].0)).collect()
        }
    }

    #[test]
    fn all_but_oneself_are_heard_at_their_level() {
        let mut room = Room::new(3);
        let peaks = [4_000.0, 3_000.0, 2_000.0];
        for own in 0..3 {
            let heard = room.speak(&peaks, 50, Some(own)).split_off(1_600);
            for (n, peak) in peaks.iter().enumerate() {
                let there = level(&heard, RATE, room.people[n].1);
                let wanted = if n == own { 0.0 } else { *peak };
                assert!((there - wanted).abs() < 60.0, "{own} hears {n}: {there}");
            }
        }
        let heard = room.speak(&peaks, 50, None);
        assert!(
            (0..3).all(|n| level(&heard, RATE, room.people[n].1) > peaks[n] - 60.0),
            "an outsider hears all"
        );
    }

    #[test]
    fn the_loudest_three_are_heard() {
        let mut room = Room::new(6);
        let heard = room.speak(&[500.0, 4_000.0, 600.0, 3_000.0, 700.0, 2_000.0], 100, None);
        assert_eq!(room.chosen(), [1, 3, 5]);
        let heard = &heard[8_000..];
        assert!(level(heard, RATE, room.people[5].1) > 1_900.0);
        assert!(level(heard, RATE, room.people[0].1) < 20.0);
    }

    #[test]
    fn a_place_changes_only_for_a_louder_voice_and_not_at_once() {
        let mut room = Room::new(4);
        room.speak(&[2_000.0, 2_000.0, 2_000.0, 0.0], 50, None);
        room.speak(&[2_000.0, 2_000.0, 2_000.0, 2_500.0], 200, None);
        assert_eq!(room.chosen(), [0, 1, 2], "hardly louder");
        room.speak(&[2_000.0, 2_000.0, 1_500.0, 5_000.0], 50, None);
        assert_eq!(room.chosen(), [0, 1, 3]);
        room.speak(&[2_000.0, 2_000.0, 9_000.0, 5_000.0], HOLD as usize - 1, None);
        assert!(room.chosen().contains(&3), "just begun");
    }

    #[test]
    fn voices_fade_in_and_out() {
        let mut room = Room::new(1);
        let heard = room.speak(&[8_000.0], 2, None);
        assert!(heard[..16].iter().all(|sample| sample.abs() < 1_000));
        assert!(level(&heard[FRAME..], RATE, 300.0) > 7_000.0);
        room.speak(&[0.0], 200, None);
        assert!(room.chosen().is_empty());
        let mut out = [1; FRAME];
        assert!(!room.mixer.mix(None, &mut out));
        assert_eq!(out, [0; FRAME]);
    }

    #[test]
    fn loud_sums_are_bent_not_cut() {
        let mut room = Room::new(3);
        let heard = room.speak(&[20_000.0; 3], 100, None).split_off(8_000);
        assert!(heard.iter().any(|sample| sample.unsigned_abs() > 25_000));
        assert!(!heard.windows(3).any(|run| run[0] == i16::MAX && run[1] == i16::MAX && run[2] == i16::MAX));
        for sum in -140_000i32..140_000 {
            assert!(bend(sum) <= bend(sum + 1) && bend(-sum) == -bend(sum));
        }
        assert_eq!((bend(KNEE), bend(-KNEE)), (KNEE as i16, -KNEE as i16));
        let alone = Room::new(1).speak(&[19_000.0], 100, None).split_off(8_000);
        assert!(snr(&alone, RATE, 300.0) > 60.0, "below the knee nothing is bent");
    }

    #[test]
    fn places_are_bounded_and_given_back() {
        let mut mixer = Mixer::new(FRAME);
        let all: Vec<_> = (0..MAX_SOURCES).map(|_| mixer.add().expect("a place")).collect();
        assert_eq!(mixer.add(), None);
        mixer.input(all[3]).fill(9_000);
        mixer.choose();
        mixer.remove(all[3]);
        assert_eq!(mixer.add(), Some(all[3]));
        assert!(mixer.input(all[3]).iter().all(|sample| *sample == 0));
        assert!(!mixer.is_chosen(all[3]));
    }
}
