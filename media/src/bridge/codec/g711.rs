//! G.711: eight bits per sample on a logarithmic scale. One table per direction and law, made at compile time.

use super::CodecError;

/// The two scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    /// µ-law, 14 bits; North America, Japan, Taiwan.
    Mu,
    /// A-law, 13 bits; the rest of the world.
    A,
}

static MU_EXPAND: [i16; 256] = expand(Law::Mu);
static A_EXPAND: [i16; 256] = expand(Law::A);
/// Indexed by the upper 14 bits of a sample.
static MU_COMPRESS: [u8; 1 << 14] = {
    let (mut table, mut at) = ([0; 1 << 14], 0);
    while at < table.len() {
        table[at] = compress_mu((at << 2) as u16 as i16);
        at += 1;
    }
    table
};
/// Indexed by the upper 12 bits of a sample: the sign and 11 bits are what the scale tells apart.
static A_COMPRESS: [u8; 1 << 12] = {
    let (mut table, mut at) = ([0; 1 << 12], 0);
    while at < table.len() {
        table[at] = compress_a((at << 4) as u16 as i16);
        at += 1;
    }
    table
};

impl Law {
    pub(super) fn decode(self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, CodecError> {
        let table = match self {
            Law::Mu => &MU_EXPAND,
            Law::A => &A_EXPAND,
        };
        let pcm = pcm.get_mut(..payload.len()).ok_or(CodecError::Space)?;
        for (sample, byte) in pcm.iter_mut().zip(payload) {
            *sample = table[usize::from(*byte)];
        }
        Ok(payload.len())
    }

    pub(super) fn encode(self, pcm: &[i16], out: &mut [u8]) -> Result<usize, CodecError> {
        let out = out.get_mut(..pcm.len()).ok_or(CodecError::Space)?;
        for (byte, sample) in out.iter_mut().zip(pcm) {
            let bits = usize::from(*sample as u16);
            *byte = match self {
                Law::Mu => MU_COMPRESS[bits >> 2],
                Law::A => A_COMPRESS[bits >> 4],
            };
        }
        Ok(pcm.len())
    }
}

const fn expand(law: Law) -> [i16; 256] {
    let (mut table, mut code) = ([0; 256], 0);
    while code < table.len() {
        table[code] = match law {
            Law::Mu => expand_mu(code as u8),
            Law::A => expand_a(code as u8),
        };
        code += 1;
    }
    table
}

/// All bits are inverted on the line. Eight segments, each twice as steep as the one before; 33 is the bias that makes the
/// first one fit the series (in units of 14 bits).
const fn expand_mu(code: u8) -> i16 {
    let bits = !code;
    let segment = bits >> 4 & 7;
    let magnitude = ((((bits & 15) as i32) * 2 + 33) << segment) - 33;
    let sample = (magnitude * 4) as i16;
    if bits & 0x80 != 0 { -sample } else { sample }
}

const fn compress_mu(sample: i16) -> u8 {
    let negative = sample < 0;
    // The one's complement, so that both halves of the scale have equally many steps.
    let biased = ((if negative { !sample } else { sample }) >> 2) + 33;
    let biased = if biased > 0x1fff { 0x1fff } else { biased } as u16;
    let segment = 10 - biased.leading_zeros() as u16;
    let code = segment << 4 | (biased >> (segment + 1) & 15);
    !(code as u8) & if negative { 0x7f } else { 0xff }
}

/// Every other bit is inverted on the line. The first two segments are equally steep, each further one twice as steep.
const fn expand_a(code: u8) -> i16 {
    let bits = code ^ 0x55;
    let (segment, step) = (bits >> 4 & 7, ((bits & 15) as i32) * 2 + 1);
    let magnitude = if segment == 0 { step } else { (step + 32) << (segment - 1) };
    let sample = (magnitude * 8) as i16;
    if bits & 0x80 == 0 { -sample } else { sample }
}

const fn compress_a(sample: i16) -> u8 {
    let negative = sample < 0;
    let magnitude = ((if negative { !sample } else { sample }) >> 4) as u16;
    let code = if magnitude < 32 {
        magnitude
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        segment << 4 | (magnitude >> (segment - 1) & 15)
    };
    (code as u8 | if negative { 0 } else { 0x80 }) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(law: Law, code: u8) -> i32 {
        let mut pcm = [0];
        law.decode(&[code], &mut pcm).expect("one sample");
        i32::from(pcm[0])
    }

    fn encoded(law: Law, sample: i16) -> u8 {
        let mut out = [0];
        law.encode(&[sample], &mut out).expect("one byte");
        out[0]
    }

    #[test]
    fn the_values_are_those_of_the_tables_of_the_recommendation() {
        // Column 8 of tables 2a and 2b (µ-law: value numbers 128 down to 0; here times 4), 1a and 1b (A-law; times 16).
        let mu = [(0x80, 8031), (0x8f, 4191), (0x90, 3999), (0x9f, 2079), (0xa0, 1983), (0xaf, 1023)];
        let mu =
            mu.into_iter().chain([(0xb0, 975), (0xc0, 471), (0xd0, 219), (0xe0, 93), (0xf0, 30), (0xff, 0)]);
        for (code, value) in mu {
            assert_eq!(decoded(Law::Mu, code), value * 4, "µ {code:#x}");
            assert_eq!(decoded(Law::Mu, code & 0x7f), -value * 4, "µ {:#x}", code & 0x7f);
        }
        let a =
            [(0x7f, 4032), (0x70, 2112), (0x6f, 2016), (0x60, 1056), (0x50, 528), (0x40, 264), (0x30, 132)];
        for (bits, value) in a.into_iter().chain([(0x20, 66), (0x10, 33), (0x01, 3), (0x00, 1)]) {
            assert_eq!(decoded(Law::A, (bits | 0x80) ^ 0x55), value * 8, "A {bits:#x}");
            assert_eq!(decoded(Law::A, bits ^ 0x55), -value * 8, "A {bits:#x}");
        }
    }

    #[test]
    fn every_code_comes_back() {
        for law in [Law::Mu, Law::A] {
            for code in 0..=255u8 {
                let sample = decoded(law, code) as i16;
                // µ-law has two zeros; the positive one is written.
                let wanted = if law == Law::Mu && code == 0x7f { 0xff } else { code };
                assert_eq!(encoded(law, sample), wanted, "{law:?} {code:#x}");
            }
        }
    }

    #[test]
    fn every_sample_falls_between_the_decision_levels() {
        // Each value is the middle of its interval, so the values and the first level, 0, give all levels. µ-law tells 14
        // bits apart, A-law 12 and the half below.
        for (law, unit) in [(Law::Mu, 2), (Law::A, 3)] {
            let values: Vec<i32> = (0..128u8)
                .map(|n| decoded(law, if law == Law::Mu { 0xff - n } else { (n | 0x80) ^ 0x55 }) >> unit)
                .collect();
            let mut levels = vec![if law == Law::Mu { -1 } else { 0 }];
            values.iter().for_each(|value| levels.push(2 * value - levels[levels.len() - 1]));
            assert_eq!(levels[128], if law == Law::Mu { 8_159 } else { 4_096 });
            for sample in 0..=i16::MAX {
                let n = levels.partition_point(|level| *level <= i32::from(sample) >> unit).clamp(1, 128) - 1;
                assert_eq!(decoded(law, encoded(law, sample)), values[n] << unit, "{law:?} {sample}");
                assert_eq!(decoded(law, encoded(law, !sample)), -values[n] << unit, "{law:?} {}", !sample);
            }
        }
    }

    #[test]
    fn louder_is_never_softer() {
        for law in [Law::Mu, Law::A] {
            let walk = (i16::MIN..=i16::MAX).map(|sample| decoded(law, encoded(law, sample)));
            assert!(walk.clone().zip(walk.skip(1)).all(|(a, b)| a <= b), "{law:?}");
        }
    }

    #[test]
    fn a_short_buffer_is_an_error() {
        assert_eq!(Law::Mu.decode(&[0; 3], &mut [0; 2]), Err(CodecError::Space));
        assert_eq!(Law::A.encode(&[0; 3], &mut [0; 2]), Err(CodecError::Space));
    }
}
