//! Calling people: a new call, more people for a running one, and glare.

use std::collections::{BTreeMap, BTreeSet};

use super::exchange::Exchange;
use super::io::JournalTicket;
use super::leg::{Leg, Live, Parked, Phase, Seat};
use super::limits::{MAX_LISTED, MAX_LIVE, MAX_PARTIES};
use super::state::Call;
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId};
use crate::ports::JournalEntry;
use crate::wire::call::{CallKind, PersonCard, Sources};
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

impl Exchange {
    /// The cards of those who are called, each person once, in the order asked for.
    pub(super) fn callees(
        asker: PersonId,
        to: &[PersonId],
        cards: Vec<PersonCard>,
    ) -> Result<Vec<PersonCard>, ErrorCode> {
        let mut cards: BTreeMap<PersonId, PersonCard> = cards.into_iter().map(|c| (c.person, c)).collect();
        let mut seen = BTreeSet::from([asker]);
        let mut callees = Vec::new();
        for person in to.iter().filter(|person| seen.insert(**person)) {
            callees.push(cards.remove(person).ok_or(ErrorCode::NoSuchPerson)?);
        }
        if callees.is_empty() {
            return Err(ErrorCode::CallingYourself);
        }
        if callees.len() >= MAX_PARTIES {
            return Err(ErrorCode::CallFull);
        }
        Ok(callees)
    }

    /// `call.start`.
    pub(super) fn start(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        from: PersonCard,
        callees: Vec<PersonCard>,
        sources: Sources,
    ) -> Result<Answer, ErrorCode> {
        if let [callee] = callees.as_slice()
            && let Some(other) = self.direct_call(asker.person, callee.person)
        {
            return self.glare(step, asker, other, sources);
        }
        if self.calls.contains_key(&id) || from.person != asker.person {
            return Err(ErrorCode::Internal);
        }
        if self.live_calls(asker.person, id).len() >= MAX_LIVE {
            return Err(ErrorCode::CallFull);
        }
        self.hold_others(step, asker.person, id);
        let kind = if callees.len() == 1 { CallKind::Direct } else { CallKind::Group };
        self.calls.insert(id, Call::new(id, kind, asker.person, sources.camera, step.wall_ms));
        self.enter(step, id, from.clone(), asker.session, None, sources);
        let opened = JournalEntry::Opened {
            call: id,
            kind,
            starter: asker.person,
            video: sources.camera,
            at: step.wall_ms,
        };
        let opened = self.write(step, opened);
        let own = self.write_invited(step, id, &from, asker.person);
        self.invite(step, id, asker, callees, vec![opened, own]);
        Ok(Answer::Later)
    }

    /// `call.add`.
    pub(super) fn add(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        callees: Vec<PersonCard>,
    ) -> Result<Answer, ErrorCode> {
        let call = self.call(id)?;
        call.live_here(asker.person, asker.session)?;
        if call.transfer.is_some() {
            return Err(ErrorCode::WrongState);
        }
        if callees.iter().any(|card| call.leg(card.person).is_some_and(Leg::is_present)) {
            return Err(ErrorCode::AlreadyInCall);
        }
        if call.present_count() + callees.len() > MAX_PARTIES {
            return Err(ErrorCode::CallFull);
        }
        call.kind = CallKind::Group;
        self.invite(step, id, asker, callees, Vec::new());
        Ok(Answer::Later)
    }

    /// Files a leg for each of them; they ring once the journal has all these entries.
    pub(super) fn invite(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        asker: Asker,
        callees: Vec<PersonCard>,
        mut tickets: Vec<JournalTicket>,
    ) {
        let people: Vec<PersonId> = callees.iter().map(|card| card.person).collect();
        for card in callees {
            tickets.push(self.write_invited(step, id, &card, asker.person));
            self.put_leg(step, id, Leg { card, phase: Phase::Filed { answer: None } });
        }
        self.file(step, id, asker, people, tickets);
    }

    /// Puts a leg into the call, in the place of an earlier leg of the same person if there is one.
    pub(super) fn put_leg(&mut self, step: &mut Step<'_>, id: CallId, leg: Leg) {
        let (person, line) = (leg.person(), leg.card.line);
        let Ok(call) = self.call(id) else { return };
        match call.leg_mut(person) {
            Some(old) => *old = leg,
            None => {
                if call.legs.len() >= MAX_LISTED
                    && let Some(oldest) = call.legs.iter().position(|leg| !leg.is_present())
                {
                    call.legs.remove(oldest);
                }
                call.legs.push(leg);
            }
        }
        let desk = self.people.entry(person).or_default();
        desk.line = line;
        desk.calls.insert(id);
        step.people.insert(person);
        step.touch(id);
    }

    /// A direct call between these two that is going on.
    fn direct_call(&self, one: PersonId, other: PersonId) -> Option<CallId> {
        let calls = &self.people.get(&one)?.calls;
        let both = |call: &&Call| {
            let present = |person| call.leg(person).is_some_and(Leg::is_present);
            call.ended.is_none() && call.kind == CallKind::Direct && present(one) && present(other)
        };
        calls.iter().filter_map(|id| self.calls.get(id)).find(both).map(|call| call.id)
    }

    /// Both call each other: the second call becomes the answer to the first.
    fn glare(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        sources: Sources,
    ) -> Result<Answer, ErrorCode> {
        let leg = self.call(id)?.leg_mut(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        match &mut leg.phase {
            Phase::Ringing(_) => self.answer(step, asker, id, sources, CurrentCall::Hold),
            Phase::Filed { answer: answer @ None } => {
                *answer = Some(Parked { session: asker.session, id: asker.id, sources });
                Ok(Answer::Later)
            }
            Phase::Filed { .. } | Phase::Live(_) | Phase::Left(_) => Err(ErrorCode::AlreadyInCall),
        }
    }
}

impl Call {
    /// A call without anybody in it.
    fn new(id: CallId, kind: CallKind, starter: PersonId, video: bool, started_at: i64) -> Self {
        Call {
            id,
            kind,
            starter,
            video,
            started_at,
            answered_at: None,
            rev: 0,
            opened: false,
            ended: None,
            legs: Vec::new(),
            filings: Vec::new(),
            transfer: None,
            shown: BTreeSet::new(),
            told: BTreeMap::new(),
            timer: None,
        }
    }
}

impl Live {
    /// A person who has just entered with this seat.
    pub fn entered(seat: Seat) -> Self {
        Live { seat, held: false, socket_by: None, media_by: None, take: None }
    }
}
