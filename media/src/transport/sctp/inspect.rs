//! A look at the DATA chunks of a packet before rtc-sctp gets it (RFC 9260, sections 3.1 and 3.3.1).
//!
//! rtc-sctp 0.21.1 makes a stream for any id, and takes the next chunk of a message even with a full receive buffer, so that a
//! message without end would grow without end.

use super::MAX_MESSAGE;

const COMMON_HEADER: usize = 12;
const DATA: u8 = 0;
const DATA_HEADER: usize = 16;

/// Streams of an association, announced and enforced. A client numbers its channels 0, 2, 4, .. and uses numbers again.
pub(super) const MAX_STREAMS: usize = 32;
/// Most bytes that a stream may bring without a message getting complete. The receive window is a quarter of it; the rest is
/// for repeated chunks.
const MAX_INCOMPLETE: usize = 16 * MAX_MESSAGE;

/// What has come on each stream since its last complete message.
#[derive(Debug)]
pub(super) struct Incomplete([usize; MAX_STREAMS]);

impl Default for Incomplete {
    fn default() -> Self {
        Incomplete([0; MAX_STREAMS])
    }
}

impl Incomplete {
    /// Counts a packet in; `false` if it must not be taken.
    pub(super) fn admit(&mut self, packet: &[u8]) -> bool {
        let mut rest = packet.get(COMMON_HEADER..).unwrap_or_default();
        while let Some((header, _)) = rest.split_at_checked(4) {
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let Some(chunk) = rest.get(..length).filter(|chunk| chunk.len() >= 4) else { return false };
            if chunk[0] == DATA && !self.admit_data(chunk) {
                return false;
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        true
    }

    fn admit_data(&mut self, chunk: &[u8]) -> bool {
        let Some((header, data)) = chunk.split_at_checked(DATA_HEADER) else { return false };
        let stream = usize::from(u16::from_be_bytes([header[8], header[9]]));
        match self.0.get_mut(stream) {
            Some(bytes) if *bytes + data.len() <= MAX_INCOMPLETE => {
                *bytes += data.len();
                true
            }
            _ => false,
        }
    }

    /// A message of the stream was complete.
    pub(super) fn complete(&mut self, stream: u16) {
        if let Some(bytes) = self.0.get_mut(usize::from(stream)) {
            *bytes = 0;
        }
    }
}
