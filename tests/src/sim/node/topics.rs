//! Where topics start for a socket, the welcome that waits for it, and the delivery of durable events by cursor.

use futures_util::FutureExt;
use signaling::bus::{Publication, Since, Start};
use signaling::call::CallInput;
use signaling::ids::{PersonId, SessionId};
use signaling::log::LoggedEvent;
use signaling::session::limits::{HEARTBEAT, RESUME_WINDOW};
use signaling::session::{SessionInput, SocketId, TopicFrom};
use signaling::topic::Topic;
use signaling::wire::client::ClientFrame;
use signaling::wire::error::ErrorCode;
use signaling::wire::server::{CloseCode, Event, Reply, ReplyFrame, TopicHead, Welcome};

use super::{Node, Subscription};
use crate::sim::ctx::Ctx;
use crate::sim::network::Told;
use crate::sim::plan::Sabotage;
use crate::sim::queue;

/// Reads of the log that may fail before the client has to read anew, and the pause between them.
const LOG_TRIES: u32 = 3;
const LOG_PAUSE_MS: u64 = 250;
/// Events that one read of the log asks for: few, so that catching up takes several.
const LOG_PAGE: u32 = 4;

/// What the starts of topics are for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// The welcome of a socket.
    Welcome {
        /// What the client has.
        topics: Vec<TopicFrom>,
    },
    /// A subscription.
    Subscribe {
        /// The session.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// What the client has.
        topics: Vec<TopicFrom>,
    },
}

/// A `hello` that was accepted and whose welcome waits.
pub(super) struct Welcoming {
    session: SessionId,
    id: u32,
    resumed: bool,
    person: PersonId,
    device: String,
    frames: Vec<Result<ClientFrame, (u32, ErrorCode)>>,
    held: Vec<Told>,
}

impl Welcoming {
    pub(super) fn new(session: SessionId, id: u32, resumed: bool, person: PersonId, device: String) -> Self {
        Welcoming { session, id, resumed, person, device, frames: Vec::new(), held: Vec::new() }
    }

    pub(super) fn hold_frame(&mut self, frame: Result<ClientFrame, (u32, ErrorCode)>) {
        self.frames.push(frame);
    }

    pub(super) fn hold(&mut self, told: Told) {
        self.held.push(told);
    }
}

impl Node {
    pub(super) fn find_starts(&self, ctx: &mut Ctx, socket: SocketId, purpose: Purpose) {
        let slow = if ctx.rough && ctx.rng.chance(50) { 2_000 } else { 10 };
        self.ask(ctx, slow, queue::Event::Starts { boot: self.boot, socket, purpose });
    }

    /// The log has answered, or has not.
    pub fn started(&mut self, ctx: &mut Ctx, socket: SocketId, purpose: Purpose) {
        if !self.sockets.contains_key(&socket) {
            return;
        }
        match purpose {
            Purpose::Welcome { topics } => match self.starts(topics) {
                Some(starts) => self.welcome(ctx, socket, starts),
                None => {
                    self.tell(ctx, socket, Told::Closed(CloseCode::GoingAway));
                    self.closed(ctx, socket);
                }
            },
            Purpose::Subscribe { session, id, topics } => match self.starts(topics) {
                Some(starts) => {
                    let topics = starts.iter().map(|(_, start)| start.head.clone()).collect();
                    let reply = Reply::Subscribed { topics };
                    self.session(ctx, SessionInput::Replied { session, id, reply });
                    self.subscribe(ctx, socket, starts);
                }
                None => self.refuse(ctx, session, id, ErrorCode::Internal),
            },
        }
        self.settle(ctx);
    }

    fn starts(&self, topics: Vec<TopicFrom>) -> Option<Vec<(Topic, Start)>> {
        let start = |TopicFrom { topic, epoch, seq }| {
            // The log in memory answers at once.
            let start = self.bus.start(topic, epoch, seq).now_or_never()?;
            start.ok().map(|start| (topic, start))
        };
        topics.into_iter().map(start).collect()
    }

    fn welcome(&mut self, ctx: &mut Ctx, socket: SocketId, starts: Vec<(Topic, Start)>) {
        let Some(welcoming) = self.sockets.get_mut(&socket).and_then(|entry| entry.welcoming.take()) else {
            return;
        };
        let Welcoming { session, id, resumed, person, device, frames, held } = welcoming;
        if self.sessions.socket_of(session) != Some(socket) {
            return;
        }
        let mut brought = Vec::new();
        let up = CallInput::SessionUp { session, person, device, phone: false };
        ctx.note(|| format!("call core: {up:?}"));
        self.calls.handle(ctx.now, ctx.wall_ms(), up, &mut brought);
        let welcome = Welcome {
            session,
            resumed,
            person,
            server_time: ctx.wall_ms(),
            heartbeat_ms: HEARTBEAT.as_millis() as u32,
            resume_window_ms: RESUME_WINDOW.as_millis() as u32,
            topics: starts.iter().map(|(_, start)| start.head.clone()).collect(),
            calls: self.calls.snapshot(session),
        };
        for view in &welcome.calls {
            ctx.oracle.shown(person, view);
        }
        self.tell(ctx, socket, Told::Reply(ReplyFrame { id, reply: Reply::Welcome(Box::new(welcome)) }));
        self.subscribe(ctx, socket, starts);
        brought.into_iter().for_each(|output| self.carry_out_call(ctx, output));
        held.into_iter().for_each(|told| self.tell(ctx, socket, told));
        frames.into_iter().for_each(|frame| self.session(ctx, SessionInput::Frame { socket, frame }));
    }

    fn subscribe(&mut self, ctx: &mut Ctx, socket: SocketId, starts: Vec<(Topic, Start)>) {
        for (topic, start) in starts {
            if let Some(entry) = self.sockets.get_mut(&socket) {
                let subscription = entry.subscriptions.entry(topic);
                subscription.or_insert(Subscription { cursor: 0, reading: false }).cursor = start.cursor;
            }
            self.catch_up(ctx, socket, topic);
        }
    }

    /// An event whose transaction is committed.
    pub fn publish(&mut self, ctx: &mut Ctx, event: LoggedEvent) {
        let topic = event.topic;
        self.bus.publish(Publication::of(event));
        let readers: Vec<SocketId> = self
            .sockets
            .iter()
            .filter(|(_, entry)| entry.subscriptions.contains_key(&topic))
            .map(|(socket, _)| *socket)
            .collect();
        readers.into_iter().for_each(|socket| self.catch_up(ctx, socket, topic));
    }

    /// Sends what the socket lacks, as long as it takes bytes.
    pub fn catch_up(&mut self, ctx: &mut Ctx, socket: SocketId, topic: Topic) {
        while !ctx.net.is_blocked(socket) {
            let subscription = self.sockets.get(&socket).and_then(|entry| entry.subscriptions.get(&topic));
            let Some(Subscription { cursor, reading: false }) = subscription.copied() else { return };
            match self.bus.since(topic, cursor) {
                Since::Frames(frames) if frames.is_empty() => return,
                Since::Frames(frames) => self.replay(ctx, socket, topic, frames),
                Since::TooOld => {
                    if let Some(subscription) = self.subscription(socket, topic) {
                        subscription.reading = true;
                    }
                    let boot = self.boot;
                    return self.ask(ctx, 20, queue::Event::ReadLog { boot, socket, topic, tries: 1 });
                }
            }
        }
    }

    /// A socket takes bytes again.
    pub fn unblocked(&mut self, ctx: &mut Ctx, socket: SocketId) {
        let topics: Vec<Topic> = self
            .sockets
            .get(&socket)
            .map(|entry| entry.subscriptions.keys().copied().collect())
            .unwrap_or_default();
        topics.into_iter().for_each(|topic| self.catch_up(ctx, socket, topic));
    }

    /// The log is read for a socket that the bus's memory does not reach back to.
    pub fn read_log(&mut self, ctx: &mut Ctx, socket: SocketId, topic: Topic, tries: u32) {
        let Some(cursor) = self.subscription(socket, topic).map(|subscription| subscription.cursor) else {
            return;
        };
        let read = self.bus.read_log(topic, cursor, LOG_PAGE).now_or_never().and_then(Result::ok);
        if read.is_none() && tries < LOG_TRIES {
            let (boot, tries) = (self.boot, tries + 1);
            return ctx.after(LOG_PAUSE_MS, queue::Event::ReadLog { boot, socket, topic, tries });
        }
        if let Some(subscription) = self.subscription(socket, topic) {
            subscription.reading = false;
        }
        let frames: Vec<_> =
            read.unwrap_or_default().into_iter().map(|event| (event.seq, event.frame)).collect();
        if frames.first().is_none_or(|(seq, _)| *seq != cursor + 1) {
            return self.resync(ctx, socket, topic);
        }
        self.replay(ctx, socket, topic, frames);
        self.catch_up(ctx, socket, topic);
    }

    fn replay(&mut self, ctx: &mut Ctx, socket: SocketId, topic: Topic, frames: Vec<(u64, bytes::Bytes)>) {
        for (seq, frame) in frames {
            if let Some(subscription) = self.subscription(socket, topic) {
                subscription.cursor = seq;
            }
            let third = seq % 3 == 0;
            if third && ctx.plan.breaks(Sabotage::SkipEvent) {
                continue;
            }
            if third && ctx.plan.breaks(Sabotage::RepeatEvent) {
                ctx.send_down(socket, Told::Durable { topic, seq, frame: frame.clone() });
            }
            ctx.send_down(socket, Told::Durable { topic, seq, frame });
        }
    }

    fn resync(&mut self, ctx: &mut Ctx, socket: SocketId, topic: Topic) {
        let Some(seq) = self.bus.head(topic) else { return };
        if let Some(subscription) = self.subscription(socket, topic) {
            subscription.cursor = seq;
        }
        let head = TopicHead { topic: topic.to_string(), epoch: self.bus.epoch(), seq, reset: true };
        self.event(ctx, socket, "hub", Event::Resync { head });
    }

    fn subscription(&mut self, socket: SocketId, topic: Topic) -> Option<&mut Subscription> {
        self.sockets.get_mut(&socket)?.subscriptions.get_mut(&topic)
    }
}
