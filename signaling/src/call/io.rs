//! Everything that goes into and comes out of the call core.

use media::ids::{PeerId, RoomId, Source};

use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::JournalEntry;
use crate::wire::call::{CallView, EndReason, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

/// Names one journal entry that was handed out, so that its outcome can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalTicket(pub u64);

/// What happens to calls.
#[derive(Clone, Debug, PartialEq)]
pub enum CallInput {
    /// A session has a socket: it is new, or it was resumed (also after a replaced socket, without a `SessionDown`).
    SessionUp {
        /// The session.
        session: SessionId,
        /// Whose.
        person: PersonId,
        /// What the device calls itself.
        device: String,
        /// It is a telephone: it has no screen, hold is its own affair (its gate stays open for the music it may play), and a
        /// transfer moves its media leg instead of asking for a new offer.
        phone: bool,
    },
    /// A session lost its socket and may still resume.
    SessionDown {
        /// The session.
        session: SessionId,
    },
    /// A session is over.
    SessionGone {
        /// The session.
        session: SessionId,
        /// How it ended.
        farewell: Farewell,
    },
    /// A request of a session. Gets exactly one [`CallOutput::Reply`], at once or later.
    Request {
        /// The session that asks.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// What is asked.
        request: CallRequest,
    },
    /// The entry of this ticket is durable.
    JournalDone {
        /// Its ticket.
        ticket: JournalTicket,
    },
    /// The entry of this ticket could not be written.
    JournalFailed {
        /// Its ticket.
        ticket: JournalTicket,
    },
    /// ICE and DTLS of a peer are up.
    MediaUp {
        /// The peer.
        peer: PeerId,
    },
    /// The media plane removed a peer by itself; the device may offer again under the same peer id.
    MediaLost {
        /// The peer.
        peer: PeerId,
    },
    /// The media plane could not open the room, or lost it: the call cannot go on.
    RoomLost {
        /// The room.
        room: RoomId,
    },
    /// [`super::Exchange::deadline`] has come. Any other input runs the timers that are due as well.
    Tick,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Said `bye`, or its log-in ended: hangs up in the normal way.
    Bye,
    /// Did not resume in time.
    Expired,
}

/// A request about calls, with what the interpreter has looked up for it.
#[derive(Clone, Debug, PartialEq)]
pub enum CallRequest {
    /// `call.start`. Replies `call` once the journal has it.
    Start {
        /// Id for the call; not used when it joins the call of the other side (glare).
        call: CallId,
        /// Card of the caller.
        from: PersonCard,
        /// Who is called.
        to: Vec<PersonId>,
        /// Cards of those of `to` that exist and may be called. The session of a line must be up before: without it, it is
        /// unreachable at once.
        cards: Vec<PersonCard>,
        /// What is on at the caller's device.
        sources: Sources,
    },
    /// `call.alerting`. Replies `ok`. May be said again once there is early media.
    Alerting {
        /// The call.
        call: CallId,
        /// The telephone system plays a tone or an announcement already: the caller is to hear it.
        early_media: bool,
    },
    /// `call.answer`. Replies `call`.
    Answer {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
        /// What becomes of the running call.
        current: CurrentCall,
    },
    /// `call.decline`. Replies `ok`. `Declined` is the person's decision and ends the ring on all devices, and so is `Busy` of a
    /// telephone of staff that alerted: its red button. Any other reason tells of this device alone, and ends the ring when no
    /// other device rings.
    Decline {
        /// The call.
        call: CallId,
        /// Why: `Declined`, or what the telephone system said.
        reason: EndReason,
    },
    /// `call.leave`. Replies `ok`.
    Leave {
        /// The call.
        call: CallId,
    },
    /// `call.end`. Replies `ok`.
    End {
        /// The call.
        call: CallId,
    },
    /// `call.hold`. Replies `call`.
    Hold {
        /// The call.
        call: CallId,
        /// True: hold.
        hold: bool,
    },
    /// `call.sources`. Replies `ok`.
    Sources {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
    },
    /// `call.add`. Replies `call` once the journal has it.
    Add {
        /// The call.
        call: CallId,
        /// Who is called.
        people: Vec<PersonId>,
        /// Cards of those of `people` that exist and may be called.
        cards: Vec<PersonCard>,
    },
    /// `call.transfer` to a person or a line, by whoever talks in a direct call; that one is on hold until it is answered, and
    /// takes it back by resuming (`Hold { hold: false }`). Replies `call` once the journal has it; `WrongState` if it was taken
    /// back before.
    Transfer {
        /// The call.
        call: CallId,
        /// Card of the person or line.
        to: PersonCard,
    },
    /// `call.transfer` to the other side of another call of this person (attended); both must be direct and answered. One of the
    /// two calls goes on, with both other sides in it: `call`, unless it has the only telephone, which is moved to `with` then.
    /// Replies `call`, with the view of the call that goes on.
    Connect {
        /// The call that goes on.
        call: CallId,
        /// The call whose other side joins it.
        with: CallId,
        /// Who leaves `with`: the person of the session that asks. A telephone that stands in its two calls as two lines names
        /// the other one.
        own: PersonId,
    },
    /// A telephone takes the place of this one, at once and answered (INVITE with Replaces). Asked by the new telephone's session.
    /// A place that still rings is picked up. Replies `call`.
    Replace {
        /// The call.
        call: CallId,
        /// The session whose place is taken.
        session: SessionId,
        /// Card of who is there now.
        by: PersonCard,
    },
    /// `call.join`. Replies `call`.
    Join {
        /// The call.
        call: CallId,
        /// What is on.
        sources: Sources,
        /// What becomes of the running call.
        current: CurrentCall,
    },
    /// `call.take`. Replies `call`.
    Take {
        /// The call.
        call: CallId,
        /// What is on at this device.
        sources: Sources,
    },
}

impl CallRequest {
    /// The running call that the request is about; `None` for `call.start`.
    pub fn call(&self) -> Option<CallId> {
        match self {
            CallRequest::Start { .. } => None,
            CallRequest::Alerting { call, .. }
            | CallRequest::Answer { call, .. }
            | CallRequest::Decline { call, .. }
            | CallRequest::Leave { call }
            | CallRequest::End { call }
            | CallRequest::Hold { call, .. }
            | CallRequest::Sources { call, .. }
            | CallRequest::Add { call, .. }
            | CallRequest::Transfer { call, .. }
            | CallRequest::Connect { call, .. }
            | CallRequest::Replace { call, .. }
            | CallRequest::Join { call, .. }
            | CallRequest::Take { call, .. } => Some(*call),
        }
    }
}

/// What has to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum CallOutput {
    /// Send the session an event `call.state`. Only sessions that are up are shown anything.
    Show {
        /// The session.
        session: SessionId,
        /// The whole picture.
        view: Box<CallView>,
    },
    /// Reply to a request. The session may be down or gone by now.
    Reply {
        /// The session that asked.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// The reply.
        result: Result<CallReply, ErrorCode>,
    },
    /// Send the session an event `media.lost`.
    ShowMediaLost {
        /// The session.
        session: SessionId,
        /// The call.
        call: CallId,
    },
    /// Tell the media plane. A command about a peer that made no offer yet has no effect there; it is repeated at `MediaUp`.
    Media {
        /// The room, which is the call.
        room: RoomId,
        /// The command.
        command: MediaCommand,
    },
    /// Write to the journal, entries of one call in order, and tell how it went.
    Journal {
        /// To name it in `JournalDone` or `JournalFailed`.
        ticket: JournalTicket,
        /// The entry.
        entry: JournalEntry,
    },
    /// The media leg of a telephone goes on as another peer in another room: before the old peer is told to leave (it is not).
    MovePhone {
        /// The session of the telephone.
        session: SessionId,
        /// The call and peer that it leaves.
        from: (CallId, PeerId),
        /// The call and peer that it is now.
        to: (CallId, PeerId),
    },
    /// The person is now (not) in a call: presence.
    InCall {
        /// Who.
        person: PersonId,
        /// In at least one call.
        in_call: bool,
    },
}

/// A good reply.
#[derive(Clone, Debug, PartialEq)]
pub enum CallReply {
    /// `ok`.
    Ok,
    /// `call`.
    Call(Box<CallView>),
}

/// Commands to the media plane; offers go there directly, see [`super::Exchange::peer_of`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaCommand {
    /// Opens the room.
    Open,
    /// Opens or closes the gate of a peer.
    SetOpen {
        /// The peer.
        peer: PeerId,
        /// True: media flows.
        open: bool,
    },
    /// Which sources of the peer are on.
    SetSources {
        /// The peer.
        peer: PeerId,
        /// Those that are on.
        on: Vec<Source>,
    },
    /// Removes the peer.
    Leave {
        /// The peer.
        peer: PeerId,
    },
    /// Removes the room with all its peers.
    Close,
}
