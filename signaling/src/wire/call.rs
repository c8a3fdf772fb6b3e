//! What a call looks like from one session: a whole picture each time it changes, so a lost event is mended by the next.

use media::ids::{PeerId, Source};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::ids::{CallId, PersonId, SessionId};

/// What everybody may see of a person in a call or a ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PersonCard {
    /// The person.
    pub person: PersonId,
    /// Name as displayed.
    pub name: String,
    /// Name of the unit, with its parent where needed.
    pub unit: String,
    /// Post (職稱).
    pub post: String,
    /// Desk-phone extension, where there is one; the number of a line.
    pub extension: Option<String>,
    /// True: a telephone line, not a member of staff. `person` names it in this call only; to call it again, dial `extension`.
    /// Name, unit and post are those of the directory for this number, else the name is what the telephone said, or the number.
    #[serde(default)]
    pub line: bool,
}

/// Which sources of a participant are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Sources {
    /// Microphone (not muted).
    pub mic: bool,
    /// Camera.
    pub camera: bool,
    /// Screen share.
    pub screen: bool,
}

/// Where one person stands in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum LegState {
    /// Invited; none of the person's devices has said that it alerts.
    Calling,
    /// At least one device really alerts.
    Ringing,
    /// Answered; media is not up yet.
    Connecting,
    /// In the call, media is up.
    Connected,
    /// Put the call on hold.
    Held,
    /// The device lost its socket or its media; it has a bounded time to come back.
    Reconnecting,
    /// Not, or no longer, in the call; `reason` says why.
    Left,
}

/// Why a leg or a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The callee declined.
    Declined,
    /// The callee is in another call and cannot take one more.
    Busy,
    /// It rang and nobody answered in time.
    NoAnswer,
    /// The caller hung up before the answer.
    Cancelled,
    /// No device of the callee could be reached.
    Unreachable,
    /// Media or signaling broke down.
    Failed,
    /// Another device of the same person answered.
    AnsweredElsewhere,
    /// Another device of the same person declined.
    DeclinedElsewhere,
    /// The call was moved to another device of the same person.
    Moved,
    /// Handed on to somebody else.
    Transferred,
    /// The telephone network does not know the number.
    NumberUnknown,
    /// The telephone system (PBX) is down.
    LineDown,
    /// Somebody hung up in the normal way.
    Ended,
}

/// One person in a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Party {
    /// Who.
    pub card: PersonCard,
    /// State of the leg.
    pub state: LegState,
    /// Set when `state` is `left`.
    pub reason: Option<EndReason>,
    /// The media peer of the device in the call; slots and speakers name it.
    pub peer: Option<PeerId>,
    /// What is on. All off until answered.
    pub sources: Sources,
    /// The telephone system plays its own tone or announcement already: play no ringback tone over it.
    #[serde(default)]
    pub early_media: bool,
    /// Being called on behalf of this person, who is handing the call on and leaves it once this one answers.
    #[serde(default)]
    pub transfer_by: Option<PersonId>,
}

/// Two people, or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// A 1:1 call: ends when either leaves.
    Direct,
    /// A group call: ends when fewer than two are left in it or being called.
    Group,
}

/// The receiving session's own part in the call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct MyLeg {
    /// State of my leg, over all my devices. On a device that was silenced it is `left` with the reason.
    pub state: LegState,
    /// Set when `state` is `left`.
    pub reason: Option<EndReason>,
    /// True when the call is on this very session: it called or answered here, or the call is moving here.
    pub here: bool,
    /// The name of the device that the call is on, when it is not here.
    pub device: Option<String>,
    /// The media peer of this session: given while ringing (to warm the connection) and in the call.
    pub peer: Option<PeerId>,
}

/// A call as one session sees it. `rev` grows with every change of the call; a view with a lower `rev` is stale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct CallView {
    /// The call.
    pub call: CallId,
    /// Revision, from 1.
    pub rev: u64,
    /// Direct or group.
    pub kind: CallKind,
    /// Who started it.
    pub starter: PersonId,
    /// True when it was started as a video call.
    pub video: bool,
    /// UTC milliseconds of the start.
    pub started_at: i64,
    /// UTC milliseconds of the first answer.
    pub answered_at: Option<i64>,
    /// My part.
    pub me: MyLeg,
    /// Everybody, the receiver included, in the order in which they came.
    pub parties: Vec<Party>,
    /// Set when the call is over for this session: the last view that it gets, unless the call comes back to it. A device that
    /// was silenced gets such a view, and after it sees the call go on at the other device, from where it can be taken.
    pub ended: Option<EndReason>,
    /// True when this person may end the call for all.
    pub may_end: bool,
}

/// Who is in which receiving section of this session's connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct SlotView {
    /// `a=mid` of the receiving section.
    pub mid: String,
    /// The peer whose track flows there; `null` while empty.
    pub peer: Option<PeerId>,
    /// The source; `null` while empty.
    pub source: Option<Source>,
}

/// Connection quality in numbers; the UI turns it into words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct QualityView {
    /// Loss from the device to the server, 0 to 1.
    pub loss_up: f32,
    /// Loss from the server to the device, 0 to 1.
    pub loss_down: f32,
    /// Round trip in milliseconds; 0 while unknown.
    pub rtt_ms: u32,
    /// Jitter in milliseconds.
    pub jitter_ms: u32,
}

/// Names one's own session in a list of devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct DeviceView {
    /// The session.
    pub session: SessionId,
    /// What the device calls itself, e.g. `Chrome · Windows`.
    pub name: String,
}
