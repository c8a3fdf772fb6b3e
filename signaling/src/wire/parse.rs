//! Bytes of a client to a valid [`ClientFrame`]: shape, sizes, lists and strings are checked here and nowhere else.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::Deserialize;

use super::client::{ClientFrame, OfferSend, Request, TopicPosition, TransferTo};
use super::error::ErrorCode;
use super::limits::{
    MAX_CALLEES, MAX_DEVICE, MAX_DIGITS, MAX_FRAME, MAX_MID, MAX_NUMBER, MAX_OFFER_FRAME, MAX_SDP, MAX_SENDS,
    MAX_TOPIC, MAX_TOPICS, MAX_WATCHED,
};
use crate::ids::PersonId;

/// What is needed to refuse a frame properly: its id, and its type for the limit.
#[derive(Deserialize)]
struct Envelope<'a> {
    id: u32,
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
}

impl ClientFrame {
    /// Parses and checks one text frame.
    ///
    /// # Errors
    /// The id of the request, 0 if it cannot be told, and the code for its reply. Unknown fields are ignored, so that newer
    /// clients can talk to older servers.
    pub fn parse(bytes: &[u8]) -> Result<ClientFrame, (u32, ErrorCode)> {
        if bytes.len() > MAX_OFFER_FRAME {
            return Err((0, ErrorCode::FrameTooLarge));
        }
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(|_| (0, ErrorCode::BadFrame))?;
        let id = envelope.id;
        if id == 0 {
            return Err((0, ErrorCode::BadFrame));
        }
        if bytes.len() > MAX_FRAME && envelope.kind != "media.offer" {
            return Err((id, ErrorCode::FrameTooLarge));
        }
        let frame: ClientFrame = serde_json::from_slice(bytes).map_err(|_| (id, ErrorCode::BadFrame))?;
        frame.request.check().map_err(|code| (id, code))?;
        Ok(frame)
    }
}

impl Request {
    /// Holds the values against their limits.
    fn check(&self) -> Result<(), ErrorCode> {
        match self {
            Request::Hello { device, topics, .. } => {
                let length = device.chars().count();
                require(length > 0 && length <= MAX_DEVICE && !device.contains(char::is_control))?;
                check_topics(topics)
            }
            Request::Subscribe { topics } => check_topics(topics),
            Request::Unsubscribe { topics } => {
                require(topics.iter().all(|name| is_topic_name(name)))?;
                at_most(topics.len(), MAX_TOPICS, ErrorCode::TooManySubscriptions)
            }
            Request::PresenceWatch { people } => {
                at_most(people.len(), MAX_WATCHED, ErrorCode::TooManySubscriptions)
            }
            Request::CallStart { to: people, numbers, .. } | Request::CallAdd { people, numbers, .. } => {
                check_callees(people, numbers)
            }
            Request::CallDigits { digits, .. } => require(are_digits(digits)),
            Request::CallTransfer { to: TransferTo::Number(number), .. } => check_number(number),
            Request::MediaOffer { sdp, sends, .. } => check_offer(sdp, sends),
            Request::Ping {}
            | Request::PresenceIdle { .. }
            | Request::CallAlerting { .. }
            | Request::CallAnswer { .. }
            | Request::CallDecline { .. }
            | Request::CallLeave { .. }
            | Request::CallEnd { .. }
            | Request::CallHold { .. }
            | Request::CallSources { .. }
            | Request::CallTransfer { .. }
            | Request::CallJoin { .. }
            | Request::CallTake { .. }
            | Request::Bye {} => Ok(()),
        }
    }
}

fn check_topics(topics: &[TopicPosition]) -> Result<(), ErrorCode> {
    require(topics.iter().all(|position| is_topic_name(&position.topic)))?;
    at_most(topics.len(), MAX_TOPICS, ErrorCode::TooManySubscriptions)
}

fn check_callees(people: &[PersonId], numbers: &[String]) -> Result<(), ErrorCode> {
    require(!people.is_empty() || !numbers.is_empty())?;
    at_most(people.len() + numbers.len(), MAX_CALLEES, ErrorCode::CallFull)?;
    numbers.iter().try_for_each(|number| check_number(number))
}

/// Loosely: the number plan decides. But nothing that could mean something else in a SIP header or a log.
fn check_number(number: &str) -> Result<(), ErrorCode> {
    let dialled =
        number.chars().any(|c| c.is_ascii_digit() || matches!(c, '０'..='９' | '*' | '#' | '＊' | '＃'));
    let fits = dialled && number.chars().count() <= MAX_NUMBER && number.chars().all(is_dialled);
    if fits { Ok(()) } else { Err(ErrorCode::BadNumber) }
}

/// As people write numbers, with an input method in full width too.
fn is_dialled(c: char) -> bool {
    c.is_ascii_digit()
        || matches!(c, '+' | '*' | '#' | ' ' | '-' | '(' | ')')
        || matches!(c, '０'..='９' | '＋' | '＊' | '＃' | '－' | '（' | '）' | '\u{3000}')
}

fn are_digits(digits: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b'A'..=b'D');
    !digits.is_empty() && digits.len() <= MAX_DIGITS && digits.bytes().all(digit)
}

fn check_offer(sdp: &str, sends: &[OfferSend]) -> Result<(), ErrorCode> {
    let sized = !sdp.is_empty() && sdp.len() <= MAX_SDP && !sdp.contains('\0') && sends.len() <= MAX_SENDS;
    let mids: BTreeSet<_> = sends.iter().map(|send| &send.mid).collect();
    let sources: BTreeSet<_> = sends.iter().map(|send| send.source).collect();
    let distinct = mids.len() == sends.len() && sources.len() == sends.len();
    let acceptable = sized && distinct && sends.iter().all(|send| is_mid(&send.mid));
    if acceptable { Ok(()) } else { Err(ErrorCode::BadOffer) }
}

/// Printable ASCII: no NUL, no line break, nothing that looks like another name.
fn is_topic_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_TOPIC && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A token (RFC 8866 section 9), as `a=mid` is (RFC 5888 section 4), without its rarer characters.
fn is_mid(mid: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+');
    !mid.is_empty() && mid.len() <= MAX_MID && mid.bytes().all(token)
}

fn require(fits: bool) -> Result<(), ErrorCode> {
    if fits { Ok(()) } else { Err(ErrorCode::BadFrame) }
}

fn at_most(number: usize, limit: usize, code: ErrorCode) -> Result<(), ErrorCode> {
    if number <= limit { Ok(()) } else { Err(code) }
}

#[cfg(test)]
mod tests;
