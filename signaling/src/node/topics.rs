//! Where topics start for a socket, and the welcome that waits for it.

use std::time::Duration;

use tokio::time::timeout;

use super::actor::Node;
use super::input::NodeInput;
use super::sessions::encode;
use crate::bus::{Bus, Lane, Start};
use crate::call::CallInput;
use crate::clock;
use crate::ids::{PersonId, SessionId};
use crate::session::limits::{HEARTBEAT, RESUME_WINDOW};
use crate::session::{SessionInput, SocketId, TopicFrom};
use crate::topic::Topic;
use crate::wire::client::ClientFrame;
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, Reply, ReplyFrame, TopicHead, Welcome};
use crate::ws::ToSocket;

/// A log that does not answer for so long is away: the client comes back later.
const START_DEADLINE: Duration = Duration::from_secs(5);
/// Frames of a client, and to it, that wait for its welcome. A client that sends more before it is welcomed is closed.
const MAX_HELD: usize = 64;

/// What the starts of topics are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Welcome,
    Subscribe { session: SessionId, id: u32 },
}

/// A `hello` that was accepted and whose welcome waits for the heads of its topics.
pub(super) struct Welcoming {
    session: SessionId,
    id: u32,
    resumed: bool,
    person: PersonId,
    device: String,
    frames: Vec<Result<ClientFrame, (u32, ErrorCode)>>,
    held: Vec<ToSocket>,
    overflow: bool,
}

impl Welcoming {
    pub(super) fn new(session: SessionId, id: u32, resumed: bool, person: PersonId, device: String) -> Self {
        let (frames, held) = (Vec::new(), Vec::new());
        Welcoming { session, id, resumed, person, device, frames, held, overflow: false }
    }

    pub(super) fn hold_frame(&mut self, frame: Result<ClientFrame, (u32, ErrorCode)>) {
        self.overflow |= self.frames.len() >= MAX_HELD;
        if !self.overflow {
            self.frames.push(frame);
        }
    }

    pub(super) fn hold(&mut self, what: ToSocket) {
        self.overflow |= self.held.len() >= MAX_HELD;
        if !self.overflow {
            self.held.push(what);
        }
    }
}

impl Node {
    /// Asks the bus where the topics start; [`NodeInput::Starts`] brings the answer.
    pub(super) fn find_starts(&self, socket: SocketId, purpose: Purpose, topics: Vec<TopicFrom>) {
        let (bus, inbox) = (self.bus.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let starts = timeout(START_DEADLINE, find(&bus, topics)).await.ok().flatten();
            // One per request of a socket that is under way.
            inbox.force(Lane::Urgent, NodeInput::Starts { socket, purpose, starts });
        });
    }

    /// The starts are there: welcome, or reply to the subscription.
    pub(super) fn started(
        &mut self,
        socket: SocketId,
        purpose: Purpose,
        starts: Option<Vec<(Topic, Start)>>,
    ) {
        if !self.sockets.contains_key(&socket) {
            return;
        }
        match (purpose, starts) {
            (Purpose::Welcome, Some(starts)) => self.welcome(socket, starts),
            (Purpose::Welcome, None) => self.tell(socket, ToSocket::Close(CloseCode::GoingAway)),
            (Purpose::Subscribe { session, id }, Some(starts)) => {
                let topics = starts.iter().map(|(_, start)| start.head.clone()).collect();
                self.session(SessionInput::Replied { session, id, reply: Reply::Subscribed { topics } });
                self.subscribe(socket, starts);
            }
            (Purpose::Subscribe { session, id }, None) => {
                let reply = Reply::Error(ErrorCode::Internal.into());
                self.session(SessionInput::Replied { session, id, reply });
            }
        }
    }

    /// Tells the call core that the session is up, sends the welcome, starts the topics, and then sends what came meanwhile.
    fn welcome(&mut self, socket: SocketId, starts: Vec<(Topic, Start)>) {
        let Some(welcoming) = self.sockets.get_mut(&socket).and_then(|entry| entry.welcoming.take()) else {
            return;
        };
        let Welcoming { session, id, resumed, person, device, frames, held, overflow } = welcoming;
        if self.sessions.socket_of(session) != Some(socket) {
            return;
        }
        if overflow {
            return self.tell(socket, ToSocket::Close(CloseCode::Abuse));
        }
        let now = clock::now().into_std();
        let mut brought = Vec::new();
        self.calls.handle(
            now,
            clock::wall_ms(),
            CallInput::SessionUp { session, person, device, phone: false },
            &mut brought,
        );
        let topics = starts.iter().map(|(_, start)| start.head.clone()).collect();
        let welcome = self.welcome_frame(session, person, resumed, topics);
        self.tell(socket, ToSocket::Text(Lane::Urgent, encode(&ReplyFrame { id, reply: welcome })));
        self.subscribe(socket, starts);
        brought.into_iter().for_each(|output| self.carry_out_call(output));
        held.into_iter().for_each(|what| self.tell(socket, what));
        frames.into_iter().for_each(|frame| self.frame(socket, frame));
    }

    fn welcome_frame(
        &self,
        session: SessionId,
        person: PersonId,
        resumed: bool,
        topics: Vec<TopicHead>,
    ) -> Reply {
        Reply::Welcome(Box::new(Welcome {
            session,
            resumed,
            person,
            server_time: clock::wall_ms(),
            heartbeat_ms: HEARTBEAT.as_millis() as u32,
            resume_window_ms: RESUME_WINDOW.as_millis() as u32,
            topics,
            calls: self.calls.snapshot(session),
        }))
    }

    fn subscribe(&mut self, socket: SocketId, starts: Vec<(Topic, Start)>) {
        for (topic, start) in starts {
            self.tell(socket, ToSocket::Subscribe(topic, start.cursor));
        }
    }
}

async fn find(bus: &Bus, topics: Vec<TopicFrom>) -> Option<Vec<(Topic, Start)>> {
    let mut starts = Vec::with_capacity(topics.len());
    for TopicFrom { topic, epoch, seq } in topics {
        match bus.start(topic, epoch, seq).await {
            Ok(start) => starts.push((topic, start)),
            Err(error) => {
                tracing::warn!(%topic, %error, "the log could not be asked for a head");
                return None;
            }
        }
    }
    Some(starts)
}
