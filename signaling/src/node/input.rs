//! What reaches the node.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use media::control::{MediaError, MediaEvent};
use media::ids::PeerId;
use tokio::sync::oneshot;

use super::calls::Asked;
use super::topics::Purpose;
use crate::bus::Start;
use crate::call::JournalTicket;
use crate::ids::{CallId, LoginId, PersonId, SessionId};
use crate::ports::PortError;
use crate::session::SocketId;
use crate::sip::port::SipInput;
use crate::sip::trunk::TrunkId;
use crate::sip::view::{PhoneView, TrunkView};
use crate::topic::Topic;
use crate::wire::call::PersonCard;
use crate::wire::server::{PresenceStatus, Reply};
use crate::ws::FromShard;

/// One item of the node's inbox.
pub(super) enum NodeInput {
    Shard(FromShard),
    Media(MediaEvent),
    /// The reply to a request that was answered elsewhere, by the media plane.
    Reply {
        session: SessionId,
        id: u32,
        reply: Reply,
    },
    /// The cards that a request waited for.
    Cards {
        asked: Asked,
        cards: Result<Vec<PersonCard>, PortError>,
    },
    /// Where the topics start that a socket wants; `None` when the log could not be asked.
    Starts {
        socket: SocketId,
        purpose: Purpose,
        starts: Option<Vec<(Topic, Start)>>,
    },
    /// A journal entry is durable, or could not be written.
    Journal {
        call: CallId,
        ticket: JournalTicket,
        durable: bool,
    },
    EndLogin(LoginId),
    PresenceOf(PersonId, oneshot::Sender<PresenceStatus>),
    LoginsInUse(oneshot::Sender<BTreeSet<LoginId>>),
    Sip(SipInput),
    /// The media leg of a telephone is bound, or cannot be.
    Opened {
        peer: PeerId,
        port: Result<u16, MediaError>,
    },
    /// The addresses behind the name of a trunk.
    Resolved {
        trunk: TrunkId,
        addresses: Vec<IpAddr>,
    },
    /// Missed calls of a person whose telephone has a lamp for them.
    Missed {
        person: PersonId,
        count: u32,
    },
    Trunks(oneshot::Sender<Vec<TrunkView>>),
    Phones(oneshot::Sender<Vec<PhoneView>>),
    Drain(Duration, oneshot::Sender<()>),
    Stop,
}
