//! What the server says.

use signaling::ids::CallId;
use signaling::session::SocketId;
use signaling::wire::call::{CallKind, CallView, LegState};
use signaling::wire::client::Request;
use signaling::wire::error::ErrorCode;
use signaling::wire::server::{Event, EventFrame, PresenceView, Reply, ReplyFrame};

use super::Client;
use crate::sim::ctx::Ctx;
use crate::sim::network::Told;
use crate::sim::queue;

/// Codes that an honest client may meet, because the world has changed while it asked, or is broken.
const HONEST: &[ErrorCode] = &[
    ErrorCode::NoSuchCall,
    ErrorCode::WrongState,
    ErrorCode::AlreadyInCall,
    ErrorCode::CallingYourself,
    ErrorCode::CallFull,
    ErrorCode::NotAllowed,
    ErrorCode::Internal,
    // More people called than one may; nobody presses buttons that fast.
    ErrorCode::RateLimited,
    ErrorCode::BadOffer,
];

impl Client {
    /// A frame has come.
    pub fn told(&mut self, ctx: &mut Ctx, socket: SocketId, told: Told) {
        if !self.is_on(socket) {
            return;
        }
        self.heard_at = ctx.now;
        match told {
            Told::Reply(frame) => self.reply(ctx, through_json(ctx, frame)),
            Told::Event(frame) => self.event(ctx, through_json(ctx, frame)),
            Told::Presence(people) => self.presence_changed(people),
            Told::Durable { topic, seq, frame } => self.durable(ctx, topic, seq, &frame),
            Told::Closed(code) => self.closed(ctx, socket, code),
        }
    }

    fn reply(&mut self, ctx: &mut Ctx, ReplyFrame { id, reply }: ReplyFrame) {
        if self.is_welcome(id) {
            match reply {
                Reply::Welcome(welcome) => self.welcomed(ctx, *welcome),
                other => ctx.oracle.fail(|| format!("hello was answered with {other:?}")),
            }
            return;
        }
        let who = self.id;
        let Some(request) = self.pending.remove(&id) else {
            if self.repeated.remove(&id) {
                return;
            }
            return ctx.oracle.fail(|| format!("client {who}: reply {id} to nothing: {reply:?}"));
        };
        match reply {
            Reply::Call(view) => self.show(ctx, *view),
            Reply::Pong { heads } => self.heads(ctx, heads, true),
            Reply::Subscribed { topics } => self.heads(ctx, topics, false),
            Reply::Presence { people } => {
                self.presence.clear();
                self.presence_changed(people);
            }
            Reply::MediaAnswer { .. } => self.media_answered(ctx, &request),
            Reply::Error(error) => {
                if !HONEST.contains(&error.code) {
                    ctx.oracle.fail(|| format!("client {who}: {request:?} was refused: {:?}", error.code));
                }
                self.refused(ctx, request, error.code);
            }
            Reply::Ok {} | Reply::Welcome(_) => {}
        }
    }

    fn refused(&mut self, ctx: &mut Ctx, request: Request, code: ErrorCode) {
        match request {
            // The next try makes a new connection.
            Request::MediaOffer { call, .. } => drop(self.conns.remove(&call)),
            Request::CallJoin { call, .. } if code == ErrorCode::NoSuchCall => {
                self.joinable.remove(&call);
            }
            // The log was away: asked for again with the next heartbeat.
            Request::Subscribe { topics } => {
                for topic in topics.iter().filter_map(|position| position.topic.parse().ok()) {
                    if let Some(position) = self.topics.get_mut(&topic) {
                        position.asked = false;
                        if position.epoch == 0 {
                            self.topics.remove(&topic);
                        }
                    }
                }
            }
            _ => ctx.note(|| format!("{request:?} was refused: {code:?}")),
        }
    }

    fn event(&mut self, ctx: &mut Ctx, frame: EventFrame) {
        match frame.event {
            Event::Heartbeat { heads, .. } => self.heads(ctx, heads, true),
            Event::Resync { head } => self.resync(ctx, &head),
            Event::CallState(view) => self.show(ctx, *view),
            Event::MediaLost { call } => {
                self.conns.remove(&call);
                self.changed(ctx, call);
            }
            Event::PresenceChanged { people } => self.presence_changed(people),
            Event::Drain { .. }
            | Event::MediaSlots { .. }
            | Event::MediaSpeakers { .. }
            | Event::MediaQuality { .. } => {}
        }
    }

    fn presence_changed(&mut self, people: Vec<PresenceView>) {
        for PresenceView { person, status } in people {
            if self.watched.contains(&person) {
                self.presence.insert(person, status);
            }
        }
    }

    /// A picture of a call; an older one than what is shown is stale.
    fn show(&mut self, ctx: &mut Ctx, view: CallView) {
        let call = view.call;
        let before = self.screens.get(&call);
        if before.is_some_and(|before| before.rev >= view.rev) {
            return;
        }
        let rang = before.is_some_and(rings);
        ctx.oracle.counts.moves += u64::from(view.ended == Some(signaling::wire::call::EndReason::Moved));
        ctx.oracle.counts.transfers +=
            u64::from(view.ended == Some(signaling::wire::call::EndReason::Transferred));
        if view.kind == CallKind::Group {
            self.joinable.insert(call);
        }
        if rings(&view) && !rang && ctx.rng.chance(900) {
            let client = self.id;
            ctx.within(20, 600, queue::Event::Alert { client, call });
        }
        self.screens.insert(call, view);
        self.changed(ctx, call);
    }
}

/// The call rings at this device.
pub(super) fn rings(view: &CallView) -> bool {
    let ringing = matches!(view.me.state, LegState::Calling | LegState::Ringing);
    view.ended.is_none() && ringing && view.me.peer.is_some()
}

/// The frame as it comes out of its JSON, in the runs that look at that.
fn through_json<F>(ctx: &Ctx, frame: F) -> F
where
    F: serde::Serialize + for<'de> serde::Deserialize<'de>,
{
    if !ctx.plan.json {
        return frame;
    }
    let text = serde_json::to_vec(&frame).expect("a frame is JSON");
    serde_json::from_slice(&text).expect("a frame can be read back")
}

impl Client {
    /// The device lets its person know of a call.
    pub fn alert(&mut self, ctx: &mut Ctx, call: CallId) {
        if self.screens.get(&call).is_some_and(rings) {
            self.request(ctx, Request::CallAlerting { call });
        }
    }
}
