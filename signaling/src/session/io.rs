//! Everything that goes into and comes out of the session table.

use std::fmt;

use crate::call::Farewell;
use crate::ids::{LoginId, PersonId, SessionId};
use crate::topic::Topic;
use crate::wire::client::{ClientFrame, Request};
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, EventFrame, Reply, ReplyFrame};

/// One WebSocket; made by the shell, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SocketId(pub u64);

impl fmt::Display for SocketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "socket-{}", self.0)
    }
}

/// A durable topic, and how far the client has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicFrom {
    /// The topic; this person may read it.
    pub topic: Topic,
    /// Epoch that the client knows; 0 = none.
    pub epoch: i64,
    /// Last sequence that the client has handled.
    pub seq: u64,
}

/// What happens to sessions.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionInput {
    /// A socket was upgraded with a valid ticket; it has to say `hello` soon.
    Opened {
        /// The socket.
        socket: SocketId,
        /// Id for the session, should it be a new one.
        fresh: SessionId,
        /// Whose ticket it was.
        person: PersonId,
        /// The log-in that made the ticket.
        login: LoginId,
    },
    /// A frame came: parsed, or refused by the parser with the id of the request (0 = none).
    Frame {
        /// The socket.
        socket: SocketId,
        /// Result of `ClientFrame::parse`.
        frame: Result<ClientFrame, (u32, ErrorCode)>,
    },
    /// The reply to a request that was handed out ([`SessionOutput::Request`] and the like).
    Replied {
        /// The session that asked.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// The reply.
        reply: Reply,
    },
    /// A socket is gone, for whatever reason; also after [`SessionOutput::Close`], where it has no further effect.
    Closed {
        /// The socket.
        socket: SocketId,
    },
    /// A log-in ended: its sockets close, its sessions are over.
    LoginEnded {
        /// The log-in.
        login: LoginId,
    },
    /// A person is now (not) in a call.
    InCall {
        /// Who.
        person: PersonId,
        /// In at least one call.
        in_call: bool,
    },
    /// [`super::Sessions::deadline`] has come. Any other input runs the timers that are due as well.
    Tick,
}

/// What has to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionOutput {
    /// `hello` was accepted: tell the call core that the session is up, subscribe the topics, then send `welcome` with the
    /// heads and the calls, and only after it what else that brought about.
    Welcome {
        /// The socket.
        socket: SocketId,
        /// The session.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// True when an old session goes on.
        resumed: bool,
        /// Whose.
        person: PersonId,
        /// What the device calls itself.
        device: String,
        /// All topics of the session, its person's own one first.
        topics: Vec<TopicFrom>,
    },
    /// The session lost its socket and may resume: tell the call core; its subscriptions end.
    Down {
        /// The session.
        session: SessionId,
    },
    /// The session is over: tell the call core; its subscriptions end.
    Gone {
        /// The session.
        session: SessionId,
        /// How it ended.
        farewell: Farewell,
    },
    /// A request about calls or media, allowed and not seen before. Answer with [`SessionInput::Replied`].
    Request {
        /// The session.
        session: SessionId,
        /// Whose.
        person: PersonId,
        /// Id of the request.
        id: u32,
        /// `call.*` or `media.offer`.
        request: Request,
    },
    /// Subscribe, and answer `subscribed` with [`SessionInput::Replied`].
    Subscribe {
        /// The session.
        session: SessionId,
        /// Its socket.
        socket: SocketId,
        /// Id of the request.
        id: u32,
        /// The topics.
        topics: Vec<TopicFrom>,
    },
    /// Unsubscribe; the reply is already sent.
    Unsubscribe {
        /// The session.
        session: SessionId,
        /// Its socket.
        socket: SocketId,
        /// The topics.
        topics: Vec<Topic>,
    },
    /// Answer `pong` with the heads of these topics with [`SessionInput::Replied`].
    Pong {
        /// The session.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// All topics of the session.
        topics: Vec<Topic>,
    },
    /// Send a `heartbeat` with the heads of these topics.
    Heartbeat {
        /// The session.
        session: SessionId,
        /// Its socket.
        socket: SocketId,
        /// All topics of the session.
        topics: Vec<Topic>,
    },
    /// Send a reply.
    Reply {
        /// The socket.
        socket: SocketId,
        /// The frame.
        frame: ReplyFrame,
    },
    /// Send an event.
    Event {
        /// The socket.
        socket: SocketId,
        /// The frame.
        frame: EventFrame,
    },
    /// Close the socket with this code after what was sent before.
    Close {
        /// The socket.
        socket: SocketId,
        /// Why.
        code: CloseCode,
    },
}
