//! Numbers: what a person types, what the number plan makes of it, and bounds on how much is dialled.
//!
//! The guard against toll fraud is that nothing is dialled but what a configured pattern allows.

mod limits;
mod number;
mod pattern;
mod prefix;

use std::collections::BTreeMap;

pub use limits::{Limits, Permit, Refusal, RefusalReason};
pub use number::{Number, NumberError};
pub use pattern::{Pattern, PatternError};
pub use prefix::apply;

use super::config::PlanConfig;

/// Shortest national number, in digits without the national prefix, that is taken for one: what is shorter is an extension
/// or a service number even when it begins like a national one.
const MIN_NATIONAL: usize = 7;

/// What becomes of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// It may be dialled.
    Allowed {
        /// The number in its one form: short codes resolved, national numbers as E.164, own numbers as extensions.
        number: Number,
        /// It is an emergency number: only to the PBX, without limits, never into a group call.
        emergency: bool,
    },
    /// No pattern allows it.
    Denied,
}

/// Which numbers may be dialled, and what they stand for.
#[derive(Clone, Debug)]
pub struct NumberPlan {
    patterns: Vec<Pattern>,
    short_codes: BTreeMap<String, Number>,
    emergency: Vec<String>,
    country: String,
    national_prefix: String,
    direct_prefix: String,
}

impl NumberPlan {
    /// A plan of what is usable in the configuration; a pattern or short code that is not allows nothing. [`NumberPlan::check`]
    /// says beforehand what is not.
    pub fn new(config: &PlanConfig) -> NumberPlan {
        let short_codes = config.short_codes.iter().filter_map(|(code, meaning)| {
            Some((Number::parse(code).ok()?.to_string(), Number::parse(meaning).ok()?))
        });
        let plain = |text: &str| Number::parse(text).map(|number| number.to_string()).unwrap_or_default();
        NumberPlan {
            patterns: config.patterns.iter().filter_map(|text| Pattern::parse(text).ok()).collect(),
            short_codes: short_codes.collect(),
            emergency: config
                .emergency
                .iter()
                .filter_map(|text| Some(Number::parse(text).ok()?.to_string()))
                .collect(),
            country: plain(&config.country).trim_start_matches('+').to_owned(),
            national_prefix: plain(&config.national_prefix),
            direct_prefix: plain(&config.direct_prefix),
        }
    }

    /// Whether all of a configuration is usable.
    ///
    /// # Errors
    /// The first pattern, short code or number that is not, as it was written.
    pub fn check(config: &PlanConfig) -> Result<(), String> {
        let bad_pattern = config.patterns.iter().find(|text| Pattern::parse(text).is_err());
        let codes = config.short_codes.iter().flat_map(|(code, meaning)| [code, meaning]);
        let others = [&config.country, &config.national_prefix, &config.direct_prefix];
        let numbers =
            codes.chain(&config.emergency).chain(others.into_iter().filter(|text| !text.is_empty()));
        let bad_number = numbers.into_iter().find(|text| Number::parse(text).is_err());
        bad_pattern.or(bad_number).map_or(Ok(()), |text| Err(text.clone()))
    }

    /// Reads what a person typed or pasted.
    ///
    /// # Errors
    /// [`NumberError`] when it is no number.
    pub fn parse(&self, text: &str) -> Result<Number, NumberError> {
        Number::parse(text)
    }

    /// What becomes of a number that somebody dials.
    pub fn resolve(&self, number: &Number) -> Routed {
        if self.is_emergency(number) {
            return Routed::Allowed { number: number.clone(), emergency: true };
        }
        if let Some(meaning) = self.short_codes.get(number.as_str()) {
            let emergency = self.is_emergency(meaning);
            let number = if emergency { meaning.clone() } else { self.canonical(meaning) };
            return Routed::Allowed { number, emergency };
        }
        let canonical = self.canonical(number);
        let forms = [Some(number.clone()), Some(canonical.clone()), self.national(number)];
        let allowed = forms.iter().flatten().any(|form| self.allows(form));
        if allowed { Routed::Allowed { number: canonical, emergency: false } } else { Routed::Denied }
    }

    /// The one form of a number: as E.164 where it is a national one, as an extension where it is one of ours as seen from
    /// outside. For numbers from trunks as well.
    pub fn canonical(&self, number: &Number) -> Number {
        let folded = self.international(number);
        let own = folded.as_str().strip_prefix(self.direct_prefix.as_str());
        let own = own.filter(|rest| !self.direct_prefix.is_empty() && !rest.is_empty());
        own.map_or_else(|| folded.clone(), Number::raw)
    }

    fn is_emergency(&self, number: &Number) -> bool {
        self.emergency.iter().any(|known| known == number.as_str())
    }

    fn allows(&self, number: &Number) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(number.as_str()))
    }

    /// `0227208889` and `+886 (0)2 2720 8889` as `+886227208889`.
    fn international(&self, number: &Number) -> Number {
        let text = number.as_str();
        if self.country.is_empty() || self.national_prefix.is_empty() {
            return number.clone();
        }
        let plus = text.strip_prefix('+').and_then(|rest| rest.strip_prefix(self.country.as_str()));
        let national = match plus {
            Some(rest) => rest.strip_prefix(self.national_prefix.as_str()),
            None => text.strip_prefix(self.national_prefix.as_str()),
        };
        let whole = |rest: &&str| {
            rest.len() >= MIN_NATIONAL
                && rest.bytes().all(|byte| byte.is_ascii_digit())
                && !rest.starts_with(self.national_prefix.as_str())
        };
        match national.filter(whole) {
            Some(rest) => Number::raw(&format!("+{}{rest}", self.country)),
            None => number.clone(),
        }
    }

    /// `+886227208889` as `0227208889`, for patterns that are written so.
    fn national(&self, number: &Number) -> Option<Number> {
        let folded = self.international(number);
        let rest = folded.as_str().strip_prefix('+')?.strip_prefix(self.country.as_str())?;
        let known = !self.country.is_empty() && !self.national_prefix.is_empty();
        known.then(|| Number::raw(&format!("{}{rest}", self.national_prefix)))
    }
}

#[cfg(test)]
mod tests;
