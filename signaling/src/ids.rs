//! Identifiers of the signaling plane. `Display` is the short form that logs carry.

use std::fmt;

use media::ids::RoomId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(as = "String")]
        pub struct $name(pub Uuid);

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:08x}", self.0.as_u128() as u32)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

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
