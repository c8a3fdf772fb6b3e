//! `Digest name=value, name="value"`: what challenges and answers consist of.

use crate::sip::message::split_list;

/// Longest header value that is looked at, in bytes.
const MAX_VALUE: usize = 4096;
/// Most parameters of a header.
const MAX_PARAMS: usize = 32;

/// The parameters of one challenge or answer. Values are without quotes, but with their backslashes: so they are hashed.
#[derive(Clone, Debug, Default)]
pub(super) struct AuthParams<'a>(Vec<(&'a str, &'a str)>);

impl<'a> AuthParams<'a> {
    /// Value of a parameter.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// Reads the header values; those of other schemes, and what is too long, are left out. One value may hold several.
pub(super) fn parse<'a>(values: impl Iterator<Item = &'a str>) -> Vec<AuthParams<'a>> {
    let mut found = Vec::new();
    for value in values.filter(|value| value.len() <= MAX_VALUE) {
        let mut current: Option<AuthParams<'_>> = None;
        for element in split_list(value).take(MAX_PARAMS) {
            let (scheme, pair) = scheme_of(element);
            if let Some(scheme) = scheme {
                found.extend(current.take());
                current = scheme.eq_ignore_ascii_case("digest").then(AuthParams::default);
            }
            if let (Some(params), Some((name, value))) = (&mut current, pair.split_once('=')) {
                params.0.push((name.trim(), unquote(value.trim())));
            }
        }
        found.extend(current);
    }
    found
}

/// An element that begins with a scheme: `Digest realm="x"`.
fn scheme_of(element: &str) -> (Option<&str>, &str) {
    match element.split_once(|c: char| c.is_ascii_whitespace()) {
        Some((word, rest)) if !word.contains(['=', '"']) && !rest.trim_start().starts_with('=') => {
            (Some(word), rest)
        }
        _ => (None, element),
    }
}

fn unquote(value: &str) -> &str {
    value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value)
}

/// A text as the inside of a quoted string.
pub(super) fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
