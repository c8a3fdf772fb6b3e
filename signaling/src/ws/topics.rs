//! Which sockets of a shard read which topic. Adding and removing cost O(1) however many read.

use std::collections::HashMap;

use crate::topic::Topic;

/// One socket's part in a topic; the socket keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Subscription {
    pub(super) topic: Topic,
    /// The last sequence that was written or queued for the socket.
    pub(super) cursor: u64,
    /// Where the socket stands in the topic's list.
    pub(super) place: u32,
    /// The log is being read for it.
    pub(super) reading: bool,
}

/// Slots by topic.
#[derive(Default)]
pub(super) struct Topics(HashMap<Topic, Vec<u32>>);

impl Topics {
    /// Adds the slot and gives its place, and whether it is the first one.
    pub(super) fn add(&mut self, topic: Topic, slot: u32) -> (u32, bool) {
        let slots = self.0.entry(topic).or_default();
        slots.push(slot);
        (slots.len() as u32 - 1, slots.len() == 1)
    }

    /// Removes the slot at `place`. Another one may take its place: `moved`, whose subscription has to be told.
    pub(super) fn remove(&mut self, topic: Topic, place: u32) -> Removed {
        let Some(slots) = self.0.get_mut(&topic) else { return Removed::default() };
        if (place as usize) < slots.len() {
            slots.swap_remove(place as usize);
        }
        let removed = Removed { moved: slots.get(place as usize).copied(), last: slots.is_empty() };
        if removed.last {
            self.0.remove(&topic);
        }
        removed
    }

    /// Slots that read the topic.
    pub(super) fn readers(&self, topic: Topic) -> &[u32] {
        self.0.get(&topic).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What removing a slot brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Removed {
    /// The slot that stands at the place now.
    pub(super) moved: Option<u32>,
    /// Nobody reads the topic any more.
    pub(super) last: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_removals() {
        let mut topics = Topics::default();
        assert_eq!(topics.add(Topic::City, 10), (0, true));
        assert_eq!(topics.add(Topic::City, 11), (1, false));
        assert_eq!(topics.add(Topic::City, 12), (2, false));
        assert_eq!(topics.remove(Topic::City, 0), Removed { moved: Some(12), last: false });
        assert_eq!(topics.readers(Topic::City), [12, 11]);
        assert_eq!(topics.remove(Topic::City, 1), Removed { moved: None, last: false });
        assert_eq!(topics.remove(Topic::City, 0), Removed { moved: None, last: true });
        assert!(topics.readers(Topic::City).is_empty());
    }
}
