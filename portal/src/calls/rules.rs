//! Decisions about the history. Pure.

use signaling::ids::PersonId;
use signaling::wire::call::PersonCard;

use super::events::{Direction, HistoryEntry, HistoryPerson};
use super::model::{Line, OpenLeg, Part};
use crate::clock::Millis;

/// Most calls of one page, and how many without a limit asked for.
pub const MAX_PAGE: i64 = 100;
/// Most other people named in one entry.
pub const MAX_OTHERS: i64 = 50;

/// Most characters of a line's name, unit and number.
pub const MAX_LINE_CHARS: usize = 100;

/// What a person sees of a call.
pub fn entry(person: PersonId, part: Part, others: Vec<HistoryPerson>) -> HistoryEntry {
    let Part { call, kind, video, starter, invited_at, answered_at, ended_at, reason, missed, seen, line: _ } =
        part;
    HistoryEntry {
        call,
        direction: if starter == person { Direction::Out } else { Direction::In },
        kind,
        video,
        others,
        started_at: invited_at.0,
        answered_at: answered_at.map(|at| at.0),
        ended_at: ended_at.map(|at| at.0),
        reason,
        missed,
        seen,
    }
}

/// How many rows to give.
pub fn limit(asked: Option<u32>) -> usize {
    asked.map_or(MAX_PAGE as usize, |asked| asked.clamp(1, MAX_PAGE as u32) as usize)
}

/// Cuts rows, newest first, of which up to `limit + 1` were read, to a page, and gives the time to go on before.
///
/// The next page begins strictly before that time, so calls of the same millisecond must not be torn apart: those that the
/// row past the end shares its time with go to the next page. Only if a whole page has one time it stays as it is.
pub fn page(mut rows: Vec<Part>, limit: usize) -> (Vec<Part>, Option<Millis>) {
    let Some(past) = rows.get(limit).map(|row| row.invited_at) else { return (rows, None) };
    rows.truncate(limit);
    let whole = rows.iter().position(|row| row.invited_at == past).filter(|at| *at > 0);
    if let Some(at) = whole {
        rows.truncate(at);
    }
    let next = rows.last().map(|row| row.invited_at);
    (rows, next)
}

/// What is kept of a line. Of what a telephone says of itself only so much that a history stays readable.
pub fn line(card: PersonCard) -> Line {
    let PersonCard { person: _, name, unit, post: _, extension, line: _ } = card;
    Line { name: kept(&name), unit: kept(&unit), number: extension.map(|number| kept(&number)) }
}

/// Without control characters (PostgreSQL takes no NUL), cut to [`MAX_LINE_CHARS`].
fn kept(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_LINE_CHARS).collect()
}

/// Whether a leg that a crash cut off goes to the person's missed calls: it rang, and nobody took it. Who entered by himself
/// was not called; who started the call may have left it and been called back.
pub fn missed_by_crash(leg: &OpenLeg) -> bool {
    leg.by != leg.person && !leg.answered
}

#[cfg(test)]
mod tests {
    use signaling::ids::CallId;
    use signaling::wire::call::{CallKind, EndReason};
    use uuid::Uuid;

    use super::*;

    fn part(at: i64) -> Part {
        Part {
            call: CallId(Uuid::from_u128(at as u128)),
            kind: CallKind::Direct,
            video: false,
            starter: PersonId(Uuid::from_u128(1)),
            invited_at: Millis(at),
            answered_at: None,
            ended_at: Some(Millis(at + 5)),
            reason: Some(EndReason::NoAnswer),
            missed: true,
            seen: false,
            line: false,
        }
    }

    fn paged(times: &[i64], limit: usize) -> (Vec<i64>, Option<i64>) {
        let (rows, next) = page(times.iter().map(|at| part(*at)).collect(), limit);
        (rows.iter().map(|row| row.invited_at.0).collect(), next.map(|at| at.0))
    }

    #[test]
    fn pages_do_not_tear_a_millisecond_apart() {
        assert_eq!(paged(&[9, 8, 7], 3), (vec![9, 8, 7], None));
        assert_eq!(paged(&[9, 8, 7, 6], 3), (vec![9, 8, 7], Some(7)));
        assert_eq!(paged(&[9, 8, 7, 7], 3), (vec![9, 8], Some(8)));
        assert_eq!(paged(&[7, 7, 7, 7], 3), (vec![7, 7, 7], Some(7)));
        assert_eq!(paged(&[], 3), (vec![], None));
    }

    #[test]
    fn an_entry_has_the_side_of_its_person() {
        let starter = entry(PersonId(Uuid::from_u128(1)), part(7), Vec::new());
        let called = entry(PersonId(Uuid::from_u128(2)), part(7), Vec::new());
        assert_eq!((starter.direction, called.direction), (Direction::Out, Direction::In));
        assert_eq!((called.started_at, called.ended_at), (7, Some(12)));
    }

    #[test]
    fn a_crash_makes_missed_what_rang() {
        let person = |n| PersonId(Uuid::from_u128(n));
        let leg = |of, by, answered| OpenLeg { person: person(of), by: person(by), answered };
        assert!(missed_by_crash(&leg(2, 1, false)));
        assert!(!missed_by_crash(&leg(2, 1, true)), "was talking");
        assert!(!missed_by_crash(&leg(1, 1, false)), "called");
        assert!(missed_by_crash(&leg(1, 2, false)), "had left the call and was called back");
    }

    #[test]
    fn what_a_telephone_says_is_cut_and_cleaned() {
        let card = PersonCard {
            person: PersonId(Uuid::from_u128(9)),
            name: format!("\0王\r\n{}", "x".repeat(200)),
            unit: String::new(),
            post: String::new(),
            extension: Some("0227\u{7}208889".into()),
            line: true,
        };
        let kept = line(card);
        assert_eq!((kept.name.chars().count(), kept.number.as_deref()), (MAX_LINE_CHARS, Some("0227208889")));
        assert!(kept.name.starts_with("王x"));
    }

    #[test]
    fn limits_are_kept() {
        assert_eq!([limit(None), limit(Some(0)), limit(Some(7)), limit(Some(u32::MAX))], [100, 1, 7, 100]);
    }
}
