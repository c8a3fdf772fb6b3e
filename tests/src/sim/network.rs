//! The network: sockets keep order and break, or stop taking bytes for a while; media packets are lost, late, out of order, or come
//! twice.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use signaling::bus::Lane;
use signaling::ids::PersonId;
use signaling::session::SocketId;
use signaling::topic::Topic;
use signaling::wire::client::ClientFrame;
use signaling::wire::server::{CloseCode, EventFrame, PresenceStatus, PresenceView, ReplyFrame};

use super::ctx::Ctx;
use super::queue::Event;

/// The server drops a socket without a sign of life after so long (three pings of 25 s); so it knows at the latest.
const SERVER_NOTICES_MS: u64 = 75_000;
/// A client that hears nothing for two heartbeats takes the socket for dead.
const CLIENT_NOTICES_MS: u64 = 30_000;
/// A socket that takes no byte for so long is closed as too slow.
pub const STALL_MS: u64 = 10_000;

/// One frame to a client.
#[derive(Clone, Debug)]
pub enum Told {
    /// A reply.
    Reply(ReplyFrame),
    /// An event of no durable topic.
    Event(EventFrame),
    /// Changes of presence.
    Presence(Vec<PresenceView>),
    /// An event of a durable topic.
    Durable {
        /// The topic.
        topic: Topic,
        /// Its sequence.
        seq: u64,
        /// The frame as logged.
        frame: Bytes,
    },
    /// The close frame.
    Closed(CloseCode),
}

impl Told {
    fn lane(&self) -> Lane {
        match self {
            Told::Reply(_) | Told::Event(_) => Lane::Urgent,
            Told::Presence(_) | Told::Durable { .. } | Told::Closed(_) => Lane::Bulk,
        }
    }
}

/// Both ends of one WebSocket.
struct Pipe {
    client: usize,
    alive: bool,
    /// The last frame on its way arrives then; the next one not before.
    up_at: Instant,
    down_at: Instant,
    /// Set while the socket takes no bytes.
    outbox: Option<Outbox>,
}

/// What waits for a blocked socket: urgent frames go first, then bulk, then the newest presence.
#[derive(Default)]
struct Outbox {
    urgent: VecDeque<Told>,
    bulk: VecDeque<Told>,
    presence: BTreeMap<PersonId, PresenceStatus>,
}

/// All sockets, dead ones included.
#[derive(Default)]
pub struct Net {
    pipes: BTreeMap<SocketId, Pipe>,
}

impl Net {
    /// Bytes still pass.
    pub fn is_alive(&self, socket: SocketId) -> bool {
        self.pipes.get(&socket).is_some_and(|pipe| pipe.alive)
    }

    /// The socket takes no bytes at the moment.
    pub fn is_blocked(&self, socket: SocketId) -> bool {
        self.pipes.get(&socket).is_some_and(|pipe| pipe.outbox.is_some())
    }

    /// Whose socket this is.
    pub fn client_of(&self, socket: SocketId) -> Option<usize> {
        self.pipes.get(&socket).map(|pipe| pipe.client)
    }

    /// Sockets that live.
    pub fn living(&self) -> Vec<SocketId> {
        self.pipes.iter().filter(|(_, pipe)| pipe.alive).map(|(socket, _)| *socket).collect()
    }
}

impl Ctx {
    /// A client opens a socket.
    pub fn open_socket(&mut self, client: usize) -> SocketId {
        let socket = SocketId(self.net.pipes.len() as u64 + 1);
        let pipe = Pipe { client, alive: true, up_at: self.now, down_at: self.now, outbox: None };
        self.net.pipes.insert(socket, pipe);
        self.send_up(socket, Event::Opened { socket });
        socket
    }

    /// A client sends a request.
    pub fn send_frame(&mut self, socket: SocketId, frame: &ClientFrame) {
        let text = serde_json::to_vec(frame).expect("a request is JSON");
        self.send_up(socket, Event::ToServer { socket, text });
    }

    fn send_up(&mut self, socket: SocketId, event: Event) {
        let arrives = self.now + self.latency();
        let Some(pipe) = self.net.pipes.get_mut(&socket).filter(|pipe| pipe.alive) else { return };
        pipe.up_at = pipe.up_at.max(arrives);
        self.queue.put(pipe.up_at, event);
    }

    /// The node sends a frame.
    pub fn send_down(&mut self, socket: SocketId, told: Told) {
        let arrives = self.now + self.latency();
        let Some(pipe) = self.net.pipes.get_mut(&socket).filter(|pipe| pipe.alive) else { return };
        match &mut pipe.outbox {
            None => {
                pipe.down_at = pipe.down_at.max(arrives);
                self.queue.put(pipe.down_at, Event::ToClient { socket, told });
            }
            Some(outbox) => match told {
                Told::Presence(people) => {
                    outbox.presence.extend(people.into_iter().map(|view| (view.person, view.status)));
                }
                told if told.lane() == Lane::Urgent => outbox.urgent.push_back(told),
                told => outbox.bulk.push_back(told),
            },
        }
    }

    fn latency(&mut self) -> Duration {
        let slow = self.rough && self.rng.chance(20);
        Duration::from_millis(if slow { self.rng.between(200, 3_000) } else { self.rng.between(2, 60) })
    }

    /// The socket takes no bytes for a while.
    pub fn block(&mut self, socket: SocketId) {
        let until = self.rng.between(300, STALL_MS + 3_000);
        let Some(pipe) = self.net.pipes.get_mut(&socket).filter(|pipe| pipe.alive && pipe.outbox.is_none())
        else {
            return;
        };
        pipe.outbox = Some(Outbox::default());
        self.after(until.min(STALL_MS), Event::Unblocked { socket });
        if until > STALL_MS {
            // Too slow: the node closes it then, and what waits is dropped.
            self.after(STALL_MS - 1, Event::ServerLost { socket });
            self.after(until, Event::ClientLost { socket });
        }
    }

    /// The socket takes bytes again: what waits is sent.
    pub fn unblock(&mut self, socket: SocketId) {
        let Some(outbox) = self.net.pipes.get_mut(&socket).and_then(|pipe| pipe.outbox.take()) else {
            return;
        };
        let Outbox { urgent, bulk, presence } = outbox;
        urgent.into_iter().chain(bulk).for_each(|told| self.send_down(socket, told));
        let people: Vec<_> =
            presence.into_iter().map(|(person, status)| PresenceView { person, status }).collect();
        if !people.is_empty() {
            self.send_down(socket, Told::Presence(people));
        }
    }

    /// The socket breaks: what is on its way is lost, and each end notices at its own time.
    pub fn cut(&mut self, socket: SocketId) {
        if !self.kill(socket) {
            return;
        }
        let slow = self.rng.chance(300);
        let (server, client) = if slow { (SERVER_NOTICES_MS, CLIENT_NOTICES_MS) } else { (400, 400) };
        self.within(0, server, Event::ServerLost { socket });
        self.within(0, client, Event::ClientLost { socket });
    }

    /// The client drops the socket; the node notices later.
    pub fn hang_up_socket(&mut self, socket: SocketId) {
        if self.kill(socket) {
            let slow = self.rough && self.rng.chance(200);
            self.within(0, if slow { SERVER_NOTICES_MS } else { 200 }, Event::ServerLost { socket });
        }
    }

    /// The node is gone: its sockets are reset.
    pub fn reset_all(&mut self) {
        for socket in self.net.living() {
            self.kill(socket);
            self.within(0, 2_000, Event::ClientLost { socket });
        }
    }

    /// Nothing passes any more. False if that was so before.
    pub fn kill(&mut self, socket: SocketId) -> bool {
        let Some(pipe) = self.net.pipes.get_mut(&socket) else { return false };
        pipe.outbox = None;
        std::mem::replace(&mut pipe.alive, false)
    }

    /// Sends a media packet: `event` is its arrival.
    pub fn send_media(&mut self, event: Event, lossless: bool) {
        let loss = if lossless { 0 } else { self.plan.loss };
        let copies = 1 + usize::from(self.rng.chance(self.plan.duplicates));
        for _ in 0..copies {
            if !self.rng.chance(loss) {
                let jitter = self.plan.jitter_ms;
                self.within(5, 6 + jitter, event.clone());
            }
        }
    }
}
