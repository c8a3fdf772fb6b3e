//! Estimated listening quality: the E-model of ITU-T G.107, with its defaults for all that a receiver of RTP cannot know.

use crate::control::PhoneCodec;

/// Rating of a connection without delay, loss or coding: the model's defaults for noise and levels.
const BEST_RATING: f32 = 93.2;
/// Mouth to ear in milliseconds beside the way and the buffer: a packet of 20 ms, and sound hardware.
const FIXED_DELAY_MS: f32 = 40.0;
/// A buffer that follows the jitter holds about so many times its mean.
const BUFFER_PER_JITTER: f32 = 2.0;

/// What a stream was like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line {
    /// Packets that were lost, of all that were sent; 0 to 1.
    pub loss: f32,
    /// Mean interarrival jitter in milliseconds (RFC 3550).
    pub jitter_ms: f32,
    /// Round trip in milliseconds; 0 while unknown.
    pub rtt_ms: f32,
}

impl Line {
    /// Mean opinion score, 1 (bad) to 4.5 (excellent).
    pub fn mos(self, codec: PhoneCodec) -> f32 {
        score(self.rating(codec))
    }

    /// Transmission rating R, at most 93.2.
    fn rating(self, codec: PhoneCodec) -> f32 {
        let (coding, robustness) = impairment(codec);
        let delay = sound(self.rtt_ms) / 2.0 + sound(self.jitter_ms) * BUFFER_PER_JITTER + FIXED_DELAY_MS;
        // G.107 appendix: linear, and steeper where talking over each other begins.
        let delay = 0.024 * delay + 0.11 * (delay - 177.3).max(0.0);
        let percent = sound(self.loss).min(1.0) * 100.0;
        BEST_RATING - delay - (coding + (95.0 - coding) * percent / (percent + robustness))
    }
}

/// Equipment impairment Ie and robustness against random loss Bpl (ITU-T G.113 appendix I). G.711 with concealment, which every
/// receiver of ours has. Of the wideband codecs G.113 speaks on another scale; on this one they do not lose to G.711, and
/// Opus repeats lost frames.
fn impairment(codec: PhoneCodec) -> (f32, f32) {
    match codec {
        PhoneCodec::Pcmu | PhoneCodec::Pcma => (0.0, 25.1),
        PhoneCodec::G722 => (0.0, 20.0),
        PhoneCodec::Opus => (0.0, 40.0),
    }
}

/// G.107 annex B.
fn score(rating: f32) -> f32 {
    let r = rating.clamp(0.0, 100.0);
    // The polynomial dips below 1 for small ratings.
    (1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6).clamp(1.0, 4.5)
}

fn sound(value: f32) -> f32 {
    if value.is_finite() { value.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_are_those_of_annex_b() {
        let table =
            [(100.0, 4.5), (90.0, 4.34), (80.0, 4.03), (70.0, 3.60), (60.0, 3.10), (50.0, 2.58), (0.0, 1.0)];
        for (rating, wanted) in table {
            assert!((score(rating) - wanted).abs() < 0.01, "{rating}: {}", score(rating));
        }
    }

    #[test]
    fn lines_have_the_score_of_the_model() {
        use PhoneCodec::{G722, Opus, Pcma, Pcmu};
        // Loss in percent, jitter, round trip; the score worked out by hand.
        let table = [
            (Pcmu, 0.0, 0.0, 0.0, 4.39),
            (Pcma, 1.0, 0.0, 0.0, 4.303),
            (Pcmu, 5.0, 0.0, 0.0, 3.883),
            (Pcmu, 20.0, 0.0, 0.0, 2.58),
            (G722, 5.0, 0.0, 0.0, 3.745),
            (Opus, 5.0, 0.0, 0.0, 4.086),
            (Pcmu, 0.0, 20.0, 100.0, 4.341),
            (Pcmu, 0.0, 20.0, 600.0, 3.192),
        ];
        for (codec, percent, jitter_ms, rtt_ms, wanted) in table {
            let mos = Line { loss: percent / 100.0, jitter_ms, rtt_ms }.mos(codec);
            assert!((mos - wanted).abs() < 0.01, "{codec:?} {percent} % {jitter_ms} {rtt_ms}: {mos}");
        }
    }

    proptest! {
        #[test]
        fn worse_lines_never_score_better(loss in 0f32..1.0, jitter_ms in 0f32..500.0, rtt_ms in 0f32..3_000.0, more in 0f32..50.0) {
            let line = Line { loss, jitter_ms, rtt_ms };
            let mos = line.mos(PhoneCodec::Pcma);
            prop_assert!((1.0..=4.5).contains(&mos));
            let lossier = Line { loss: loss + more / 100.0, ..line }.mos(PhoneCodec::Pcma);
            let farther = Line { rtt_ms: rtt_ms + more, ..line }.mos(PhoneCodec::Pcma);
            let nonsense = Line { jitter_ms: f32::NAN, loss: f32::INFINITY, ..line }.mos(PhoneCodec::Opus);
            prop_assert!(lossier <= mos + 1e-3 && farther <= mos + 1e-3);
            prop_assert!((1.0..=4.5).contains(&nonsense));
        }
    }
}
