//! A number as it is dialled.

use std::fmt;

use thiserror::Error;

use crate::wire::error::ErrorCode;

/// Most digits of a number. E.164 has 15 at most; a carrier's prefix and an extension may come to it.
const MAX_DIGITS: usize = 32;
/// Longest text that is looked at, in characters.
const MAX_TEXT: usize = 128;

/// What was typed is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NumberError {
    /// Nothing was typed.
    #[error("no number")]
    Empty,
    /// Longer than any number.
    #[error("more digits than a number has")]
    TooLong,
    /// A character that no number has, or `+` elsewhere than at the front.
    #[error("not a number")]
    NotANumber,
}

impl From<NumberError> for ErrorCode {
    fn from(_: NumberError) -> ErrorCode {
        ErrorCode::BadNumber
    }
}

/// A number: digits, `*` and `#`, with `+` before an international one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(String);

impl Number {
    /// Reads a number with the marks that people write into it: spaces, hyphens, brackets, dots and slashes, also in the
    /// full-width forms of Chinese input, a `tel:` before it, and the `(0)` of `+886 (0)2`.
    ///
    /// # Errors
    /// [`NumberError`]
    pub fn parse(text: &str) -> Result<Number, NumberError> {
        let text = text.trim();
        if text.chars().nth(MAX_TEXT).is_some() {
            return Err(NumberError::TooLong);
        }
        let half: String = text.chars().map(half_width).collect();
        let bare = match half.get(..4) {
            Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => {
                half[4..].split(';').next().unwrap_or_default()
            }
            _ => half.as_str(),
        };
        let bare = if bare.trim_start().starts_with('+') { bare.replace("(0)", "") } else { bare.to_owned() };
        let mut digits = String::new();
        for c in bare.chars().filter(|c| !is_mark(*c)) {
            match c {
                '0'..='9' | '*' | '#' => digits.push(c),
                '+' if digits.is_empty() => digits.push('+'),
                _ => return Err(NumberError::NotANumber),
            }
        }
        match digits.trim_start_matches('+').len() {
            0 if digits.is_empty() => Err(NumberError::Empty),
            0 => Err(NumberError::NotANumber),
            n if n > MAX_DIGITS => Err(NumberError::TooLong),
            _ => Ok(Number(digits)),
        }
    }

    /// A number that is made of others.
    pub(super) fn raw(digits: &str) -> Number {
        Number(digits.to_owned())
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Full-width forms (Unicode block FF00) as the characters that they are forms of.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// What only helps to read. Dashes of every length, as word processors put them.
fn is_mark(c: char) -> bool {
    matches!(c, '-' | '(' | ')' | '[' | ']' | '.' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30fc}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || c.is_whitespace()
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
