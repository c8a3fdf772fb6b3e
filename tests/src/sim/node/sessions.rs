//! Carries out what the session core decides.

use signaling::call::CallInput;
use signaling::session::{SessionInput, SessionOutput, SocketId};
use signaling::topic::Topic;
use signaling::wire::client::ClientFrame;
use signaling::wire::server::{Event, EventFrame, Reply, ReplyFrame, TopicHead};

use super::Node;
use super::topics::{Purpose, Welcoming};
use crate::sim::ctx::Ctx;
use crate::sim::network::Told;
use crate::sim::plan::Sabotage;
use crate::sim::queue;

impl Node {
    /// Bytes of a client. Between `hello` and `welcome` they wait.
    pub fn frame(&mut self, ctx: &mut Ctx, socket: SocketId, text: &[u8]) {
        let frame = ClientFrame::parse(text);
        ctx.note(|| format!("{socket} asks {frame:?}"));
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        match &mut entry.welcoming {
            Some(welcoming) => welcoming.hold_frame(frame),
            None => self.session(ctx, SessionInput::Frame { socket, frame }),
        }
        self.settle(ctx);
    }

    pub(super) fn carry_out_session(&mut self, ctx: &mut Ctx, output: SessionOutput) {
        match output {
            SessionOutput::Welcome { socket, session, id, resumed, person, device, topics } => {
                if let Some(entry) = self.sockets.get_mut(&socket) {
                    entry.session = Some(session);
                    entry.welcoming = Some(Welcoming::new(session, id, resumed, person, device));
                    self.find_starts(ctx, socket, Purpose::Welcome { topics });
                }
            }
            SessionOutput::Down { session } => self.call(ctx, CallInput::SessionDown { session }),
            SessionOutput::Gone { session, farewell } => {
                self.call(ctx, CallInput::SessionGone { session, farewell });
            }
            SessionOutput::Request { session, person, id, request } => {
                self.request(ctx, session, person, id, request);
            }
            SessionOutput::Subscribe { session, socket, id, topics } => {
                self.find_starts(ctx, socket, Purpose::Subscribe { session, id, topics });
            }
            SessionOutput::Unsubscribe { socket, topics, .. } => {
                if let Some(entry) = self.sockets.get_mut(&socket) {
                    entry.subscriptions.retain(|topic, _| !topics.contains(topic));
                }
            }
            SessionOutput::Pong { session, id, topics } => {
                let reply = Reply::Pong { heads: self.heads(&topics) };
                self.session(ctx, SessionInput::Replied { session, id, reply });
            }
            SessionOutput::Heartbeat { socket, topics, .. } => {
                let (heads, server_time) = (self.heads(&topics), ctx.wall_ms());
                self.event(ctx, socket, "hub", Event::Heartbeat { server_time, heads });
            }
            SessionOutput::Reply { socket, frame } => {
                self.replies += 1;
                let frame = self.renewed(socket, frame);
                if !(ctx.plan.breaks(Sabotage::LoseReplies) && self.replies.is_multiple_of(20)) {
                    self.tell(ctx, socket, Told::Reply(frame));
                }
            }
            SessionOutput::Event { socket, frame } => match frame.event {
                Event::PresenceChanged { people } => {
                    if !ctx.plan.breaks(Sabotage::SilentPresence) {
                        self.tell(ctx, socket, Told::Presence(people));
                    }
                }
                _ => self.tell(ctx, socket, Told::Event(frame)),
            },
            SessionOutput::Close { socket, code } => {
                ctx.note(|| format!("{socket} is closed: {code:?}"));
                self.tell(ctx, socket, Told::Closed(code));
                // The shard tells of it at once.
                self.sockets.remove(&socket);
                self.session(ctx, SessionInput::Closed { socket });
            }
        }
    }

    /// A reply with the picture of a call shows it as it is now.
    fn renewed(&self, socket: SocketId, frame: ReplyFrame) -> ReplyFrame {
        let session = self.sockets.get(&socket).and_then(|entry| entry.session);
        match (session, frame) {
            (Some(session), ReplyFrame { id, reply: Reply::Call(view) }) => {
                ReplyFrame { id, reply: Reply::Call(self.calls.renewed(session, view)) }
            }
            (_, frame) => frame,
        }
    }

    /// Sends an event of no durable topic.
    pub(super) fn event(&mut self, ctx: &mut Ctx, socket: SocketId, topic: &str, event: Event) {
        self.tell(ctx, socket, Told::Event(EventFrame { topic: topic.into(), seq: None, event }));
    }

    fn heads(&self, topics: &[Topic]) -> Vec<TopicHead> {
        let epoch = self.bus.epoch();
        let head = |topic: &Topic| {
            let seq = self.bus.head(*topic)?;
            Some(TopicHead { topic: topic.to_string(), epoch, seq, reset: false })
        };
        topics.iter().filter_map(head).collect()
    }

    /// What waits for a node that is not there is not worth anything.
    pub(super) fn ask(&self, ctx: &mut Ctx, slow_ms: u64, event: queue::Event) {
        ctx.within(1, 2 + slow_ms, event);
    }
}
