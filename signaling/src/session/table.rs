//! The table of sessions, and its one entry.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::io::{SessionInput, SessionOutput, SocketId};
use super::ledger::Ledger;
use super::limits::{HEARTBEAT, HELLO_TIME, PRESENCE_GRACE, RESUME_WINDOW};
use super::presence::Person;
use super::quota::Quotas;
use crate::bucket::Bucket;
use crate::call::Farewell;
use crate::ids::{LoginId, PersonId, SessionId};
use crate::topic::Topic;
use crate::wire::server::CloseCode;

/// All sessions and sockets of a node.
#[derive(Clone, Debug, Default)]
pub struct Sessions {
    pub(super) sockets: BTreeMap<SocketId, Socket>,
    /// Sockets that have not said `hello`.
    pub(super) waiting: BTreeSet<SocketId>,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) logins: BTreeMap<LoginId, BTreeSet<SessionId>>,
    pub(super) people: BTreeMap<PersonId, Person>,
    pub(super) quotas: Quotas,
    pub(super) timers: BTreeSet<(Instant, Timer)>,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    Hello(SocketId),
    Session(SessionId),
}

/// A socket that is open.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub fresh: SessionId,
    pub person: PersonId,
    pub login: LoginId,
    /// The session, after `hello`.
    pub session: Option<SessionId>,
    pub hello_by: Instant,
}

/// A session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub person: PersonId,
    pub login: LoginId,
    pub link: Link,
    pub topics: BTreeSet<Topic>,
    /// Sorted.
    pub watched: Vec<PersonId>,
    /// Nobody is at the device.
    pub idle: bool,
    pub ledger: Ledger,
    pub requests: Bucket,
    pub refusals: Bucket,
    /// Since when it has its present socket: the order in which too many are ended.
    pub used_at: Instant,
    /// The deadline under which the table has filed it.
    pub timer: Option<Instant>,
}

/// Whether the session has a socket.
#[derive(Clone, Copy, Debug)]
pub(super) enum Link {
    Up {
        socket: SocketId,
        heartbeat_at: Instant,
    },
    Down {
        since: Instant,
        /// Its person still counts it as connected.
        graced: bool,
    },
}

/// One step of the table.
pub(super) struct Step<'a> {
    pub now: Instant,
    pub out: &'a mut Vec<SessionOutput>,
    /// Sessions whose deadline may have changed.
    pub touched: BTreeSet<SessionId>,
    /// People whose status may have changed.
    pub people: BTreeSet<PersonId>,
}

impl Sessions {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one input and appends what has to be done. Timers that are due run first. `now` must not go back.
    pub fn handle(&mut self, now: Instant, input: SessionInput, out: &mut Vec<SessionOutput>) {
        let mut step = Step { now, out, touched: BTreeSet::new(), people: BTreeSet::new() };
        self.run_timers(&mut step);
        match input {
            SessionInput::Opened { socket, fresh, person, login } => {
                self.opened(&mut step, socket, fresh, person, login);
            }
            SessionInput::Frame { socket, frame } => self.frame(&mut step, socket, frame),
            SessionInput::Replied { session, id, reply } => self.replied(&mut step, session, id, reply),
            SessionInput::Closed { socket } => self.closed(&mut step, socket),
            SessionInput::LoginEnded { login } => self.login_ended(&mut step, login),
            SessionInput::InCall { person, in_call } => self.in_call(&mut step, person, in_call),
            SessionInput::Tick => {}
        }
        self.tell_presence(&mut step);
        self.file_timers(&step);
    }

    /// When [`SessionInput::Tick`] is due, if nothing else comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The socket of a session, for its events; `None` while it is down or when it is gone.
    pub fn socket_of(&self, session: SessionId) -> Option<SocketId> {
        self.sessions.get(&session).and_then(|session| session.link.socket())
    }

    /// Whose session this is.
    pub fn person_of(&self, session: SessionId) -> Option<PersonId> {
        self.sessions.get(&session).map(|session| session.person)
    }

    /// The sessions of a log-in: what ending it would close.
    pub fn sessions_of(&self, login: LoginId) -> Vec<SessionId> {
        self.logins.get(&login).map(|sessions| sessions.iter().copied().collect()).unwrap_or_default()
    }

    /// Sessions, those waiting to resume included.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// No session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    fn opened(
        &mut self,
        step: &mut Step<'_>,
        socket: SocketId,
        fresh: SessionId,
        person: PersonId,
        login: LoginId,
    ) {
        let hello_by = step.now + HELLO_TIME;
        self.sockets.insert(socket, Socket { fresh, person, login, session: None, hello_by });
        self.waiting.insert(socket);
        self.timers.insert((hello_by, Timer::Hello(socket)));
    }

    /// Forgets a socket; its session, if it has one, is down.
    fn closed(&mut self, step: &mut Step<'_>, id: SocketId) {
        let Some(socket) = self.forget_socket(id) else { return };
        let Some(session) = socket.session else { return };
        if let Some(entry) = self.sessions.get_mut(&session)
            && entry.link.socket() == Some(id)
        {
            entry.link = Link::Down { since: step.now, graced: true };
            entry.ledger.socket_lost();
            step.touched.insert(session);
            step.out.push(SessionOutput::Down { session });
        }
    }

    pub(super) fn forget_socket(&mut self, id: SocketId) -> Option<Socket> {
        let socket = self.sockets.remove(&id)?;
        self.waiting.remove(&id);
        self.timers.remove(&(socket.hello_by, Timer::Hello(id)));
        Some(socket)
    }

    /// Closes a socket; its session, if it has one, is down.
    pub(super) fn close(&mut self, step: &mut Step<'_>, socket: SocketId, code: CloseCode) {
        step.out.push(SessionOutput::Close { socket, code });
        self.closed(step, socket);
    }

    /// Ends a session for good, and its socket with this code.
    pub(super) fn end(&mut self, step: &mut Step<'_>, id: SessionId, farewell: Farewell, code: CloseCode) {
        let Some(session) = self.sessions.remove(&id) else { return };
        if let Some(socket) = session.link.socket() {
            self.forget_socket(socket);
            step.out.push(SessionOutput::Close { socket, code });
        }
        if let Some(at) = session.timer {
            self.timers.remove(&(at, Timer::Session(id)));
        }
        self.unwatch(step, id, &session.watched);
        self.detach(session.login, id);
        if let Some(person) = self.people.get_mut(&session.person) {
            person.sessions.remove(&id);
        }
        step.people.insert(session.person);
        step.out.push(SessionOutput::Gone { session: id, farewell });
    }

    pub(super) fn detach(&mut self, login: LoginId, id: SessionId) {
        if let Some(sessions) = self.logins.get_mut(&login) {
            sessions.remove(&id);
            if sessions.is_empty() {
                self.logins.remove(&login);
            }
        }
    }

    /// `Closed` sockets first, then sessions: a log-in that ended leaves nothing behind.
    fn login_ended(&mut self, step: &mut Step<'_>, login: LoginId) {
        for session in self.sessions_of(login) {
            self.end(step, session, Farewell::Bye, CloseCode::LoggedOut);
        }
        let of_login = |id: &&SocketId| self.sockets.get(id).is_some_and(|socket| socket.login == login);
        let waiting: Vec<_> = self.waiting.iter().filter(of_login).copied().collect();
        for socket in waiting {
            self.close(step, socket, CloseCode::LoggedOut);
        }
    }

    fn run_timers(&mut self, step: &mut Step<'_>) {
        let due: Vec<Timer> =
            self.timers.iter().take_while(|(at, _)| *at <= step.now).map(|(_, timer)| *timer).collect();
        for timer in due {
            match timer {
                Timer::Hello(socket) => self.close(step, socket, CloseCode::BadHello),
                Timer::Session(session) => self.run_session(step, session),
            }
        }
    }

    fn run_session(&mut self, step: &mut Step<'_>, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        step.touched.insert(id);
        match &mut session.link {
            Link::Up { socket, heartbeat_at } => {
                *heartbeat_at = step.now + HEARTBEAT;
                let topics = session.topics.iter().copied().collect();
                step.out.push(SessionOutput::Heartbeat { session: id, socket: *socket, topics });
            }
            Link::Down { since, .. } if *since + RESUME_WINDOW <= step.now => {
                self.end(step, id, Farewell::Expired, CloseCode::GoingAway);
            }
            Link::Down { graced, .. } => {
                *graced = false;
                step.people.insert(session.person);
            }
        }
    }

    fn file_timers(&mut self, step: &Step<'_>) {
        for id in &step.touched {
            let Some(session) = self.sessions.get_mut(id) else { continue };
            let due = session.link.deadline();
            if let Some(old) = session.timer.replace(due) {
                self.timers.remove(&(old, Timer::Session(*id)));
            }
            self.timers.insert((due, Timer::Session(*id)));
        }
    }
}

impl Link {
    pub fn socket(&self) -> Option<SocketId> {
        match self {
            Link::Up { socket, .. } => Some(*socket),
            Link::Down { .. } => None,
        }
    }

    /// Its person still counts as connected by it.
    pub fn counts(&self) -> bool {
        matches!(self, Link::Up { .. } | Link::Down { graced: true, .. })
    }

    fn deadline(&self) -> Instant {
        match *self {
            Link::Up { heartbeat_at, .. } => heartbeat_at,
            Link::Down { since, graced: true } => since + PRESENCE_GRACE,
            Link::Down { since, graced: false } => since + RESUME_WINDOW,
        }
    }
}
