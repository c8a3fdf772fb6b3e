//! Carries out what the session core decides.

use bytes::Bytes;
use serde::Serialize;

use super::actor::Node;
use super::topics::{Purpose, Welcoming};
use crate::bus::Lane;
use crate::call::CallInput;
use crate::clock::wall_ms;
use crate::ids::SessionId;
use crate::session::{SessionInput, SessionOutput, SocketId};
use crate::topic::Topic;
use crate::wire::client::ClientFrame;
use crate::wire::error::ErrorCode;
use crate::wire::server::{Event, EventFrame, Reply, ReplyFrame, TopicHead};
use crate::ws::ToSocket;

impl Node {
    /// A frame came. Between `hello` and `welcome` it waits, so that its reply cannot overtake the welcome.
    pub(super) fn frame(&mut self, socket: SocketId, frame: Result<ClientFrame, (u32, ErrorCode)>) {
        let welcoming = self.sockets.get_mut(&socket).and_then(|entry| entry.welcoming.as_mut());
        match welcoming {
            Some(welcoming) => welcoming.hold_frame(frame),
            None => self.session(SessionInput::Frame { socket, frame }),
        }
    }

    pub(super) fn carry_out_session(&mut self, output: SessionOutput) {
        match output {
            SessionOutput::Welcome { socket, session, id, resumed, person, device, topics } => {
                if let Some(entry) = self.sockets.get_mut(&socket) {
                    entry.session = Some(session);
                    entry.welcoming = Some(Welcoming::new(session, id, resumed, person, device));
                    self.find_starts(socket, Purpose::Welcome, topics);
                }
            }
            SessionOutput::Down { session } => self.call(CallInput::SessionDown { session }),
            SessionOutput::Gone { session, farewell } => {
                self.call(CallInput::SessionGone { session, farewell });
            }
            SessionOutput::Request { session, person, id, request } => {
                self.request(session, person, id, request);
            }
            SessionOutput::Subscribe { session, socket, id, topics } => {
                self.find_starts(socket, Purpose::Subscribe { session, id }, topics);
            }
            SessionOutput::Unsubscribe { socket, topics, .. } => {
                topics.into_iter().for_each(|topic| self.tell(socket, ToSocket::Unsubscribe(topic)));
            }
            SessionOutput::Pong { session, id, topics } => {
                let reply = Reply::Pong { heads: self.heads(&topics) };
                self.session(SessionInput::Replied { session, id, reply });
            }
            SessionOutput::Heartbeat { socket, topics, .. } => {
                let heads = self.heads(&topics);
                self.event(socket, "hub", Event::Heartbeat { server_time: wall_ms(), heads });
            }
            SessionOutput::Reply { socket, frame } => {
                let frame = self.renewed(socket, frame);
                self.tell(socket, ToSocket::Text(Lane::Urgent, encode(&frame)));
            }
            SessionOutput::Event { socket, frame } => self.event_frame(socket, frame),
            SessionOutput::Close { socket, code } => self.tell(socket, ToSocket::Close(code)),
        }
    }

    /// A reply with the picture of a call, which may be a repeated one, shows the call as it is now.
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
    pub(super) fn event(&mut self, socket: SocketId, topic: &str, event: Event) {
        self.event_frame(socket, EventFrame { topic: topic.into(), seq: None, event });
    }

    fn event_frame(&mut self, socket: SocketId, frame: EventFrame) {
        let what = match frame.event {
            Event::PresenceChanged { people } => ToSocket::Presence(people),
            _ => ToSocket::Text(Lane::Urgent, encode(&frame)),
        };
        self.tell(socket, what);
    }

    /// Sends an event to a session, if it is up.
    pub(super) fn event_to(&mut self, session: SessionId, event: Event) {
        if let Some(socket) = self.sessions.socket_of(session) {
            self.event(socket, "call", event);
        }
    }

    /// Where the topics stand, as far as the bus knows; those of a socket it does.
    fn heads(&self, topics: &[Topic]) -> Vec<TopicHead> {
        let epoch = self.bus.epoch();
        let head = |topic: &Topic| {
            let seq = self.bus.head(*topic)?;
            Some(TopicHead { topic: topic.to_string(), epoch, seq, reset: false })
        };
        topics.iter().filter_map(head).collect()
    }
}

/// A frame as JSON.
pub(super) fn encode(frame: &impl Serialize) -> Bytes {
    serde_json::to_vec(frame).map(Bytes::from).unwrap_or_else(|error| {
        // Only a map with keys that are no strings can fail, and frames have none.
        tracing::error!(%error, "a frame could not be encoded");
        Bytes::new()
    })
}
