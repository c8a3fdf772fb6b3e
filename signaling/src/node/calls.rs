//! Requests about calls into the call core, and what it decides carried out.

use std::time::Duration;

use tokio::time::timeout;

use super::actor::Node;
use super::input::NodeInput;
use crate::bus::Lane;
use crate::call::{CallInput, CallOutput, CallReply, CallRequest};
use crate::ids::{CallId, PersonId, SessionId};
use crate::placement::Owner;
use crate::ports::PortError;
use crate::session::SessionInput;
use crate::wire::call::{EndReason, PersonCard, Sources};
use crate::wire::client::{Request, TransferTo};
use crate::wire::error::{ErrorCode, WireError};
use crate::wire::server::{Event, Reply};

/// A directory that does not answer for so long is away.
const CARDS_DEADLINE: Duration = Duration::from_secs(3);

/// A request that waits for cards of people.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    session: SessionId,
    id: u32,
    people: Vec<PersonId>,
    /// Telephone numbers that are called too.
    numbers: Vec<String>,
    what: Wants,
}

#[derive(Clone, Copy, Debug)]
enum Wants {
    Start { call: CallId, sources: Sources },
    Add { call: CallId },
    Transfer { call: CallId },
}

impl Node {
    /// A request that the session core let through.
    pub(super) fn request(&mut self, session: SessionId, person: PersonId, id: u32, request: Request) {
        let request = match request {
            Request::CallStart { .. } if self.drain.is_some() => {
                return self.refuse(session, id, ErrorCode::Draining);
            }
            Request::CallStart { to: people, numbers, sources } => {
                let call = CallId(self.ports.ids.fresh());
                let what = Wants::Start { call, sources };
                return self.find_cards(person, Asked { session, id, people, numbers, what });
            }
            Request::CallAdd { call, people, numbers } => {
                let what = Wants::Add { call };
                return self.find_cards(person, Asked { session, id, people, numbers, what });
            }
            Request::CallTransfer { call, to } => {
                let (people, numbers) = match to {
                    TransferTo::Person(person) => (vec![person], Vec::new()),
                    TransferTo::Number(number) => (Vec::new(), vec![number]),
                    TransferTo::Call(with) => {
                        return self.ask_owner(session, id, CallRequest::Connect { call, with, own: person });
                    }
                };
                let what = Wants::Transfer { call };
                return self.find_cards(person, Asked { session, id, people, numbers, what });
            }
            Request::CallDigits { call, digits } => return self.digits(session, id, call, &digits),
            Request::MediaOffer { call, sdp, sends } => return self.offer(session, id, call, sdp, sends),
            other => call_request(other),
        };
        match request {
            Some(request) => self.ask_owner(session, id, request),
            None => self.refuse(session, id, ErrorCode::BadFrame),
        }
    }

    /// Gives the request to the node that owns the call.
    fn ask_owner(&mut self, session: SessionId, id: u32, request: CallRequest) {
        let owner = request.call().map_or(Owner::Here, |call| self.placement.owner(call));
        match owner {
            Owner::Here => self.call(CallInput::Request { session, id, request }),
        }
    }

    fn refuse(&mut self, session: SessionId, id: u32, error: impl Into<WireError>) {
        self.session(SessionInput::Replied { session, id, reply: Reply::Error(error.into()) });
    }

    fn find_cards(&mut self, viewer: PersonId, asked: Asked) {
        if asked.people.is_empty() && !asked.numbers.is_empty() {
            return self.cards_found(asked, Ok(Vec::new()));
        }
        let (people, inbox) = (self.ports.people.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let found = timeout(CARDS_DEADLINE, people.cards(viewer, asked.people.clone())).await;
            let cards = found.unwrap_or_else(|_| Err(PortError::Unavailable("no answer in time".into())));
            // One per request that is under way.
            inbox.force(Lane::Urgent, NodeInput::Cards { asked, cards });
        });
    }

    pub(super) fn cards_found(&mut self, asked: Asked, cards: Result<Vec<PersonCard>, PortError>) {
        let Asked { session, id, mut people, numbers, what } = asked;
        let mut cards = match cards {
            Ok(cards) => cards,
            Err(error) => {
                tracing::warn!(%session, %error, "looking up people failed");
                return self.refuse(session, id, ErrorCode::Internal);
            }
        };
        // Nobody is handed on to an emergency number, and nobody joins one.
        let alone = people.len() + numbers.len() == 1 && matches!(what, Wants::Start { .. });
        match self.dial(session, &numbers, alone) {
            Ok(called) => {
                people.extend(called.iter().map(|card| card.person));
                cards.extend(called);
            }
            Err(error) => return self.refuse(session, id, error),
        }
        match self.call_of(session, what, people, cards) {
            Ok(request) => self.ask_owner(session, id, request),
            Err(code) => self.refuse(session, id, code),
        }
    }

    fn call_of(
        &self,
        session: SessionId,
        what: Wants,
        people: Vec<PersonId>,
        cards: Vec<PersonCard>,
    ) -> Result<CallRequest, ErrorCode> {
        Ok(match what {
            Wants::Start { call, sources } => {
                let from = self.card_of(session).ok_or(ErrorCode::WrongState)?;
                CallRequest::Start { call, from, to: people, cards, sources }
            }
            Wants::Add { call } if !self.may_grow(call) => return Err(ErrorCode::EmergencyAlone),
            Wants::Add { call } => CallRequest::Add { call, people, cards },
            Wants::Transfer { call } => {
                let to = cards.into_iter().next().ok_or(ErrorCode::NoSuchPerson)?;
                CallRequest::Transfer { call, to }
            }
        })
    }

    /// Card of the session's person, from its socket.
    pub(super) fn card_of(&self, session: SessionId) -> Option<PersonCard> {
        let socket = self.sessions.socket_of(session)?;
        self.sockets.get(&socket).map(|entry| entry.card.clone())
    }

    pub(super) fn carry_out_call(&mut self, output: CallOutput) {
        let Some(output) = self.for_gateway(output) else { return };
        match output {
            CallOutput::Show { session, view } => self.event_to(session, Event::CallState(view)),
            CallOutput::Reply { session, id, result } => {
                let reply = match result {
                    Ok(CallReply::Ok) => Reply::Ok {},
                    Ok(CallReply::Call(view)) => Reply::Call(view),
                    Err(code) => Reply::Error(code.into()),
                };
                self.session(SessionInput::Replied { session, id, reply });
            }
            CallOutput::ShowMediaLost { session, call } => {
                self.event_to(session, Event::MediaLost { call });
            }
            CallOutput::Media { room, command } => self.media_command(room, command),
            CallOutput::Journal { ticket, entry } => {
                self.watch_leg(&entry);
                self.note_missed(&entry);
                self.journal(ticket, entry);
            }
            CallOutput::MovePhone { .. } => {}
            CallOutput::InCall { person, in_call } => {
                self.session(SessionInput::InCall { person, in_call });
                self.lamp_of_call(person, in_call);
            }
        }
    }
}

/// Requests that need no look-up.
fn call_request(request: Request) -> Option<CallRequest> {
    Some(match request {
        Request::CallAlerting { call } => CallRequest::Alerting { call, early_media: false },
        Request::CallAnswer { call, sources, current } => CallRequest::Answer { call, sources, current },
        Request::CallDecline { call } => CallRequest::Decline { call, reason: EndReason::Declined },
        Request::CallLeave { call } => CallRequest::Leave { call },
        Request::CallEnd { call } => CallRequest::End { call },
        Request::CallHold { call, hold } => CallRequest::Hold { call, hold },
        Request::CallSources { call, sources } => CallRequest::Sources { call, sources },
        Request::CallJoin { call, sources, current } => CallRequest::Join { call, sources, current },
        Request::CallTake { call, sources } => CallRequest::Take { call, sources },
        // The session core answers these itself.
        Request::Hello { .. }
        | Request::Ping {}
        | Request::Subscribe { .. }
        | Request::Unsubscribe { .. }
        | Request::PresenceWatch { .. }
        | Request::PresenceIdle { .. }
        | Request::Bye {} => return None,
        // These are looked up first.
        Request::CallStart { .. } | Request::CallAdd { .. } | Request::MediaOffer { .. } => return None,
        Request::CallDigits { .. } | Request::CallTransfer { .. } => return None,
    })
}
