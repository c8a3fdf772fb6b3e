//! Counters of 16 and 32 bits that wrap, extended to 64 bits so that they can be compared and subtracted.

/// Extends sequence numbers. The first one becomes 65,536 plus itself, so that a packet that was sent before it but comes
/// later still has a number of its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceUnwrapper {
    highest: Option<u64>,
}

impl SequenceUnwrapper {
    /// The extended number nearest to the highest one so far.
    pub fn unwrap(&mut self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else {
            let first = (1 << 16) + u64::from(sequence);
            self.highest = Some(first);
            return first;
        };
        let extended = nearest(highest, sequence);
        if extended > highest {
            self.highest = Some(extended);
        }
        extended
    }

    /// The highest extended number so far.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

/// The extended number near `reference` whose low 16 bits are `sequence`; half the circle away counts as older.
pub fn nearest(reference: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub(reference as u16) as i16;
    reference.saturating_add_signed(i64::from(ahead))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wraps_forward_and_takes_late_packets_back() {
        let mut unwrapper = SequenceUnwrapper::default();
        let first = unwrapper.unwrap(65_534);
        assert_eq!(unwrapper.unwrap(1), first + 3);
        assert_eq!(unwrapper.unwrap(65_535), first + 1);
        assert_eq!(unwrapper.highest(), Some(first + 3));
    }

    #[test]
    fn a_packet_before_the_first_has_its_own_number() {
        let mut unwrapper = SequenceUnwrapper::default();
        assert_eq!(unwrapper.unwrap(0), 65_536);
        assert_eq!(unwrapper.unwrap(65_535), 65_535);
    }

    proptest! {
        #[test]
        fn small_steps_are_followed(start in any::<u16>(), steps in prop::collection::vec(-30_000i64..30_000, 1..60)) {
            let mut unwrapper = SequenceUnwrapper::default();
            let base = unwrapper.unwrap(start) as i64 + 3_000_000;
            let mut walk = SequenceUnwrapper { highest: Some(base as u64) };
            let mut top = base;
            for step in steps {
                let next = top + step;
                prop_assert_eq!(walk.unwrap(next as u16), next as u64);
                top = top.max(next);
            }
        }
    }
}
