//! Requests of a client.

use media::ids::Source;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::call::Sources;
use crate::ids::{CallId, PersonId, SessionId};

/// A request with the id that its reply echoes. Ids of one session grow; a repeated id after a resume gets the stored reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct ClientFrame {
    /// Chosen by the client, from 1, growing.
    pub id: u32,
    /// What is asked.
    #[serde(flatten)]
    pub request: Request,
}

/// Position in a durable topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct TopicPosition {
    /// Topic name, e.g. `person:0190…`.
    pub topic: String,
    /// Epoch that the client knows; 0 = none.
    pub epoch: i64,
    /// Last sequence that the client has handled.
    pub seq: u64,
}

/// One sending section of an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct OfferSend {
    /// `a=mid` of the section.
    pub mid: String,
    /// What it carries.
    pub source: Source,
}

/// All requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "type", content = "data")]
pub enum Request {
    /// Must be first. Opens a session or resumes one. Reply: `welcome`.
    #[serde(rename = "hello")]
    Hello {
        /// The session to resume, if any.
        #[serde(default)]
        resume: Option<SessionId>,
        /// What the device calls itself (1 to 60 characters).
        device: String,
        /// Durable topics and how far the client has them; its own `person:` topic is always subscribed.
        #[serde(default)]
        topics: Vec<TopicPosition>,
    },
    /// Asks for the head sequences at once. Reply: `pong`.
    #[serde(rename = "ping")]
    Ping {},
    /// Subscribes to durable topics from a position. Reply: `subscribed`.
    #[serde(rename = "subscribe")]
    Subscribe {
        /// The topics.
        topics: Vec<TopicPosition>,
    },
    /// Reply: `ok`.
    #[serde(rename = "unsubscribe")]
    Unsubscribe {
        /// Topic names.
        topics: Vec<String>,
    },
    /// Replaces the set of people whose presence this session watches. Reply: `presence` with all of them.
    #[serde(rename = "presence.watch")]
    PresenceWatch {
        /// At most 500.
        people: Vec<PersonId>,
    },
    /// The device has (not) been used for some minutes. Reply: `ok`.
    #[serde(rename = "presence.idle")]
    PresenceIdle {
        /// True: nobody is at the device.
        idle: bool,
    },
    /// Calls one or more people. Reply: `call`.
    #[serde(rename = "call.start")]
    CallStart {
        /// Who; 1 to 15 together with `numbers`.
        #[serde(default)]
        to: Vec<PersonId>,
        /// Telephone numbers as dialled: extensions, short codes, or what else the number plan allows.
        #[serde(default)]
        numbers: Vec<String>,
        /// What is on at the caller's device.
        sources: Sources,
    },
    /// This device alerts its person. Reply: `ok`.
    #[serde(rename = "call.alerting")]
    CallAlerting {
        /// The call.
        call: CallId,
    },
    /// Answers here. Reply: `call`, or `wrong_state` when another device was first.
    #[serde(rename = "call.answer")]
    CallAnswer {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
        /// What to do with the call that this person is in.
        #[serde(default)]
        current: CurrentCall,
    },
    /// Declines on all devices. Reply: `ok`.
    #[serde(rename = "call.decline")]
    CallDecline {
        /// The call.
        call: CallId,
    },
    /// Hangs up; before the answer this cancels the call. Reply: `ok`.
    #[serde(rename = "call.leave")]
    CallLeave {
        /// The call.
        call: CallId,
    },
    /// Ends the call for all; the starter only. Reply: `ok`.
    #[serde(rename = "call.end")]
    CallEnd {
        /// The call.
        call: CallId,
    },
    /// Holds or resumes. Resuming puts this person's other connected call on hold. Reply: `call`.
    #[serde(rename = "call.hold")]
    CallHold {
        /// The call.
        call: CallId,
        /// True: hold.
        hold: bool,
    },
    /// Says which sources are on: mute, camera, screen. Reply: `ok`.
    #[serde(rename = "call.sources")]
    CallSources {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
    },
    /// Adds people to a running call. Reply: `call`.
    #[serde(rename = "call.add")]
    CallAdd {
        /// The call.
        call: CallId,
        /// Who; the call's limit holds.
        #[serde(default)]
        people: Vec<PersonId>,
        /// Telephone numbers.
        #[serde(default)]
        numbers: Vec<String>,
    },
    /// Sends digits to the telephones in the call. Reply: `ok`.
    #[serde(rename = "call.digits")]
    CallDigits {
        /// The call.
        call: CallId,
        /// 1 to 32 of `0`-`9`, `*`, `#`, `A`-`D`.
        digits: String,
    },
    /// Hands a direct call on. To a person or number: the other side waits while it rings there; this person leaves once
    /// it is answered, and is back in the call if it is not. To another own call: its other side joins this call at once
    /// and this person leaves both. Reply: `call`.
    #[serde(rename = "call.transfer")]
    CallTransfer {
        /// The call.
        call: CallId,
        /// Where to.
        to: TransferTo,
    },
    /// Enters a running group call that one was called to but did not answer, or has left. Reply: `call`.
    #[serde(rename = "call.join")]
    CallJoin {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
        /// What to do with the call that this person is in.
        #[serde(default)]
        current: CurrentCall,
    },
    /// Moves this person's running call from another own device to this one. Reply: `call`.
    #[serde(rename = "call.take")]
    CallTake {
        /// The call.
        call: CallId,
        /// What is on at this device.
        sources: Sources,
    },
    /// The one way to make or change the media connection of this session in a call: an offer of the client. The server
    /// never offers, so offers cannot cross. Reply: `media.answer`.
    #[serde(rename = "media.offer")]
    MediaOffer {
        /// The call.
        call: CallId,
        /// SDP of the offer.
        sdp: String,
        /// The sending sections; the `recvonly` ones are slots.
        sends: Vec<OfferSend>,
    },
    /// Closes the session for good (log-out, page closed). Reply: `ok`.
    #[serde(rename = "bye")]
    Bye {},
}

/// Where a call is handed on to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum TransferTo {
    /// A member of staff.
    Person(PersonId),
    /// A telephone number.
    Number(String),
    /// The other side of another call that this person is in (attended transfer).
    Call(CallId),
}

/// What becomes of the call that a person is in when another is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CurrentCall {
    /// Put on hold.
    #[default]
    Hold,
    /// Left.
    Leave,
}
