//! One run: the loop over the queue, and its phases.

use std::time::{Duration, Instant};

use signaling::ids::{LoginId, PersonId};
use signaling::session::SocketId;
use uuid::Uuid;

use super::client::Client;
use super::ctx::Ctx;
use super::node::Node;
use super::oracle::{self, Counts};
use super::plan::{Plan, Sabotage};
use super::prng::Prng;
use super::queue::Event;

/// After the last thing broke: resume windows, rings and connects have run out.
const SETTLE: Duration = Duration::from_secs(125);
/// Everybody talks while it is noted who hears whom; then what was lost is repaired.
const LISTEN: Duration = Duration::from_millis(1_500);
const MEND: Duration = Duration::from_millis(2_500);
/// After everybody has gone: every time limit has passed, that of the journal too.
const RUN_OUT: Duration = Duration::from_secs(200);
/// A run that does not come to its end in so many steps goes round in circles.
const MAX_STEPS: u32 = 400_000;

/// A person by number.
pub fn person(n: usize) -> PersonId {
    PersonId(Uuid::from_u128(1 + n as u128))
}

/// See the module.
pub struct World {
    pub(super) ctx: Ctx,
    /// `None` between a crash and the next start.
    pub(super) node: Option<Node>,
    pub(super) clients: Vec<Client>,
    steps: u32,
}

impl World {
    /// The beginning of the run of this seed. `start` is any instant: nothing depends on it.
    pub fn new(start: Instant, seed: u64, sabotage: Option<Sabotage>, traced: bool) -> World {
        let mut rng = Prng::new(seed);
        let plan = Plan::draw(seed, &mut rng, sabotage);
        let mut ctx = Ctx::new(start, rng, plan, traced);
        let mut clients = Vec::new();
        for (n, devices) in ctx.plan.devices.clone().into_iter().enumerate() {
            for _ in 0..devices {
                let login = LoginId(ctx.rng.id());
                clients.push(Client::new(clients.len(), person(n), login, start));
            }
        }
        for client in 0..clients.len() {
            ctx.within(0, 3_000, Event::Connect { client, attempt: 0 });
            ctx.within(1_000, 4_000, Event::Act { client });
        }
        let mut world = World { ctx, node: None, clients, steps: 0 };
        world.boot();
        world.plan_disasters();
        let crash = world.ctx.plan.crash_every_ms;
        if crash > 0 {
            world.ctx.within(crash / 2, crash, Event::Crash);
        }
        world
    }

    /// Runs to the end, or to the first breach.
    ///
    /// # Errors
    /// What was wrong.
    pub fn run(&mut self) -> Result<Counts, String> {
        let rough = Duration::from_millis(self.ctx.plan.rough_ms);
        self.pass(rough)?;
        self.heal();
        self.pass(SETTLE)?;
        self.look(oracle::check_quiet)?;
        self.ctx.listening = true;
        self.ctx.oracle.listen();
        self.wake_talkers();
        self.pass(LISTEN)?;
        (self.ctx.listening, self.ctx.plan.loss) = (false, 0);
        self.pass(MEND)?;
        oracle::check_hearing(&mut self.ctx, &self.clients);
        self.verdict()?;
        self.everybody_goes();
        self.pass(RUN_OUT)?;
        self.look(|ctx, node, _| oracle::check_end(ctx, node))?;
        Ok(self.ctx.oracle.counts)
    }

    /// What happened, if it was traced.
    pub fn lines(&mut self) -> Vec<String> {
        self.ctx.lines()
    }

    fn verdict(&self) -> Result<(), String> {
        self.ctx.oracle.breach().map_or(Ok(()), |breach| Err(breach.to_owned()))
    }

    fn look(&mut self, check: impl FnOnce(&mut Ctx, &Node, &[Client])) -> Result<(), String> {
        let Some(node) = &self.node else { return Err("the node is not there".into()) };
        check(&mut self.ctx, node, &self.clients);
        self.verdict()
    }

    /// Lets time pass.
    fn pass(&mut self, time: Duration) -> Result<(), String> {
        let end = self.ctx.now + time;
        loop {
            let timer = self.node.as_ref().and_then(|node| node.deadline(&self.ctx));
            let next = self.ctx.queue.next_at();
            let Some(at) = [timer, next].into_iter().flatten().min().filter(|at| *at <= end) else { break };
            self.ctx.now = at.max(self.ctx.now);
            if timer.is_some_and(|timer| next.is_none_or(|next| timer <= next)) {
                if let Some(node) = &mut self.node {
                    node.tick(&mut self.ctx);
                }
            } else if let Some((_, event)) = self.ctx.queue.take() {
                self.happen(event);
            }
            self.verdict()?;
            self.steps += 1;
            if self.steps > MAX_STEPS {
                return Err("the run does not come to an end".into());
            }
        }
        self.ctx.now = end;
        Ok(())
    }

    /// Nothing breaks any more, and people are calm.
    fn heal(&mut self) {
        self.ctx.note(|| "everything heals".into());
        self.ctx.rough = false;
        self.ctx.plan.loss = self.ctx.plan.loss.min(50);
        self.ctx.queue.take_all(|event| {
            matches!(event, Event::Break | Event::Outage | Event::OutageOver | Event::Crash | Event::Notice)
        });
        self.ctx.store.set_away(false);
        for client in &mut self.clients {
            client.watch_some(&mut self.ctx);
        }
    }

    fn wake_talkers(&mut self) {
        let talks = self.ctx.queue.take_all(|event| matches!(event, Event::Talk { .. }));
        for talk in talks {
            self.ctx.within(0, 50, talk);
        }
    }

    /// Some say good-bye, some vanish.
    fn everybody_goes(&mut self) {
        self.ctx.queue.take_all(|event| matches!(event, Event::Act { .. } | Event::Connect { .. }));
        let all_vanish = self.ctx.rng.chance(300);
        for client in &mut self.clients {
            if all_vanish || self.ctx.rng.chance(500) {
                client.vanish(&mut self.ctx);
            } else {
                client.leave(&mut self.ctx);
            }
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Opened { .. }
            | Event::ToServer { .. }
            | Event::ToClient { .. }
            | Event::ServerLost { .. }
            | Event::ClientLost { .. }
            | Event::Unblocked { .. } => self.socket(event),
            Event::Talk { client, call, number } => self.clients[client].talk(&mut self.ctx, call, number),
            Event::Downlink { client, call, link, bytes } => {
                self.clients[client].packet(&mut self.ctx, call, link, &bytes);
            }
            Event::ClientDue { client, call, number } => {
                self.clients[client].media_due(&mut self.ctx, call, number);
            }
            Event::Connect { client, attempt } => {
                let reachable = self.node.is_some();
                self.clients[client].connect(&mut self.ctx, attempt, reachable);
            }
            Event::Act { client } => self.clients[client].act(&mut self.ctx),
            Event::Alert { client, call } => self.clients[client].alert(&mut self.ctx, call),
            Event::Break => self.break_something(),
            Event::Outage => self.outage(),
            Event::OutageOver => self.outage_over(),
            Event::Crash => self.crash(),
            Event::Boot => self.boot(),
            Event::Notice => self.notice(),
            other => self.node_event(other),
        }
    }

    /// What the node waited for; nothing if it has crashed since.
    fn node_event(&mut self, event: Event) {
        let ctx = &mut self.ctx;
        let Some(node) = self.node.as_mut().filter(|node| event.boot() == Some(node.boot())) else { return };
        match event {
            Event::Cards { asked, .. } => node.cards_found(ctx, *asked),
            Event::Starts { socket, purpose, .. } => node.started(ctx, socket, purpose),
            Event::ReadLog { socket, topic, tries, .. } => node.read_log(ctx, socket, topic, tries),
            Event::Try { writing, .. } => node.attempt(ctx, *writing),
            Event::Commit { writing, heard, .. } => node.commit(ctx, *writing, heard),
            Event::GiveUp { writing, .. } => node.written(ctx, &writing, false),
            Event::Reached { room, peer, number, link, .. } => {
                let end = node.plane().end_of(room, peer);
                if let Some((client, call, ..)) = end
                    && self.clients[client].reached(ctx, call, number, link)
                {
                    node.plane().reached(ctx, room, peer, number, link);
                    node.media_events(ctx);
                }
            }
            Event::Consent { room, peer, .. } => {
                let Some((client, call, number, link)) = node.plane().end_of(room, peer) else { return };
                let conn = self.clients[client].conn(call);
                let alive =
                    conn.is_some_and(|conn| conn.number == number && Some(conn.link) == link && !conn.broken);
                node.plane().consent(ctx, room, peer, alive);
                node.media_events(ctx);
            }
            Event::Uplink { room, peer, link, bytes, .. } => {
                node.plane().packet(ctx, room, peer, link, &bytes)
            }
            Event::PlaneDue { room, peer, .. } => node.plane().due(ctx, room, peer),
            _ => {}
        }
    }

    fn socket(&mut self, event: Event) {
        let ctx = &mut self.ctx;
        match event {
            Event::Opened { socket } => {
                let client = ctx.net.client_of(socket).filter(|_| ctx.net.is_alive(socket));
                if let (Some(client), Some(node)) = (client, &mut self.node) {
                    let Client { person, login, .. } = self.clients[client];
                    node.opened(ctx, socket, person, login);
                }
            }
            Event::ToServer { socket, text } if ctx.net.is_alive(socket) => {
                if let Some(node) = &mut self.node {
                    node.frame(ctx, socket, &text);
                }
            }
            Event::ToClient { socket, told } if ctx.net.is_alive(socket) => {
                self.with_client(socket, |client, ctx| client.told(ctx, socket, told));
            }
            Event::ServerLost { socket } => {
                ctx.kill(socket);
                if let Some(node) = &mut self.node {
                    node.closed(ctx, socket);
                }
            }
            Event::ClientLost { socket } => self.with_client(socket, |client, ctx| client.lost(ctx, socket)),
            Event::Unblocked { socket } => {
                ctx.unblock(socket);
                if let Some(node) = &mut self.node {
                    node.unblocked(ctx, socket);
                }
            }
            _ => {}
        }
    }

    fn with_client(&mut self, socket: SocketId, act: impl FnOnce(&mut Client, &mut Ctx)) {
        if let Some(client) = self.ctx.net.client_of(socket) {
            act(&mut self.clients[client], &mut self.ctx);
        }
    }
}

impl Event {
    /// The life of the node that waits for it.
    fn boot(&self) -> Option<u32> {
        match self {
            Event::Cards { boot, .. }
            | Event::Starts { boot, .. }
            | Event::ReadLog { boot, .. }
            | Event::Try { boot, .. }
            | Event::Commit { boot, .. }
            | Event::GiveUp { boot, .. }
            | Event::Reached { boot, .. }
            | Event::Consent { boot, .. }
            | Event::Uplink { boot, .. }
            | Event::PlaneDue { boot, .. } => Some(*boot),
            _ => None,
        }
    }
}
