//! A shard with real sockets on loopback; the node is played by the test.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;
use uuid::Uuid;

use super::harness::{Client, PATIENCE, identity, pair};
use super::*;
use crate::bus::memory_log::MemoryLog;
use crate::bus::{Bus, Limits, LocalBus, Publication};
use crate::wire::server::PresenceStatus;

mod delivery;
mod lanes;
mod protocol;
mod tls;

/// Counts as "for ever" for pings and stalls in tests that are about something else.
const NEVER: Duration = Duration::from_secs(3600);

/// One shard, its bus, and what it tells.
struct Rig {
    shard: Shard,
    bus: Bus,
    local: LocalBus,
    log: Arc<MemoryLog>,
    told: UnboundedReceiver<FromShard>,
}

impl Rig {
    fn new(ring_events: usize) -> Rig {
        Rig::with(ring_events, NEVER, NEVER, usize::MAX)
    }

    /// `frames`: how many frames the node takes before it is "full".
    fn with(ring_events: usize, ping_every: Duration, stall: Duration, frames: usize) -> Rig {
        let log = Arc::new(MemoryLog::default());
        let local = LocalBus::new(log.clone(), Limits { ring_events, ..Limits::default() });
        let bus = Bus::Local(local.clone());
        let (tell, told) = unbounded_channel();
        let left = std::sync::atomic::AtomicUsize::new(frames);
        let to_node = Arc::new(move |from: FromShard| {
            let frame = matches!(from, FromShard::Frame { .. });
            let full = frame
                && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            !full && tell.send(from).is_ok()
        });
        let config = ShardConfig {
            index: 3,
            bus: bus.clone(),
            runtime: Handle::current(),
            to_node,
            feed: 64,
            ping_every,
            stall,
        };
        Rig { shard: Shard::start(config).unwrap(), bus, local, log, told }
    }

    /// A client and its socket in the shard. See [`pair`] for `window`.
    async fn client(&mut self, window: u32) -> (Client, SocketId) {
        let (mut client, socket) = pair(window).await;
        let id = self.adopt(socket).await;
        // A fresh socket may seem to block until the runtime has heard of it for the first time.
        self.tell(id, Lane::Urgent, ToSocket::Text(Lane::Urgent, Bytes::from_static(b"0")));
        assert_eq!(client.json().await, 0);
        (client, id)
    }

    async fn adopt(&mut self, socket: Socket) -> SocketId {
        let adopted = Adopted { socket, prefix: Bytes::new(), identity: identity(1, 1) };
        self.shard.inbox().force(Lane::Bulk, ToShard::Adopt(Box::new(adopted)));
        match self.next().await {
            FromShard::Opened { socket, .. } => socket,
            _ => panic!("expected an opened socket"),
        }
    }

    async fn next(&mut self) -> FromShard {
        timeout(PATIENCE, self.told.recv()).await.expect("something told").expect("a live shard")
    }

    /// Waits until the node is told that the socket is gone.
    async fn closed(&mut self, socket: SocketId) {
        loop {
            if let FromShard::Closed { socket: gone } = self.next().await {
                assert_eq!(gone, socket);
                return;
            }
        }
    }

    fn tell(&self, socket: SocketId, lane: Lane, what: ToSocket) {
        self.shard.inbox().force(lane, ToShard::Socket(socket, what));
    }

    fn subscribe(&self, socket: SocketId, topic: Topic, cursor: u64) {
        self.tell(socket, Lane::Urgent, ToSocket::Subscribe(topic, cursor));
    }

    /// Logs and publishes the next event of the topic, `filler` bytes long.
    fn publish(&self, topic: Topic, filler: usize) {
        self.bus.publish(Publication::of(self.log.append(topic, filler)));
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.shard.counters().add_to(&mut totals);
        totals
    }

    /// Waits until the shard's numbers are as wanted.
    async fn until(&self, wanted: impl Fn(Totals) -> bool) {
        let poll = async {
            while !wanted(self.totals()) {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, poll).await.unwrap_or_else(|_| panic!("never came: {:?}", self.totals()));
    }

    /// Publishes until the socket, the only subscriber of the topic, would block, and 80 KB more, so that it stays so even if
    /// the kernel takes a little later; gives the last sequence.
    async fn block(&self, topic: Topic) -> u64 {
        let mut last = self.bus.head(topic).unwrap_or(0);
        let backlogs = self.totals().backlogs;
        while self.totals().backlogs == backlogs {
            let before = self.totals().frames_out;
            self.publish(topic, 2_000);
            last += 1;
            self.until(|totals| totals.frames_out > before || totals.backlogs > backlogs).await;
        }
        (0..40).for_each(|_| self.publish(topic, 2_000));
        last + 40
    }

    /// Nothing is left once all clients are gone.
    async fn check_empty(self) {
        self.until(|totals| totals.sockets_open == 0).await;
        assert_eq!(self.local.subscriptions(), 0);
    }
}
