//! Signs of life of log-ins between two writes to the database: a write per request would make every read a write.

use std::collections::HashMap;

use signaling::ids::LoginId;

use crate::clock::Millis;

/// Most log-ins noted between two writes. Past it new ones are not noted: their row is at most one batch older.
const MAX_NOTED: usize = 200_000;

/// When each log-in was last seen since the last [`Seen::take`].
#[derive(Debug, Default)]
pub struct Seen {
    noted: HashMap<LoginId, Millis>,
}

impl Seen {
    /// Notes a sign of life.
    pub fn note(&mut self, login: LoginId, now: Millis) {
        if self.noted.len() < MAX_NOTED || self.noted.contains_key(&login) {
            let at = self.noted.entry(login).or_insert(now);
            *at = (*at).max(now);
        }
    }

    /// The newest sign of life that is not written yet.
    pub fn of(&self, login: LoginId) -> Millis {
        self.noted.get(&login).copied().unwrap_or_default()
    }

    /// Takes all notes, to be written.
    pub fn take(&mut self) -> Vec<(LoginId, Millis)> {
        std::mem::take(&mut self.noted).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_newest_sign_counts_until_it_is_taken() {
        let (mut seen, login) = (Seen::default(), LoginId(Uuid::from_u128(1)));
        assert_eq!(seen.of(login), Millis(0));
        seen.note(login, Millis(9));
        seen.note(login, Millis(5));
        assert_eq!(seen.of(login), Millis(9));
        assert_eq!(seen.take(), [(login, Millis(9))]);
        assert!(seen.take().is_empty());
    }
}
