//! Presence: what the sessions of a person, and the calls, say about how reachable the person is, and who wants to know.

use std::collections::{BTreeMap, BTreeSet};

use super::io::{SessionOutput, SocketId};
use super::limits::MAX_WATCHED;
use super::table::{Sessions, Step};
use crate::ids::{LoginId, PersonId, SessionId};
use crate::wire::error::ErrorCode;
use crate::wire::server::{Event, EventFrame, PresenceStatus, PresenceView, Reply};

/// A person who has sessions, is in a call, or is watched.
#[derive(Clone, Debug)]
pub(super) struct Person {
    pub sessions: BTreeSet<SessionId>,
    pub watchers: BTreeSet<SessionId>,
    pub in_call: bool,
    /// What the watchers know.
    pub status: PresenceStatus,
}

impl Default for Person {
    fn default() -> Self {
        Person {
            sessions: BTreeSet::new(),
            watchers: BTreeSet::new(),
            in_call: false,
            status: PresenceStatus::Offline,
        }
    }
}

impl Sessions {
    /// How reachable a person is, by this node's sessions.
    pub fn status(&self, person: PersonId) -> PresenceStatus {
        let Some(entry) = self.people.get(&person) else { return PresenceStatus::Offline };
        if entry.in_call {
            return PresenceStatus::InCall;
        }
        let sessions = entry.sessions.iter().filter_map(|id| self.sessions.get(id));
        let mut connected = sessions.filter(|session| session.link.counts()).peekable();
        if connected.peek().is_none() {
            PresenceStatus::Offline
        } else if connected.all(|session| session.idle) {
            PresenceStatus::Away
        } else {
            PresenceStatus::Available
        }
    }

    /// Log-ins whose device is in use: it is connected, and somebody is at it or its person is in a call. Looks at every
    /// session: some milliseconds for 80,000.
    pub fn logins_in_use(&self) -> BTreeSet<LoginId> {
        let in_call = |person| self.people.get(person).is_some_and(|entry| entry.in_call);
        let sessions = self.sessions.values().filter(|session| session.link.counts());
        let used = sessions.filter(|session| !session.idle || in_call(&session.person));
        used.map(|session| session.login).collect()
    }

    /// `presence.watch`.
    pub(super) fn watch(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        mut people: Vec<PersonId>,
    ) -> Result<Reply, ErrorCode> {
        people.sort_unstable();
        people.dedup();
        if people.len() > MAX_WATCHED {
            return Err(ErrorCode::TooManySubscriptions);
        }
        let Some(entry) = self.sessions.get_mut(&session) else { return Ok(Reply::Ok {}) };
        let before = std::mem::replace(&mut entry.watched, people.clone());
        self.unwatch(step, session, &before);
        for person in &people {
            self.people.entry(*person).or_default().watchers.insert(session);
        }
        Ok(Reply::Presence { people: self.statuses(&people) })
    }

    pub(super) fn unwatch(&mut self, step: &mut Step<'_>, session: SessionId, people: &[PersonId]) {
        for person in people {
            if let Some(entry) = self.people.get_mut(person) {
                entry.watchers.remove(&session);
                step.people.insert(*person);
            }
        }
    }

    /// `presence.idle`.
    pub(super) fn set_idle(&mut self, step: &mut Step<'_>, session: SessionId, idle: bool) -> Reply {
        if let Some(entry) = self.sessions.get_mut(&session) {
            entry.idle = idle;
            step.people.insert(entry.person);
        }
        Reply::Ok {}
    }

    pub(super) fn in_call(&mut self, step: &mut Step<'_>, person: PersonId, in_call: bool) {
        self.people.entry(person).or_default().in_call = in_call;
        step.people.insert(person);
    }

    /// Everything that this session watches: after a resume it may have missed changes.
    pub(super) fn show_watched(&mut self, step: &mut Step<'_>, socket: SocketId, session: SessionId) {
        let Some(entry) = self.sessions.get(&session).filter(|entry| !entry.watched.is_empty()) else {
            return;
        };
        let people = self.statuses(&entry.watched);
        step.out.push(changed(socket, people));
    }

    /// Tells the watchers who changed, each in one event, and forgets people whom nothing is known of.
    pub(super) fn tell_presence(&mut self, step: &mut Step<'_>) {
        let mut news: BTreeMap<SessionId, Vec<PresenceView>> = BTreeMap::new();
        for person in std::mem::take(&mut step.people) {
            let status = self.status(person);
            let Some(entry) = self.people.get_mut(&person) else { continue };
            if entry.status != status {
                entry.status = status;
                for watcher in &entry.watchers {
                    news.entry(*watcher).or_default().push(PresenceView { person, status });
                }
            }
            if entry.sessions.is_empty() && entry.watchers.is_empty() && !entry.in_call {
                self.people.remove(&person);
            }
        }
        for (watcher, people) in news {
            if let Some(socket) = self.socket_of(watcher) {
                step.out.push(changed(socket, people));
            }
        }
    }

    fn statuses(&self, people: &[PersonId]) -> Vec<PresenceView> {
        people.iter().map(|person| PresenceView { person: *person, status: self.status(*person) }).collect()
    }
}

fn changed(socket: SocketId, people: Vec<PresenceView>) -> SessionOutput {
    let event = Event::PresenceChanged { people };
    SessionOutput::Event { socket, frame: EventFrame { topic: "presence".into(), seq: None, event } }
}
