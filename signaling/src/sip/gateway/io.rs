//! What goes into and comes out of the gateway.

use std::net::IpAddr;

use media::control::{MediaError, PhoneCommand, PhoneEvent};
use media::ids::{PeerId, RoomId};

use crate::call::{CallInput, CallReply};
use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::LegRecord;
use crate::sip::port::{SipInput, SipOutput};
use crate::sip::registrar::Lamp;
use crate::sip::trunk::TrunkId;
use crate::wire::call::CallView;
use crate::wire::error::ErrorCode;

/// What happens.
#[derive(Debug)]
pub enum GatewayInput {
    /// The bridge begins: trunks are asked and registered with.
    Start,
    /// From the transport.
    Sip(SipInput),
    /// The addresses behind the name of a trunk, asked for with [`GatewayOutput::Resolve`].
    Resolved {
        /// The trunk.
        trunk: TrunkId,
        /// Its addresses; empty when there are none.
        addresses: Vec<IpAddr>,
    },
    /// The call core shows a call to a session of the gateway.
    Show {
        /// The session.
        session: SessionId,
        /// The picture.
        view: Box<CallView>,
    },
    /// The call core replies to a request of the gateway.
    Reply {
        /// The session that asked.
        session: SessionId,
        /// Id of the request.
        id: u32,
        /// The reply.
        result: Result<CallReply, ErrorCode>,
    },
    /// The leg of a telephone goes on in another call.
    Moved {
        /// Session of the telephone.
        session: SessionId,
        /// What it leaves.
        from: (CallId, PeerId),
        /// Where it is now.
        to: (CallId, PeerId),
    },
    /// The media plane has bound a leg that the gateway opened, or could not.
    Opened {
        /// The peer.
        peer: PeerId,
        /// Its RTP port.
        port: Result<u16, MediaError>,
    },
    /// Something of a telephone's media.
    Phone {
        /// The peer.
        peer: PeerId,
        /// What.
        event: PhoneEvent,
    },
    /// What a person does, for the lamps of telephones.
    Lamp {
        /// Who.
        person: PersonId,
        /// What the lamps show.
        lamp: Lamp,
    },
    /// How many missed calls a person has not looked at.
    Missed {
        /// Who.
        person: PersonId,
        /// So many.
        count: u32,
    },
    /// The node stops: no new calls, and trunks are taken leave of.
    Drain,
    /// The deadline has come.
    Tick,
}

/// What has to be done, in this order.
#[derive(Debug)]
pub enum GatewayOutput {
    /// Give this to the transport.
    Sip(SipOutput),
    /// Give this to the call core.
    Call(CallInput),
    /// Open the leg of a telephone in a room, and bring [`GatewayInput::Opened`].
    Open {
        /// The room.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// Address to bind.
        bind: IpAddr,
    },
    /// Give this to the room, about this peer; it is not [`PhoneCommand::Open`].
    Media {
        /// The room.
        room: RoomId,
        /// The peer.
        peer: PeerId,
        /// The command.
        command: PhoneCommand,
    },
    /// Write a record.
    Record(Box<LegRecord>),
    /// Look up the name of a trunk, and bring [`GatewayInput::Resolved`].
    Resolve {
        /// The trunk.
        trunk: TrunkId,
        /// Its name.
        host: String,
    },
    /// Look up how many missed calls this person has, and bring [`GatewayInput::Missed`].
    AskMissed(PersonId),
}
