//! People, devices, a media plane and a journal around an exchange, on virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use media::ids::{PeerId, RoomId, Source};
use uuid::Uuid;

use super::super::{
    CallInput, CallOutput, CallReply, CallRequest, Exchange, Farewell, JournalTicket, MediaCommand,
};
use crate::ids::{CallId, PersonId, SessionId};
use crate::ports::JournalEntry;
use crate::wire::call::{CallView, EndReason, LegState, Party, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

/// Device `n` of a person: 0 or 1, [`TELEPHONE`] for a telephone.
pub fn device(person: PersonId, n: u128) -> SessionId {
    SessionId(Uuid::from_u128(person.0.as_u128() * 16 + n))
}

/// Number of the device that is a telephone.
pub const TELEPHONE: u128 = 8;

/// People from this number on are telephone lines.
pub const LINES: u128 = 100;

pub fn is_telephone(session: SessionId) -> bool {
    session.0.as_u128() % 16 == TELEPHONE
}

pub fn is_line(person: PersonId) -> bool {
    person.0.as_u128() >= LINES
}

pub fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

pub fn owner(session: SessionId) -> PersonId {
    person(session.0.as_u128() / 16)
}

pub fn card(person: PersonId) -> PersonCard {
    PersonCard {
        person,
        name: format!("P{}", person.0.as_u128()),
        unit: "資訊局".into(),
        post: "科員".into(),
        extension: is_line(person).then(|| person.0.as_u128().to_string()),
        line: is_line(person),
    }
}

pub const VOICE: Sources = Sources { mic: true, camera: false, screen: false };
pub const VIDEO: Sources = Sources { mic: true, camera: true, screen: false };

/// A peer that exists in the media plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaPeer {
    pub open: bool,
    pub on: Vec<Source>,
}

impl Default for MediaPeer {
    /// The media plane lets all sources through until it is told.
    fn default() -> Self {
        MediaPeer { open: false, on: vec![Source::Mic, Source::Camera, Source::Screen] }
    }
}

/// What a client knows of a call.
#[derive(Clone, Debug)]
pub struct Screen {
    pub view: CallView,
    /// Reason of the last view with `ended`, if the call came to an end here at some time.
    pub ended: Option<EndReason>,
}

#[derive(Clone)]
pub struct World {
    pub exchange: Exchange,
    pub now: Instant,
    pub wall_ms: i64,
    pub next_id: u32,
    pub next_call: u128,
    /// Known sessions: connected or not.
    pub devices: BTreeMap<SessionId, bool>,
    pub screens: BTreeMap<(SessionId, CallId), Screen>,
    pub replies: BTreeMap<(SessionId, u32), Result<CallReply, ErrorCode>>,
    pub asked: BTreeSet<(SessionId, u32)>,
    pub rooms: BTreeSet<RoomId>,
    pub peers: BTreeMap<PeerId, MediaPeer>,
    /// Peers of telephones that are other peers now.
    pub moved: BTreeSet<PeerId>,
    pub lost: Vec<(SessionId, CallId)>,
    pub unwritten: VecDeque<JournalTicket>,
    pub journal: Vec<JournalEntry>,
    pub in_call: BTreeSet<PersonId>,
    pub calls: Vec<CallId>,
    /// The invariants are checked after each step.
    pub checked: bool,
}

impl World {
    pub fn new() -> Self {
        World {
            exchange: Exchange::new(7),
            now: super::epoch(),
            wall_ms: 1_000,
            next_id: 1,
            next_call: 1,
            devices: BTreeMap::new(),
            screens: BTreeMap::new(),
            replies: BTreeMap::new(),
            asked: BTreeSet::new(),
            rooms: BTreeSet::new(),
            peers: BTreeMap::new(),
            moved: BTreeSet::new(),
            lost: Vec::new(),
            unwritten: VecDeque::new(),
            journal: Vec::new(),
            in_call: BTreeSet::new(),
            calls: Vec::new(),
            checked: true,
        }
    }

    /// A world in which these devices are connected.
    pub fn with(devices: &[SessionId]) -> Self {
        let mut world = World::new();
        devices.iter().for_each(|session| world.up(*session));
        world
    }

    pub fn input(&mut self, input: CallInput) {
        let mut out = Vec::new();
        self.exchange.handle(self.now, self.wall_ms, input, &mut out);
        out.into_iter().for_each(|output| self.carry_out(output));
        if self.checked {
            super::check::all(self);
        }
    }

    fn carry_out(&mut self, output: CallOutput) {
        match output {
            CallOutput::Show { session, view } => self.show(session, *view),
            CallOutput::Reply { session, id, result } => {
                assert!(self.asked.contains(&(session, id)), "a reply to nothing");
                if let Ok(CallReply::Call(view)) = &result {
                    self.show(session, (**view).clone());
                }
                assert!(self.replies.insert((session, id), result).is_none(), "two replies");
            }
            CallOutput::ShowMediaLost { session, call } => self.lost.push((session, call)),
            CallOutput::Media { room, command } => self.media(room, command),
            CallOutput::Journal { ticket, entry } => {
                self.unwritten.push_back(ticket);
                self.journal.push(entry);
            }
            CallOutput::MovePhone { session, from, to } => self.move_phone(session, from, to),
            CallOutput::InCall { person, in_call } => {
                assert!(!is_line(person), "a line has no presence");
                let changed =
                    if in_call { self.in_call.insert(person) } else { self.in_call.remove(&person) };
                assert!(changed, "presence told twice");
            }
        }
    }

    /// What a client does with a view.
    fn show(&mut self, session: SessionId, view: CallView) {
        let key = (session, view.call);
        let before = self.screens.get(&key);
        if let Some(before) = before {
            assert!(view.rev > before.view.rev, "rev {} after {}", view.rev, before.view.rev);
            let involved = before.view.ended.is_none() && (ringing(&before.view) || before.view.me.here);
            let elsewhere = view.ended.is_none() && !ringing(&view) && !view.me.here;
            assert!(!(involved && elsewhere), "a device was not told that the call is over for it");
        }
        let ended = view.ended.or(before.and_then(|before| before.ended));
        self.screens.insert(key, Screen { view, ended });
    }

    /// The media leg goes on under its new name: closed, as the media plane knows nothing of it there.
    fn move_phone(&mut self, session: SessionId, from: (CallId, PeerId), to: (CallId, PeerId)) {
        assert!(is_telephone(session), "an app offers anew");
        assert!(self.rooms.contains(&from.0.room()) && self.rooms.contains(&to.0.room()), "too late");
        assert!(self.moved.insert(from.1), "moved twice");
        if self.peers.remove(&from.1).is_some() {
            self.peers.insert(to.1, MediaPeer::default());
        }
    }

    fn media(&mut self, room: RoomId, command: MediaCommand) {
        if command == MediaCommand::Open {
            assert!(self.rooms.insert(room), "room opened twice");
            return;
        }
        assert!(self.rooms.contains(&room), "{command:?} without a room");
        match command {
            MediaCommand::SetOpen { peer, open } => {
                self.peers.entry(peer).and_modify(|peer| peer.open = open);
            }
            MediaCommand::SetSources { peer, on } => {
                self.peers.entry(peer).and_modify(|peer| peer.on = on);
            }
            MediaCommand::Leave { peer } => {
                assert!(!self.moved.contains(&peer), "a telephone that was moved is hung up");
                self.peers.remove(&peer);
            }
            MediaCommand::Close => {
                self.rooms.remove(&room);
                let exchange = &self.exchange;
                self.peers.retain(|peer, _| exchange.owner_of(*peer).is_some());
            }
            MediaCommand::Open => {}
        }
    }

    /// Connects or resumes. The client forgets its calls: the snapshot of `welcome` tells which are left.
    pub fn up(&mut self, session: SessionId) {
        self.devices.insert(session, true);
        for (_, screen) in self.screens.iter_mut().filter(|((of, _), _)| *of == session) {
            screen.view.ended.get_or_insert(EndReason::Ended);
        }
        self.input(CallInput::SessionUp {
            session,
            person: owner(session),
            device: format!("device {}", session.0.as_u128() % 16),
            phone: is_telephone(session),
        });
    }

    pub fn down(&mut self, session: SessionId) {
        if let Some(connected) = self.devices.get_mut(&session) {
            *connected = false;
        }
        self.input(CallInput::SessionDown { session });
    }

    pub fn gone(&mut self, session: SessionId, farewell: Farewell) {
        self.devices.remove(&session);
        self.screens.retain(|(of, _), _| *of != session);
        self.input(CallInput::SessionGone { session, farewell });
    }

    /// Sends a request; the reply may come later.
    pub fn send(&mut self, session: SessionId, request: CallRequest) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        self.asked.insert((session, id));
        self.input(CallInput::Request { session, id, request });
        id
    }

    /// Sends a request that is replied to at once.
    pub fn ask(&mut self, session: SessionId, request: CallRequest) -> Result<CallReply, ErrorCode> {
        let id = self.send(session, request);
        self.replies[&(session, id)].clone()
    }

    pub fn send_start(&mut self, session: SessionId, to: &[PersonId], sources: Sources) -> (CallId, u32) {
        let call = CallId(Uuid::from_u128(self.next_call));
        self.next_call += 1;
        self.calls.push(call);
        let cards = to.iter().map(|person| card(*person)).collect();
        let from = card(owner(session));
        (call, self.send(session, CallRequest::Start { call, from, to: to.to_vec(), cards, sources }))
    }

    /// Calls, with the journal at work.
    pub fn start(&mut self, session: SessionId, to: &[PersonId]) -> CallId {
        let (call, id) = self.send_start(session, to, VOICE);
        self.written();
        assert!(matches!(self.replies[&(session, id)], Ok(CallReply::Call(_))));
        call
    }

    pub fn add(&mut self, session: SessionId, call: CallId, people: &[PersonId]) -> u32 {
        let cards = people.iter().map(|person| card(*person)).collect();
        self.send(session, CallRequest::Add { call, people: people.to_vec(), cards })
    }

    /// Hands on; with the journal at work it rings there.
    pub fn transfer(&mut self, session: SessionId, call: CallId, to: PersonId) -> u32 {
        let id = self.send(session, CallRequest::Transfer { call, to: card(to) });
        self.written();
        id
    }

    pub fn connect(
        &mut self,
        session: SessionId,
        call: CallId,
        with: CallId,
    ) -> Result<CallReply, ErrorCode> {
        self.ask(session, CallRequest::Connect { call, with, own: owner(session) })
    }

    pub fn replace(
        &mut self,
        by: SessionId,
        call: CallId,
        session: SessionId,
    ) -> Result<CallReply, ErrorCode> {
        self.ask(by, CallRequest::Replace { call, session, by: card(owner(by)) })
    }

    pub fn alert(&mut self, session: SessionId, call: CallId) {
        self.ask(session, CallRequest::Alerting { call, early_media: false }).unwrap();
    }

    pub fn decline(&mut self, session: SessionId, call: CallId, reason: EndReason) {
        self.ask(session, CallRequest::Decline { call, reason }).unwrap();
    }

    pub fn answer(&mut self, session: SessionId, call: CallId) -> Result<CallReply, ErrorCode> {
        self.answer_with(session, call, CurrentCall::Hold)
    }

    pub fn answer_with(
        &mut self,
        session: SessionId,
        call: CallId,
        current: CurrentCall,
    ) -> Result<CallReply, ErrorCode> {
        self.ask(session, CallRequest::Answer { call, sources: VOICE, current })
    }

    pub fn leave(&mut self, session: SessionId, call: CallId) -> Result<CallReply, ErrorCode> {
        self.ask(session, CallRequest::Leave { call })
    }

    pub fn hold(&mut self, session: SessionId, call: CallId, hold: bool) -> Result<CallReply, ErrorCode> {
        self.ask(session, CallRequest::Hold { call, hold })
    }

    /// The media of this device comes up: it has made its offer.
    pub fn media_up(&mut self, session: SessionId, call: CallId) {
        let peer = self.exchange.peer_of(session, call).expect("a peer");
        self.peer_up(peer);
    }

    pub fn peer_up(&mut self, peer: PeerId) {
        self.peers.insert(peer, MediaPeer::default());
        self.input(CallInput::MediaUp { peer });
    }

    pub fn media_lost(&mut self, session: SessionId, call: CallId) {
        let peer = self.exchange.peer_of(session, call).expect("a peer");
        self.peer_lost(peer);
    }

    pub fn peer_lost(&mut self, peer: PeerId) {
        self.peers.remove(&peer);
        self.input(CallInput::MediaLost { peer });
    }

    /// The media plane lost a room with all its peers.
    pub fn room_lost(&mut self, room: RoomId) {
        let gone =
            |exchange: &Exchange, peer| exchange.owner_of(peer).is_some_and(|(_, call)| call.room() == room);
        let exchange = &self.exchange;
        self.peers.retain(|peer, _| !gone(exchange, *peer));
        self.input(CallInput::RoomLost { room });
    }

    /// The journal confirms all that it was given.
    pub fn written(&mut self) {
        while let Some(ticket) = self.unwritten.pop_front() {
            self.input(CallInput::JournalDone { ticket });
        }
    }

    /// The journal fails at the oldest entry.
    pub fn write_fails(&mut self) {
        if let Some(ticket) = self.unwritten.pop_front() {
            self.input(CallInput::JournalFailed { ticket });
        }
    }

    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.exchange.deadline().filter(|at| *at <= end) {
            self.move_to(at);
            self.input(CallInput::Tick);
        }
        self.move_to(end);
    }

    /// To the next timer, if there is one.
    pub fn next_timer(&mut self) -> bool {
        let Some(at) = self.exchange.deadline() else { return false };
        self.move_to(at);
        self.input(CallInput::Tick);
        true
    }

    fn move_to(&mut self, at: Instant) {
        self.wall_ms += (at - self.now).as_millis() as i64;
        self.now = at;
    }

    pub fn view(&self, session: SessionId, call: CallId) -> &CallView {
        &self.screens.get(&(session, call)).expect("the call is on this screen").view
    }

    pub fn ended(&self, session: SessionId, call: CallId) -> Option<EndReason> {
        self.screens.get(&(session, call)).and_then(|screen| screen.ended)
    }

    /// The state of a person as this session sees it.
    pub fn state(&self, session: SessionId, call: CallId, of: PersonId) -> LegState {
        self.party(session, call, of).state
    }

    pub fn party(&self, session: SessionId, call: CallId, of: PersonId) -> &Party {
        let party = self.view(session, call).parties.iter().find(|party| party.card.person == of);
        party.expect("a party")
    }

    /// Media of this device flows.
    pub fn flows(&self, session: SessionId, call: CallId) -> bool {
        let peer = self.exchange.peer_of(session, call);
        peer.and_then(|peer| self.peers.get(&peer)).is_some_and(|peer| peer.open)
    }

    /// `(reason, missed)` of all ends of this person's leg.
    pub fn record(&self, of: PersonId, in_call: CallId) -> Vec<(EndReason, bool)> {
        let ends = self.journal.iter().filter_map(|entry| match entry {
            JournalEntry::LegEnded { call, person, reason, missed, .. }
                if (*call, *person) == (in_call, of) =>
            {
                Some((*reason, *missed))
            }
            _ => None,
        });
        ends.collect()
    }

    pub fn is_over(&self, call: CallId) -> bool {
        !self.exchange.calls.contains_key(&call)
    }
}

fn ringing(view: &CallView) -> bool {
    matches!(view.me.state, LegState::Calling | LegState::Ringing)
}
