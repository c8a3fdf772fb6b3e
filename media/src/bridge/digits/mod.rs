//! Digits as telephone events (RFC 4733): one key press is one event of many packets, all with the timestamp of its start.

mod receiver;
mod sender;

pub use receiver::DigitReceiver;
pub use sender::{DigitSender, DigitsError, EventPacket, Tick};
use thiserror::Error;

/// Length of the payload.
pub const EVENT_LEN: usize = 4;
/// The keys, at the place of their event codes.
const KEYS: &[u8; 16] = b"0123456789*#ABCD";
/// "End" in the second byte; the bit beside it is reserved.
const END: u8 = 0x80;
const VOLUME: u8 = 0x3f;

/// The payload has fewer than four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("truncated telephone event")]
pub struct Truncated;

/// The payload of one packet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Code of the event; 0 to 15 are keys.
    pub code: u8,
    /// The key was released.
    pub end: bool,
    /// Level of the tone in dBm0 without its sign, 0 to 63.
    pub volume: u8,
    /// Since the timestamp, in ticks of the RTP clock.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload. What follows the first four bytes is ignored: some telephones pad.
    pub fn parse(payload: &[u8]) -> Result<Self, Truncated> {
        let [code, flags, high, low, ..] = *payload else { return Err(Truncated) };
        let duration = u16::from_be_bytes([high, low]);
        Ok(Self { code, end: flags & END != 0, volume: flags & VOLUME, duration })
    }

    /// The payload.
    pub fn write(self) -> [u8; EVENT_LEN] {
        let [high, low] = self.duration.to_be_bytes();
        [self.code, if self.end { END } else { 0 } | self.volume.min(VOLUME), high, low]
    }

    /// The key of the event, if it is one.
    pub fn key(self) -> Option<char> {
        KEYS.get(usize::from(self.code)).map(|key| char::from(*key))
    }
}

/// Digits may be a PIN: the code is not shown.
impl std::fmt::Debug for TelephoneEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TelephoneEvent")
            .field("end", &self.end)
            .field("duration", &self.duration)
            .finish_non_exhaustive()
    }
}

/// Event code of a key; letters in either case.
pub fn code(key: char) -> Option<u8> {
    let key = u8::try_from(key.to_ascii_uppercase()).ok()?;
    KEYS.iter().position(|known| *known == key).map(|at| at as u8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_payload_is_that_of_the_rfc() {
        // RFC 4733 section 2.3: event, E R volume, duration.
        let event = TelephoneEvent { code: 11, end: true, volume: 10, duration: 800 };
        assert_eq!(event.write(), [11, 0x8a, 0x03, 0x20]);
        assert_eq!(TelephoneEvent::parse(&[11, 0xca, 0x03, 0x20, 9]), Ok(event));
        assert_eq!(TelephoneEvent::parse(&[11, 0x8a, 0x03]), Err(Truncated));
        assert!(!format!("{event:?}").contains("11"), "may be a PIN");
    }

    #[test]
    fn keys_have_codes() {
        for (key, wanted) in [('0', 0), ('9', 9), ('*', 10), ('#', 11), ('A', 12), ('d', 15)] {
            assert_eq!(code(key), Some(wanted));
            let event = TelephoneEvent { code: wanted, end: false, volume: 0, duration: 0 };
            assert_eq!(event.key(), Some(key.to_ascii_uppercase()));
        }
        for other in ['E', ' ', '一', '\u{130}'] {
            assert_eq!(code(other), None);
        }
        assert_eq!(TelephoneEvent { code: 16, end: false, volume: 0, duration: 0 }.key(), None, "flash hook");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(code in any::<u8>(), end in any::<bool>(), volume in 0u8..64, duration in any::<u16>()) {
            let event = TelephoneEvent { code, end, volume, duration };
            prop_assert_eq!(TelephoneEvent::parse(&event.write()), Ok(event));
        }
    }
}
