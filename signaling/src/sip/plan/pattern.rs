//! Patterns of numbers that may be dialled.

use thiserror::Error;

/// Longest pattern, in characters.
const MAX_PATTERN: usize = 64;

/// A pattern is not written as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not a number pattern")]
pub struct PatternError;

/// A pattern: digits, `*`, `#`, `X` for any digit, `[2-57]` for one of these digits, `.` at the end for one or more digits,
/// `+` at the front. Spaces and hyphens outside brackets only help to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    plus: bool,
    /// For each place the characters that fit, as a bit set of [`place`].
    places: Vec<u16>,
    /// Ends with `.`.
    open: bool,
}

const ANY_DIGIT: u16 = (1 << 10) - 1;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`]
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let text = text.trim();
        let (plus, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut pattern = Pattern { plus, places: Vec::new(), open: false };
        let mut chars = rest.chars();
        while let Some(c) = chars.next() {
            if pattern.open {
                return Err(PatternError);
            }
            match c {
                ' ' | '-' => {}
                '.' => pattern.open = true,
                'X' | 'x' => pattern.places.push(ANY_DIGIT),
                '[' => {
                    let (class, after) = chars.as_str().split_once(']').ok_or(PatternError)?;
                    pattern.places.push(class_of(class)?);
                    chars = after.chars();
                }
                c => pattern.places.push(1 << place(c).ok_or(PatternError)?),
            }
        }
        let empty = pattern.places.is_empty() && !pattern.open;
        if empty || text.len() > MAX_PATTERN { Err(PatternError) } else { Ok(pattern) }
    }

    /// Whether a number fits, from its first to its last digit.
    pub fn matches(&self, number: &str) -> bool {
        let (plus, digits) = match number.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (fixed, rest) = match digits.split_at_checked(self.places.len()) {
            Some(parts) => parts,
            None => return false,
        };
        let fits = |(c, set): (char, &u16)| place(c).is_some_and(|at| set & (1 << at) != 0);
        let tail = if self.open {
            !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
        } else {
            rest.is_empty()
        };
        plus == self.plus && tail && fixed.chars().zip(&self.places).all(fits)
    }
}

/// `2-57`: digits and ranges of digits.
fn class_of(text: &str) -> Result<u16, PatternError> {
    let digit = |c: char| c.to_digit(10).ok_or(PatternError);
    let mut set = 0;
    let mut chars = text.chars().peekable();
    while let Some(first) = chars.next() {
        let first = digit(first)?;
        let last = match chars.next_if_eq(&'-') {
            Some(_) => digit(chars.next().ok_or(PatternError)?)?,
            None => first,
        };
        if last < first {
            return Err(PatternError);
        }
        set |= (first..=last).fold(0, |set, digit| set | (1 << digit));
    }
    if set == 0 { Err(PatternError) } else { Ok(set) }
}

/// Place of a character in a bit set.
fn place(c: char) -> Option<u32> {
    match c {
        '*' => Some(10),
        '#' => Some(11),
        c => c.to_digit(10),
    }
}
