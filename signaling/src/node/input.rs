//! What reaches the node.

use std::time::Duration;

use media::control::MediaEvent;
use tokio::sync::oneshot;

use crate::ids::{LoginId, PersonId};
use crate::wire::server::PresenceStatus;
use crate::ws::FromShard;

/// One item of the node's inbox.
pub(super) enum NodeInput {
    Shard(FromShard),
    Media(MediaEvent),
    EndLogin(LoginId),
    PresenceOf(PersonId, oneshot::Sender<PresenceStatus>),
    Drain(Duration, oneshot::Sender<()>),
    Stop,
}
