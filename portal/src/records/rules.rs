//! Decisions about call records. Pure.

use uuid::Uuid;

use super::model::Cursor;
use crate::clock::Millis;

/// Most records of one page.
pub const MAX_PAGE: u32 = 200;
/// Most records of one file: what a spreadsheet handles well, and a request can be held for.
pub const MAX_EXPORT: usize = 50_000;
/// Records that one request looks through at most, newest first. Fewer finds rare ones in more steps; more holds the database
/// for longer.
pub const MAX_SCAN: i64 = 20_000;
/// Most characters of a searched text.
pub const MAX_TEXT: usize = 64;

/// How many to give.
pub fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(50).clamp(1, MAX_PAGE) as usize
}

/// A cursor as a client keeps it.
pub fn cursor_text(cursor: Cursor) -> String {
    format!("{}.{}", cursor.at, cursor.id.simple())
}

/// A client's cursor; `None` when it is none of ours.
pub fn cursor(text: &str) -> Option<Cursor> {
    let (at, id) = text.split_once('.')?;
    Some(Cursor { at: Millis(at.parse().ok()?), id: Uuid::try_parse(id).ok()? })
}

/// A text as a pattern for `LIKE .. ESCAPE '!'`.
pub fn pattern(folded: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded.chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_survive_the_way_to_the_client_and_back() {
        let here = Cursor { at: Millis(1_790_000_000_000), id: Uuid::from_u128(7) };
        assert_eq!(cursor(&cursor_text(here)), Some(here));
        for bad in ["", "1", "1.x", "x.00000000000000000000000000000007", "1.2.3"] {
            assert_eq!(cursor(bad), None, "{bad}");
        }
    }

    #[test]
    fn signs_of_a_pattern_are_only_signs() {
        assert_eq!(pattern("50%_a!"), "%50!%!_a!!%");
        assert_eq!(pattern(""), "%%");
    }

    #[test]
    fn pages_are_bounded() {
        assert_eq!([limit(None), limit(Some(0)), limit(Some(9)), limit(Some(9_999))], [50, 1, 9, 200]);
    }
}
