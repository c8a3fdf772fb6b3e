//! Opening and resuming.

use std::collections::BTreeSet;
use std::time::Instant;

use super::io::{SessionOutput, SocketId, TopicFrom};
use super::ledger::Ledger;
use super::limits::{
    HEARTBEAT, MAX_SESSIONS, MAX_TOPICS, REFUSAL_BURST, REFUSAL_RATE, REQUEST_BURST, REQUEST_RATE,
};
use super::table::{Link, Session, Sessions, Socket, Step};
use crate::bucket::Bucket;
use crate::call::Farewell;
use crate::ids::{PersonId, SessionId};
use crate::topic::Topic;
use crate::wire::client::{ClientFrame, Request, TopicPosition};
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, Reply, ReplyFrame};

impl Sessions {
    /// The first frame of a socket: a proper `hello`, or the socket is closed.
    pub(super) fn first_frame(
        &mut self,
        step: &mut Step<'_>,
        id: SocketId,
        socket: &Socket,
        frame: Result<ClientFrame, (u32, ErrorCode)>,
    ) {
        let (request_id, refusal) = match frame {
            Ok(ClientFrame { id: hello, request: Request::Hello { resume, device, topics } }) => {
                match topics_of(socket.person, topics) {
                    Ok(topics) => return self.hello(step, id, socket, hello, resume, device, topics),
                    Err(code) => (hello, code),
                }
            }
            Ok(frame) => (frame.id, ErrorCode::BadHello),
            Err((request_id, code)) => (request_id, code),
        };
        reply(step, id, request_id, Reply::Error(refusal.into()));
        self.close(step, id, CloseCode::BadHello);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one frame, and where it came from")]
    fn hello(
        &mut self,
        step: &mut Step<'_>,
        id: SocketId,
        socket: &Socket,
        request: u32,
        resume: Option<SessionId>,
        device: String,
        topics: Vec<TopicFrom>,
    ) {
        let known = resume.filter(|session| self.person_of(*session) == Some(socket.person));
        let session = known.unwrap_or(socket.fresh);
        if known.is_some() {
            self.replace_socket(step, session);
        } else {
            self.make_room(step, socket.person);
            self.sessions.insert(session, Session::new(socket, step.now));
            self.people.entry(socket.person).or_default().sessions.insert(session);
        }
        self.attach(step, id, session, socket, &topics);
        let person = socket.person;
        let resumed = known.is_some();
        step.out.push(SessionOutput::Welcome {
            socket: id,
            session,
            id: request,
            resumed,
            person,
            device,
            topics,
        });
        if resumed {
            self.show_watched(step, id, session);
        }
    }

    /// Ties the socket and the session together. The id of the `hello` is not noted: requests that never arrived have older
    /// ones, and come after it.
    fn attach(
        &mut self,
        step: &mut Step<'_>,
        id: SocketId,
        session: SessionId,
        socket: &Socket,
        topics: &[TopicFrom],
    ) {
        // The socket waits no longer; it is filed again with its session.
        self.forget_socket(id);
        self.sockets.insert(id, Socket { session: Some(session), ..socket.clone() });
        if let Some(old) = self.sessions.get(&session).map(|entry| entry.login) {
            self.detach(old, session);
        }
        self.logins.entry(socket.login).or_default().insert(session);
        let Some(entry) = self.sessions.get_mut(&session) else { return };
        entry.login = socket.login;
        entry.link = Link::Up { socket: id, heartbeat_at: step.now + HEARTBEAT };
        entry.topics = topics.iter().map(|from| from.topic).collect();
        entry.used_at = step.now;
        step.touched.insert(session);
        step.people.insert(socket.person);
    }

    /// The session is resumed although it has a socket: that one is dead, or another tab.
    fn replace_socket(&mut self, step: &mut Step<'_>, session: SessionId) {
        if let Some(old) = self.socket_of(session) {
            self.forget_socket(old);
            step.out.push(SessionOutput::Close { socket: old, code: CloseCode::Replaced });
            if let Some(entry) = self.sessions.get_mut(&session) {
                entry.ledger.socket_lost();
            }
        }
    }

    /// Ends the least recently used session of a person who has as many as may be, one without a socket first.
    fn make_room(&mut self, step: &mut Step<'_>, person: PersonId) {
        let Some(entry) = self.people.get(&person).filter(|entry| entry.sessions.len() >= MAX_SESSIONS)
        else {
            return;
        };
        let age = |id: &&SessionId| {
            self.sessions.get(id).map(|session| (session.link.socket().is_some(), session.used_at))
        };
        if let Some(oldest) = entry.sessions.iter().min_by_key(age).copied() {
            self.end(step, oldest, Farewell::Expired, CloseCode::Replaced);
        }
    }
}

impl Session {
    /// A session that is about to be attached to this socket.
    fn new(socket: &Socket, now: Instant) -> Self {
        Session {
            person: socket.person,
            login: socket.login,
            link: Link::Down { since: now, graced: true },
            topics: BTreeSet::new(),
            watched: Vec::new(),
            idle: false,
            ledger: Ledger::default(),
            requests: Bucket::new(REQUEST_BURST, REQUEST_RATE, now),
            refusals: Bucket::new(REFUSAL_BURST, REFUSAL_RATE, now),
            used_at: now,
            timer: None,
        }
    }
}

/// The topics of a `hello`, the person's own first.
fn topics_of(person: PersonId, positions: Vec<TopicPosition>) -> Result<Vec<TopicFrom>, ErrorCode> {
    let own = Topic::Person(person);
    let mut topics = checked(person, positions)?;
    match topics.iter().position(|from| from.topic == own) {
        Some(at) => topics[..=at].rotate_right(1),
        None => topics.insert(0, TopicFrom { topic: own, epoch: 0, seq: 0 }),
    }
    if topics.len() > MAX_TOPICS { Err(ErrorCode::TooManySubscriptions) } else { Ok(topics) }
}

/// Topics that exist and that this person may read, each once: the last position counts.
pub(super) fn checked(person: PersonId, positions: Vec<TopicPosition>) -> Result<Vec<TopicFrom>, ErrorCode> {
    let mut topics: Vec<TopicFrom> = Vec::new();
    for TopicPosition { topic, epoch, seq } in positions {
        let topic: Topic = topic.parse().map_err(|_| ErrorCode::TopicDenied)?;
        if !topic.readable_by(person) {
            return Err(ErrorCode::TopicDenied);
        }
        topics.retain(|from| from.topic != topic);
        topics.push(TopicFrom { topic, epoch, seq });
    }
    Ok(topics)
}

/// Sends a reply.
pub(super) fn reply(step: &mut Step<'_>, socket: SocketId, id: u32, reply: Reply) {
    step.out.push(SessionOutput::Reply { socket, frame: ReplyFrame { id, reply } });
}
