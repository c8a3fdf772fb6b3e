//! The thread that owns a part of all sockets.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::conn::Conn;
use super::counters::{Counters, add};
use super::inbox::Inbox;
use super::stream::Stream;
use super::table::Table;
use super::topics::Topics;
use super::{Adopted, FromShard, Lane, ToShard, encode};
use crate::bus::{Bus, Feed};
use crate::session::SocketId;

/// Things to do that wait for one shard, direct frames mostly. Smaller: a node that is faster than the shard for a moment
/// has sockets closed. Larger: more memory when a shard hangs.
const INBOX: usize = 64 * 1024;
/// The buffer that all sockets of a shard read into.
const SCRATCH: usize = 64 * 1024;
/// Pings go out in so many groups over the interval, so that they do not bunch.
const PING_GROUPS: u32 = 25;
/// A shorter ping interval than this allows is not kept.
const SHORTEST_TICK: Duration = Duration::from_millis(1);
/// Pings without any sign of life after which a socket is dropped.
const MAX_UNANSWERED: u8 = 2;

/// Takes what a shard tells; false when the node's inbox is full, which happens only to frames.
pub(crate) type ToNode = Arc<dyn Fn(FromShard) -> bool + Send + Sync>;

/// What a shard needs.
pub(crate) struct ShardConfig {
    pub index: u8,
    pub bus: Bus,
    /// Where the log is read.
    pub runtime: Handle,
    pub to_node: ToNode,
    /// Publications that wait for the shard at most; past it the sockets catch up from the ring.
    pub feed: usize,
    /// A socket without a sign of life is pinged this often.
    pub ping_every: Duration,
    /// A socket that takes no byte for so long is closed as too slow; a close frame is given as long to be answered.
    pub stall: Duration,
}

/// Handle of a shard. Dropping it stops the thread and waits for it.
pub(crate) struct Shard {
    inbox: Arc<Inbox<ToShard>>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

/// The shard itself, within its thread.
pub(super) struct Worker {
    pub(super) config: ShardConfig,
    pub(super) inbox: Arc<Inbox<ToShard>>,
    pub(super) feed: Feed,
    pub(super) table: RefCell<Table>,
    pub(super) topics: RefCell<Topics>,
    pub(super) scratch: RefCell<Box<[u8]>>,
    /// Sockets that have been sent a close frame, in the order of their deadlines.
    pub(super) closings: RefCell<VecDeque<(Instant, SocketId)>>,
    pub(super) counters: Arc<Counters>,
    stopping: RefCell<bool>,
}

impl Shard {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread or no epoll for it.
    pub(crate) fn start(config: ShardConfig) -> io::Result<Shard> {
        let wake = Arc::new(Notify::new());
        let inbox = Arc::new(Inbox::new(INBOX, wake.clone()));
        let counters = Arc::new(Counters::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let feed = config.bus.feed(config.feed, wake);
        let (inside, numbers) = (inbox.clone(), counters.clone());
        let thread = Builder::new().name(format!("ws-{}", config.index)).spawn(move || {
            let worker = Rc::new(Worker::new(config, inside, feed, numbers));
            LocalSet::new().block_on(&runtime, worker.run());
        })?;
        Ok(Shard { inbox, counters, thread: Some(thread) })
    }

    /// Where it is told things.
    pub(crate) fn inbox(&self) -> &Arc<Inbox<ToShard>> {
        &self.inbox
    }

    /// Its numbers.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        self.inbox.force(Lane::Urgent, ToShard::Stop);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a shard of sockets had panicked");
        }
    }
}

impl Worker {
    fn new(config: ShardConfig, inbox: Arc<Inbox<ToShard>>, feed: Feed, counters: Arc<Counters>) -> Self {
        Worker {
            table: RefCell::new(Table::new(config.index)),
            topics: RefCell::default(),
            scratch: RefCell::new(vec![0; SCRATCH].into()),
            closings: RefCell::default(),
            stopping: RefCell::new(false),
            config,
            inbox,
            feed,
            counters,
        }
    }

    async fn run(self: Rc<Self>) {
        let ticks = spawn_local(self.clone().tick());
        while !*self.stopping.borrow() {
            self.inbox.wake().notified().await;
            self.turn().await;
        }
        ticks.abort();
    }

    /// Does everything that waits, urgent things first and in between.
    async fn turn(self: &Rc<Self>) {
        loop {
            self.urgent();
            let mut items = Vec::new();
            self.inbox.drain(Lane::Bulk, &mut items);
            let quiet = items.is_empty();
            items.into_iter().for_each(|item| self.handle(item));
            if !self.fan_out_bulk().await && quiet {
                return;
            }
            // However much is published, what sockets send gets its turn.
            tokio::task::yield_now().await;
        }
    }

    /// Does what waits in the urgent lanes.
    pub(super) fn urgent(self: &Rc<Self>) {
        let mut items = Vec::new();
        self.inbox.drain(Lane::Urgent, &mut items);
        items.into_iter().for_each(|item| self.handle(item));
        self.fan_out_urgent();
    }

    fn handle(self: &Rc<Self>, item: ToShard) {
        match item {
            ToShard::Adopt(adopted) => self.adopt(*adopted),
            ToShard::Socket(socket, what) => self.tell(socket, what),
            ToShard::Missed { socket, topic, events } => self.missed(socket, topic, events),
            ToShard::Stop => *self.stopping.borrow_mut() = true,
        }
    }

    fn adopt(self: &Rc<Self>, adopted: Adopted) {
        let Adopted { socket, prefix, identity } = adopted;
        let stream = match Stream::adopt(socket) {
            Ok(stream) => stream,
            Err(error) => {
                return tracing::warn!(%error, address = identity.address, "taking over a socket failed");
            }
        };
        let conn = self.table.borrow_mut().insert(|id, slot| Conn::new(id, slot, stream));
        let Some(conn) = conn else {
            return tracing::warn!(address = identity.address, "shard full: dropping a socket");
        };
        add(&self.counters.sockets_open, 1);
        add(&self.counters.sockets_adopted, 1);
        (self.config.to_node)(FromShard::Opened { socket: conn.id, identity });
        spawn_local(self.clone().serve(conn, prefix));
    }

    /// Pings, and the end of sockets whose close frame is not answered.
    async fn tick(self: Rc<Self>) {
        let mut ticks = interval((self.config.ping_every / PING_GROUPS).max(SHORTEST_TICK));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for group in (0..PING_GROUPS).cycle() {
            let now = ticks.tick().await;
            let slots = self.table.borrow().len();
            (group..slots).step_by(PING_GROUPS as usize).for_each(|slot| self.ping(slot));
            self.end_closings(now);
        }
    }

    fn ping(self: &Rc<Self>, slot: u32) {
        let Some(conn) = self.table.borrow().at(slot).cloned() else { return };
        let unanswered = {
            let mut state = conn.state.borrow_mut();
            state.unanswered += 1;
            state.unanswered
        };
        if unanswered > MAX_UNANSWERED {
            add(&self.counters.closed_silent, 1);
            conn.stream.kill();
        } else if !conn.blocked() {
            self.send(&conn, Lane::Bulk, encode::ping());
        }
    }

    fn end_closings(&self, now: Instant) {
        let mut closings = self.closings.borrow_mut();
        while let Some((_, socket)) = closings.pop_front_if(|(deadline, _)| *deadline <= now) {
            if let Some(conn) = self.table.borrow().get(socket) {
                conn.stream.kill();
            }
        }
    }
}
