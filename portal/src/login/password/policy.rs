//! Which new passwords are taken. Pure. Follows NIST SP 800-63B-4 section 3.1.1: length and a blocklist, no rules about kinds
//! of characters, no forced changes.

use unicode_normalization::UnicodeNormalization;

use super::blocklist::{AGENCY, COMMON};
use crate::login::rules::MAX_PASSWORD_BYTES;

/// Fewest characters of a password that is the only factor.
pub const MIN_CHARS: usize = 15;
/// Lowest score of zxcvbn (0 to 4) that is taken: 3 is "safely unguessable", about 10^8 guesses.
const MIN_SCORE: u8 = 3;
/// Characters that must be left when words about the person and the agency are taken out.
const MIN_OWN_CHARS: usize = 8;

/// Whose password it will be: these words must not make it up.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// Account name.
    pub account: &'a str,
    /// Name as displayed.
    pub name: &'a str,
}

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer than [`MIN_CHARS`] characters.
    #[error("shorter than {MIN_CHARS} characters")]
    TooShort,
    /// More than [`MAX_PASSWORD_BYTES`] bytes.
    #[error("longer than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// On the list of common passwords, perhaps with digits around it or letters replaced.
    #[error("a common password")]
    Common,
    /// Little more than the account, the name or the agency.
    #[error("made of the account, the name or the agency")]
    AboutYou,
    /// Guessed quickly: keyboard rows, dates, repetitions, words in a row.
    #[error("easy to guess")]
    Guessable,
}

/// Checks a new password.
pub fn check(password: &str, owner: Owner<'_>) -> Result<(), Weakness> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(Weakness::TooLong);
    }
    let normal = normalize(password);
    if normal.chars().count() < MIN_CHARS {
        return Err(Weakness::TooShort);
    }
    let plain = unleet(&normal);
    // Digits at the ends are sometimes letters (`4dmin`), sometimes decoration (`password123`).
    let stems = [stem(&plain).to_owned(), unleet(stem(&normal))];
    if stems.iter().any(|stem| COMMON.contains(&stem.as_str())) {
        return Err(Weakness::Common);
    }
    let words = owner_words(owner);
    if own_chars(&normal, &words).min(own_chars(&plain, &words)) < MIN_OWN_CHARS {
        return Err(Weakness::AboutYou);
    }
    let inputs: Vec<&str> = words.iter().map(String::as_str).collect();
    if u8::from(zxcvbn::zxcvbn(&normal, &inputs).score()) < MIN_SCORE {
        return Err(Weakness::Guessable);
    }
    Ok(())
}

/// The form that is hashed: one for all ways to type the same characters (NFKC).
pub fn normalize(password: &str) -> String {
    password.nfkc().collect()
}

/// Lower case, with the usual look-alikes turned back into letters.
fn unleet(password: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    password.to_lowercase().chars().map(letter).collect()
}

/// The word inside digits and signs.
fn stem(plain: &str) -> &str {
    plain.trim_matches(|c: char| !c.is_alphabetic())
}

fn owner_words(owner: Owner<'_>) -> Vec<String> {
    let account = owner.account.split(|c: char| !c.is_alphanumeric());
    let name = owner.name.split_whitespace();
    let words = account.chain(name).chain([owner.account, owner.name]).chain(AGENCY.iter().copied());
    let mut words: Vec<String> =
        words.map(str::to_lowercase).filter(|word| word.chars().count() >= 2).collect();
    // Longest first: `lin.yating` is taken out whole before `lin`.
    words.sort_by(|left, right| right.len().cmp(&left.len()).then(left.cmp(right)));
    words.dedup();
    words
}

/// Letters and digits that are left without the words.
fn own_chars(password: &str, words: &[String]) -> usize {
    let mut rest = password.to_lowercase();
    for word in words {
        rest = rest.replace(word.as_str(), " ");
    }
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIN: Owner<'_> = Owner { account: "lin.yating", name: "林雅婷" };

    #[test]
    fn long_and_unusual_is_good() {
        for good in
            ["lantern harbor 47 quiet", "三隻貓在陽台上看雨而且不想回家", "correct-Zebra-gravity-lamp"]
        {
            assert_eq!(check(good, LIN), Ok(()), "{good}");
        }
    }

    #[test]
    fn each_weakness_has_its_name() {
        for (bad, weakness) in [
            ("kR7#vm2Q", Weakness::TooShort),
            ("p@ssw0rdp@ssw0rd123", Weakness::Common),
            ("administrator2026!!", Weakness::Common),
            ("Lin.YaTing-Taipei-2026", Weakness::AboutYou),
            ("林雅婷林雅婷林雅婷林雅婷林雅婷", Weakness::AboutYou),
            ("aaaaaaaaaaaaaaaaaaaa", Weakness::Guessable),
            ("qwertyuiopasdfghjkl", Weakness::Guessable),
            ("abcdefgabcdefgabcdefg", Weakness::Guessable),
        ] {
            assert_eq!(check(bad, LIN), Err(weakness), "{bad}");
        }
        assert_eq!(check(&"x1".repeat(300), LIN), Err(Weakness::TooLong));
    }

    #[test]
    fn widths_of_the_same_characters_are_one_password() {
        assert_eq!(normalize("ｌａｎｔｅｒｎ４７"), normalize("lantern47"));
    }
}
