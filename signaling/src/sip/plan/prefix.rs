//! Prefix rules of a trunk.

use crate::sip::config::PrefixRule;

/// The number after the first rule that fits, or as it is. A rule that would leave nothing is not applied.
pub fn apply(rules: &[PrefixRule], number: &str) -> String {
    let Some(rule) = rules.iter().find(|rule| number.starts_with(rule.prefix.as_str())) else {
        return number.to_owned();
    };
    let rest: String = number.chars().skip(rule.strip).collect();
    let made = format!("{}{rest}", rule.add);
    if made.is_empty() { number.to_owned() } else { made }
}
