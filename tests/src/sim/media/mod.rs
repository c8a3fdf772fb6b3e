//! Media at the level of plain RTP: the media plane with the real decisions, numbering and repair, and the clients' ends.

mod conn;
mod payload;
mod plane;
mod publish;
mod room;
mod slot;

pub use conn::{Conn, Got};
pub use payload::Payload;
pub use plane::Plane;

use media::ids::Source;

/// Slots of each connection: enough microphones for everybody, too few cameras.
const AUDIO_SLOTS: usize = 5;
const VIDEO_SLOTS: usize = 2;
/// A retransmission stream has the SSRC of its stream with this bit.
const RTX_BIT: u32 = 1 << 31;
/// What the simulated clients publish, in the order of their sections.
const SOURCES: [Source; 2] = [Source::Mic, Source::Camera];
/// Payload types of a source and its retransmissions.
const fn payload_types(source: Source) -> (u8, u8) {
    match source {
        Source::Mic => (111, 112),
        Source::Camera | Source::Screen => (96, 97),
    }
}
