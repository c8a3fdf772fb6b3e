//! One device of one person: an honest client, as the protocol describes it.

mod acts;
mod frames;
mod link;
mod rtp;
mod topics;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use signaling::ids::{CallId, LoginId, PersonId, SessionId};
use signaling::session::SocketId;
use signaling::topic::Topic;
use signaling::wire::call::CallView;
use signaling::wire::client::{ClientFrame, Request};
use signaling::wire::server::PresenceStatus;

use super::ctx::Ctx;
use super::media::Conn;
use topics::Position;

/// See the module.
pub struct Client {
    /// Its place among all devices.
    pub id: usize,
    /// Whose.
    pub person: PersonId,
    /// The log-in that its tickets are of.
    pub login: LoginId,
    /// Nobody is at the device.
    pub idle: bool,
    link: Link,
    /// Names the attempts to connect, so that a late one is told apart.
    attempt: u32,
    failures: u32,
    session: Option<SessionId>,
    next_id: u32,
    pending: BTreeMap<u32, Request>,
    /// Requests that were sent again: both may be replied to.
    repeated: BTreeSet<u32>,
    screens: BTreeMap<CallId, CallView>,
    /// Group calls that the person may enter again.
    joinable: BTreeSet<CallId>,
    conns: BTreeMap<CallId, Conn>,
    topics: BTreeMap<Topic, Position>,
    history: BTreeMap<CallId, bool>,
    /// The history is to be read anew over HTTP.
    rereads: bool,
    watched: Vec<PersonId>,
    presence: BTreeMap<PersonId, PresenceStatus>,
    /// The server was heard last.
    heard_at: Instant,
    /// The person is done: no further attempt to connect.
    done: bool,
}

/// The socket of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    /// Said `hello` with this request id.
    Opening(SocketId, u32),
    Up(SocketId),
}

impl Client {
    /// A device that has never been connected.
    pub fn new(id: usize, person: PersonId, login: LoginId, now: Instant) -> Client {
        Client {
            id,
            person,
            login,
            idle: false,
            link: Link::Down,
            attempt: 0,
            failures: 0,
            session: None,
            next_id: 1,
            pending: BTreeMap::new(),
            repeated: BTreeSet::new(),
            screens: BTreeMap::new(),
            joinable: BTreeSet::new(),
            conns: BTreeMap::new(),
            topics: BTreeMap::from([(Topic::Person(person), Position::default())]),
            history: BTreeMap::new(),
            rereads: false,
            watched: Vec::new(),
            presence: BTreeMap::new(),
            heard_at: now,
            done: false,
        }
    }

    /// The session, if the client is connected.
    pub fn session_up(&self) -> Option<SessionId> {
        self.session.filter(|_| matches!(self.link, Link::Up(_)))
    }

    /// Requests without a reply.
    pub fn waiting(&self) -> Vec<&Request> {
        self.pending.values().collect()
    }

    /// The calls on the screen that are not over for this device.
    pub fn running(&self) -> impl Iterator<Item = &CallView> {
        self.screens.values().filter(|view| view.ended.is_none())
    }

    /// Topics and the last sequences handled.
    pub fn positions(&self) -> impl Iterator<Item = (Topic, u64)> {
        self.topics.iter().map(|(topic, position)| (*topic, position.seq))
    }

    /// The person's calls that are over; `true` for missed ones.
    pub fn history(&self) -> &BTreeMap<CallId, bool> {
        &self.history
    }

    /// The status of everybody watched.
    pub fn presence(&self) -> &BTreeMap<PersonId, PresenceStatus> {
        &self.presence
    }

    /// The media connection of a call.
    pub fn conn(&mut self, call: CallId) -> Option<&mut Conn> {
        self.conns.get_mut(&call)
    }

    /// Sends a request; without a socket it waits for the next one.
    fn request(&mut self, ctx: &mut Ctx, request: Request) {
        let id = self.next_id;
        self.next_id += 1;
        let frame = ClientFrame { id, request: request.clone() };
        self.pending.insert(id, request);
        if let Link::Up(socket) = self.link {
            ctx.send_frame(socket, &frame);
        }
    }
}
