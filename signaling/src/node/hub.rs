//! The handle on the node, its shards and its bus.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use bytes::Bytes;
use media::control::EventFn;
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};

use super::actor::Node;
use super::gauges::{Gauges, Load};
use super::input::NodeInput;
use super::telephony::SipInputFn;
use super::{HubConfig, MediaPlane, Ports};
use crate::bus::{Bus, Lane, Publication};
use crate::ids::{LoginId, PersonId};
use crate::log::LoggedEvent;
use crate::sip::view::{PhoneView, TrunkView};
use crate::wire::server::PresenceStatus;
use crate::ws::{Adopted, FromShard, Identity, Inbox, Shard, ShardConfig, Socket, ToShard, Totals};

/// Requests that wait for the node. Smaller: clients are refused in a short peak. Larger: a peak is answered late.
const INBOX: usize = 16 * 1024;
/// Publications that wait for one shard. Smaller: in a burst its sockets read from the ring, which costs more.
const FEED: usize = 4 * 1024;
/// Most shards: the shard has eight bits in the id of a socket.
const MAX_SHARDS: usize = 255;

/// Handle of the signaling plane; clones are handles of the same one. Dropping the last one stops it.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    // First, so that it is dropped first: the shards' threads have ended before the node is told to stop.
    shards: Vec<Shard>,
    node: Stopper,
    bus: Bus,
    next: AtomicUsize,
    gauges: Arc<Gauges>,
}

/// Tells the node to stop when it is dropped.
struct Stopper(Arc<Inbox<NodeInput>>);

/// The socket was not taken over and is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the shards take no more sockets at the moment")]
pub struct NotAdopted;

impl Hub {
    /// Starts the shards and the node. Must be called within a tokio runtime: the node is a task of it, and the ports are
    /// used on it. `media` starts the media plane with the function that takes its events.
    ///
    /// # Errors
    /// Those of starting threads, and of `media`.
    pub fn start(
        config: HubConfig,
        ports: Ports,
        media: impl FnOnce(EventFn) -> io::Result<Arc<dyn MediaPlane>>,
    ) -> io::Result<Hub> {
        let inbox = Arc::new(Inbox::new(INBOX, Arc::new(Notify::new())));
        let events = inbox.clone();
        let media = media(Arc::new(move |event| events.force(Lane::Urgent, NodeInput::Media(event))))?;
        let inputs = inbox.clone();
        let told: SipInputFn = Arc::new(move |input| inputs.force(Lane::Urgent, NodeInput::Sip(input)));
        let bridge = ports.telephony.as_ref().map(|telephony| telephony.start(told)).transpose()?;
        let bus = Bus::local(ports.log.clone(), config.rings);
        let shards = start_shards(&config, &bus, &inbox)?;
        let to_shards = shards.iter().map(|shard| shard.inbox().clone()).collect();
        let gauges = Arc::new(Gauges::default());
        let spread = config.drain_spread;
        let (own_bus, own_inbox, own_gauges) = (bus.clone(), inbox.clone(), gauges.clone());
        let node = Node::new(ports, media, own_bus, own_inbox, to_shards, spread, own_gauges);
        tokio::spawn(node.with_bridge(bridge).run());
        let next = AtomicUsize::new(0);
        Ok(Hub(Arc::new(Inner { shards, node: Stopper(inbox), bus, next, gauges })))
    }

    /// Takes over an upgraded socket. `prefix` is what was read past the upgrade request.
    ///
    /// # Errors
    /// [`NotAdopted`] when the shard is far behind.
    pub fn adopt(&self, socket: Socket, prefix: Bytes, identity: Identity) -> Result<(), NotAdopted> {
        let next = self.0.next.fetch_add(1, Ordering::Relaxed) % self.0.shards.len();
        let adopted = ToShard::Adopt(Box::new(Adopted { socket, prefix, identity }));
        self.0.shards[next].inbox().push(Lane::Bulk, adopted).map_err(|_| NotAdopted)
    }

    /// Delivers an event whose transaction is committed.
    pub fn publish(&self, event: LoggedEvent) {
        self.0.bus.publish(Publication::of(event));
    }

    /// Ends the sessions of a log-in and closes its sockets, also those that are just being taken over.
    pub fn end_login(&self, login: LoginId) {
        self.0.node.0.force(Lane::Urgent, NodeInput::EndLogin(login));
    }

    /// How reachable a person is now.
    pub async fn presence_of(&self, person: PersonId) -> PresenceStatus {
        let (tell, told) = oneshot::channel();
        self.0.node.0.force(Lane::Urgent, NodeInput::PresenceOf(person, tell));
        told.await.unwrap_or(PresenceStatus::Offline)
    }

    /// Log-ins whose device is connected and in use now: they are not idle, whatever they ask over HTTP.
    pub async fn logins_in_use(&self) -> BTreeSet<LoginId> {
        let (tell, told) = oneshot::channel();
        self.0.node.0.force(Lane::Bulk, NodeInput::LoginsInUse(tell));
        told.await.unwrap_or_default()
    }

    /// The trunks and how they are; none without telephony.
    pub async fn trunks(&self) -> Vec<TrunkView> {
        let (tell, told) = oneshot::channel();
        self.0.node.0.force(Lane::Bulk, NodeInput::Trunks(tell));
        told.await.unwrap_or_default()
    }

    /// The telephones that are registered here; none without telephony.
    pub async fn phones(&self) -> Vec<PhoneView> {
        let (tell, told) = oneshot::channel();
        self.0.node.0.force(Lane::Bulk, NodeInput::Phones(tell));
        told.await.unwrap_or_default()
    }

    /// Sums of the shards' counters.
    pub fn counters(&self) -> Totals {
        let mut totals = Totals::default();
        self.0.shards.iter().for_each(|shard| shard.counters().add_to(&mut totals));
        totals
    }

    /// How much the node holds at the moment.
    pub fn load(&self) -> Load {
        self.0.gauges.read()
    }

    /// Subscriptions of shards to topics on the bus.
    pub fn subscriptions(&self) -> usize {
        match &self.0.bus {
            Bus::Local(bus) => bus.subscriptions(),
        }
    }

    /// Sends everybody elsewhere: clients are told when to reconnect, spread over the configured time, and their sockets are
    /// closed; those in a call may stay until it ends. A call that goes on when the time is over is ended, so that its record is
    /// complete. Done when no socket is left, and after `within` at the latest.
    pub async fn drain(&self, within: Duration) {
        let (tell, told) = oneshot::channel();
        self.0.node.0.force(Lane::Urgent, NodeInput::Drain(within, tell));
        // An error means that the node has stopped, which is what was wanted.
        let _ = told.await;
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.force(Lane::Urgent, NodeInput::Stop);
    }
}

fn start_shards(config: &HubConfig, bus: &Bus, inbox: &Arc<Inbox<NodeInput>>) -> io::Result<Vec<Shard>> {
    let count = match config.shards {
        0 => available_parallelism()?.get(),
        count => count,
    };
    let start = |index| {
        let node = inbox.clone();
        Shard::start(ShardConfig {
            index: index as u8,
            bus: bus.clone(),
            runtime: Handle::current(),
            to_node: Arc::new(move |told| to_node(&node, told)),
            feed: FEED,
            ping_every: config.ping_every,
            stall: config.stall,
        })
    };
    (0..count.min(MAX_SHARDS)).map(start).collect()
}

/// Frames are bounded by the inbox, the rest by the number of sockets.
fn to_node(node: &Inbox<NodeInput>, told: FromShard) -> bool {
    match told {
        FromShard::Frame { .. } => node.push(Lane::Bulk, NodeInput::Shard(told)).is_ok(),
        // In the lane of the frames, so that they keep their order.
        FromShard::Opened { .. } | FromShard::Closed { .. } => {
            node.force(Lane::Bulk, NodeInput::Shard(told));
            true
        }
    }
}
