//! Who receives which packet: pure decisions of one room, and the state that makes a slot one continuous stream whatever
//! flows in it. Same inputs, same outputs; time comes in as an argument.

pub mod assign;
pub mod clock;
pub mod keyframe;
pub mod quality;
pub mod rewrite;
pub mod room;
pub mod speakers;

pub use clock::SenderClock;
pub use keyframe::KeyframeThrottle;
pub use quality::QualityMeter;
pub use rewrite::Rewriter;
pub use room::{Input, Output, Room, SlotSpec};
pub use speakers::Loudness;

use crate::ids::{PeerId, Source};

/// A published track: a peer has at most one per source.
pub type Track = (PeerId, Source);
