//! Ringing: on all devices of the callee, honest about whether one of them alerts.

use std::collections::BTreeMap;

use media::ids::PeerId;

use super::exchange::Exchange;
use super::leg::{Parked, Phase, Ring, RingDevice};
use super::limits::{MAX_LIVE, REACH_GRACE, RING_TIME};
use super::step::{Answer, Asker, Step};
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::EndReason;
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

impl Exchange {
    /// The journal has this leg: it rings, or the person is busy.
    pub(super) fn ring(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId) {
        let Some(parked) = self.filed(id, person) else { return };
        let busy = self.is_busy(person, id);
        if busy && parked.is_none() {
            return self.end_leg(step, id, person, EndReason::Busy);
        }
        let devices: BTreeMap<_, _> = self.connected_devices(person).into_iter().collect();
        if devices.is_empty() && parked.is_none() && self.people.get(&person).is_some_and(|desk| desk.line) {
            // Its one session is there before the call, or will not come.
            return self.end_leg(step, id, person, EndReason::Unreachable);
        }
        let mut ring = Ring::new(step.now + RING_TIME, devices);
        ring.watch_reach(step.now + REACH_GRACE);
        if let Some(leg) = self.call(id).ok().and_then(|call| call.leg_mut(person)) {
            leg.phase = Phase::Ringing(ring);
        }
        step.touch(id);
        let Some(Parked { session, id: request, sources }) = parked else { return };
        let asker = Asker { session, person, id: request };
        match self.answer(step, asker, id, sources, CurrentCall::Hold) {
            Ok(_) => step.reply_call(session, request, id),
            Err(code) => {
                step.reply(session, request, Err(code));
                if busy {
                    self.end_leg(step, id, person, EndReason::Busy);
                }
                self.line_lost(step, id, person);
            }
        }
    }

    /// A device that waits to answer by glare is gone: its person rings like anybody else.
    pub(super) fn drop_parked(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        person: PersonId,
        session: SessionId,
    ) {
        let Some(leg) = self.call(id).ok().and_then(|call| call.leg_mut(person)) else { return };
        if let Phase::Filed { answer } = &mut leg.phase
            && let Some(parked) = answer.take_if(|parked| parked.session == session)
        {
            step.reply(session, parked.id, Err(ErrorCode::WrongState));
        }
    }

    /// `call.alerting`. What the telephone system plays meanwhile the caller hears from then on, until somebody answers.
    pub(super) fn alerting(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        early_media: bool,
    ) -> Result<Answer, ErrorCode> {
        let early = early_media && self.is_phone(asker.session);
        let leg = self.call(id)?.leg_mut(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        let ring = leg.ring_mut().ok_or(ErrorCode::WrongState)?;
        let device = ring.devices.get_mut(&asker.session).ok_or(ErrorCode::WrongState)?;
        // Said again, it tells nobody anything.
        if !std::mem::replace(&mut device.alerting, true) {
            ring.alerted = true;
            step.touch(id);
        }
        if early && ring.early.is_none() {
            ring.early = Some(asker.session);
            step.touch(id);
        }
        Ok(Answer::Ok)
    }

    /// `call.decline`: on all devices. A telephone that could not take the call is out of it alone while others ring on, for
    /// its person has not decided anything.
    pub(super) fn decline(
        &mut self,
        step: &mut Step<'_>,
        asker: Asker,
        id: CallId,
        reason: EndReason,
    ) -> Result<Answer, ErrorCode> {
        let leg = self.call(id)?.leg_mut(asker.person).ok_or(ErrorCode::NoSuchCall)?;
        let line = leg.card.line;
        let ring = leg.ring_mut().ok_or(ErrorCode::WrongState)?;
        let reason = ring.decision(asker.session, reason, line);
        if reason != EndReason::Declined && ring.rings_on_without(asker.session) {
            step.part(id, asker.session, reason);
            step.touch(id);
            return Ok(Answer::Ok);
        }
        for session in ring.devices.keys().filter(|session| **session != asker.session) {
            step.part(id, *session, EndReason::DeclinedElsewhere);
        }
        self.end_leg(step, id, asker.person, reason);
        self.settle(step, id, reason);
        Ok(Answer::Ok)
    }

    /// A device of a person who is being called has come: it rings too.
    pub(super) fn ring_device(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        person: PersonId,
        session: SessionId,
    ) {
        let peer = self.fresh_peer();
        let Some(ring) = self.call(id).ok().and_then(|call| call.ring_mut(person)) else { return };
        if ring.out.contains(&session) {
            return;
        }
        ring.devices.entry(session).or_insert_with(|| RingDevice::new(peer)).connected = true;
        ring.unreachable = None;
        step.touch(id);
    }

    /// A ringing device has lost its socket; it may come back, with its media still warm.
    pub(super) fn ring_device_down(
        &mut self,
        step: &mut Step<'_>,
        id: CallId,
        person: PersonId,
        session: SessionId,
    ) {
        let Some(ring) = self.call(id).ok().and_then(|call| call.ring_mut(person)) else { return };
        if let Some(device) = ring.devices.get_mut(&session) {
            device.connected = false;
            ring.watch_reach(step.now + REACH_GRACE);
            step.touch(id);
        }
    }

    /// Takes the glare that waits for a filed leg; `None` when the leg is not filed.
    fn filed(&mut self, id: CallId, person: PersonId) -> Option<Option<Parked>> {
        match &mut self.call(id).ok()?.leg_mut(person)?.phase {
            Phase::Filed { answer } => Some(answer.take()),
            _ => None,
        }
    }

    /// At most one call rings at a person, and one who has a call on hold already cannot take one more.
    fn is_busy(&self, person: PersonId, but: CallId) -> bool {
        let calls = self.calls_of(person).into_iter().filter(|id| *id != but);
        let rings = |id: CallId| self.calls.get(&id).is_some_and(|call| call.ring(person).is_some());
        self.live_calls(person, but).len() >= MAX_LIVE || calls.into_iter().any(rings)
    }

    fn connected_devices(&mut self, person: PersonId) -> Vec<(SessionId, RingDevice)> {
        let sessions = self.people.get(&person).map(|desk| desk.sessions.clone()).unwrap_or_default();
        let connected: Vec<_> = sessions.into_iter().filter(|session| self.is_connected(*session)).collect();
        connected.into_iter().map(|session| (session, RingDevice::new(self.fresh_peer()))).collect()
    }
}

impl Ring {
    /// What a refusal means. A telephone that rang and then says busy is one whose person pressed the red button; only of a
    /// line does it tell what the far telephone system said.
    fn decision(&self, session: SessionId, reason: EndReason, line: bool) -> EndReason {
        let rang = self.devices.get(&session).is_some_and(|device| device.alerting);
        if reason == EndReason::Busy && rang && !line { EndReason::Declined } else { reason }
    }

    /// Takes a device out of the ring if another one is still heard.
    fn rings_on_without(&mut self, session: SessionId) -> bool {
        let heard = |(other, device): (&SessionId, &RingDevice)| *other != session && device.connected;
        let rings_on = self.devices.iter().any(heard);
        if rings_on {
            self.remove(session);
            self.out.insert(session);
        }
        rings_on
    }
}

impl RingDevice {
    fn new(peer: PeerId) -> Self {
        RingDevice { peer, connected: true, alerting: false, media_up: false }
    }
}
