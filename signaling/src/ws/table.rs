//! The sockets of one shard by slot. Ids carry the shard and a generation, so none is used twice.

use std::rc::Rc;

use super::conn::Conn;
use crate::session::SocketId;

/// Bits of a [`SocketId`]: shard, generation, slot.
const SLOT_BITS: u32 = 24;
const GENERATION_BITS: u32 = 32;
/// Most sockets of one shard.
pub(super) const MAX_SLOTS: usize = 1 << SLOT_BITS;

/// Shard that owns the socket.
pub(crate) fn shard_of(socket: SocketId) -> usize {
    (socket.0 >> (SLOT_BITS + GENERATION_BITS)) as usize
}

/// Slot of the socket in its shard.
fn slot_of(socket: SocketId) -> usize {
    socket.0 as usize & (MAX_SLOTS - 1)
}

/// Sockets by slot.
pub(super) struct Table {
    shard: u8,
    slots: Vec<Option<Rc<Conn>>>,
    free: Vec<u32>,
    /// Grows with every socket of the shard.
    generation: u32,
}

impl Table {
    pub(super) fn new(shard: u8) -> Self {
        Table { shard, slots: Vec::new(), free: Vec::new(), generation: 0 }
    }

    /// Puts in the socket that `make` makes with its id; `None` when the table is full.
    pub(super) fn insert(&mut self, make: impl FnOnce(SocketId, u32) -> Conn) -> Option<Rc<Conn>> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None if self.slots.len() < MAX_SLOTS => {
                self.slots.push(None);
                self.slots.len() as u32 - 1
            }
            None => return None,
        };
        self.generation = self.generation.wrapping_add(1);
        let high = u64::from(self.shard) << GENERATION_BITS | u64::from(self.generation);
        let conn = Rc::new(make(SocketId(high << SLOT_BITS | u64::from(slot)), slot));
        self.slots[slot as usize] = Some(conn.clone());
        Some(conn)
    }

    pub(super) fn get(&self, socket: SocketId) -> Option<&Rc<Conn>> {
        self.at(slot_of(socket) as u32).filter(|conn| conn.id == socket)
    }

    pub(super) fn at(&self, slot: u32) -> Option<&Rc<Conn>> {
        self.slots.get(slot as usize)?.as_ref()
    }

    pub(super) fn remove(&mut self, socket: SocketId) -> Option<Rc<Conn>> {
        self.get(socket)?;
        let slot = slot_of(socket);
        self.free.push(slot as u32);
        self.slots[slot].take()
    }

    /// Number of slots, free ones included.
    pub(super) fn len(&self) -> u32 {
        self.slots.len() as u32
    }
}
