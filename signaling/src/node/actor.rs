//! The task itself: takes inputs, feeds the cores, keeps their timers.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::drain::Drain;
use super::gauges::Gauges;
use super::input::NodeInput;
use super::journal::Journals;
use super::telephony::Bridge;
use super::topics::Welcoming;
use super::{MediaPlane, Ports};
use crate::bus::{Bus, Lane};
use crate::call::{CallInput, Exchange};
use crate::clock;
use crate::ids::{LoginId, SessionId};
use crate::placement::Placement;
use crate::session::{SessionInput, Sessions, SocketId};
use crate::sip::gateway::GatewayInput;
use crate::wire::call::PersonCard;
use crate::wire::server::CloseCode;
use crate::ws::{FromShard, Identity, Inbox, ToShard, ToSocket, shard_of};

/// How long an ended log-in is remembered, for sockets that were on their way then. Longer than a ticket is valid.
const REMEMBER_ENDED: Duration = Duration::from_secs(60);
/// A room that could not be closed is tried again after so long.
const RETRY_CLOSE: Duration = Duration::from_secs(1);

/// Sessions and calls of this process.
pub(super) struct Node {
    pub(super) ports: Ports,
    pub(super) media: Arc<dyn MediaPlane>,
    pub(super) bus: Bus,
    pub(super) placement: Placement,
    pub(super) inbox: Arc<Inbox<NodeInput>>,
    pub(super) shards: Vec<Arc<Inbox<ToShard>>>,
    pub(super) drain_spread: Duration,
    pub(super) gauges: Arc<Gauges>,
    pub(super) sessions: Sessions,
    pub(super) calls: Exchange,
    pub(super) sockets: HashMap<SocketId, SocketEntry>,
    pub(super) journals: Journals,
    pub(super) drain: Option<Drain>,
    /// Telephones.
    pub(super) bridge: Option<Bridge>,
    /// What carrying out outputs brought about for the call core; taken when they are all carried out.
    pub(super) later: VecDeque<CallInput>,
    /// Rooms to close again, and when.
    pub(super) unclosed: VecDeque<(Instant, media::ids::RoomId)>,
    ended: VecDeque<(Instant, LoginId)>,
}

/// An open socket.
pub(super) struct SocketEntry {
    pub(super) card: PersonCard,
    /// Set by `hello`.
    pub(super) session: Option<SessionId>,
    /// Set between `hello` and `welcome`.
    pub(super) welcoming: Option<Welcoming>,
}

impl Node {
    pub(super) fn new(
        ports: Ports,
        media: Arc<dyn MediaPlane>,
        bus: Bus,
        inbox: Arc<Inbox<NodeInput>>,
        shards: Vec<Arc<Inbox<ToShard>>>,
        drain_spread: Duration,
        gauges: Arc<Gauges>,
    ) -> Self {
        // The low half of a UUID of version 7 is random but for two bits.
        let calls = Exchange::new(ports.ids.fresh().as_u128() as u64);
        Node {
            ports,
            media,
            bus,
            placement: Placement::default(),
            inbox,
            shards,
            drain_spread,
            gauges,
            sessions: Sessions::new(),
            calls,
            sockets: HashMap::new(),
            journals: Journals::default(),
            drain: None,
            bridge: None,
            later: VecDeque::new(),
            unclosed: VecDeque::new(),
            ended: VecDeque::new(),
        }
    }

    /// With telephones.
    pub(super) fn with_bridge(self, bridge: Option<Bridge>) -> Self {
        Node { bridge, ..self }
    }

    /// Runs until it is told to stop.
    pub(super) async fn run(mut self) {
        let inbox = self.inbox.clone();
        let mut items = Vec::new();
        self.gateway(GatewayInput::Start);
        loop {
            let due = self.deadline();
            tokio::select! {
                () = inbox.wake().notified() => {}
                () = until(due) => {}
            }
            inbox.drain(Lane::Urgent, &mut items);
            inbox.drain(Lane::Bulk, &mut items);
            for item in items.drain(..) {
                if matches!(item, NodeInput::Stop) {
                    return;
                }
                self.handle(item);
            }
            self.tick();
            self.gauges.set(self.sockets.len(), self.sessions.len(), self.calls.running());
            // Gives way to other tasks of the runtime now and then, however much arrives.
            tokio::task::consume_budget().await;
        }
    }

    fn handle(&mut self, item: NodeInput) {
        match item {
            NodeInput::Shard(FromShard::Opened { socket, identity }) => self.opened(socket, identity),
            NodeInput::Shard(FromShard::Frame { socket, frame }) => self.frame(socket, frame),
            NodeInput::Shard(FromShard::Closed { socket }) => {
                self.sockets.remove(&socket);
                self.session(SessionInput::Closed { socket });
            }
            NodeInput::Media(event) => self.media_event(event),
            NodeInput::Reply { session, id, reply } => {
                self.session(SessionInput::Replied { session, id, reply });
            }
            NodeInput::Cards { asked, cards } => self.cards_found(asked, cards),
            NodeInput::Starts { socket, purpose, starts } => self.started(socket, purpose, starts),
            NodeInput::Journal { call, ticket, durable } => self.journaled(call, ticket, durable),
            NodeInput::EndLogin(login) => self.end_login(login),
            NodeInput::PresenceOf(person, tell) => {
                // Nobody waits any more: nothing to do.
                let _ = tell.send(self.sessions.status(person));
            }
            NodeInput::LoginsInUse(tell) => {
                // The same.
                let _ = tell.send(self.sessions.logins_in_use());
            }
            NodeInput::Sip(input) => self.gateway(GatewayInput::Sip(input)),
            NodeInput::Opened { peer, port } => self.gateway(GatewayInput::Opened { peer, port }),
            NodeInput::Resolved { trunk, addresses } => {
                self.gateway(GatewayInput::Resolved { trunk, addresses });
            }
            NodeInput::Missed { person, count } => self.gateway(GatewayInput::Missed { person, count }),
            NodeInput::Trunks(tell) => {
                let trunks = self.bridge.as_ref().map(|bridge| bridge.gateway.trunks());
                // Nobody waits any more: nothing to do.
                let _ = tell.send(trunks.unwrap_or_default());
            }
            NodeInput::Phones(tell) => {
                let phones = self.bridge.as_ref().map(|bridge| bridge.gateway.phones());
                // The same.
                let _ = tell.send(phones.unwrap_or_default());
            }
            NodeInput::Drain(within, tell) => self.start_drain(within, tell),
            NodeInput::Stop => {}
        }
        while let Some(input) = self.later.pop_front() {
            self.call(input);
        }
    }

    fn opened(&mut self, socket: SocketId, identity: Identity) {
        let Identity { person, login, card, .. } = identity;
        self.sockets.insert(socket, SocketEntry { card, session: None, welcoming: None });
        if self.ended.iter().any(|(_, ended)| *ended == login) {
            return self.tell(socket, ToSocket::Close(CloseCode::LoggedOut));
        }
        if self.drain.is_some() {
            return self.send_away(socket);
        }
        let fresh = SessionId(self.ports.ids.fresh());
        self.session(SessionInput::Opened { socket, fresh, person, login });
    }

    fn end_login(&mut self, login: LoginId) {
        let now = clock::now();
        while self.ended.pop_front_if(|(at, _)| now - *at > REMEMBER_ENDED).is_some() {}
        self.ended.push_back((now, login));
        self.session(SessionInput::LoginEnded { login });
    }

    /// Feeds the session core and carries out what it decides.
    pub(super) fn session(&mut self, input: SessionInput) {
        let mut out = Vec::new();
        self.sessions.handle(clock::now().into_std(), input, &mut out);
        out.into_iter().for_each(|output| self.carry_out_session(output));
    }

    /// Feeds the call core and carries out what it decides.
    pub(super) fn call(&mut self, input: CallInput) {
        let mut out = Vec::new();
        self.calls.handle(clock::now().into_std(), clock::wall_ms(), input, &mut out);
        out.into_iter().for_each(|output| self.carry_out_call(output));
    }

    /// Tells a socket, or keeps it until the socket was welcomed.
    pub(super) fn tell(&mut self, socket: SocketId, what: ToSocket) {
        let welcoming = self.sockets.get_mut(&socket).and_then(|entry| entry.welcoming.as_mut());
        match (welcoming, &what) {
            (Some(welcoming), ToSocket::Text(..) | ToSocket::Presence(_)) => welcoming.hold(what),
            _ => self.tell_now(socket, what),
        }
    }

    /// Tells a socket at once. A shard whose inbox is full cannot keep up: the socket is closed and resumes.
    pub(super) fn tell_now(&self, socket: SocketId, what: ToSocket) {
        let shard = &self.shards[shard_of(socket)];
        let lane = match what {
            ToSocket::Presence(_) => Lane::Bulk,
            _ => Lane::Urgent,
        };
        if shard.push(lane, ToShard::Socket(socket, what)).is_err() {
            shard.force(Lane::Urgent, ToShard::Socket(socket, ToSocket::Close(CloseCode::SlowConsumer)));
        }
    }

    fn deadline(&self) -> Option<Instant> {
        let bridge = self.bridge.as_ref().and_then(|bridge| bridge.gateway.deadline());
        let cores = [self.sessions.deadline(), self.calls.deadline(), bridge].into_iter().flatten().min();
        let room = self.unclosed.front().map(|(at, _)| *at);
        let drain = self.drain.as_ref().map(Drain::deadline);
        [cores.map(Instant::from_std), room, drain].into_iter().flatten().min()
    }

    /// Runs the timers that are due.
    fn tick(&mut self) {
        let now = clock::now();
        let due = |deadline: Option<std::time::Instant>| deadline.is_some_and(|at| at <= now.into_std());
        if due(self.sessions.deadline()) {
            self.session(SessionInput::Tick);
        }
        if due(self.calls.deadline()) {
            self.call(CallInput::Tick);
        }
        if due(self.bridge.as_ref().and_then(|bridge| bridge.gateway.deadline())) {
            self.gateway(GatewayInput::Tick);
        }
        while let Some((_, room)) = self.unclosed.pop_front_if(|(at, _)| *at <= now) {
            self.close_room(room);
        }
        self.drain_on(now);
        while let Some(input) = self.later.pop_front() {
            self.call(input);
        }
    }

    /// When a room that could not be closed is tried again.
    pub(super) fn close_later(&mut self, room: media::ids::RoomId) {
        self.unclosed.push_back((clock::now() + RETRY_CLOSE, room));
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
