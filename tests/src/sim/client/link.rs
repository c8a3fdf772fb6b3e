//! Connecting, resuming, and losing the socket.

use signaling::session::SocketId;
use signaling::wire::client::{ClientFrame, Request, TopicPosition};
use signaling::wire::server::{CloseCode, Welcome};

use super::{Client, Link};
use crate::sim::ctx::Ctx;
use crate::sim::queue::Event;

/// A client that hears nothing for two heartbeats takes its socket for dead; one that opens waits so long for the welcome.
const SILENCE_MS: u128 = 30_000;
const OPENING_MS: u128 = 10_000;

impl Client {
    /// It is time to connect.
    pub fn connect(&mut self, ctx: &mut Ctx, attempt: u32, reachable: bool) {
        if self.link != Link::Down || self.attempt != attempt || self.done {
            return;
        }
        if !reachable {
            return self.retry(ctx, 0);
        }
        let socket = ctx.open_socket(self.id);
        let id = self.next_id;
        self.next_id += 1;
        let topics = self.topics.iter().map(|(topic, position)| TopicPosition {
            topic: topic.to_string(),
            epoch: position.epoch,
            seq: position.seq,
        });
        let request = Request::Hello {
            resume: self.session,
            device: format!("device {}", self.id),
            topics: topics.collect(),
        };
        ctx.note(|| format!("client {} connects as {socket}", self.id));
        ctx.send_frame(socket, &ClientFrame { id, request });
        self.link = Link::Opening(socket, id);
        self.heard_at = ctx.now;
    }

    /// Connects again after a while that grows.
    fn retry(&mut self, ctx: &mut Ctx, at_least: u64) {
        self.link = Link::Down;
        self.attempt += 1;
        let wait = (500u64 << self.failures.min(5)).min(15_000);
        self.failures += 1;
        let (client, attempt) = (self.id, self.attempt);
        ctx.within(at_least + wait / 2, at_least + wait, Event::Connect { client, attempt });
    }

    /// The socket that frames of the client belong to.
    pub fn is_on(&self, socket: SocketId) -> bool {
        matches!(self.link, Link::Opening(on, _) | Link::Up(on) if on == socket)
    }

    pub(super) fn is_welcome(&self, id: u32) -> bool {
        matches!(self.link, Link::Opening(_, hello) if hello == id)
    }

    /// The socket is gone.
    pub fn lost(&mut self, ctx: &mut Ctx, socket: SocketId) {
        if self.is_on(socket) {
            ctx.note(|| format!("client {} lost {socket}", self.id));
            self.retry(ctx, 0);
        }
    }

    /// Gives up its socket.
    fn drop_socket(&mut self, ctx: &mut Ctx) {
        if let Link::Opening(socket, _) | Link::Up(socket) = self.link {
            ctx.hang_up_socket(socket);
        }
    }

    /// Looks whether the socket is still alive.
    pub(super) fn watchdog(&mut self, ctx: &mut Ctx) {
        let silent = (ctx.now - self.heard_at).as_millis();
        let dead = match self.link {
            Link::Down => false,
            Link::Opening(..) => silent > OPENING_MS,
            Link::Up(_) => silent > SILENCE_MS,
        };
        if dead {
            self.drop_socket(ctx);
            self.retry(ctx, 0);
        }
    }

    /// The server closed the socket.
    pub(super) fn closed(&mut self, ctx: &mut Ctx, socket: SocketId, code: CloseCode) {
        ctx.kill(socket);
        match code {
            // Logged out, or gone by itself: its person comes back after a while.
            CloseCode::Bye | CloseCode::LoggedOut => {
                self.forget();
                self.retry(ctx, 3_000);
            }
            CloseCode::GoingAway | CloseCode::SlowConsumer => self.retry(ctx, 0),
            CloseCode::Replaced | CloseCode::Abuse | CloseCode::BadHello => {
                let id = self.id;
                ctx.oracle.fail(|| format!("client {id}: an honest client was closed with {code:?}"));
            }
        }
    }

    /// The session is over.
    fn forget(&mut self) {
        self.session = None;
        self.pending.clear();
        self.repeated.clear();
        self.screens.clear();
        self.conns.clear();
        self.watched.clear();
        self.presence.clear();
        self.idle = false;
    }

    /// The page is closed: nobody says good-bye.
    pub fn vanish(&mut self, ctx: &mut Ctx) {
        self.done = true;
        self.drop_socket(ctx);
        self.link = Link::Down;
        self.attempt += 1;
        self.forget();
    }

    /// Closes the session in the ordinary way; its person is done.
    pub fn leave(&mut self, ctx: &mut Ctx) {
        self.done = true;
        self.request(ctx, Request::Bye {});
    }

    pub(super) fn welcomed(&mut self, ctx: &mut Ctx, welcome: Welcome) {
        let Link::Opening(socket, _) = self.link else { return };
        self.link = Link::Up(socket);
        self.failures = 0;
        ctx.oracle.counts.resumes += u64::from(welcome.resumed);
        if !welcome.resumed {
            self.pending.clear();
            self.repeated.clear();
            self.conns.clear();
            self.watched.clear();
            self.presence.clear();
            self.idle = false;
        }
        self.session = Some(welcome.session);
        // What is not among these calls is over.
        self.screens = welcome.calls.into_iter().map(|view| (view.call, view)).collect();
        self.begin_topics();
        self.heads(ctx, welcome.topics, false);
        self.repeated.extend(self.pending.keys());
        for (id, request) in self.pending.clone() {
            ctx.send_frame(socket, &ClientFrame { id, request });
        }
        if !welcome.resumed {
            self.watch_some(ctx);
        }
        let calls: Vec<_> = self.screens.keys().copied().collect();
        calls.into_iter().for_each(|call| self.changed(ctx, call));
    }
}
