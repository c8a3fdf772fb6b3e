//! Who speaks, from the audio levels that senders put beside each packet (RFC 6464).

use std::time::{Duration, Instant};

use crate::ids::PeerId;
use crate::rtp::extension::AudioLevel;

/// A microphone without packets for this long is silent: senders stop in pauses (DTX).
const PAUSE: Duration = Duration::from_millis(300);
/// Loudness, in dB above silence (127 is overload), from which a peer begins to speak: -50 dBov. Lower: typing counts as
/// speech. Higher: soft voices do not.
const START: u8 = 77;
/// Loudness below which a speaker may have ended: -60 dBov. Nearer to `START`: flicker between words.
const STOP: u8 = 67;
/// A speaker stays one this long after the last loud moment. Shorter: the list flickers between sentences. Longer: it lags.
const HOLD: Duration = Duration::from_millis(1200);
/// Someone must be louder than a speaker ahead by more than this, in dB, to overtake.
const OVERTAKE: u8 = 6;
/// Most speakers that are told.
const MAX_SPEAKERS: usize = 8;

/// Smoothed level of one microphone. Touched once per packet, so it is two words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loudness {
    /// In 1/256 dB above silence.
    smoothed: u16,
    last: Option<Instant>,
}

impl Loudness {
    /// Takes the level of a packet. A level rises in about 3 packets (60 ms) and falls in about 16, so that the pause
    /// between two words does not end the speech.
    pub fn heard(&mut self, level: AudioLevel, now: Instant) {
        let loud = u16::from(127 - level.below_overload.min(127)) << 8;
        self.smoothed = match loud.checked_sub(self.smoothed) {
            Some(rise) => self.smoothed + rise / 3,
            None => self.smoothed - (self.smoothed - loud) / 16,
        };
        self.last = Some(now);
    }

    /// The level now, in dB above silence: 0 to 127.
    pub fn at(&self, now: Instant) -> u8 {
        match self.last {
            Some(last) if now.saturating_duration_since(last) <= PAUSE => (self.smoothed >> 8) as u8,
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Speaker {
    peer: PeerId,
    loudness: u8,
    loud_at: Instant,
}

/// The speakers of one room.
#[derive(Debug, Default)]
pub struct Speakers {
    /// In the order that is told.
    current: Vec<Speaker>,
}

impl Speakers {
    /// Takes the loudness of every open microphone; says whether the list changed. Call it some times per second: that is
    /// how often the list can change.
    pub fn update(&mut self, now: Instant, levels: &[(PeerId, u8)]) -> bool {
        let before: Vec<PeerId> = self.list();
        self.current.retain_mut(|speaker| match levels.iter().find(|(peer, _)| *peer == speaker.peer) {
            None => false,
            Some((_, loudness)) => {
                speaker.loudness = *loudness;
                if *loudness >= STOP {
                    speaker.loud_at = now;
                }
                now.saturating_duration_since(speaker.loud_at) < HOLD
            }
        });
        for (peer, loudness) in levels {
            if *loudness >= START && !self.current.iter().any(|speaker| speaker.peer == *peer) {
                self.current.push(Speaker { peer: *peer, loudness: *loudness, loud_at: now });
            }
        }
        self.order();
        self.list() != before
    }

    /// Speaking peers, loudest first.
    pub fn list(&self) -> Vec<PeerId> {
        self.current.iter().take(MAX_SPEAKERS).map(|speaker| speaker.peer).collect()
    }

    /// Loudness of a peer that speaks.
    pub fn loudness(&self, peer: PeerId) -> Option<u8> {
        self.current.iter().find(|speaker| speaker.peer == peer).map(|speaker| speaker.loudness)
    }

    /// One pass of overtaking from the back: enough, as it runs again in a moment.
    fn order(&mut self) {
        for at in (1..self.current.len()).rev() {
            if self.current[at].loudness > self.current[at - 1].loudness.saturating_add(OVERTAKE) {
                self.current.swap(at, at - 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn peer(n: u128) -> PeerId {
        PeerId(Uuid::from_u128(n))
    }

    fn level(below_overload: u8) -> AudioLevel {
        AudioLevel { voice: true, below_overload }
    }

    #[test]
    fn loudness_rises_fast_and_falls_slowly() {
        let t0 = Instant::now();
        let mut loudness = Loudness::default();
        (0..6).for_each(|_| loudness.heard(level(20), t0));
        let loud = loudness.at(t0);
        assert!(loud > 90, "{loud}");
        (0..4).for_each(|_| loudness.heard(level(127), t0));
        assert!(loudness.at(t0) > STOP);
        assert_eq!(loudness.at(t0 + PAUSE * 2), 0, "no packets: silent");
    }

    #[test]
    fn a_click_is_no_speech() {
        let t0 = Instant::now();
        let mut loudness = Loudness::default();
        loudness.heard(level(10), t0);
        assert!(loudness.at(t0) < START);
    }

    #[test]
    fn a_speaker_outlasts_a_pause_but_not_the_end() {
        let t0 = Instant::now();
        let mut speakers = Speakers::default();
        assert!(speakers.update(t0, &[(peer(1), 90)]));
        assert!(!speakers.update(t0 + HOLD / 2, &[(peer(1), 10)]));
        assert!(!speakers.update(t0 + HOLD / 2, &[(peer(1), 70)]), "between the thresholds");
        assert!(!speakers.update(t0 + HOLD, &[(peer(1), 0)]));
        assert!(speakers.update(t0 + HOLD * 2, &[(peer(1), 0)]));
        assert!(speakers.list().is_empty());
    }

    #[test]
    fn only_the_clearly_louder_overtakes() {
        let t0 = Instant::now();
        let mut speakers = Speakers::default();
        speakers.update(t0, &[(peer(1), 90)]);
        speakers.update(t0, &[(peer(1), 90), (peer(2), 95)]);
        assert_eq!(speakers.list(), [peer(1), peer(2)]);
        assert!(speakers.update(t0, &[(peer(1), 90), (peer(2), 97)]));
        assert_eq!(speakers.list(), [peer(2), peer(1)]);
    }

    #[test]
    fn who_leaves_or_is_muted_speaks_no_more() {
        let t0 = Instant::now();
        let mut speakers = Speakers::default();
        speakers.update(t0, &[(peer(1), 90)]);
        assert!(speakers.update(t0, &[]));
        assert_eq!(speakers.loudness(peer(1)), None);
    }
}
