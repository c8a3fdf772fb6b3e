//! What happens to a peer and what it wants done.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

use super::srtp::SrtpKeys;
use super::{RemoteCredentials, Ufrag};
use crate::control::LostReason;

/// A data channel of one peer: its SCTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelId(pub u16);

/// A data channel message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text, UTF-8.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

/// What happens to a peer.
#[derive(Debug)]
pub enum Input<'a> {
    /// A STUN or DTLS datagram; others are dropped and counted.
    Datagram {
        /// Source address.
        from: SocketAddr,
        /// Content.
        data: &'a [u8],
    },
    /// A later offer of the same client. Changed credentials are an ICE restart: [`super::Peer::local`] is new after it, the old
    /// ufrag stays valid until [`Output::Retired`].
    NewOffer(&'a RemoteCredentials),
    /// Send on an open channel; see [`Output::SendRefused`].
    SendData {
        /// The channel.
        channel: ChannelId,
        /// The message, 16 KiB at most.
        message: Message,
    },
    /// [`super::Peer::deadline`] has come; too early is harmless.
    Timeout,
    /// Say good-bye to the client. No [`Output::Closed`] follows.
    Close,
}

/// What the shell has to do.
#[derive(Debug)]
pub enum Output {
    /// Send a datagram.
    Transmit {
        /// Destination.
        to: SocketAddr,
        /// Content.
        datagram: Vec<u8>,
    },
    /// Datagrams from this address belong to this peer from now on: a STUN request from there was authenticated. Said with
    /// each one. If the address was another peer's, it has moved.
    Reachable(SocketAddr),
    /// Datagrams from this address are no longer this peer's.
    Forgotten(SocketAddr),
    /// Send media here from now on; the last one wins. Comes before [`Output::Connected`], again with each nomination of
    /// another address.
    Selected(SocketAddr),
    /// No request names this ufrag any more.
    Retired(Ufrag),
    /// ICE and DTLS are up and the certificate is the right one.
    Connected {
        /// For [`super::srtp::SrtpSender`] and [`super::srtp::SrtpReceiver`].
        keys: SrtpKeys,
    },
    /// The client opened a data channel.
    ChannelOpened {
        /// The channel.
        channel: ChannelId,
        /// Its label.
        label: Arc<str>,
    },
    /// A message came in on a channel.
    Data {
        /// The channel.
        channel: ChannelId,
        /// Its label.
        label: Arc<str>,
        /// The message.
        message: Message,
    },
    /// The message of [`Input::SendData`] was not taken: no such channel, longer than 16 KiB, or 64 KiB wait for the
    /// client's acknowledgement already.
    SendRefused(ChannelId),
    /// The channel is gone.
    ChannelClosed(ChannelId),
    /// The peer is over; it takes no more input.
    Closed(LostReason),
}

/// Counters of one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerStats {
    /// STUN datagrams dropped: malformed, of another peer, or not authentic.
    pub stun_dropped: u64,
    /// DTLS datagrams dropped: malformed, from an unknown address, over budget, or after the end.
    pub dtls_dropped: u64,
    /// Datagrams that were neither.
    pub other_dropped: u64,
    /// Data channel messages of the client that were dropped.
    pub data_dropped: u64,
}
