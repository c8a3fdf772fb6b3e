//! The media plane as the node sees it.

use media::control::{MediaError, RoomCommand};
use media::ids::RoomId;
use media::worker::Engine;

/// Carries the media of calls.
pub trait MediaPlane: Send + Sync {
    /// Makes a room; opening one that is open changes nothing.
    ///
    /// # Errors
    /// When there is no place for it.
    fn open_room(&self, room: RoomId) -> Result<(), MediaError>;

    /// Gives a command to a room. Commands of one room are carried out in order.
    ///
    /// # Errors
    /// When the room is unknown or its worker takes no more; the command has no effect then.
    fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError>;
}

impl MediaPlane for Engine {
    fn open_room(&self, room: RoomId) -> Result<(), MediaError> {
        Engine::open_room(self, room)
    }

    fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError> {
        Engine::send(self, room, command)
    }
}
