//! Which track goes to which slot. What flows keeps its slot as long as it may.

use super::Track;

/// A track that a receiver should get, and how much it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The track.
    pub track: Track,
    /// Larger is more important.
    pub score: u32,
}

/// A track outside takes the slot of one inside only when its score is larger by more than this. The scores of two speakers
/// differ by their levels in dB, so 6 is "clearly louder". Smaller: slots change hands in mid-word. Larger: a loud speaker
/// waits.
pub const MARGIN: u32 = 6;

/// Changes `slots` so that they carry the most important of `candidates`, each at most once:
///
/// 1. a slot whose track is no candidate is emptied;
/// 2. empty slots take the best of the rest, at equal score the first in order;
/// 3. when slots are scarce, the least important track inside gives way to a clearly more important one outside.
pub fn assign(slots: &mut [Option<Track>], candidates: &[Candidate]) {
    let score_of = |track: &Track| candidates.iter().find(|c| c.track == *track).map(|c| c.score);
    for slot in slots.iter_mut() {
        *slot = slot.filter(|track| score_of(track).is_some());
    }
    let mut outside: Vec<Candidate> =
        candidates.iter().copied().filter(|c| !slots.contains(&Some(c.track))).collect();
    // Stable, so equal scores keep their order.
    outside.sort_by_key(|c| std::cmp::Reverse(c.score));
    let mut outside = outside.into_iter();
    for slot in slots.iter_mut().filter(|slot| slot.is_none()) {
        *slot = outside.next().map(|c| c.track);
    }
    for challenger in outside {
        let weakest = slots.iter_mut().min_by_key(|slot| slot.as_ref().and_then(score_of));
        match weakest {
            Some(slot) if slot.as_ref().and_then(score_of) < challenger.score.checked_sub(MARGIN) => {
                *slot = Some(challenger.track);
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::ids::{PeerId, Source};

    fn track(n: u128) -> Track {
        (PeerId(Uuid::from_u128(n)), Source::Mic)
    }

    fn candidate((n, score): (u128, u32)) -> Candidate {
        Candidate { track: track(n), score }
    }

    fn assigned(slots: &[Option<u128>], candidates: &[(u128, u32)]) -> Vec<Option<u128>> {
        let mut slots: Vec<_> = slots.iter().map(|slot| slot.map(track)).collect();
        let candidates: Vec<_> = candidates.iter().copied().map(candidate).collect();
        assign(&mut slots, &candidates);
        slots.iter().map(|slot| slot.map(|(peer, _)| peer.0.as_u128())).collect()
    }

    #[test]
    fn a_running_track_keeps_its_slot() {
        let slots = assigned(&[None, Some(2), None], &[(1, 0), (2, 0), (3, 0)]);
        assert_eq!(slots, [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn a_track_that_ended_leaves_an_empty_slot() {
        assert_eq!(assigned(&[Some(1), Some(2)], &[(2, 0)]), [None, Some(2)]);
    }

    #[test]
    fn scarce_slots_go_to_the_clearly_louder() {
        assert_eq!(assigned(&[Some(1), Some(2)], &[(1, 90), (2, 70), (3, 76)]), [Some(1), Some(2)]);
        assert_eq!(assigned(&[Some(1), Some(2)], &[(1, 90), (2, 70), (3, 77)]), [Some(1), Some(3)]);
    }

    #[test]
    fn no_slots_is_no_error() {
        assert!(assigned(&[], &[(1, 5)]).is_empty());
    }

    proptest! {
        #[test]
        fn the_slots_hold_the_best_and_nothing_else(
            before in prop::collection::vec(prop::option::of(0u128..12), 0..8),
            scores in prop::collection::btree_map(0u128..12, 0u32..200, 0..12),
        ) {
            let mut seen = std::collections::BTreeSet::new();
            let before: Vec<_> = before.into_iter().map(|slot| slot.filter(|n| seen.insert(*n))).collect();
            let candidates: Vec<_> = scores.iter().map(|(n, score)| (*n, *score)).collect();
            let after = assigned(&before, &candidates);
            let inside: Vec<u128> = after.iter().flatten().copied().collect();
            let mut unique = inside.clone();
            unique.sort_unstable();
            unique.dedup();
            prop_assert_eq!(unique.len(), inside.len(), "no track twice");
            prop_assert_eq!(inside.len(), after.len().min(candidates.len()), "no slot empty without need");
            let weakest = inside.iter().map(|n| scores[n]).min();
            for (n, score) in &candidates {
                if !inside.contains(n) {
                    prop_assert!(weakest.is_some_and(|w| w + MARGIN >= *score) || after.is_empty());
                }
            }
            if candidates.len() <= before.len() {
                for (old, new) in before.iter().zip(&after) {
                    if old.is_some_and(|n| scores.contains_key(&n)) {
                        prop_assert_eq!(old, new, "enough slots: nobody moves");
                    }
                }
            }
            prop_assert_eq!(&assigned(&after, &candidates), &after, "a second time changes nothing");
        }
    }
}
