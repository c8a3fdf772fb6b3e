//! WebSockets of the server: a codec (RFC 6455, server side) and the shards that own the sockets.
//!
//! The portal answers the HTTP upgrade ([`accept_key`]) and hands the socket over. From then on it belongs to one shard: a
//! thread with a current-thread runtime. A frame is encoded once; the shard drains its inbox, joins what goes to the same
//! socket, and writes without waiting. Only a socket that would block gets a queue ([`outbox`]), with two lanes and a bound;
//! past the bound the socket is closed with a code that means "resume". An idle socket has no buffer: all sockets of a
//! shard read into one.
//!
//! Durable topics are delivered by cursor: each socket knows the last sequence that it was sent of each of its topics, takes
//! the next one from a fan-out when it fits, and reads everything else from the bus. So there is neither gap nor repetition,
//! whatever the order of subscription, publication and catching up.

mod accept;
mod codec;
mod conn;
mod counters;
mod deliver;
mod encode;
mod fanout;
#[cfg(test)]
pub(crate) mod harness;
mod inbox;
mod outbox;
mod reader;
mod shard;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod topics;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::ids::{LoginId, PersonId};
use crate::session::SocketId;
use crate::topic::Topic;
use crate::wire::call::PersonCard;
use crate::wire::client::ClientFrame;
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, PresenceView};

pub use accept::accept_key;
pub use codec::{Decoder, Incoming, MAX_MESSAGE, ProtocolError};
pub use counters::{Counters, Totals};
pub(crate) use inbox::Inbox;
pub(crate) use shard::{Shard, ShardConfig};
pub(crate) use table::shard_of;

pub use crate::bus::Lane;

/// An upgraded socket, as the HTTP server hands it over.
pub enum Socket {
    /// Without TLS.
    Plain(TcpStream),
    /// With TLS; the handshake is done.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Whose socket it is, as the ticket of the upgrade says.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The person.
    pub person: PersonId,
    /// The log-in; ending it closes the socket.
    pub login: LoginId,
    /// What others see of the person in a call.
    pub card: PersonCard,
    /// Address of the client, for the log.
    pub address: String,
}

/// A socket on its way to a shard.
pub(crate) struct Adopted {
    pub socket: Socket,
    /// What the HTTP server had read past the upgrade request.
    pub prefix: Bytes,
    pub identity: Identity,
}

/// What a shard is told.
pub(crate) enum ToShard {
    Adopt(Box<Adopted>),
    Socket(SocketId, ToSocket),
    /// Events read from the log for a socket that was behind the ring.
    Missed {
        socket: SocketId,
        topic: Topic,
        events: Option<Vec<(u64, Bytes)>>,
    },
    /// Close all sockets and end the thread.
    Stop,
}

/// What one socket is told.
#[derive(Debug)]
pub(crate) enum ToSocket {
    /// A text frame, already encoded as JSON.
    Text(Lane, Bytes),
    /// Presence that changed; only the newest status of each person matters.
    Presence(Vec<PresenceView>),
    /// Deliver the topic from after this sequence.
    Subscribe(Topic, u64),
    Unsubscribe(Topic),
    /// Close after what was sent before.
    Close(CloseCode),
}

/// What a shard tells.
pub(crate) enum FromShard {
    Opened { socket: SocketId, identity: Identity },
    Frame { socket: SocketId, frame: Result<ClientFrame, (u32, ErrorCode)> },
    Closed { socket: SocketId },
}
