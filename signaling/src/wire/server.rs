//! Replies and events of the server.

use media::ids::PeerId;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::call::{CallView, QualityView, SlotView};
use super::error::WireError;
use crate::ids::{CallId, PersonId, SessionId};

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ReplyFrame {
    /// Id of the request; 0 when the frame was so broken that it had none.
    pub id: u32,
    /// The answer.
    #[serde(flatten)]
    pub reply: Reply,
}

/// Where a durable topic stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicHead {
    /// Topic name.
    pub topic: String,
    /// Epoch of the log; another epoch than the client's means: read everything again over HTTP.
    pub epoch: i64,
    /// Newest sequence; 0 = nothing yet.
    pub seq: u64,
    /// True when the client's position was unknown or too old: read again over HTTP, go on from `seq`.
    pub reset: bool,
}

/// A person's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// At a device.
    Available,
    /// In a call.
    InCall,
    /// Connected, but nobody has used a device for some minutes.
    Away,
    /// No device is connected.
    Offline,
}

/// Presence of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PresenceView {
    /// Who.
    pub person: PersonId,
    /// How reachable.
    pub status: PresenceStatus,
}

/// All replies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data")]
pub enum Reply {
    /// Done.
    #[serde(rename = "ok")]
    Ok {},
    /// Refused.
    #[serde(rename = "error")]
    Error(WireError),
    /// To `hello`.
    #[serde(rename = "welcome")]
    Welcome(Box<Welcome>),
    /// To `ping`.
    #[serde(rename = "pong")]
    Pong {
        /// Heads of all subscribed durable topics.
        heads: Vec<TopicHead>,
    },
    /// To `subscribe`; missed events follow as ordinary events.
    #[serde(rename = "subscribed")]
    Subscribed {
        /// Where each topic stands.
        topics: Vec<TopicHead>,
    },
    /// To `presence.watch`.
    #[serde(rename = "presence")]
    Presence {
        /// Everybody watched.
        people: Vec<PresenceView>,
    },
    /// To requests about a call.
    #[serde(rename = "call")]
    Call(Box<CallView>),
    /// To `media.offer`.
    #[serde(rename = "media.answer")]
    MediaAnswer {
        /// SDP of the answer.
        sdp: String,
    },
}

/// The `data` of `welcome`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Welcome {
    /// This session; send it in the next `hello` to resume.
    pub session: SessionId,
    /// True when the old session was resumed.
    pub resumed: bool,
    /// The person.
    pub person: PersonId,
    /// UTC milliseconds of the server.
    pub server_time: i64,
    /// The server sends a `heartbeat` at least this often; hearing nothing for twice as long means the socket is dead.
    pub heartbeat_ms: u32,
    /// How long the session outlives its socket.
    pub resume_window_ms: u32,
    /// Where the durable topics stand; missed events follow as ordinary events.
    pub topics: Vec<TopicHead>,
    /// All running calls of this person: the snapshot that repairs everything ephemeral.
    pub calls: Vec<CallView>,
}

/// An event. `seq` is present on durable topics only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct EventFrame {
    /// `hub`, `call`, `presence`, or a durable topic such as `person:0190…`.
    pub topic: String,
    /// Sequence in a durable topic, without gaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub seq: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Events of signaling itself. Durable topics carry the portal's channel events, whose union the portal defines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// Topic `hub`: alive, and where the durable topics stand, so an idle client finds its own gap.
    #[serde(rename = "heartbeat")]
    Heartbeat {
        /// UTC milliseconds of the server.
        server_time: i64,
        /// Heads of all subscribed durable topics.
        heads: Vec<TopicHead>,
    },
    /// Topic `hub`: this session fell behind on a topic; read it again over HTTP and go on from the head.
    #[serde(rename = "resync")]
    Resync {
        /// The topic and its head.
        head: TopicHead,
    },
    /// Topic `hub`: the server stops; the socket will be closed and the client should reconnect after the delay.
    #[serde(rename = "drain")]
    Drain {
        /// Wait this long before reconnecting, in milliseconds.
        reconnect_after_ms: u32,
    },
    /// Topic `call`: a call changed, or began; the whole picture.
    #[serde(rename = "call.state")]
    CallState(Box<CallView>),
    /// Topic `call`: who is in which slot of this session's connection.
    #[serde(rename = "media.slots")]
    MediaSlots {
        /// The call.
        call: CallId,
        /// All slots.
        slots: Vec<SlotView>,
    },
    /// Topic `call`: who speaks, loudest first.
    #[serde(rename = "media.speakers")]
    MediaSpeakers {
        /// The call.
        call: CallId,
        /// Speaking peers.
        speakers: Vec<PeerId>,
    },
    /// Topic `call`: connection quality of this session.
    #[serde(rename = "media.quality")]
    MediaQuality {
        /// The call.
        call: CallId,
        /// The numbers.
        quality: QualityView,
    },
    /// Topic `call`: the media connection of this session is gone; offer again (a new connection) to come back.
    #[serde(rename = "media.lost")]
    MediaLost {
        /// The call.
        call: CallId,
    },
    /// Topic `presence`: the newest status of watched people who changed.
    #[serde(rename = "presence.changed")]
    PresenceChanged {
        /// Those who changed.
        people: Vec<PresenceView>,
    },
}

/// WebSocket close codes of the server (4000 to 4999 are ours, RFC 6455 section 7.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum CloseCode {
    /// The client said `bye` (the ordinary close of RFC 6455).
    Bye = 1000,
    /// The client was too slow to read: reconnect and resume.
    SlowConsumer = 4001,
    /// The server stops or moves the session: reconnect and resume.
    GoingAway = 4002,
    /// The log-in ended: do not reconnect; show the log-in page.
    LoggedOut = 4003,
    /// Limits were breached again and again: reconnect only after a minute.
    Abuse = 4004,
    /// The session was opened by another socket (resumed elsewhere): do not reconnect by yourself.
    Replaced = 4005,
    /// The first frames were not a proper `hello`.
    BadHello = 4006,
}

impl CloseCode {
    /// All of them.
    pub const ALL: [CloseCode; 7] = [
        CloseCode::Bye,
        CloseCode::SlowConsumer,
        CloseCode::GoingAway,
        CloseCode::LoggedOut,
        CloseCode::Abuse,
        CloseCode::Replaced,
        CloseCode::BadHello,
    ];
}
