//! Identifiers of the media plane. Newtypes, so that a peer can never be taken for a room; their `Display` is the short
//! form that logs carry.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Makes a UUID newtype whose `Display` shows the last eight hex digits (v7 ids share their first ones). The using crate
/// depends on serde, ts-rs and uuid.
#[macro_export]
macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, ts_rs::TS)]
        #[ts(as = "String")]
        pub struct $name(pub uuid::Uuid);

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                $name(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{:08x}", self.0.as_u128() as u32)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
    };
}

uuid_id!(
    /// A room of the SFU; a call and its room have the same UUID.
    RoomId
);
uuid_id!(
    /// One transport (ICE + DTLS) of one device in one room.
    PeerId
);

/// What a published track shows or carries. Its name is the same in SQL, JSON and the UI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The microphone.
    Mic,
    /// The camera.
    Camera,
    /// A shared screen or window.
    Screen,
}

/// Whether a media section carries audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Opus, with or without RED.
    Audio,
    /// VP8, VP9, H.264 or AV1.
    Video,
}

impl Source {
    /// The kind of media that this source produces.
    pub fn kind(self) -> Kind {
        match self {
            Source::Mic => Kind::Audio,
            Source::Camera | Source::Screen => Kind::Video,
        }
    }
}
