//! Parameters: `;name` or `;name=value`, names compared without case.

use std::fmt;

/// Parameters in order. Values are kept without quotes and written with them where they need it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, Option<String>)>);

impl Params {
    /// Reads what stands behind the first `;`. Empty ones, and those whose name is no token, are left out.
    pub fn parse(text: &str) -> Params {
        let mut params = Params::default();
        for part in super::headers::split_outside_quotes(text, b';') {
            let part = part.trim();
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim(), Some(unquote(value.trim()))),
                None => (part, None),
            };
            if !name.is_empty() && name.bytes().all(is_plain) {
                params.0.push((name.to_owned(), value));
            }
        }
        params
    }

    /// Value of a parameter; `Some("")` for one without a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_deref().unwrap_or_default())
    }

    /// Sets or adds a parameter.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        self.remove(name);
        self.0.push((name.to_owned(), value.map(str::to_owned)));
    }

    /// Removes a parameter.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }
}

fn unquote(value: &str) -> String {
    match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => super::name_addr::unescape(inner),
        None => value.to_owned(),
    }
}

/// Characters of a token or host (RFC 3261 section 25.1): a value of these needs no quotes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~:[]/@$&".contains(&byte)
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                None => write!(f, ";{name}")?,
                Some(value) if !value.is_empty() && value.bytes().all(is_plain) => {
                    write!(f, ";{name}={value}")?
                }
                Some(value) => write!(f, ";{name}=\"{}\"", super::name_addr::escape(value))?,
            }
        }
        Ok(())
    }
}
