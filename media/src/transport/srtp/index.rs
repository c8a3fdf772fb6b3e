//! Packet indices: the roll-over counter of a source and the window of indices already used.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hasher};

use super::{MAX_SOURCES, SrtpError};

/// The first index that does not exist: 2^32 roll-overs of 2^16 sequence numbers.
const INDEX_END: u64 = 1 << 48;

/// Indices of one source that were used, newest known first: a ring of `WORDS * 64` bits.
///
/// A larger window tolerates packets that are later than others; a smaller one drops them as replays and takes less memory.
#[derive(Debug)]
pub(super) struct Window<const WORDS: usize> {
    /// One past the highest index used; 0 before the first.
    next: u64,
    used: [u64; WORDS],
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Window { next: 0, used: [0; WORDS] }
    }
}

impl<const WORDS: usize> Window<WORDS> {
    const BITS: u64 = 64 * WORDS as u64;

    /// The index that a sequence number most probably has (RFC 3711, section 3.3.1): the one nearest to the highest so far.
    pub(super) fn estimate(&self, sequence: u16) -> Result<u64, SrtpError> {
        if self.next == 0 {
            return Ok(u64::from(sequence));
        }
        let highest = self.next - 1;
        let step = sequence.wrapping_sub(highest as u16) as i16;
        let index = highest.checked_add_signed(i64::from(step)).ok_or(SrtpError::Replayed)?;
        if index < INDEX_END { Ok(index) } else { Err(SrtpError::Exhausted) }
    }

    /// Refuses an index that was used or left the window.
    pub(super) fn check(&self, index: u64) -> Result<(), SrtpError> {
        let fresh = index >= self.next
            || (self.next - index <= Self::BITS && self.used[Self::word(index)] & Self::bit(index) == 0);
        if fresh { Ok(()) } else { Err(SrtpError::Replayed) }
    }

    /// The index of a sequence number that was not used.
    pub(super) fn unused(&self, sequence: u16) -> Result<u64, SrtpError> {
        let index = self.estimate(sequence)?;
        self.check(index)?;
        Ok(index)
    }

    /// Notes an index as used; call [`Self::check`] before.
    pub(super) fn mark(&mut self, index: u64) {
        if index >= self.next {
            if index - self.next >= Self::BITS {
                self.used = [0; WORDS];
            } else {
                for passed in self.next..index {
                    self.used[Self::word(passed)] &= !Self::bit(passed);
                }
            }
            self.next = index + 1;
        }
        self.used[Self::word(index)] |= Self::bit(index);
    }

    fn word(index: u64) -> usize {
        (index / 64 % WORDS as u64) as usize
    }

    fn bit(index: u64) -> u64 {
        1 << (index % 64)
    }
}

/// State per SSRC, bounded, found with one multiplication.
#[derive(Debug)]
pub(super) struct Sources<T> {
    map: HashMap<u32, T, BuildHasherDefault<SsrcHasher>>,
}

impl<T> Default for Sources<T> {
    fn default() -> Self {
        Sources { map: HashMap::default() }
    }
}

impl<T: Default> Sources<T> {
    /// State of a known source.
    pub(super) fn get(&self, ssrc: u32) -> Option<&T> {
        self.map.get(&ssrc)
    }

    /// State of a source, made when it is new.
    pub(super) fn entry(&mut self, ssrc: u32) -> Result<&mut T, SrtpError> {
        let full = self.map.len() == MAX_SOURCES;
        match self.map.entry(ssrc) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(_) if full => Err(SrtpError::TooManySources),
            Entry::Vacant(new) => Ok(new.insert(T::default())),
        }
    }
}

/// Multiplicative hash of a `u32`. An SSRC chosen to collide can only slow the peer that chose it.
#[derive(Default)]
pub(super) struct SsrcHasher(u64);

impl Hasher for SsrcHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u32(u32::from(byte)));
    }

    fn write_u32(&mut self, value: u32) {
        // 2^64 divided by the golden ratio; the high bits, which the map uses for its tags, get the most mixing.
        self.0 = (self.0 ^ u64::from(value)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accept(window: &mut Window<1>, index: u64) -> bool {
        let fresh = window.check(index).is_ok();
        if fresh {
            window.mark(index);
        }
        fresh
    }

    #[test]
    fn each_index_is_accepted_once_within_the_window() {
        let mut window = Window::<1>::default();
        assert!(accept(&mut window, 100));
        assert!(!accept(&mut window, 100));
        assert!(accept(&mut window, 99), "late but in the window");
        assert!(accept(&mut window, 101));
        assert!(accept(&mut window, 38), "the oldest of 64");
        assert!(!accept(&mut window, 37), "older than the window");
        assert!(accept(&mut window, 500), "a jump clears the ring");
        assert!(accept(&mut window, 499));
        assert!(!accept(&mut window, 38));
    }

    #[test]
    fn passing_over_an_index_leaves_it_usable() {
        let mut window = Window::<2>::default();
        for index in (0..1000).step_by(2) {
            window.mark(index);
        }
        for index in 900..998 {
            assert_eq!(window.check(index).is_ok(), index % 2 == 1, "{index}");
        }
    }

    #[test]
    fn sequence_numbers_roll_over_and_back() {
        let mut window = Window::<16>::default();
        assert_eq!(window.estimate(65_530), Ok(65_530));
        window.mark(65_530);
        assert_eq!(window.estimate(3), Ok(65_536 + 3));
        window.mark(65_536 + 3);
        assert_eq!(window.estimate(65_531), Ok(65_531), "late packet of the former round");
        assert_eq!(window.estimate(4), Ok(65_536 + 4));
    }

    #[test]
    fn an_index_below_zero_or_past_the_end_is_refused() {
        let mut window = Window::<1>::default();
        window.mark(5);
        assert_eq!(window.estimate(65_000), Err(SrtpError::Replayed));
        window.mark(INDEX_END - 2);
        assert_eq!(window.estimate(0xFFFF), Ok(INDEX_END - 1));
        assert_eq!(window.estimate(0), Err(SrtpError::Exhausted));
    }

    #[test]
    fn sources_are_bounded() {
        let mut sources = Sources::<u8>::default();
        for ssrc in 0..MAX_SOURCES as u32 {
            *sources.entry(ssrc).unwrap() = 1;
        }
        assert_eq!(sources.entry(9_999_999), Err(SrtpError::TooManySources));
        assert_eq!(sources.entry(7), Ok(&mut 1), "known ones still work");
    }
}
