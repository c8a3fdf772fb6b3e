//! Subscriptions (RFC 6665) and their NOTIFYs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::bodies;
use super::io::{Lamp, Watched};
use crate::ids::PersonId;
use crate::sip::message::{Method, NameAddr, Request, Uri};
use crate::sip::port::Hop;

/// Most subscriptions of one account: a sidecar has some fifty keys.
pub(super) const MAX_PER_ACCOUNT: usize = 120;
/// Most subscriptions in all.
pub(super) const MAX_SUBSCRIPTIONS: usize = 50_000;

/// Names a subscription here.
pub(super) type SubscriptionId = u64;

/// What a subscription is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Package {
    /// `message-summary` (RFC 3842) of the telephone's own person.
    Waiting(Option<PersonId>),
    /// `dialog` (RFC 4235).
    Dialog(Watched),
}

/// A dialog as named on the wire: `Call-ID`, our tag, their tag.
pub(super) type DialogKey = (String, String, String);

/// One subscription.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub user: String,
    pub package: Package,
    pub key: DialogKey,
    /// `Event` as they wrote it, with its `id`.
    pub event: String,
    /// Us and them, with tags.
    pub local: NameAddr,
    pub remote: NameAddr,
    pub contact: Uri,
    pub route: Vec<String>,
    pub hop: Hop,
    pub remote_cseq: u32,
    pub local_cseq: u32,
    /// Counts the bodies.
    pub version: u32,
    pub expires_at: Instant,
    /// A NOTIFY is on its way; the next one waits for its answer, so that changes in between become one.
    pub busy: bool,
    pub dirty: bool,
}

/// What there is to tell.
#[derive(Debug, Default)]
pub(super) struct News {
    lamps: BTreeMap<Watched, Lamp>,
    missed: BTreeMap<PersonId, u32>,
}

impl News {
    /// Notes what a lamp shows; `false`: as before.
    pub fn lamp(&mut self, of: &Watched, lamp: Lamp) -> bool {
        let old = match lamp {
            Lamp::Idle => self.lamps.remove(of),
            lamp => self.lamps.insert(of.clone(), lamp),
        };
        old.unwrap_or_default() != lamp
    }

    /// Notes missed calls; `false`: as before.
    pub fn missed(&mut self, person: PersonId, missed: u32) -> bool {
        let old = match missed {
            0 => self.missed.remove(&person),
            missed => self.missed.insert(person, missed),
        };
        old.unwrap_or_default() != missed
    }
}

impl Subscription {
    /// The next NOTIFY. `over`: the reason with which the subscription ends.
    pub fn notify(&mut self, now: Instant, news: &News, over: Option<&str>) -> Request {
        self.local_cseq += 1;
        let mut request = Request::new(Method::Notify, self.contact.clone());
        let left = self.expires_at.saturating_duration_since(now).as_secs();
        let state = match over {
            Some(reason) => format!("terminated;reason={reason}"),
            None => format!("active;expires={left}"),
        };
        for route in &self.route {
            request.headers.push("Route", route);
        }
        let us = Uri::sip(self.local.uri.user.as_deref(), "switchboard.invalid", None);
        for (name, value) in [
            ("From", self.local.to_string()),
            ("To", self.remote.to_string()),
            ("Call-ID", self.key.0.clone()),
            ("CSeq", format!("{} NOTIFY", self.local_cseq)),
            ("Contact", NameAddr::new(us).to_string()),
            ("Event", self.event.clone()),
            ("Subscription-State", state),
        ] {
            request.headers.push(name, &value);
        }
        let (kind, body) = self.body(news);
        request.headers.push("Content-Type", kind);
        request.body = body.into_bytes();
        request
    }

    fn body(&mut self, news: &News) -> (&'static str, String) {
        let entity = Uri { params: Default::default(), ..self.local.uri.clone() }.to_string();
        match &self.package {
            Package::Waiting(person) => {
                let missed = person.and_then(|person| news.missed.get(&person).copied()).unwrap_or_default();
                ("application/simple-message-summary", bodies::message_summary(&entity, missed))
            }
            Package::Dialog(watched) => {
                let lamp = news.lamps.get(watched).copied().unwrap_or_default();
                let version = self.version;
                self.version = self.version.wrapping_add(1);
                ("application/dialog-info+xml", bodies::dialog_info(&entity, version, lamp))
            }
        }
    }
}

/// All subscriptions.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    all: BTreeMap<SubscriptionId, Subscription>,
    by_key: BTreeMap<DialogKey, SubscriptionId>,
    by_user: BTreeMap<String, usize>,
    watchers: BTreeMap<Watched, BTreeSet<SubscriptionId>>,
    waiting: BTreeMap<PersonId, BTreeSet<SubscriptionId>>,
    timers: BTreeSet<(Instant, SubscriptionId)>,
    next: SubscriptionId,
}

impl Subscriptions {
    pub fn find(&self, key: &DialogKey) -> Option<SubscriptionId> {
        self.by_key.get(key).copied()
    }

    pub fn get_mut(&mut self, id: SubscriptionId) -> Option<&mut Subscription> {
        self.all.get_mut(&id)
    }

    pub fn get(&self, id: SubscriptionId) -> Option<&Subscription> {
        self.all.get(&id)
    }

    /// Whether this account may have one more.
    pub fn has_room(&self, user: &str) -> bool {
        let own = self.by_user.get(user).copied().unwrap_or_default();
        own < MAX_PER_ACCOUNT && self.all.len() < MAX_SUBSCRIPTIONS
    }

    pub fn insert(&mut self, subscription: Subscription) -> SubscriptionId {
        self.next += 1;
        let id = self.next;
        self.by_key.insert(subscription.key.clone(), id);
        *self.by_user.entry(subscription.user.clone()).or_default() += 1;
        match &subscription.package {
            Package::Dialog(watched) => drop(self.watchers.entry(watched.clone()).or_default().insert(id)),
            Package::Waiting(Some(person)) => drop(self.waiting.entry(*person).or_default().insert(id)),
            Package::Waiting(None) => {}
        }
        self.timers.insert((subscription.expires_at, id));
        self.all.insert(id, subscription);
        id
    }

    pub fn remove(&mut self, id: SubscriptionId) -> Option<Subscription> {
        let gone = self.all.remove(&id)?;
        self.by_key.remove(&gone.key);
        self.timers.remove(&(gone.expires_at, id));
        match &gone.package {
            Package::Dialog(watched) => leave(&mut self.watchers, watched, id),
            Package::Waiting(Some(person)) => leave(&mut self.waiting, person, id),
            Package::Waiting(None) => {}
        }
        if let Some(count) = self.by_user.get_mut(&gone.user) {
            *count -= 1;
            if *count == 0 {
                self.by_user.remove(&gone.user);
            }
        }
        Some(gone)
    }

    /// Sets another end.
    pub fn prolong(&mut self, id: SubscriptionId, until: Instant) {
        if let Some(subscription) = self.all.get_mut(&id) {
            self.timers.remove(&(subscription.expires_at, id));
            subscription.expires_at = until;
            self.timers.insert((until, id));
        }
    }

    pub fn watching(&self, of: &Watched) -> Vec<SubscriptionId> {
        self.watchers.get(of).into_iter().flatten().copied().collect()
    }

    pub fn waiting(&self, person: PersonId) -> Vec<SubscriptionId> {
        self.waiting.get(&person).into_iter().flatten().copied().collect()
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// One that has ended.
    pub fn due(&self, now: Instant) -> Option<SubscriptionId> {
        self.timers.first().filter(|(at, _)| *at <= now).map(|(_, id)| *id)
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        let indexed = self.watchers.values().chain(self.waiting.values()).map(BTreeSet::len).sum::<usize>();
        assert!(indexed <= self.all.len() && self.timers.len() == self.all.len());
        assert_eq!(
            (self.by_key.len(), self.by_user.values().sum::<usize>()),
            (self.all.len(), self.all.len())
        );
        self.all.len()
    }
}

fn leave<K: Ord>(index: &mut BTreeMap<K, BTreeSet<SubscriptionId>>, key: &K, id: SubscriptionId) {
    if let Some(ids) = index.get_mut(key) {
        ids.remove(&id);
        if ids.is_empty() {
            index.remove(key);
        }
    }
}
