//! Which telephone accounts there may be. Pure.

use signaling::ids::PersonId;

/// Lengths of an extension in digits.
const EXTENSION: std::ops::RangeInclusive<usize> = 2..=10;
/// Most characters of a name: the displays of desk phones show fewer.
const MAX_NAME: usize = 60;

/// Why an account may not be as asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not an extension.
    #[error("an extension has 2 to 10 digits")]
    Extension,
    /// An emergency number or a short code.
    #[error("the number plan uses this number for something else")]
    Reserved,
    /// Not a name.
    #[error("a name has at most 60 characters, and no quotes or backslashes")]
    Name,
    /// The person does not exist.
    #[error("there is no such person")]
    Person,
    /// In the directory the extension is another person's.
    #[error("in the directory this is the extension of {0}: make the telephone that person's")]
    OfPerson(String),
}

/// The one form of an extension: ASCII digits.
pub fn extension(typed: &str) -> Result<String, Refusal> {
    let half = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10).unwrap_or(c),
        other => other,
    };
    let digits: String = typed.trim().chars().map(half).collect();
    let fits = EXTENSION.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(digits) } else { Err(Refusal::Extension) }
}

/// A number that the plan needs for itself must not become an extension: nobody could dial 119 any more.
pub fn free<'a>(extension: &str, mut reserved: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    if reserved.any(|number| number == extension) { Err(Refusal::Reserved) } else { Ok(()) }
}

/// A name as it may stand on a display, or the other one where none was typed.
pub fn name(typed: &str, otherwise: &str) -> Result<String, Refusal> {
    let name = if typed.trim().is_empty() { otherwise } else { typed };
    // In print a given name of one character is set apart by a wide blank.
    let name: String = name.split_whitespace().collect::<Vec<_>>().join(" ");
    let bad = |c: char| c.is_control() || matches!(c, '"' | '\\' | '<' | '>');
    if name.is_empty() || name.chars().count() > MAX_NAME || name.contains(bad) {
        return Err(Refusal::Name);
    }
    Ok(name)
}

/// Whether an extension may go to a telephone of `person`, when the directory gives it to `owner`.
pub fn owner(person: Option<PersonId>, owner: Option<(PersonId, String)>) -> Result<(), Refusal> {
    match owner {
        Some((of, name)) if Some(of) != person => Err(Refusal::OfPerson(name)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn extensions_are_digits() {
        assert_eq!(extension(" 2001 "), Ok("2001".into()));
        assert_eq!(extension("２００１"), Ok("2001".into()));
        for bad in ["", "1", "12345678901", "2001a", "+8862", "20 01", "*98", "2001\r\n"] {
            let found = extension(bad);
            assert_eq!(
                found,
                if bad == "2001\r\n" { Ok("2001".into()) } else { Err(Refusal::Extension) },
                "{bad:?}"
            );
        }
    }

    #[test]
    fn numbers_of_the_plan_stay_free() {
        assert_eq!(free("119", ["110", "119"].into_iter()), Err(Refusal::Reserved));
        assert_eq!(free("2001", ["110", "119"].into_iter()), Ok(()));
    }

    #[test]
    fn names_fit_a_display_and_a_header() {
        assert_eq!(name("  大廳　服務臺 ", "6100"), Ok("大廳 服務臺".into()));
        assert_eq!(name(" ", "6100"), Ok("6100".into()));
        for bad in ["a\"b", "a\\b", "<sip:x>", "a\0b", &"x".repeat(61)] {
            assert_eq!(name(bad, "6100"), Err(Refusal::Name), "{bad:?}");
        }
        assert_eq!(name("a\r\nb", "6100"), Ok("a b".into()), "a line break is a blank");
    }

    #[test]
    fn a_person_s_extension_goes_to_that_person_s_telephone_only() {
        let person = |n| PersonId(Uuid::from_u128(n));
        let lin = || Some((person(1), "林雅婷".to_owned()));
        assert_eq!(owner(Some(person(1)), lin()), Ok(()));
        assert_eq!(owner(Some(person(2)), lin()), Err(Refusal::OfPerson("林雅婷".into())));
        assert_eq!(owner(None, lin()), Err(Refusal::OfPerson("林雅婷".into())));
        assert_eq!((owner(None, None), owner(Some(person(2)), None)), (Ok(()), Ok(())));
    }
}
