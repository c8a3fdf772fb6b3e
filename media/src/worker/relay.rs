//! Data-channel messages of one peer to the others in its room.

use std::sync::Arc;
use std::time::Instant;

use super::core::Core;
use super::slab::Key;
use crate::transport::{ChannelId, Input, Message};

/// What a message counts at least: many small ones cost as much as few large ones.
const LEAST: u32 = 512;

impl Core {
    /// Passes a message on to the channels of the same label of all other open peers.
    pub(super) fn relay(&mut self, now: Instant, key: Key, label: &Arc<str>, message: &Message) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(room) = self.rooms.get(&peer.room) else { return };
        let bytes = match message {
            Message::Text(text) => text.len(),
            Message::Binary(bytes) => bytes.len(),
        };
        let cost = u32::try_from(bytes).unwrap_or(u32::MAX).max(LEAST);
        let Some(left) = peer.data_left.checked_sub(cost).filter(|_| room.forward.is_open(peer.id)) else {
            self.counters.dropped_data += 1;
            return;
        };
        peer.data_left = left;
        let others = room.peers.iter().filter(|(id, other)| *other != key && room.forward.is_open(*id));
        let receivers: Vec<(Key, ChannelId)> =
            others.filter_map(|(_, other)| Some((*other, self.channel(*other, label)?))).collect();
        for (receiver, channel) in receivers {
            let input = Input::SendData { channel, message: message.clone() };
            self.transport(now, receiver, input, None);
        }
    }

    fn channel(&self, key: Key, label: &str) -> Option<ChannelId> {
        let channels = &self.peers.get(key)?.channels;
        channels.iter().find(|(_, known)| **known == *label).map(|(channel, _)| *channel)
    }
}
