//! The exchange: all calls of a node, and who is where.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use media::ids::PeerId;

use super::io::{CallInput, CallOutput, CallReply, CallRequest, JournalTicket};
use super::leg::Leg;
use super::state::Call;
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::CallView;
use crate::wire::error::ErrorCode;

/// All calls of a node.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(super) sessions: BTreeMap<SessionId, Device>,
    pub(super) people: BTreeMap<PersonId, Desk>,
    pub(super) calls: BTreeMap<CallId, Call>,
    pub(super) peers: BTreeMap<PeerId, (CallId, SessionId)>,
    /// Entries that a filing waits for.
    pub(super) tickets: BTreeMap<JournalTicket, CallId>,
    pub(super) timers: BTreeSet<(Instant, CallId)>,
    pub(super) next_ticket: u64,
    peer_seed: u64,
    next_peer: u64,
}

/// A session, as far as calls care.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub person: PersonId,
    pub name: String,
    pub connected: bool,
    /// A telephone.
    pub phone: bool,
}

/// A person, as far as calls care.
#[derive(Clone, Debug, Default)]
pub(super) struct Desk {
    pub sessions: BTreeSet<SessionId>,
    /// Calls that the person is in or called to.
    pub calls: BTreeSet<CallId>,
    /// A telephone line: nobody watches its presence.
    pub line: bool,
    /// What was last told as `InCall`.
    pub in_call: bool,
}

impl Exchange {
    /// An exchange without calls. `peer_seed` must be random and fresh at each start of a node: it keeps the peer ids that
    /// are made here apart from those of other nodes and earlier starts.
    pub fn new(peer_seed: u64) -> Self {
        Exchange {
            sessions: BTreeMap::new(),
            people: BTreeMap::new(),
            calls: BTreeMap::new(),
            peers: BTreeMap::new(),
            tickets: BTreeMap::new(),
            timers: BTreeSet::new(),
            next_ticket: 1,
            peer_seed,
            next_peer: 1,
        }
    }

    /// Takes one input and appends what has to be done. Timers that are due run first. `wall_ms` is UTC milliseconds, for
    /// the record only; all waiting is by `now`, which must not go back.
    pub fn handle(&mut self, now: Instant, wall_ms: i64, input: CallInput, out: &mut Vec<CallOutput>) {
        let mut step = Step::new(now, wall_ms, out);
        self.run_timers(&mut step);
        match input {
            CallInput::SessionUp { session, person, device, phone } => {
                let device = Device { person, name: device, connected: true, phone };
                self.session_up(&mut step, session, device);
            }
            CallInput::SessionDown { session } => self.session_down(&mut step, session),
            CallInput::SessionGone { session, farewell } => self.session_gone(&mut step, session, farewell),
            CallInput::Request { session, id, request } => self.request(&mut step, session, id, request),
            CallInput::JournalDone { ticket } => self.journal_done(&mut step, ticket),
            CallInput::JournalFailed { ticket } => self.journal_failed(&mut step, ticket),
            CallInput::MediaUp { peer } => self.media_up(&mut step, peer),
            CallInput::MediaLost { peer } => self.media_lost(&mut step, peer),
            CallInput::RoomLost { room } => self.room_lost(&mut step, room.into()),
            CallInput::Tick => {}
        }
        self.finish(step);
    }

    /// When [`CallInput::Tick`] is due, if nothing else comes before.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The media peer of this session in this call: where its `media.offer` goes. `None`: refuse the offer.
    pub fn peer_of(&self, session: SessionId, call: CallId) -> Option<PeerId> {
        let device = self.sessions.get(&session)?;
        let leg = self.calls.get(&call).filter(|call| call.opened)?.leg(device.person)?;
        let ringing = leg.ring().and_then(|ring| ring.devices.get(&session)).map(|device| device.peer);
        ringing.or_else(|| leg.live().and_then(|live| live.seat_of(session)).map(|seat| seat.peer))
    }

    /// Whose peer this is: where `media.slots` and `media.quality` go.
    pub fn owner_of(&self, peer: PeerId) -> Option<(SessionId, CallId)> {
        self.peers.get(&peer).map(|(call, session)| (*session, *call))
    }

    /// The connected sessions that are in the call: where `media.speakers` goes.
    pub fn sessions_in(&self, call: CallId) -> Vec<SessionId> {
        let legs = self.calls.get(&call).map(|call| call.legs.as_slice()).unwrap_or_default();
        let seats = legs.iter().filter_map(Leg::live).map(|live| live.seat.session);
        seats.filter(|session| self.is_connected(*session)).collect()
    }

    /// All calls that this session's person is in or called to, as the session sees them: the `calls` of `welcome`. Ask
    /// after the `SessionUp`, before its outputs are sent.
    pub fn snapshot(&self, session: SessionId) -> Vec<CallView> {
        let Some(device) = self.sessions.get(&session) else { return Vec::new() };
        let Some(desk) = self.people.get(&device.person) else { return Vec::new() };
        let calls = desk.calls.iter().filter_map(|id| self.calls.get(id));
        calls.filter(|call| call.shown.contains(&session)).map(|call| self.view(call, session)).collect()
    }

    /// The calls that are going on or ringing.
    pub fn ids(&self) -> Vec<CallId> {
        self.calls.keys().copied().collect()
    }

    /// Calls that are going on or ringing: what a stopping node waits for.
    pub fn running(&self) -> usize {
        self.calls.len()
    }

    fn request(&mut self, step: &mut Step<'_>, session: SessionId, id: u32, request: CallRequest) {
        let done = match self.sessions.get(&session) {
            Some(device) => {
                let asker = Asker { session, person: device.person, id };
                self.dispatch(step, asker, request)
            }
            None => Err(ErrorCode::WrongState),
        };
        match done {
            Ok(Answer::Ok) => step.reply(session, id, Ok(CallReply::Ok)),
            Ok(Answer::Call(call)) => step.reply_call(session, id, call),
            Ok(Answer::Later) => {}
            Err(code) => step.reply(session, id, Err(code)),
        }
    }

    fn dispatch(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        request: CallRequest,
    ) -> Result<Answer, ErrorCode> {
        if let Some(id) = request.call()
            && !self.call(id)?.opened
        {
            return Err(ErrorCode::NoSuchCall);
        }
        match request {
            CallRequest::Start { call, from, to, cards, sources } => {
                let callees = Self::callees(asker.person, &to, cards)?;
                self.start(step, asker, call, from, callees, sources)
            }
            CallRequest::Alerting { call, early_media } => self.alerting(step, asker, call, early_media),
            CallRequest::Answer { call, sources, current } => {
                self.answer(step, asker, call, sources, current)
            }
            CallRequest::Decline { call, reason } => self.decline(step, asker, call, reason),
            CallRequest::Leave { call } => self.leave(step, asker, call),
            CallRequest::End { call } => self.end_for_all(step, asker, call),
            CallRequest::Hold { call, hold } => self.hold(step, asker, call, hold),
            CallRequest::Sources { call, sources } => self.set_sources(step, asker, call, sources),
            CallRequest::Add { call, people, cards } => {
                let callees = Self::callees(asker.person, &people, cards)?;
                self.add(step, asker, call, callees)
            }
            CallRequest::Transfer { call, to } => self.transfer(step, asker, call, to),
            CallRequest::Connect { call, with, own } => self.connect(step, asker, call, with, own),
            CallRequest::Replace { call, session, by } => self.replace(step, asker, call, session, by),
            CallRequest::Join { call, sources, current } => self.join(step, asker, call, sources, current),
            CallRequest::Take { call, sources } => self.take(step, asker, call, sources),
        }
    }

    /// A call that is going on.
    pub(super) fn call(&mut self, id: CallId) -> Result<&mut Call, ErrorCode> {
        self.calls.get_mut(&id).filter(|call| call.ended.is_none()).ok_or(ErrorCode::NoSuchCall)
    }

    pub(super) fn is_connected(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(|device| device.connected)
    }

    pub(super) fn is_phone(&self, session: SessionId) -> bool {
        self.sessions.get(&session).is_some_and(|device| device.phone)
    }

    /// The calls that a person is in or called to.
    pub(super) fn calls_of(&self, person: PersonId) -> Vec<CallId> {
        self.people.get(&person).map(|desk| desk.calls.iter().copied().collect()).unwrap_or_default()
    }

    /// Other calls that this person is in; `true` when held.
    pub(super) fn live_calls(&self, person: PersonId, but: CallId) -> Vec<(CallId, bool)> {
        let calls = self.calls_of(person).into_iter().filter(|id| *id != but);
        calls.filter_map(|id| Some((id, self.calls.get(&id)?.live(person)?.held))).collect()
    }

    /// Version 8 (RFC 9562): 64 bits of the seed, then a counter, so that the short form in logs tells peers apart.
    pub(super) fn fresh_peer(&mut self) -> PeerId {
        let number = self.next_peer;
        self.next_peer += 1;
        let bits = (u128::from(self.peer_seed) << 64) | u128::from(number);
        PeerId(uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid())
    }
}
