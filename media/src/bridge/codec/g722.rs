//! G.722 at 64 kbit/s: 16,000 samples per second in two bands, six bits for the lower and two for the upper, each an
//! adaptive differential coder. Integer arithmetic as the recommendation writes it, so that both ends stay in step bit by
//! bit; the names of its blocks are given where one is meant.

use super::CodecError;

/// Quadrature mirror filter that splits and joins the bands: its even coefficients of 24; backwards, as it is symmetric,
/// these are the odd ones.
const MIRROR: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// Decision levels of the lower band's quantiser (QUANTL), in units of the step size.
const LOW_LEVELS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219,
    1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
];
/// What six bits of the lower band mean (QM6).
const LOW_6: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360,
    -8576, -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688,
    -1360, -1040, -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856,
    7192, 6576, 6000, 5456, 4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136,
    -432, -136,
];
/// What the upper four of them mean (QM4): all that the prediction hears, so that bits may be stolen below.
const LOW_4: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];
/// How the lower band's step grows with those four bits (WL by RL42).
const LOW_GROWTH: [i32; 16] =
    [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];
/// What two bits of the upper band mean (QM2).
const HIGH_2: [i32; 4] = [-7408, -1616, 7408, 1616];
/// How the upper band's step grows with them (WH by RH2).
const HIGH_GROWTH: [i32; 4] = [798, -214, 798, -214];
/// Decision level of the upper band's quantiser.
const HIGH_LEVEL: i32 = 564;
/// Mantissas of the step size (ILB): 2^(i/32) in units of 2048.
const MANTISSA: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896,
    2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

const LOW: Scale = Scale { most: 18_432, shift: 8 };
const HIGH: Scale = Scale { most: 22_528, shift: 10 };

/// Reads one stream.
#[derive(Default)]
pub(super) struct Decoder {
    low: Band<LowStep>,
    high: Band<HighStep>,
    mirror: Mirror,
}

/// Writes one stream.
#[derive(Default)]
pub(super) struct Encoder {
    low: Band<LowStep>,
    high: Band<HighStep>,
    mirror: Mirror,
}

impl Decoder {
    pub(super) fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let pcm = pcm.get_mut(..payload.len() * 2).ok_or(CodecError::Space)?;
        for (pair, code) in pcm.chunks_exact_mut(2).zip(payload) {
            let (low, high) = (usize::from(code & 63), usize::from(code >> 6));
            let fine = (self.low.step.size * LOW_6[low]) >> 15;
            let low_sample = limit(self.low.prediction + fine);
            let high_sample = limit(self.high.prediction + self.high.step.difference(high));
            self.low.adapt(low >> 2);
            self.high.adapt(high);
            self.mirror.push(low_sample + high_sample, low_sample - high_sample);
            let (even, odd) = self.mirror.sums();
            pair[0] = saturate(odd >> 11) as i16;
            pair[1] = saturate(even >> 11) as i16;
        }
        Ok(pcm.len())
    }
}

impl Encoder {
    pub(super) fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        if !pcm.len().is_multiple_of(2) {
            return Err(CodecError::Length);
        }
        let out = out.get_mut(..pcm.len() / 2).ok_or(CodecError::Space)?;
        for (code, pair) in out.iter_mut().zip(pcm.chunks_exact(2)) {
            self.mirror.push(pair[0].into(), pair[1].into());
            let (even, odd) = self.mirror.sums();
            let low = self.low.quantise_low(saturate((odd + even) >> 14));
            let high = self.high.quantise_high(saturate((odd - even) >> 14));
            self.low.adapt(usize::from(low >> 2));
            self.high.adapt(usize::from(high));
            *code = high << 6 | low;
        }
        Ok(out.len())
    }
}

/// The last 24 samples, in time order, for both directions of the mirror filter.
#[derive(Default)]
struct Mirror {
    samples: [i32; 24],
}

impl Mirror {
    fn push(&mut self, first: i32, second: i32) {
        self.samples.copy_within(2.., 0);
        self.samples[22] = first;
        self.samples[23] = second;
    }

    /// The filter over the even samples, and over the odd ones.
    fn sums(&self) -> (i32, i32) {
        let mut sums = (0, 0);
        for (i, pair) in self.samples.chunks_exact(2).enumerate() {
            sums.0 += pair[0] * MIRROR[i];
            sums.1 += pair[1] * MIRROR[11 - i];
        }
        sums
    }
}

/// Step size of a band: a logarithm that leaks towards its least value and grows with large differences.
struct Scale {
    most: i32,
    shift: i32,
}

impl Scale {
    /// The step after `log` grew (LOGSCL or LOGSCH, then SCALEL or SCALEH): its logarithm and its size.
    fn grow(&self, log: i32, growth: i32) -> (i32, i32) {
        let log = (((log * 127) >> 7) + growth).clamp(0, self.most);
        let (mantissa, exponent) = (MANTISSA[(log >> 6 & 31) as usize], self.shift - (log >> 11));
        let size = if exponent < 0 { mantissa << -exponent } else { mantissa >> exponent };
        (log, size << 2)
    }
}

trait Step {
    /// The difference that a code of the prediction means (INVQAL or INVQAH).
    fn difference(&self, code: usize) -> i32;
    fn grow(&mut self, code: usize);
}

struct LowStep {
    log: i32,
    size: i32,
}

struct HighStep {
    log: i32,
    size: i32,
}

impl Default for LowStep {
    fn default() -> Self {
        Self { log: 0, size: 32 }
    }
}

impl Default for HighStep {
    fn default() -> Self {
        Self { log: 0, size: 8 }
    }
}

impl Step for LowStep {
    fn difference(&self, code: usize) -> i32 {
        (self.size * LOW_4[code]) >> 15
    }

    fn grow(&mut self, code: usize) {
        (self.log, self.size) = LOW.grow(self.log, LOW_GROWTH[code]);
    }
}

impl Step for HighStep {
    fn difference(&self, code: usize) -> i32 {
        (self.size * HIGH_2[code]) >> 15
    }

    fn grow(&mut self, code: usize) {
        (self.log, self.size) = HIGH.grow(self.log, HIGH_GROWTH[code]);
    }
}

/// One band: its step size, and the adaptive predictor with two poles and six zeros that both ends run.
#[derive(Default)]
struct Band<S> {
    step: S,
    /// What the next sample is expected to be (s).
    prediction: i32,
    /// The part of it that the zeros give (sz).
    zeros: i32,
    /// Coefficients of the poles (a1, a2).
    poles: [i32; 2],
    /// Coefficients of the zeros (b1 to b6).
    taps: [i32; 6],
    /// The last six differences (d1 to d6).
    differences: [i32; 6],
    /// The last reconstructed sample (r1; r2 of the next step).
    last: i32,
    /// Whether the last two partly reconstructed samples were negative (p1, p2).
    signs: [bool; 2],
}

impl<S: Step> Band<S> {
    /// Takes the code that was sent or received (block 3, then block 4).
    fn adapt(&mut self, code: usize) {
        let difference = self.step.difference(code);
        self.step.grow(code);
        let rebuilt = saturate(self.prediction + difference);
        let negative = saturate(self.zeros + difference) < 0;
        self.adapt_poles(negative);
        self.adapt_taps(difference);
        self.signs = [negative, self.signs[0]];
        let poles = ((self.poles[0] * saturate(2 * rebuilt)) >> 15)
            + ((self.poles[1] * saturate(2 * self.last)) >> 15);
        self.last = rebuilt;
        let zeros = self.taps.iter().zip(&self.differences).map(|(tap, d)| (tap * saturate(2 * d)) >> 15);
        self.zeros = saturate(zeros.sum());
        self.prediction = saturate(saturate(poles) + self.zeros);
    }

    /// UPPOL2 and UPPOL1.
    fn adapt_poles(&mut self, negative: bool) {
        let [first, second] = self.poles;
        let (same_1, same_2) = (negative == self.signs[0], negative == self.signs[1]);
        let quadruple = saturate(first * 4);
        let lean = if same_1 { saturate(-quadruple) } else { quadruple };
        let lean = (lean >> 7) + if same_2 { 128 } else { -128 };
        let second = (lean + ((second * 32_512) >> 15)).clamp(-12_288, 12_288);
        let most = 15_360 - second;
        let first = saturate((if same_1 { 192 } else { -192 }) + ((first * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];
    }

    /// UPZERO and the delay line of differences.
    fn adapt_taps(&mut self, difference: i32) {
        let pull = if difference == 0 { 0 } else { 128 };
        for (tap, past) in self.taps.iter_mut().zip(&self.differences) {
            let toward = if (*past < 0) == (difference < 0) { pull } else { -pull };
            *tap = saturate(toward + ((*tap * 32_640) >> 15));
        }
        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
    }
}

impl Band<LowStep> {
    /// Six bits for a sample (QUANTL): the first level that the difference does not reach.
    fn quantise_low(&self, sample: i32) -> u8 {
        let difference = saturate(sample - self.prediction);
        let negative = difference < 0;
        let magnitude = if negative { !difference } else { difference };
        let level =
            LOW_LEVELS.iter().take_while(|level| magnitude >= (**level * self.step.size) >> 12).count() as u8;
        match (negative, level) {
            (false, level) => 61 - level,
            (true, 0 | 1) => 63 - level,
            (true, level) => 33 - level,
        }
    }
}

impl Band<HighStep> {
    /// Two bits for a sample (QUANTH).
    fn quantise_high(&self, sample: i32) -> u8 {
        let difference = saturate(sample - self.prediction);
        let negative = difference < 0;
        let magnitude = if negative { !difference } else { difference };
        let far = magnitude >= (HIGH_LEVEL * self.step.size) >> 12;
        match (negative, far) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        }
    }
}

/// To 16 bits.
fn saturate(value: i32) -> i32 {
    value.clamp(i16::MIN.into(), i16::MAX.into())
}

/// To the 15 bits of a band (LIMIT).
fn limit(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}
