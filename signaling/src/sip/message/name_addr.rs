//! Addresses in headers: `"Name" <uri>;params` or `uri;params` (RFC 3261 section 20.10).

use std::fmt;
use std::str::FromStr;

use super::{MessageError, Params, Uri};

/// An address with its parameters, such as the tag of `From` and `To`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameAddr {
    /// Display name without quotes; UTF-8.
    pub display: Option<String>,
    /// The URI.
    pub uri: Uri,
    /// Parameters of the header, not of the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without display name and parameters.
    pub fn new(uri: Uri) -> NameAddr {
        NameAddr { display: None, uri, params: Params::default() }
    }

    /// The tag, where there is one.
    pub fn tag(&self) -> Option<&str> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }
}

impl FromStr for NameAddr {
    type Err = MessageError;

    fn from_str(text: &str) -> Result<NameAddr, MessageError> {
        let text = text.trim();
        let (display, rest) = match text.strip_prefix('"') {
            Some(rest) => {
                let end = closing_quote(rest).ok_or(MessageError::Address)?;
                (Some(unescape(&rest[..end])), rest[end + 1..].trim_start())
            }
            None => match text.find('<') {
                Some(at) => (Some(text[..at].trim().to_owned()), &text[at..]),
                None => (None, text),
            },
        };
        let display = display.filter(|name| !name.is_empty());
        if let Some(rest) = rest.strip_prefix('<') {
            let (uri, params) = rest.split_once('>').ok_or(MessageError::Address)?;
            let params = params.trim_start();
            let params = match params.strip_prefix(';') {
                Some(params) => Params::parse(params),
                None if params.is_empty() => Params::default(),
                None => return Err(MessageError::Address),
            };
            return Ok(NameAddr { display, uri: uri.parse()?, params });
        }
        if display.is_some() {
            return Err(MessageError::Address);
        }
        // Without brackets the parameters are the header's.
        let (uri, params) = rest.split_once(';').unwrap_or((rest, ""));
        Ok(NameAddr { display: None, uri: uri.parse()?, params: Params::parse(params) })
    }
}

/// Where the quoted string ends.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Resolves the backslashes of a quoted string.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

/// The inside of a quoted string; control characters become spaces.
pub(super) fn escape(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push(' '),
            c => quoted.push(c),
        }
    }
    quoted
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write!(f, "\"{}\" ", escape(display))?;
        }
        write!(f, "<{}>{}", self.uri, self.params)
    }
}
