//! Data channel establishment (RFC 8832) and the payload kinds of messages (RFC 8831, section 8).

use bytes::Bytes;
use rtc_sctp::{PayloadProtocolIdentifier, ReliabilityType};

use crate::transport::event::Message;

/// DATA_CHANNEL_ACK.
pub(super) const ACK: [u8; 1] = [2];
const OPEN: u8 = 3;
const OPEN_HEADER: usize = 12;

/// DATA_CHANNEL_OPEN of a client.
#[derive(Debug, PartialEq)]
pub(in crate::transport) struct Open<'a> {
    pub(super) label: &'a str,
    pub(super) unordered: bool,
    pub(super) reliability: ReliabilityType,
    /// Retransmissions or milliseconds, by `reliability`.
    pub(super) parameter: u32,
}

pub(super) fn is_ack(data: &[u8]) -> bool {
    data == ACK
}

/// Reads a DATA_CHANNEL_OPEN whose lengths add up and whose label is UTF-8.
pub(in crate::transport) fn parse_open(data: &[u8]) -> Option<Open<'_>> {
    let (header, text) = data.split_at_checked(OPEN_HEADER)?;
    let label_len = usize::from(u16::from_be_bytes([header[8], header[9]]));
    let protocol_len = usize::from(u16::from_be_bytes([header[10], header[11]]));
    if header[0] != OPEN || text.len() != label_len + protocol_len {
        return None;
    }
    Some(Open {
        label: std::str::from_utf8(&text[..label_len]).ok()?,
        unordered: header[1] & 0x80 != 0,
        reliability: match header[1] & 0x7F {
            0 => ReliabilityType::Reliable,
            1 => ReliabilityType::Rexmit,
            2 => ReliabilityType::Timed,
            _ => return None,
        },
        parameter: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
    })
}

/// A message as it goes out. SCTP has no empty messages, so an empty one is one zero byte of its own kind.
pub(super) fn payload(message: &Message) -> (PayloadProtocolIdentifier, Bytes) {
    let empty = Bytes::from_static(&[0]);
    match message {
        Message::Text(text) if text.is_empty() => (PayloadProtocolIdentifier::StringEmpty, empty),
        Message::Text(text) => (PayloadProtocolIdentifier::String, Bytes::copy_from_slice(text.as_bytes())),
        Message::Binary(data) if data.is_empty() => (PayloadProtocolIdentifier::BinaryEmpty, empty),
        Message::Binary(data) => (PayloadProtocolIdentifier::Binary, data.clone()),
    }
}

/// A message as it came in; `None` for an unknown kind or text that is not UTF-8.
pub(super) fn message(protocol: PayloadProtocolIdentifier, data: &[u8]) -> Option<Message> {
    match protocol {
        PayloadProtocolIdentifier::String => {
            std::str::from_utf8(data).ok().map(|text| Message::Text(text.to_owned()))
        }
        PayloadProtocolIdentifier::Binary => Some(Message::Binary(Bytes::copy_from_slice(data))),
        PayloadProtocolIdentifier::StringEmpty => Some(Message::Text(String::new())),
        PayloadProtocolIdentifier::BinaryEmpty => Some(Message::Binary(Bytes::new())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(kind: u8, label: &[u8], protocol: &[u8]) -> Vec<u8> {
        let mut data = vec![OPEN, kind, 0, 0, 0, 0, 0, 7];
        data.extend_from_slice(&(label.len() as u16).to_be_bytes());
        data.extend_from_slice(&(protocol.len() as u16).to_be_bytes());
        data.extend_from_slice(label);
        data.extend_from_slice(protocol);
        data
    }

    #[test]
    fn open_messages_are_read() {
        let data = open(0x81, "控制".as_bytes(), b"json");
        let read = parse_open(&data).unwrap();
        assert_eq!(read.label, "控制");
        assert_eq!((read.unordered, read.reliability, read.parameter), (true, ReliabilityType::Rexmit, 7));
        assert!(parse_open(&data[..data.len() - 1]).is_none(), "cut off");
        assert!(parse_open(&open(0, &[0xFF], b"")).is_none(), "label not UTF-8");
        assert!(parse_open(&open(3, b"a", b"")).is_none(), "unknown channel type");
        assert!(parse_open(&ACK).is_none());
    }

    #[test]
    fn messages_round_trip_also_when_empty() {
        for sent in [
            Message::Text("哈囉".to_owned()),
            Message::Text(String::new()),
            Message::Binary(Bytes::from_static(&[0, 255])),
            Message::Binary(Bytes::new()),
        ] {
            let (protocol, data) = payload(&sent);
            assert!(!data.is_empty());
            assert_eq!(message(protocol, &data), Some(sent));
        }
        assert_eq!(message(PayloadProtocolIdentifier::String, &[0xFF]), None);
        assert_eq!(message(PayloadProtocolIdentifier::Unknown, b"x"), None);
    }
}
