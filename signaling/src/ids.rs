//! Identifiers of the signaling plane. `Display` is the short form that logs carry.

use media::ids::RoomId;
use media::uuid_id;

uuid_id!(
    /// A member of staff.
    PersonId
);
uuid_id!(
    /// One log-in of a person on one browser or phone; ending it closes every socket that it made.
    LoginId
);
uuid_id!(
    /// One signaling session: it outlives its socket by the resume window. Not a secret: resuming also needs the person's ticket.
    SessionId
);
uuid_id!(
    /// A call. Its room in the SFU has the same UUID.
    CallId
);

impl CallId {
    /// The room of the SFU that carries this call.
    pub fn room(self) -> RoomId {
        RoomId(self.0)
    }
}

impl From<RoomId> for CallId {
    fn from(room: RoomId) -> Self {
        CallId(room.0)
    }
}
