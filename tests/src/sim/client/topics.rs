//! Durable topics: each event once and in order, gaps asked for, and read anew where the server says so.

use bytes::Bytes;
use serde::Deserialize;
use signaling::ids::CallId;
use signaling::topic::Topic;
use signaling::wire::client::{Request, TopicPosition};
use signaling::wire::server::TopicHead;

use super::Client;
use crate::sim::ctx::Ctx;

/// How far a client has a topic.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Position {
    pub epoch: i64,
    pub seq: u64,
    /// A `subscribe` is on its way.
    pub asked: bool,
    /// Asked for what is missing on this socket: what comes may come again.
    pub repeats: bool,
}

/// A logged event, as far as the client reads it.
#[derive(Deserialize)]
struct Logged {
    #[serde(rename = "type")]
    kind: String,
    data: serde_json::Value,
}

impl Client {
    /// An event of a durable topic.
    pub(super) fn durable(&mut self, ctx: &mut Ctx, topic: Topic, seq: u64, frame: &Bytes) {
        let Some(position) = self.topics.get_mut(&topic) else { return };
        if position.repeats && seq <= position.seq {
            return;
        }
        let store = ctx.store.clone();
        ctx.oracle.event(&store, self.id, topic, seq, position.seq, frame);
        position.seq = seq;
        let Ok(Logged { kind, data }) = serde_json::from_slice(frame) else {
            return ctx.oracle.fail(|| format!("event {seq} of {topic} cannot be read"));
        };
        let call = || serde_json::from_value::<CallId>(data["entry"]["call"].clone()).ok();
        match (kind.as_str(), call()) {
            ("history.missed", Some(call)) => drop(self.history.insert(call, true)),
            ("history.added", Some(call)) => drop(self.history.insert(call, false)),
            _ => {}
        }
    }

    /// A new socket: only what is asked for again may come again.
    pub(super) fn begin_topics(&mut self) {
        let asked = |topic: &Topic| {
            let name = topic.to_string();
            self.pending.values().any(|request| match request {
                Request::Subscribe { topics } => topics.iter().any(|position| position.topic == name),
                _ => false,
            })
        };
        for (topic, position) in &mut self.topics {
            let asked = asked(topic);
            (position.asked, position.repeats) = (asked, asked);
        }
    }

    /// Where topics stand. `live`: what is missing is not on its way by itself.
    pub(super) fn heads(&mut self, ctx: &mut Ctx, heads: Vec<TopicHead>, live: bool) {
        for head in heads {
            let Ok(topic) = head.topic.parse::<Topic>() else { continue };
            let Some(position) = self.topics.get_mut(&topic) else { continue };
            let known = position.epoch == head.epoch;
            if head.reset || !known {
                self.reset(ctx, topic, &head, false);
            } else if head.seq < position.seq && !live && !position.repeats {
                let (id, seq) = (self.id, position.seq);
                ctx.oracle.fail(|| format!("client {id}: {topic} stands at {}, not at {seq}", head.seq));
            } else if !live {
                position.asked = false;
            } else if head.seq > position.seq && !position.asked {
                self.ask_for_missed(ctx, topic);
            }
        }
        if self.rereads {
            self.read_history(ctx);
        }
    }

    /// The server has dropped what was on its way.
    pub(super) fn resync(&mut self, ctx: &mut Ctx, head: &TopicHead) {
        if let Ok(topic) = head.topic.parse() {
            self.reset(ctx, topic, head, true);
            self.read_history(ctx);
        }
    }

    /// The position is of no use: read anew, go on from the head.
    fn reset(&mut self, ctx: &mut Ctx, topic: Topic, head: &TopicHead, resync: bool) {
        let Some(position) = self.topics.get_mut(&topic) else { return };
        let (newest, oldest) = ctx.store.span(topic);
        let reaches = position.epoch == head.epoch && oldest <= position.seq + 1 && position.seq <= newest;
        if reaches && !position.repeats && !resync {
            let (id, seq) = (self.id, position.seq);
            ctx.oracle.fail(|| format!("client {id}: {topic} is reset at {seq} without need"));
        }
        ctx.oracle.counts.resets += 1;
        *position = Position { epoch: head.epoch, seq: head.seq, asked: false, repeats: position.repeats };
        self.rereads |= topic != Topic::City;
    }

    /// Reads the history over HTTP, as soon as the database is there.
    pub(super) fn read_history(&mut self, ctx: &mut Ctx) {
        if let Ok(history) = ctx.store.history(self.person) {
            self.history = history;
            self.rereads = false;
        }
    }

    fn ask_for_missed(&mut self, ctx: &mut Ctx, topic: Topic) {
        let Some(position) = self.topics.get_mut(&topic) else { return };
        (position.asked, position.repeats) = (true, true);
        let (epoch, seq) = (position.epoch, position.seq);
        let topics = vec![TopicPosition { topic: topic.to_string(), epoch, seq }];
        self.request(ctx, Request::Subscribe { topics });
    }

    /// Follows the notices to everybody, or no longer.
    pub(super) fn toggle_city(&mut self, ctx: &mut Ctx) {
        if self.topics.remove(&Topic::City).is_some() {
            return self.request(ctx, Request::Unsubscribe { topics: vec![Topic::City.to_string()] });
        }
        self.topics.insert(Topic::City, Position { asked: true, repeats: true, ..Position::default() });
        let topics = vec![TopicPosition { topic: Topic::City.to_string(), epoch: 0, seq: 0 }];
        self.request(ctx, Request::Subscribe { topics });
    }
}
