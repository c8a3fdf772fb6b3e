//! Where telephones are: the location service of RFC 3261 section 10.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::io::Binding;
use crate::sip::message::Uri;
use crate::sip::port::{Hop, Target};

/// Most telephones of one account.
pub(super) const MAX_BINDINGS: usize = 5;

/// One telephone of an account.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub binding: Binding,
    pub hop: Hop,
    pub call_id: String,
    pub cseq: u32,
    /// `+sip.instance`: the same telephone, also after it got another address.
    pub instance: Option<String>,
    pub user_agent: String,
    pub expires_at: Instant,
    /// The same, as UTC milliseconds.
    pub expires_ms: i64,
}

/// All places, by account.
#[derive(Debug, Default)]
pub(super) struct Places {
    accounts: BTreeMap<Arc<str>, Vec<Place>>,
    /// When the first place of an account ends.
    timers: BTreeSet<(Instant, Arc<str>)>,
    hops: BTreeSet<(Hop, Arc<str>)>,
}

impl Places {
    /// Places of an account, those that it prefers first.
    pub fn of(&self, user: &str) -> &[Place] {
        self.accounts.get(user).map(Vec::as_slice).unwrap_or_default()
    }

    /// All accounts that are registered, with their places.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[Place])> {
        self.accounts.iter().map(|(user, places)| (&**user, places.as_slice()))
    }

    /// Whether a telephone is registered from there.
    pub fn knows(&self, hop: &Hop) -> bool {
        let first: (Hop, Arc<str>) = (*hop, Arc::from(""));
        self.hops.range(first..).next().is_some_and(|(known, _)| known == hop)
    }

    /// Puts other places in the place of those of an account.
    pub fn replace(&mut self, user: &str, mut places: Vec<Place>) {
        let known = self.accounts.remove_entry(user);
        let (user, old) = known.unwrap_or_else(|| (Arc::from(user), Vec::new()));
        if let Some(first) = first_end(&old) {
            self.timers.remove(&(first, user.clone()));
        }
        for place in old {
            self.hops.remove(&(place.hop, user.clone()));
        }
        places.sort_by_key(|place| std::cmp::Reverse(place.binding.q));
        if let Some(first) = first_end(&places) {
            self.timers.insert((first, user.clone()));
            self.hops.extend(places.iter().map(|place| (place.hop, user.clone())));
            self.accounts.insert(user, places);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Forgets places that have ended; returns the accounts that have none left.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut gone = Vec::new();
        while let Some((_, user)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            let places =
                self.of(&user).iter().filter(|place| place.expires_at > now).cloned().collect::<Vec<_>>();
            if places.is_empty() {
                gone.push(user.to_string());
            }
            self.replace(&user, places);
        }
        gone
    }
}

fn first_end(places: &[Place]) -> Option<Instant> {
    places.iter().map(|place| place.expires_at).min()
}

/// Whether two contacts are one (RFC 3261 section 19.1.4, as far as telephones need it).
pub(super) fn is_same(a: &Uri, b: &Uri) -> bool {
    let transport = |uri: &Uri| uri.params.get("transport").map(str::to_ascii_lowercase);
    a.scheme == b.scheme
        && a.user == b.user
        && a.host.eq_ignore_ascii_case(&b.host)
        && a.port == b.port
        && transport(a) == transport(b)
}

/// A place of which the target is where it registered from.
pub(super) fn target(hop: Hop) -> Target {
    Target::Hop(hop)
}
