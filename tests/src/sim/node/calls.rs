//! Requests about calls into the call core, and what it decides carried out.

use media::control::{MediaError, Slot};
use media::ids::PeerId;
use signaling::call::{CallInput, CallOutput, CallReply, CallRequest, MediaCommand};
use signaling::ids::{CallId, PersonId, SessionId};
use signaling::session::SessionInput;
use signaling::wire::call::{CallView, PersonCard, SlotView, Sources};
use signaling::wire::client::{OfferSend, Request, TransferTo};
use signaling::wire::error::ErrorCode;
use signaling::wire::server::{Event, Reply};

use super::Node;
use crate::sim::ctx::Ctx;
use crate::sim::plan::Sabotage;
use crate::sim::queue;

/// A request that waits for cards of people.
#[derive(Clone, Debug)]
pub struct Asked {
    session: SessionId,
    id: u32,
    people: Vec<PersonId>,
    what: Wants,
}

/// What the cards are for.
#[derive(Clone, Copy, Debug)]
enum Wants {
    Start(Sources),
    Add(CallId),
    Transfer(CallId),
}

/// Card of a person.
fn card(person: PersonId) -> PersonCard {
    PersonCard {
        person,
        name: format!("person {person}"),
        unit: String::new(),
        post: String::new(),
        extension: None,
        line: false,
    }
}

impl Node {
    /// A request that the session core let through.
    pub(super) fn request(
        &mut self,
        ctx: &mut Ctx,
        session: SessionId,
        person: PersonId,
        id: u32,
        request: Request,
    ) {
        let request = match request {
            Request::CallStart { to, sources, .. } => {
                return self.find_cards(ctx, Asked { session, id, people: to, what: Wants::Start(sources) });
            }
            Request::CallAdd { call, people, .. } => {
                return self.find_cards(ctx, Asked { session, id, people, what: Wants::Add(call) });
            }
            Request::CallTransfer { call, to: TransferTo::Person(to) } => {
                let what = Wants::Transfer(call);
                return self.find_cards(ctx, Asked { session, id, people: vec![to], what });
            }
            Request::CallTransfer { call, to: TransferTo::Call(with) } => {
                CallRequest::Connect { call, with, own: person }
            }
            Request::MediaOffer { call, sdp, sends } => {
                return self.offer(ctx, session, id, call, &sdp, &sends);
            }
            Request::CallAlerting { call } => CallRequest::Alerting { call, early_media: false },
            Request::CallAnswer { call, sources, current } => {
                if ctx.plan.breaks(Sabotage::SecondAnswer) {
                    ctx.oracle.answered(call, person, session);
                }
                CallRequest::Answer { call, sources, current }
            }
            Request::CallDecline { call } => {
                CallRequest::Decline { call, reason: signaling::wire::call::EndReason::Declined }
            }
            Request::CallLeave { call } => CallRequest::Leave { call },
            Request::CallEnd { call } => CallRequest::End { call },
            Request::CallHold { call, hold } => CallRequest::Hold { call, hold },
            Request::CallSources { call, sources } => CallRequest::Sources { call, sources },
            Request::CallJoin { call, sources, current } => CallRequest::Join { call, sources, current },
            Request::CallTake { call, sources } => CallRequest::Take { call, sources },
            _ => return self.refuse(ctx, session, id, ErrorCode::BadFrame),
        };
        self.call(ctx, CallInput::Request { session, id, request });
    }

    fn find_cards(&self, ctx: &mut Ctx, asked: Asked) {
        let slow = if ctx.rough && ctx.rng.chance(50) { 2_500 } else { 10 };
        self.ask(ctx, slow, queue::Event::Cards { boot: self.boot, asked: Box::new(asked) });
    }

    /// The directory has answered, or (the database is away) has not.
    pub fn cards_found(&mut self, ctx: &mut Ctx, asked: Asked) {
        let Asked { session, id, people, what } = asked;
        let up = self.sessions.socket_of(session).and_then(|socket| self.sockets.get(&socket));
        let from = up.map(|entry| card(entry.person));
        let cards: Vec<PersonCard> = people.iter().copied().map(card).collect();
        let request = match (what, from) {
            _ if ctx.store.is_away() => return self.refuse_and_settle(ctx, session, id, ErrorCode::Internal),
            (Wants::Add(call), _) => CallRequest::Add { call, people, cards },
            (Wants::Transfer(call), _) => CallRequest::Transfer { call, to: cards[0].clone() },
            (Wants::Start(sources), Some(from)) => {
                CallRequest::Start { call: CallId(ctx.rng.id()), from, to: people, cards, sources }
            }
            (Wants::Start(_), None) => {
                return self.refuse_and_settle(ctx, session, id, ErrorCode::WrongState);
            }
        };
        self.call(ctx, CallInput::Request { session, id, request });
        self.settle(ctx);
    }

    fn refuse_and_settle(&mut self, ctx: &mut Ctx, session: SessionId, id: u32, code: ErrorCode) {
        self.refuse(ctx, session, id, code);
        self.settle(ctx);
    }

    fn offer(
        &mut self,
        ctx: &mut Ctx,
        session: SessionId,
        id: u32,
        call: CallId,
        sdp: &str,
        sends: &[OfferSend],
    ) {
        let Some(peer) = self.calls.peer_of(session, call) else {
            return self.refuse(ctx, session, id, ErrorCode::NoSuchCall);
        };
        let reply = match self.plane.offer(ctx, call, peer, sdp, sends) {
            Ok(sdp) => Reply::MediaAnswer { sdp },
            Err(MediaError::BadOffer(_)) => Reply::Error(ErrorCode::BadOffer.into()),
            Err(_) => Reply::Error(ErrorCode::NoSuchCall.into()),
        };
        self.session(ctx, SessionInput::Replied { session, id, reply });
    }

    pub(super) fn carry_out_call(&mut self, ctx: &mut Ctx, output: CallOutput) {
        match output {
            CallOutput::Show { session, view } => {
                self.see(ctx, session, &view);
                self.event_to(ctx, session, Event::CallState(view));
            }
            CallOutput::Reply { session, id, result } => {
                ctx.note(|| format!("reply {id} to {session}: {:?}", result.as_ref().err()));
                if let Some(person) = self.sessions.person_of(session) {
                    ctx.oracle.replied(session, person, id, &result);
                }
                let reply = match result {
                    Ok(CallReply::Ok) => Reply::Ok {},
                    Ok(CallReply::Call(view)) => {
                        self.see(ctx, session, &view);
                        Reply::Call(view)
                    }
                    Err(code) => Reply::Error(code.into()),
                };
                self.session(ctx, SessionInput::Replied { session, id, reply });
            }
            CallOutput::ShowMediaLost { session, call } => {
                self.event_to(ctx, session, Event::MediaLost { call });
            }
            CallOutput::Media { room, command } => {
                ctx.note(|| format!("media plane {room}: {command:?}"));
                let hold = matches!(command, MediaCommand::SetOpen { open: false, .. });
                if !(hold && ctx.plan.breaks(Sabotage::IgnoreHold)) {
                    self.plane.command(ctx, room, command);
                }
            }
            CallOutput::Journal { ticket, entry } => {
                ctx.oracle.recorded(&entry);
                self.journal(ctx, ticket, entry);
            }
            CallOutput::MovePhone { .. } => {}
            CallOutput::InCall { person, in_call } => {
                self.session(ctx, SessionInput::InCall { person, in_call });
            }
        }
    }

    fn see(&self, ctx: &mut Ctx, session: SessionId, view: &CallView) {
        if let Some(person) = self.sessions.person_of(session) {
            ctx.oracle.shown(person, view);
        }
    }

    fn event_to(&mut self, ctx: &mut Ctx, session: SessionId, event: Event) {
        if let Some(socket) = self.sessions.socket_of(session) {
            self.event(ctx, socket, "call", event);
        }
    }

    pub(super) fn slots(&mut self, ctx: &mut Ctx, peer: PeerId, slots: Vec<Slot>) {
        let Some((session, call)) = self.calls.owner_of(peer) else { return };
        let view = |slot: Slot| {
            let (peer, source) = slot.track.unzip();
            SlotView { mid: slot.mid, peer, source }
        };
        let slots = slots.into_iter().map(view).collect();
        self.event_to(ctx, session, Event::MediaSlots { call, slots });
    }
}
