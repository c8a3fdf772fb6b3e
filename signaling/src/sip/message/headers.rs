//! The headers of a message.

use super::{MessageError, NameAddr};

/// Headers in order, names compared without case, compact forms (RFC 3261 section 7.3.3) as the long ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// Value of the first header of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// Values of all headers of this name, in order.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = long_form(name).to_owned();
        self.0
            .iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(&name))
            .map(|(_, value)| value.as_str())
    }

    /// The elements of a header that is a list (`Route`, `Contact`, `Supported`), over all its lines.
    pub fn list<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(split_list)
    }

    /// Whether a list holds this token, without case.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|known| known.eq_ignore_ascii_case(token))
    }

    /// Adds a header. Line breaks and other control characters become spaces: a value cannot begin another header.
    pub fn push(&mut self, name: &str, value: &str) {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.0.push((long_form(name).to_owned(), value.trim().to_owned()));
    }

    /// Puts one header in the place of all of this name.
    pub fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.push(name, value);
    }

    /// Removes all of this name.
    pub fn remove(&mut self, name: &str) {
        let name = long_form(name);
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// All headers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An address header such as `From`, `To` or the first `Contact`.
    ///
    /// # Errors
    /// [`MessageError::Header`] when it is missing or broken.
    pub fn address(&self, name: &'static str) -> Result<NameAddr, MessageError> {
        self.list(name).next().and_then(|value| value.parse().ok()).ok_or(MessageError::Header(name))
    }

    /// The number of `CSeq`.
    ///
    /// # Errors
    /// [`MessageError::Header`] when it is missing or broken.
    pub fn cseq(&self) -> Result<u32, MessageError> {
        let number = self.get("CSeq").and_then(|value| value.split_ascii_whitespace().next());
        number.and_then(|number| number.parse().ok()).ok_or(MessageError::Header("CSeq"))
    }
}

/// The elements of a list: commas within quotes and angle brackets do not separate.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(text, b',').map(str::trim).filter(|element| !element.is_empty())
}

/// Splits at a separator that stands neither in quotes nor in angle brackets.
pub(super) fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped, mut bracket) = (false, false, false);
        let end = text.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'<' if !quoted => bracket = true,
                b'>' if !quoted => bracket = false,
                byte => return byte == separator && !quoted && !bracket,
            }
            false
        });
        let (element, after) = match end {
            Some(end) => (&text[..end], Some(&text[end + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(element)
    })
}

fn long_form(name: &str) -> &str {
    match name {
        "i" | "I" => "Call-ID",
        "m" | "M" => "Contact",
        "e" | "E" => "Content-Encoding",
        "l" | "L" => "Content-Length",
        "c" | "C" => "Content-Type",
        "f" | "F" => "From",
        "s" | "S" => "Subject",
        "k" | "K" => "Supported",
        "t" | "T" => "To",
        "v" | "V" => "Via",
        "o" | "O" => "Event",
        "r" | "R" => "Refer-To",
        "b" | "B" => "Referred-By",
        "u" | "U" => "Allow-Events",
        "x" | "X" => "Session-Expires",
        name => name,
    }
}
