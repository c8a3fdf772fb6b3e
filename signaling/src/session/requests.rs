//! Requests of an open session: limits, ids, and who does them.

use std::time::Duration;

use super::hello::{checked, reply};
use super::io::{SessionOutput, SocketId};
use super::ledger::Admission;
use super::limits::MAX_TOPICS;
use super::table::{Sessions, Step};
use crate::call::Farewell;
use crate::ids::{PersonId, SessionId};
use crate::topic::Topic;
use crate::wire::client::{ClientFrame, Request, TopicPosition};
use crate::wire::error::{ErrorCode, WireError};
use crate::wire::server::{CloseCode, Reply};

/// Where a request came from.
#[derive(Clone, Copy)]
struct Origin {
    socket: SocketId,
    session: SessionId,
    person: PersonId,
    id: u32,
}

impl Sessions {
    pub(super) fn frame(
        &mut self,
        step: &mut Step<'_>,
        socket: SocketId,
        frame: Result<ClientFrame, (u32, ErrorCode)>,
    ) {
        // A frame that was under way when its socket was closed here.
        let Some(entry) = self.sockets.get(&socket).cloned() else { return };
        let Some(session) = entry.session else {
            return self.first_frame(step, socket, &entry, frame);
        };
        let id = frame.as_ref().map_or_else(|(id, _)| *id, |frame| frame.id);
        let from = Origin { socket, session, person: entry.person, id };
        let request = match frame {
            Ok(frame) => self.admit(step, from, frame.request),
            Err((_, code)) => Err(code.into()),
        };
        match request {
            Ok(Some(request)) => self.carry_out(step, from, request),
            Ok(None) => {}
            Err(refusal) => self.refuse(step, from, refusal),
        }
    }

    /// Limits and ids. `None`: its reply is sent, or will be.
    fn admit(
        &mut self,
        step: &mut Step<'_>,
        from: Origin,
        request: Request,
    ) -> Result<Option<Request>, WireError> {
        let Some(session) = self.sessions.get_mut(&from.session) else { return Ok(None) };
        session.requests.take(step.now).map_err(rate_limited)?;
        self.quotas.take(step.now, from.person, &request).map_err(rate_limited)?;
        match session.ledger.admit(from.id, request.is_repeatable()) {
            Admission::New => Ok(Some(request)),
            Admission::Done(kept) => {
                reply(step, from.socket, from.id, kept);
                Ok(None)
            }
            Admission::Running => Ok(None),
            Admission::Stale => Err(ErrorCode::BadFrame.into()),
            Admission::Full => Err(ErrorCode::RateLimited.into()),
        }
    }

    /// Refuses a frame; a client that goes on like that is cut off.
    fn refuse(&mut self, step: &mut Step<'_>, from: Origin, refusal: WireError) {
        reply(step, from.socket, from.id, Reply::Error(refusal));
        let patience = self.sessions.get_mut(&from.session).map(|session| session.refusals.take(step.now));
        if let Some(Err(_)) = patience {
            self.close(step, from.socket, CloseCode::Abuse);
        }
    }

    fn carry_out(&mut self, step: &mut Step<'_>, from: Origin, request: Request) {
        let Origin { socket, session, person, id } = from;
        let done = match request {
            Request::Hello { .. } => Err(ErrorCode::BadHello),
            Request::Ping {} => {
                let topics = self.topics_of(session);
                return step.out.push(SessionOutput::Pong { session, id, topics });
            }
            Request::Subscribe { topics } => match self.subscribe(step, from, topics) {
                Ok(()) => return,
                Err(code) => Err(code),
            },
            Request::Unsubscribe { topics } => self.unsubscribe(step, from, &topics),
            Request::PresenceWatch { people } => self.watch(step, session, people),
            Request::PresenceIdle { idle } => Ok(self.set_idle(step, session, idle)),
            Request::Bye {} => {
                reply(step, socket, id, Reply::Ok {});
                return self.end(step, session, Farewell::Bye, CloseCode::Bye);
            }
            request => return step.out.push(SessionOutput::Request { session, person, id, request }),
        };
        self.replied(step, session, id, done.unwrap_or_else(|code| Reply::Error(code.into())));
    }

    pub(super) fn replied(&mut self, step: &mut Step<'_>, session: SessionId, id: u32, answer: Reply) {
        let Some(entry) = self.sessions.get_mut(&session) else { return };
        let waited_for = entry.ledger.settle(id, &answer);
        if let Some(socket) = entry.link.socket().filter(|_| waited_for) {
            reply(step, socket, id, answer);
        }
    }

    fn subscribe(
        &mut self,
        step: &mut Step<'_>,
        from: Origin,
        positions: Vec<TopicPosition>,
    ) -> Result<(), ErrorCode> {
        let topics = checked(from.person, positions)?;
        let Some(entry) = self.sessions.get_mut(&from.session) else { return Ok(()) };
        let new = topics.iter().filter(|from| !entry.topics.contains(&from.topic)).count();
        if entry.topics.len() + new > MAX_TOPICS {
            return Err(ErrorCode::TooManySubscriptions);
        }
        entry.topics.extend(topics.iter().map(|from| from.topic));
        let Origin { socket, session, id, .. } = from;
        step.out.push(SessionOutput::Subscribe { session, socket, id, topics });
        Ok(())
    }

    /// The person's own topic stays subscribed.
    fn unsubscribe(
        &mut self,
        step: &mut Step<'_>,
        from: Origin,
        names: &[String],
    ) -> Result<Reply, ErrorCode> {
        let names: Result<Vec<Topic>, _> = names.iter().map(|name| name.parse()).collect();
        let mut topics = names.map_err(|_| ErrorCode::TopicDenied)?;
        if topics.contains(&Topic::Person(from.person)) {
            return Err(ErrorCode::TopicDenied);
        }
        let Some(entry) = self.sessions.get_mut(&from.session) else { return Ok(Reply::Ok {}) };
        topics.retain(|topic| entry.topics.remove(topic));
        if !topics.is_empty() {
            let Origin { socket, session, .. } = from;
            step.out.push(SessionOutput::Unsubscribe { session, socket, topics });
        }
        Ok(Reply::Ok {})
    }

    fn topics_of(&self, session: SessionId) -> Vec<Topic> {
        self.sessions.get(&session).map(|entry| entry.topics.iter().copied().collect()).unwrap_or_default()
    }
}

fn rate_limited(wait: Duration) -> WireError {
    let wait = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
    WireError { retry_after_ms: Some(wait.max(1)), ..ErrorCode::RateLimited.into() }
}
