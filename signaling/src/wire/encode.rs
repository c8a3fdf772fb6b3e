//! Frames of the server to bytes. A frame for many is encoded once and shared.

use bytes::Bytes;
use serde::Serialize;

use super::client::ClientFrame;
use super::server::{EventFrame, ReplyFrame};

impl ReplyFrame {
    /// The text of the frame.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }
}

impl EventFrame {
    /// The text of the frame.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }
}

impl ClientFrame {
    /// The text of the frame: for clients in Rust, such as tests and load generators.
    pub fn encode(&self) -> Bytes {
        encode(self)
    }
}

fn encode(frame: &impl Serialize) -> Bytes {
    // JSON fails on maps with keys that are not strings and on writers that fail; frames have neither.
    Bytes::from(serde_json::to_vec(frame).expect("frames are plain structs, written into memory"))
}
