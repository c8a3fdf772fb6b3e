//! What may be asked of the directory. Pure.

use signaling::ids::PersonId;
use uuid::Uuid;

/// Longest query, in characters. Longer than any name, post or unit.
pub const MAX_QUERY_CHARS: usize = 64;
/// Most hits of one search, and how many without a limit asked for.
pub const MAX_HITS: usize = 50;
/// Most people of one page of a unit, and how many without a limit asked for.
pub const MAX_PAGE: usize = 200;
/// Most people asked for by id at once.
pub const MAX_BATCH: usize = 100;

/// A query that can be searched for; `None` when it is too long.
pub fn query(text: &str) -> Option<&str> {
    (text.chars().count() <= MAX_QUERY_CHARS).then_some(text)
}

/// How many rows to give: what was asked for, within 1 and `most`.
pub fn limit(asked: Option<u32>, most: usize) -> usize {
    asked.map_or(most, |asked| usize::try_from(asked).unwrap_or(most).clamp(1, most))
}

/// Ids separated by commas; `None` when one is not an id or there are more than [`MAX_BATCH`].
pub fn ids(text: &str) -> Option<Vec<PersonId>> {
    let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).take(MAX_BATCH + 1).collect();
    if parts.len() > MAX_BATCH {
        return None;
    }
    parts.into_iter().map(|part| Uuid::parse_str(part.trim()).ok().map(PersonId)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_bounded() {
        assert_eq!(limit(None, 50), 50);
        assert_eq!(limit(Some(0), 50), 1);
        assert_eq!(limit(Some(7), 50), 7);
        assert_eq!(limit(Some(u32::MAX), 50), 50);
        assert!(query(&"陳".repeat(64)).is_some());
        assert!(query(&"陳".repeat(65)).is_none());
    }

    #[test]
    fn ids_are_read_all_or_none() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(ids(&format!("{one}, {two},")), Some(vec![PersonId(one), PersonId(two)]));
        assert_eq!(ids(""), Some(vec![]));
        assert_eq!(ids(&format!("{one},x")), None);
        assert_eq!(ids(&format!("{one},").repeat(101)), None);
        assert_eq!(ids(&format!("{one},").repeat(100)).map(|ids| ids.len()), Some(100));
    }
}
