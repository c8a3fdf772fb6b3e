//! What a telephone hears at a steady beat, where several voices or hold music have to be made into one stream.
//!
//! The room chooses the loudest for each listener already and gives it so many slots; each slot is a [`Source`] here. A frame
//! is 20 ms; whoever owns the feed asks for one with every beat, encodes it and cuts it into the telephone's packets.

use std::time::Instant;

use super::codec::CodecError;
use super::jitter::Inserted;
use super::mixer::{Mixer, SourceIndex};
use super::music::HoldMusic;
use super::noise::ComfortNoise;
use super::source::{Source, frame_len};

/// What is to be heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The voices of the slots.
    Voices,
    /// Hold music; what comes for the slots meanwhile is dropped.
    Music,
}

/// The voices of one listener.
pub struct Feed {
    slots: Vec<(Source, SourceIndex)>,
    mixer: Mixer,
    noise: ComfortNoise,
    music: HoldMusic,
    program: Program,
}

impl Feed {
    /// For `slots` voices (at most [`super::mixer::MAX_SOURCES`]) at the telephone's `rate`; `epoch` is any time before the
    /// first packet, `seed` that of the noise.
    pub fn new(slots: usize, rate: u32, epoch: Instant, seed: u32) -> Result<Self, CodecError> {
        let mut mixer = Mixer::new(frame_len(rate));
        let places = (0..slots).map_while(|_| mixer.add()).collect::<Vec<_>>();
        let slot = |place| Ok((Source::new(rate, epoch)?, place));
        Ok(Self {
            slots: places.into_iter().map(slot).collect::<Result<_, CodecError>>()?,
            mixer,
            noise: ComfortNoise::new(seed),
            music: HoldMusic::new(rate),
            program: Program::Voices,
        })
    }

    /// Takes a packet of Opus for a slot.
    pub fn push(&mut self, slot: usize, timestamp: u32, payload: &[u8], now: Instant) -> Inserted {
        match (self.program, self.slots.get_mut(slot)) {
            (Program::Voices, Some((source, _))) => source.push(timestamp, payload, now),
            _ => Inserted::Refused,
        }
    }

    /// Another stream, or none, is in a slot from now on.
    pub fn reset(&mut self, slot: usize) {
        if let Some((source, _)) = self.slots.get_mut(slot) {
            source.reset();
        }
    }

    /// Changes what is to be heard. Music goes on where it was.
    pub fn play(&mut self, program: Program) {
        if self.program != program {
            self.program = program;
            self.slots.iter_mut().for_each(|(source, _)| source.reset());
        }
    }

    /// Fills `pcm` with the next frame ([`frame_len`] at the rate) and says whether it is more than comfort noise.
    pub fn pull(&mut self, pcm: &mut [i16]) -> bool {
        if self.program == Program::Music {
            self.music.fill(pcm);
            return true;
        }
        for (source, place) in &mut self.slots {
            source.pull(self.mixer.input(*place));
        }
        self.mixer.choose();
        let heard = self.mixer.mix(None, pcm);
        if !heard {
            self.noise.fill(pcm);
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::bridge::codec::{MAX_PAYLOAD, OpusEncoder};
    use crate::bridge::signal::{level, rms, tone};

    const RATE: u32 = 8_000;

    /// People who send tones, and the telephone that hears them.
    struct Scene {
        feed: Feed,
        people: Vec<(OpusEncoder, f64)>,
        epoch: Instant,
        beats: usize,
    }

    impl Scene {
        fn new(tones: &[f64]) -> Scene {
            let epoch = Instant::now();
            let people = tones.iter().map(|hz| (OpusEncoder::new(48_000).expect("encoder"), *hz));
            let (feed, people) = (Feed::new(3, RATE, epoch, 1).expect("feed"), people.collect());
            Scene { feed, people, epoch, beats: 0 }
        }

        fn hear(&mut self, beats: usize) -> Vec<i16> {
            let (mut heard, mut frame, mut payload) = (Vec::new(), [0; 160], [0; MAX_PAYLOAD]);
            for _ in 0..beats {
                let now = self.epoch + Duration::from_millis(20 * self.beats as u64);
                for (slot, (encoder, hz)) in self.people.iter_mut().enumerate() {
                    let pcm = tone(48_000, *hz, 5_000.0, self.beats * 960, 960);
                    let len = encoder.encode(&pcm, &mut payload).expect("20 ms");
                    self.feed.push(slot, (self.beats * 960) as u32, &payload[..len], now);
                }
                self.feed.pull(&mut frame);
                heard.extend_from_slice(&frame);
                self.beats += 1;
            }
            heard
        }
    }

    #[test]
    fn all_slots_are_heard_together() {
        let mut scene = Scene::new(&[400.0, 700.0, 1_100.0]);
        let heard = scene.hear(100).split_off(8_000);
        for hz in [400.0, 700.0, 1_100.0] {
            assert!(
                (3_500.0..6_500.0).contains(&level(&heard, RATE, hz)),
                "{hz}: {}",
                level(&heard, RATE, hz)
            );
        }
    }

    #[test]
    fn an_empty_room_is_soft_noise() {
        let mut feed = Feed::new(3, RATE, Instant::now(), 1).expect("feed");
        let mut frame = [0; 160];
        assert!(!feed.pull(&mut frame));
        assert!((1.0..100.0).contains(&rms(&frame)), "{}", rms(&frame));
        assert_eq!(feed.push(3, 0, &[1], Instant::now()), Inserted::Refused, "no such slot");
    }

    #[test]
    fn music_takes_the_place_of_voices_and_gives_it_back() {
        let mut scene = Scene::new(&[1_500.0]);
        assert!(level(&scene.hear(50)[4_000..], RATE, 1_500.0) > 3_500.0);
        scene.feed.play(Program::Music);
        let music = scene.hear(50);
        assert!(level(&music, RATE, 1_500.0) < 100.0 && rms(&music) > 500.0);
        scene.feed.play(Program::Voices);
        assert!(level(&scene.hear(50)[4_000..], RATE, 1_500.0) > 3_500.0);
        scene.feed.reset(0);
        scene.people.clear();
        assert!(rms(&scene.hear(100)[8_000..]) < 100.0, "nobody is left");
    }
}
