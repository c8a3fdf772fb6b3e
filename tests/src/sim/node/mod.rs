//! One life of the node on virtual time: the same cores as the real one, interpreted by the same rules.

mod calls;
mod journal;
mod sessions;
mod topics;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::control::MediaEvent;
use signaling::bus::{Bus, Limits};
use signaling::call::{CallInput, Exchange};
use signaling::ids::{LoginId, PersonId, SessionId};
use signaling::session::{SessionInput, Sessions, SocketId};
use signaling::topic::Topic;
use signaling::wire::error::ErrorCode;

use super::ctx::Ctx;
use super::media::Plane;
use super::network::Told;
use super::plan::Sabotage;
pub use calls::Asked;
pub use journal::Writing;
pub use topics::Purpose;

/// Events of a topic that the bus keeps: few, so that the log is read too.
const RING_EVENTS: usize = 3;

/// See the module.
pub struct Node {
    boot: u32,
    sessions: Sessions,
    calls: Exchange,
    bus: Bus,
    plane: Plane,
    sockets: BTreeMap<SocketId, Socket>,
    journals: journal::Journals,
    /// What carrying out outputs brought about for the call core.
    later: VecDeque<CallInput>,
    replies: u64,
}

/// An open socket.
struct Socket {
    person: PersonId,
    session: Option<SessionId>,
    welcoming: Option<topics::Welcoming>,
    /// Topics and the last sequence sent.
    subscriptions: BTreeMap<Topic, Subscription>,
}

#[derive(Clone, Copy, Debug)]
struct Subscription {
    cursor: u64,
    /// The log is being read for it.
    reading: bool,
}

impl Node {
    /// Starts. Must be called within a tokio runtime, which the bus reads gaps on.
    pub fn start(ctx: &mut Ctx) -> Node {
        let boot = ctx.boot;
        let limits =
            Limits { ring_events: RING_EVENTS, ring_bytes: 1 << 20, keep: Duration::from_secs(3_600) };
        Node {
            boot,
            sessions: Sessions::new(),
            calls: Exchange::new(ctx.rng.bits()),
            bus: Bus::local(ctx.store.clone() as Arc<_>, limits),
            plane: Plane::new(boot, ctx.rng.bits()),
            sockets: BTreeMap::new(),
            journals: journal::Journals::default(),
            later: VecDeque::new(),
            replies: 0,
        }
    }

    /// The life of this node that events must belong to.
    pub fn boot(&self) -> u32 {
        self.boot
    }

    /// When [`Node::tick`] is due.
    pub fn deadline(&self, ctx: &Ctx) -> Option<Instant> {
        let deadlines = [self.sessions.deadline(), self.calls.deadline()];
        deadlines.into_iter().flatten().min().filter(|_| !ctx.plan.breaks(Sabotage::NoTimers))
    }

    /// Runs the timers that are due.
    pub fn tick(&mut self, ctx: &mut Ctx) {
        if self.sessions.deadline().is_some_and(|at| at <= ctx.now) {
            self.session(ctx, SessionInput::Tick);
        }
        if self.calls.deadline().is_some_and(|at| at <= ctx.now) {
            self.call(ctx, CallInput::Tick);
        }
        self.settle(ctx);
    }

    /// An upgraded socket.
    pub fn opened(&mut self, ctx: &mut Ctx, socket: SocketId, person: PersonId, login: LoginId) {
        let fresh = SessionId(ctx.rng.id());
        let entry = Socket { person, session: None, welcoming: None, subscriptions: BTreeMap::new() };
        self.sockets.insert(socket, entry);
        self.session(ctx, SessionInput::Opened { socket, fresh, person, login });
        self.settle(ctx);
    }

    /// A socket is gone.
    pub fn closed(&mut self, ctx: &mut Ctx, socket: SocketId) {
        self.sockets.remove(&socket);
        self.session(ctx, SessionInput::Closed { socket });
        self.settle(ctx);
    }

    /// A log-in ended.
    pub fn end_login(&mut self, ctx: &mut Ctx, login: LoginId) {
        self.session(ctx, SessionInput::LoginEnded { login });
        self.settle(ctx);
    }

    /// The media plane.
    pub fn plane(&mut self) -> &mut Plane {
        &mut self.plane
    }

    /// What the media plane told.
    pub fn media_events(&mut self, ctx: &mut Ctx) {
        while let Some(event) = self.plane.next_event() {
            self.media_event(ctx, event);
        }
        self.settle(ctx);
    }

    /// Everything is over and forgotten; else, what is left.
    pub fn leftovers(&self) -> Vec<String> {
        let mut left = Vec::new();
        // Behind the maps there are counters that keep counting, and what people have used of late.
        let maps = |core: String, end: &str| core.split(end).next().unwrap_or_default().to_owned();
        let sessions = |core: &Sessions| maps(format!("{core:?}"), ", quotas");
        let calls = |core: &Exchange| maps(format!("{core:?}"), ", next_ticket");
        if sessions(&self.sessions) != sessions(&Sessions::new()) {
            left.push(sessions(&self.sessions));
        }
        if calls(&self.calls) != calls(&Exchange::new(0)) {
            left.push(calls(&self.calls));
        }
        left.extend((!self.journals.is_empty()).then(|| "journal entries".to_owned()));
        left.extend((self.plane.rooms() > 0).then(|| "rooms".to_owned()));
        left.extend((!self.sockets.is_empty()).then(|| "sockets".to_owned()));
        left
    }

    /// Calls of one session as the call core has them.
    pub fn snapshot(&self, session: SessionId) -> Vec<signaling::wire::call::CallView> {
        self.calls.snapshot(session)
    }

    /// Feeds the session core and carries out what it decides.
    fn session(&mut self, ctx: &mut Ctx, input: SessionInput) {
        let mut out = Vec::new();
        self.sessions.handle(ctx.now, input, &mut out);
        out.into_iter().for_each(|output| self.carry_out_session(ctx, output));
    }

    /// Feeds the call core and carries out what it decides.
    fn call(&mut self, ctx: &mut Ctx, input: CallInput) {
        let mut out = Vec::new();
        ctx.note(|| format!("call core: {input:?}"));
        ctx.oracle.asked(&input);
        self.calls.handle(ctx.now, ctx.wall_ms(), input, &mut out);
        out.into_iter().for_each(|output| self.carry_out_call(ctx, output));
    }

    /// Does what carrying out brought about.
    fn settle(&mut self, ctx: &mut Ctx) {
        loop {
            if let Some(input) = self.later.pop_front() {
                self.call(ctx, input);
            } else if let Some(event) = self.plane.next_event() {
                self.media_event(ctx, event);
            } else {
                return;
            }
        }
    }

    fn refuse(&mut self, ctx: &mut Ctx, session: SessionId, id: u32, code: ErrorCode) {
        let reply = signaling::wire::server::Reply::Error(code.into());
        self.session(ctx, SessionInput::Replied { session, id, reply });
    }

    fn media_event(&mut self, ctx: &mut Ctx, event: MediaEvent) {
        match event {
            MediaEvent::Connected { peer, .. } => self.call(ctx, CallInput::MediaUp { peer }),
            MediaEvent::Lost { peer, .. } => self.call(ctx, CallInput::MediaLost { peer }),
            MediaEvent::Slots { peer, slots, .. } => self.slots(ctx, peer, slots),
            MediaEvent::Speakers { .. } | MediaEvent::Quality { .. } | MediaEvent::Phone { .. } => {}
        }
    }

    /// Sends a frame, or keeps it until the socket is welcomed.
    fn tell(&mut self, ctx: &mut Ctx, socket: SocketId, told: Told) {
        let Some(entry) = self.sockets.get_mut(&socket) else { return };
        match (&mut entry.welcoming, &told) {
            (Some(welcoming), Told::Reply(_) | Told::Event(_) | Told::Presence(_)) => welcoming.hold(told),
            _ => ctx.send_down(socket, told),
        }
    }
}
