//! What subscribers are told.

use super::io::Lamp;

/// `message-summary` (RFC 3842): missed calls, as voice messages, since that is what telephones have a lamp for.
pub(super) fn message_summary(account: &str, missed: u32) -> String {
    let waiting = if missed > 0 { "yes" } else { "no" };
    let account: String = account.chars().filter(|c| !c.is_control()).collect();
    format!("Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {missed}/0\r\n")
}

/// `dialog-info+xml` (RFC 4235), always the full state.
pub(super) fn dialog_info(entity: &str, version: u32, lamp: Lamp) -> String {
    let entity = escape(entity);
    let (direction, state) = match lamp {
        Lamp::Idle => ("", "terminated"),
        Lamp::Ringing => (" direction=\"recipient\"", "early"),
        Lamp::Busy => ("", "confirmed"),
    };
    format!(
        "<?xml version=\"1.0\"?>\r\n\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"{entity}\">\r\n\
         <dialog id=\"call\"{direction}>\r\n<state>{state}</state>\r\n</dialog>\r\n</dialog-info>\r\n"
    )
}

/// A text as the value of an attribute. What XML 1.0 has no place for is left out.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')) {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}
