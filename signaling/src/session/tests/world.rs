//! Browsers and an interpreter around a table, on virtual time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::super::table::{Link, Timer};
use super::super::{SessionInput, SessionOutput, Sessions, SocketId};
use crate::ids::{LoginId, PersonId, SessionId};
use crate::topic::Topic;
use crate::wire::client::{ClientFrame, Request, TopicPosition};
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, Event, PresenceStatus, PresenceView, Reply};

pub fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

pub fn login(n: u128) -> LoginId {
    LoginId(Uuid::from_u128(n))
}

pub fn hello(resume: Option<SessionId>) -> Request {
    Request::Hello { resume, device: "Firefox".into(), topics: vec![] }
}

pub fn position(topic: &str, seq: u64) -> TopicPosition {
    TopicPosition { topic: topic.into(), epoch: 1, seq }
}

pub struct World {
    pub table: Sessions,
    pub now: Instant,
    next_socket: u64,
    next_id: u32,
    /// Outputs of the last input.
    pub out: Vec<SessionOutput>,
    /// Open sockets as the shell knows them.
    pub open: BTreeSet<SocketId>,
    pub closed: BTreeMap<SocketId, CloseCode>,
    pub replies: Vec<(SocketId, u32, Reply)>,
    /// What each session's client knows of those it watches.
    pub known: BTreeMap<SessionId, BTreeMap<PersonId, PresenceStatus>>,
    /// Requests handed out that must not be done twice.
    pub handed_out: BTreeSet<(SessionId, u32)>,
}

impl World {
    pub fn new() -> Self {
        World {
            table: Sessions::new(),
            now: super::epoch(),
            next_socket: 1,
            next_id: 1,
            out: Vec::new(),
            open: BTreeSet::new(),
            closed: BTreeMap::new(),
            replies: Vec::new(),
            known: BTreeMap::new(),
            handed_out: BTreeSet::new(),
        }
    }

    pub fn input(&mut self, input: SessionInput) {
        let mut out = Vec::new();
        self.table.handle(self.now, input, &mut out);
        for output in &out {
            self.carry_out(output);
        }
        self.out = out;
        check(self);
    }

    fn carry_out(&mut self, output: &SessionOutput) {
        match output {
            SessionOutput::Reply { socket, frame } => {
                assert!(self.open.contains(socket), "a reply to a closed socket");
                self.replies.push((*socket, frame.id, frame.reply.clone()));
                if let (Reply::Presence { people }, Some(session)) = (&frame.reply, self.session_at(*socket))
                {
                    self.known.insert(session, BTreeMap::new());
                    self.learn(session, people);
                }
            }
            SessionOutput::Event { socket, frame } => {
                assert!(self.open.contains(socket), "an event to a closed socket");
                if let (Event::PresenceChanged { people }, Some(session)) =
                    (&frame.event, self.session_at(*socket))
                {
                    self.learn(session, people);
                }
            }
            SessionOutput::Close { socket, code } => {
                assert!(self.open.remove(socket), "closed twice");
                self.closed.insert(*socket, *code);
            }
            SessionOutput::Request { session, id, .. } => {
                assert!(self.handed_out.insert((*session, *id)), "done twice");
            }
            SessionOutput::Gone { session, .. } => drop(self.known.remove(session)),
            _ => {}
        }
    }

    fn session_at(&self, socket: SocketId) -> Option<SessionId> {
        self.table.sockets.get(&socket).and_then(|socket| socket.session)
    }

    fn learn(&mut self, session: SessionId, people: &[PresenceView]) {
        let known = self.known.entry(session).or_default();
        known.extend(people.iter().map(|view| (view.person, view.status)));
    }

    /// A socket with a ticket of this person's log-in number `n`.
    pub fn connect(&mut self, person: PersonId, n: u128) -> SocketId {
        let socket = SocketId(self.next_socket);
        self.next_socket += 1;
        self.open.insert(socket);
        let fresh = SessionId(Uuid::from_u128(u128::from(socket.0)));
        self.input(SessionInput::Opened { socket, fresh, person, login: login(n) });
        socket
    }

    /// A fresh id.
    pub fn take_id(&mut self) -> u32 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Sends a request under a fresh id.
    pub fn send(&mut self, socket: SocketId, request: Request) -> u32 {
        let id = self.take_id();
        self.send_as(socket, id, request);
        id
    }

    pub fn send_as(&mut self, socket: SocketId, id: u32, request: Request) {
        self.input(SessionInput::Frame { socket, frame: Ok(ClientFrame { id, request }) });
    }

    /// Sends a request that is replied to at once.
    pub fn ask(&mut self, socket: SocketId, request: Request) -> Reply {
        let id = self.send(socket, request);
        let reply = self.replies.iter().rev().find(|(at, of, _)| (*at, *of) == (socket, id));
        reply.expect("a reply").2.clone()
    }

    pub fn refused(&mut self, socket: SocketId, request: Request) -> ErrorCode {
        match self.ask(socket, request) {
            Reply::Error(error) => error.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// A session of this person by its log-in of the same number.
    pub fn open(&mut self, of: PersonId) -> (SocketId, SessionId) {
        let socket = self.connect(of, of.0.as_u128());
        self.send(socket, hello(None));
        (socket, self.welcomed().0)
    }

    /// Resumes on a new socket.
    pub fn resume(&mut self, of: PersonId, session: SessionId) -> SocketId {
        let socket = self.connect(of, of.0.as_u128());
        self.send(socket, hello(Some(session)));
        assert_eq!(self.welcomed(), (session, true));
        socket
    }

    /// The session of the `welcome` just sent, and whether it was resumed.
    pub fn welcomed(&self) -> (SessionId, bool) {
        let welcome = self.out.iter().find_map(|output| match output {
            SessionOutput::Welcome { session, resumed, .. } => Some((*session, *resumed)),
            _ => None,
        });
        welcome.expect("a welcome")
    }

    /// The network is gone.
    pub fn cut(&mut self, socket: SocketId) {
        self.open.remove(&socket);
        self.input(SessionInput::Closed { socket });
    }

    pub fn pass(&mut self, time: Duration) -> Vec<SessionOutput> {
        let end = self.now + time;
        let mut all = Vec::new();
        while let Some(at) = self.table.deadline().filter(|at| *at <= end) {
            self.now = at;
            self.input(SessionInput::Tick);
            all.append(&mut self.out);
        }
        self.now = end;
        all
    }

    pub fn replies_to(&self, id: u32) -> Vec<SocketId> {
        self.replies.iter().filter(|(_, of, _)| *of == id).map(|(socket, ..)| *socket).collect()
    }
}

/// What must hold after every step.
fn check(world: &World) {
    let table = &world.table;
    let sockets: BTreeSet<_> = table.sockets.keys().copied().collect();
    assert_eq!(sockets, world.open, "sockets");
    let mut timers = BTreeSet::new();
    for (id, socket) in &table.sockets {
        match socket.session {
            Some(session) => assert_eq!(table.socket_of(session), Some(*id), "a socket of another session"),
            None => drop(timers.insert((socket.hello_by, Timer::Hello(*id)))),
        }
        assert_eq!(table.waiting.contains(id), socket.session.is_none());
    }
    for (id, session) in &table.sessions {
        timers.insert((session.timer.expect("every session has a deadline"), Timer::Session(*id)));
        assert!(
            table.logins[&session.login].contains(id) && table.people[&session.person].sessions.contains(id)
        );
        assert!(session.topics.contains(&Topic::Person(session.person)));
        assert!(session.topics.iter().all(|topic| topic.readable_by(session.person)));
        assert!(session.watched.iter().all(|person| table.people[person].watchers.contains(id)));
        if let Link::Up { .. } = session.link {
            let known = world.known.get(id);
            for person in &session.watched {
                assert_eq!(known.and_then(|known| known.get(person)), Some(&table.status(*person)));
            }
        }
    }
    assert_eq!(table.timers, timers);
    assert!(timers.iter().all(|(at, _)| *at > world.now), "a timer was not run");
    let of_logins: usize = table.logins.values().map(BTreeSet::len).sum();
    let of_people: usize = table.people.values().map(|person| person.sessions.len()).sum();
    assert_eq!((of_logins, of_people), (table.len(), table.len()));
    let watchers: usize = table.people.values().map(|person| person.watchers.len()).sum();
    assert_eq!(watchers, table.sessions.values().map(|session| session.watched.len()).sum::<usize>());
}

/// With every socket cut and every timer run out, nothing is left.
pub fn runs_out(mut world: World) {
    for socket in world.open.clone() {
        world.cut(socket);
    }
    for n in 0..10 {
        world.input(SessionInput::InCall { person: person(n), in_call: false });
    }
    for _ in 0..1_000 {
        let Some(at) = world.table.deadline() else { break };
        world.now = at;
        world.input(SessionInput::Tick);
    }
    let table = &world.table;
    assert!(table.sockets.is_empty() && table.sessions.is_empty() && table.waiting.is_empty());
    assert!(table.logins.is_empty() && table.people.is_empty() && table.timers.is_empty());
}
