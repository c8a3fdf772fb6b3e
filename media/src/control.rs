//! What signaling tells the media plane, and what it hears back. Pure data: the worker's handle carries it.
//!
//! **Only the client offers.** A peer's one connection is made and changed by offers of the client; the server answers and
//! never offers, so two offers cannot cross. A receiving section of an offer (`a=recvonly`) is a **slot**: the server
//! decides which remote track flows in it and says so with [`MediaEvent::Slots`]; changing that needs no new offer. A client
//! that wants more slots, or an ICE restart, makes a new offer.

mod phone;

use std::fmt;

use thiserror::Error;

pub use phone::{
    OpenedFn, PhoneCodec, PhoneCommand, PhoneEvent, PhoneRemote, PhoneReport, PhoneSrtp, PhoneSuite,
};

use crate::ids::{PeerId, RoomId, Source};

/// Longest offer that is parsed; a browser's offer with 32 sections is about 60 KB.
pub const MAX_OFFER_BYTES: usize = 128 * 1024;
/// Most media sections of one offer (3 that send, the data channel, the rest slots).
pub const MAX_SECTIONS: usize = 40;
/// Most peers in one room, ringing devices included.
pub const MAX_ROOM_PEERS: usize = 1_000;

/// An offer of a client: the SDP and what each sending section carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientOffer {
    /// SDP of `RTCPeerConnection.createOffer()`.
    pub sdp: String,
    /// For each section that sends: its `a=mid` and the source. Sections not named here and not `recvonly` stay inactive.
    pub sends: Vec<SendSection>,
}

/// One sending section of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendSection {
    /// `a=mid` of the section.
    pub mid: String,
    /// What it carries.
    pub source: Source,
}

/// Called once with the answer's SDP, on the worker's thread; must not block.
pub type AnswerFn = Box<dyn FnOnce(Result<String, MediaError>) + Send>;

/// A command to the room's worker. Commands of one room are carried out in order.
pub enum RoomCommand {
    /// First offer of a peer (creates it, closed for media) or a later one (more slots, ICE restart).
    Offer {
        /// The peer; its id is made by signaling.
        peer: PeerId,
        /// What the client sent.
        offer: ClientOffer,
        /// Receives the answer.
        answer: AnswerFn,
    },
    /// Opens or closes the gate of a peer. A closed peer keeps ICE and DTLS alive, but nothing is forwarded from or to it:
    /// a device that still rings, or a participant on hold.
    SetOpen {
        /// The peer.
        peer: PeerId,
        /// `true`: media flows.
        open: bool,
    },
    /// Which sources of the peer are on; a source that is off has no slot anywhere and its packets are dropped.
    SetSources {
        /// The peer.
        peer: PeerId,
        /// The sources that are on.
        on: Vec<Source>,
    },
    /// Removes the peer and frees its slots.
    Leave {
        /// The peer.
        peer: PeerId,
    },
    /// About the telephone leg of a peer.
    Phone {
        /// The peer.
        peer: PeerId,
        /// The command.
        command: PhoneCommand,
    },
    /// Removes all peers and the room.
    Close,
}

/// One receiving section of a peer and what flows in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// `a=mid` of the section in the receiver's offer.
    pub mid: String,
    /// The remote track, or `None` while the slot is empty.
    pub track: Option<(PeerId, Source)>,
}

/// How one peer's connection is doing, over the last report interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Quality {
    /// Packets lost from the peer to us, 0 to 1, before retransmission.
    pub loss_up: f32,
    /// Packets lost from us to the peer (its receiver reports), 0 to 1.
    pub loss_down: f32,
    /// Round trip in milliseconds, from RTCP; 0 while unknown.
    pub rtt_ms: u32,
    /// Interarrival jitter of the peer's audio in milliseconds (RFC 3550).
    pub jitter_ms: u32,
}

/// Why a peer is gone without a `Leave`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LostReason {
    /// ICE and DTLS were not completed in time.
    SetupTimeout,
    /// No consent check (RFC 7675) for too long.
    ConsentExpired,
    /// The peer closed DTLS.
    Closed,
    /// The DTLS certificate is not the one of the offer.
    FingerprintMismatch,
}

/// What the media plane tells signaling.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// ICE and DTLS of the peer are up.
    Connected {
        /// Room of the peer.
        room: RoomId,
        /// The peer.
        peer: PeerId,
    },
    /// The peer is removed.
    Lost {
        /// Room of the peer.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// Why.
        reason: LostReason,
    },
    /// The whole slot table of a receiving peer, sent when it changes.
    Slots {
        /// Room of the peer.
        room: RoomId,
        /// The receiving peer.
        peer: PeerId,
        /// All its slots.
        slots: Vec<Slot>,
    },
    /// Who speaks, loudest first; sent when the list changes, at most a few times a second.
    Speakers {
        /// The room.
        room: RoomId,
        /// Speaking peers.
        speakers: Vec<PeerId>,
    },
    /// Connection quality of one peer, every few seconds.
    Quality {
        /// Room of the peer.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// The report.
        quality: Quality,
    },
    /// Something of a telephone leg.
    Phone {
        /// Room of the peer.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// What.
        event: PhoneEvent,
    },
}

/// Receives the events, on a worker's thread; must not block.
pub type EventFn = std::sync::Arc<dyn Fn(MediaEvent) + Send + Sync>;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MediaError {
    /// The offer is not SDP, too long, or has too many sections.
    #[error("offer not acceptable: {0}")]
    BadOffer(String),
    /// The room is unknown or closed.
    #[error("no such room")]
    NoRoom,
    /// The room, or the worker, is full.
    #[error("full")]
    Full,
    /// The worker has stopped or its queue is full.
    #[error("media worker unavailable")]
    Unavailable,
}

impl fmt::Debug for RoomCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoomCommand::Offer { peer, .. } => write!(f, "Offer({peer})"),
            RoomCommand::SetOpen { peer, open } => write!(f, "SetOpen({peer}, {open})"),
            RoomCommand::SetSources { peer, on } => write!(f, "SetSources({peer}, {on:?})"),
            RoomCommand::Leave { peer } => write!(f, "Leave({peer})"),
            RoomCommand::Phone { peer, command } => write!(f, "Phone({peer}, {command:?})"),
            RoomCommand::Close => f.write_str("Close"),
        }
    }
}
