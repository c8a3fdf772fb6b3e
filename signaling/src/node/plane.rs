//! The media plane as the node sees it: commands to it, events from it.

use std::sync::Arc;

use bytes::Bytes;
use media::control::{ClientOffer, MediaError, MediaEvent, Quality, RoomCommand, SendSection, Slot};
use media::ids::{PeerId, RoomId};
use media::worker::Engine;

use super::actor::Node;
use super::input::NodeInput;
use super::sessions::encode;
use crate::bus::Lane;
use crate::call::{CallInput, MediaCommand};
use crate::ids::{CallId, SessionId};
use crate::session::SessionInput;
use crate::sip::gateway::GatewayInput;
use crate::wire::call::{QualityView, SlotView};
use crate::wire::client::OfferSend;
use crate::wire::error::ErrorCode;
use crate::wire::server::{Event, EventFrame, Reply};
use crate::ws::{Inbox, ToSocket};

/// Carries the media of calls.
pub trait MediaPlane: Send + Sync {
    /// Makes a room; opening one that is open changes nothing.
    ///
    /// # Errors
    /// When there is no place for it.
    fn open_room(&self, room: RoomId) -> Result<(), MediaError>;

    /// Gives a command to a room. Commands of one room are carried out in order.
    ///
    /// # Errors
    /// When the room is unknown or its worker takes no more; the command has no effect then.
    fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError>;
}

impl MediaPlane for Engine {
    fn open_room(&self, room: RoomId) -> Result<(), MediaError> {
        Engine::open_room(self, room)
    }

    fn send(&self, room: RoomId, command: RoomCommand) -> Result<(), MediaError> {
        Engine::send(self, room, command)
    }
}

/// Sends the reply to a `media.offer`, also when the worker drops the offer without an answer.
struct Answering {
    inbox: Arc<Inbox<NodeInput>>,
    session: SessionId,
    id: u32,
    reply: Option<Reply>,
}

impl Answering {
    fn answer(mut self, result: Result<String, MediaError>) {
        self.reply = Some(match result {
            Ok(sdp) => Reply::MediaAnswer { sdp },
            Err(error) => Reply::Error(code_of(&error).into()),
        });
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let reply = self.reply.take().unwrap_or_else(|| Reply::Error(ErrorCode::MediaUnavailable.into()));
        // One per request that is under way.
        self.inbox.force(Lane::Urgent, NodeInput::Reply { session: self.session, id: self.id, reply });
    }
}

fn code_of(error: &MediaError) -> ErrorCode {
    match error {
        MediaError::BadOffer(_) => ErrorCode::BadOffer,
        MediaError::NoRoom => ErrorCode::NoSuchCall,
        MediaError::Full | MediaError::Unavailable => ErrorCode::MediaUnavailable,
    }
}

impl Node {
    /// Gives an offer of a client to the room of the call; the worker answers.
    pub(super) fn offer(
        &mut self,
        session: SessionId,
        id: u32,
        call: CallId,
        sdp: String,
        sends: Vec<OfferSend>,
    ) {
        let Some(peer) = self.calls.peer_of(session, call) else {
            let reply = Reply::Error(ErrorCode::NoSuchCall.into());
            return self.session(SessionInput::Replied { session, id, reply });
        };
        let sends = sends.into_iter().map(|OfferSend { mid, source }| SendSection { mid, source });
        let offer = ClientOffer { sdp, sends: sends.collect() };
        let answering = Answering { inbox: self.inbox.clone(), session, id, reply: None };
        let command = RoomCommand::Offer { peer, offer, answer: Box::new(|result| answering.answer(result)) };
        if let Err(error) = self.media.send(call.room(), command) {
            // The dropped command has sent the reply.
            tracing::warn!(%call, %peer, %error, "an offer was not taken");
        }
    }

    pub(super) fn media_command(&mut self, room: RoomId, command: MediaCommand) {
        let done = match command {
            MediaCommand::Open => self.media.open_room(room),
            MediaCommand::Close => return self.close_room(room),
            MediaCommand::SetOpen { peer, open } => {
                self.media.send(room, RoomCommand::SetOpen { peer, open })
            }
            MediaCommand::SetSources { peer, on } => {
                self.media.send(room, RoomCommand::SetSources { peer, on })
            }
            MediaCommand::Leave { peer } => self.media.send(room, RoomCommand::Leave { peer }),
        };
        if let Err(error) = done {
            tracing::error!(%room, %error, "the media plane does not follow: the call is lost");
            self.later.push_back(CallInput::RoomLost { room });
        }
    }

    /// Closes a room; a worker that takes nothing at the moment is told again later.
    pub(super) fn close_room(&mut self, room: RoomId) {
        match self.media.send(room, RoomCommand::Close) {
            Ok(()) | Err(MediaError::NoRoom) => {}
            Err(error) => {
                tracing::warn!(%room, %error, "a room could not be closed yet");
                self.close_later(room);
            }
        }
    }

    pub(super) fn media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Connected { peer, .. } => self.call(CallInput::MediaUp { peer }),
            MediaEvent::Lost { peer, reason, .. } => {
                tracing::info!(%peer, ?reason, "media lost");
                self.call(CallInput::MediaLost { peer });
            }
            MediaEvent::Slots { peer, slots, .. } => self.slots(peer, slots),
            MediaEvent::Speakers { room, speakers } => self.speakers(room.into(), speakers),
            MediaEvent::Quality { peer, quality, .. } => self.quality(peer, quality),
            MediaEvent::Phone { peer, event, .. } => self.gateway(GatewayInput::Phone { peer, event }),
        }
    }

    fn slots(&mut self, peer: PeerId, slots: Vec<Slot>) {
        let Some((session, call)) = self.calls.owner_of(peer) else { return };
        let view = |slot: Slot| {
            let (peer, source) = slot.track.unzip();
            SlotView { mid: slot.mid, peer, source }
        };
        let slots = slots.into_iter().map(view).collect();
        self.event_to(session, Event::MediaSlots { call, slots });
    }

    fn speakers(&mut self, call: CallId, speakers: Vec<PeerId>) {
        let event = Event::MediaSpeakers { call, speakers };
        let frame: Bytes = encode(&EventFrame { topic: "call".into(), seq: None, event });
        for session in self.calls.sessions_in(call) {
            if let Some(socket) = self.sessions.socket_of(session) {
                self.tell(socket, ToSocket::Text(Lane::Bulk, frame.clone()));
            }
        }
    }

    fn quality(&mut self, peer: PeerId, quality: Quality) {
        let Some((session, call)) = self.calls.owner_of(peer) else { return };
        self.watch_quality(call, session, quality);
        let Quality { loss_up, loss_down, rtt_ms, jitter_ms } = quality;
        let quality = QualityView { loss_up, loss_down, rtt_ms, jitter_ms };
        self.event_to(session, Event::MediaQuality { call, quality });
    }
}
