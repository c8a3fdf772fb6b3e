//! Names of the durable topics, typed.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::ids::PersonId;

/// A durable topic: every event has a sequence without gaps and is in the log before anybody sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// `person:<uuid>`: what concerns one person (missed calls, receipts, notices); only that person may subscribe.
    Person(PersonId),
    /// `city`: notices to everybody.
    City,
}

/// The text is not the name of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown topic")]
pub struct UnknownTopic;

impl Topic {
    /// Whether this person may subscribe.
    pub fn readable_by(self, person: PersonId) -> bool {
        match self {
            Topic::Person(owner) => owner == person,
            Topic::City => true,
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Person(person) => write!(f, "person:{}", person.0.as_hyphenated()),
            Topic::City => f.write_str("city"),
        }
    }
}

impl FromStr for Topic {
    type Err = UnknownTopic;

    fn from_str(name: &str) -> Result<Self, UnknownTopic> {
        if name == "city" {
            return Ok(Topic::City);
        }
        let id = name.strip_prefix("person:").ok_or(UnknownTopic)?;
        // Only the hyphenated form: one topic must not have two names.
        if id.len() != 36 {
            return Err(UnknownTopic);
        }
        Uuid::parse_str(id).map(|id| Topic::Person(PersonId(id))).map_err(|_| UnknownTopic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let person = Topic::Person(PersonId(Uuid::from_u128(7)));
        for topic in [person, Topic::City] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for bad in ["", "City", "person:", "person:00000000000000000000000000000007", "person:x"] {
            assert_eq!(bad.parse::<Topic>(), Err(UnknownTopic), "{bad}");
        }
    }
}
