//! The task itself.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::input::NodeInput;
use super::{HubConfig, MediaPlane, Ports};
use crate::bus::{Bus, Lane};
use crate::ids::LoginId;
use crate::session::SocketId;
use crate::wire::server::{CloseCode, PresenceStatus};
use crate::ws::{FromShard, Inbox, ToShard, ToSocket, shard_of};

/// Sessions and calls of this process.
pub(super) struct Node {
    inbox: Arc<Inbox<NodeInput>>,
    shards: Vec<Arc<Inbox<ToShard>>>,
    sockets: HashMap<SocketId, LoginId>,
    drained: Vec<oneshot::Sender<()>>,
    _media: Arc<dyn MediaPlane>,
}

impl Node {
    pub(super) fn new(
        _config: HubConfig,
        _ports: Ports,
        media: Arc<dyn MediaPlane>,
        _bus: Bus,
        inbox: Arc<Inbox<NodeInput>>,
        shards: Vec<Arc<Inbox<ToShard>>>,
    ) -> Self {
        Node { inbox, shards, sockets: HashMap::new(), drained: Vec::new(), _media: media }
    }

    pub(super) async fn run(mut self) {
        loop {
            self.inbox.wake().notified().await;
            let mut items = Vec::new();
            self.inbox.drain(Lane::Urgent, &mut items);
            self.inbox.drain(Lane::Bulk, &mut items);
            for item in items {
                if matches!(item, NodeInput::Stop) {
                    return;
                }
                self.handle(item);
            }
        }
    }

    fn handle(&mut self, item: NodeInput) {
        match item {
            NodeInput::Shard(FromShard::Opened { socket, identity }) => {
                self.sockets.insert(socket, identity.login);
            }
            NodeInput::Shard(FromShard::Closed { socket }) => {
                self.sockets.remove(&socket);
            }
            NodeInput::EndLogin(login) => {
                let ended = self.sockets.iter().filter(|(_, of)| **of == login);
                ended.for_each(|(socket, _)| self.tell(*socket, ToSocket::Close(CloseCode::LoggedOut)));
            }
            NodeInput::PresenceOf(_, tell) => {
                let _ = tell.send(PresenceStatus::Offline);
            }
            NodeInput::Drain(_, tell) => self.drained.push(tell),
            NodeInput::Shard(_) | NodeInput::Media(_) | NodeInput::Stop => {}
        }
    }

    fn tell(&self, socket: SocketId, what: ToSocket) {
        self.shards[shard_of(socket)].force(Lane::Urgent, ToShard::Socket(socket, what));
    }
}
