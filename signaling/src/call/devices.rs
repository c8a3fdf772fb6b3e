//! What happens to devices: their sockets and their media.

use media::ids::PeerId;

use super::exchange::{Device, Exchange};
use super::io::{CallOutput, Farewell};
use super::leg::{Leg, Live, Phase, Seat};
use super::limits::RESUME_TIME;
use super::step::Step;
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::EndReason;

impl Exchange {
    pub(super) fn session_up(&mut self, step: &mut Step<'_>, session: SessionId, device: Device) {
        let person = device.person;
        if self.sessions.get(&session).is_some_and(|device| device.person != person) {
            debug_assert!(false, "a session changed its person");
            return;
        }
        self.sessions.insert(session, device);
        self.people.entry(person).or_default().sessions.insert(session);
        for id in self.calls_of(person) {
            // Each call is shown to the device: it may be new, or have missed what happened meanwhile.
            step.touch(id);
            self.ring_device(step, id, person, session);
            if let Some(live) = self.live_at(id, person, session) {
                live.socket_by = None;
            }
        }
    }

    pub(super) fn session_down(&mut self, step: &mut Step<'_>, session: SessionId) {
        let Some(device) = self.sessions.get_mut(&session) else { return };
        if !std::mem::replace(&mut device.connected, false) {
            return;
        }
        let person = device.person;
        for id in self.calls_of(person) {
            self.ring_device_down(step, id, person, session);
            if let Some(live) = self.live_at(id, person, session) {
                live.socket_by = Some(step.now + RESUME_TIME);
                step.touch(id);
            } else if self.takes(id, person, session) {
                self.abort_take(step, id, person);
            }
        }
    }

    pub(super) fn session_gone(&mut self, step: &mut Step<'_>, session: SessionId, farewell: Farewell) {
        self.session_down(step, session);
        let Some(device) = self.sessions.remove(&session) else { return };
        let person = device.person;
        step.people.insert(person);
        if let Some(desk) = self.people.get_mut(&person) {
            desk.sessions.remove(&session);
        }
        for id in self.calls_of(person) {
            self.drop_parked(step, id, person, session);
            if let Some(ring) = self.call(id).ok().and_then(|call| call.ring_mut(person)) {
                ring.remove(session);
                step.touch(id);
                self.line_lost(step, id, person);
            }
            if self.live_at(id, person, session).is_some() {
                self.seat_lost(step, id, person, farewell.reason());
            }
        }
    }

    /// A line has one telephone: without it, it rings for nobody, and nothing can come back.
    pub(super) fn line_lost(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId) {
        let leg = self.calls.get(&id).and_then(|call| call.leg(person));
        let lost = |leg: &Leg| leg.card.line && leg.ring().is_some_and(|ring| ring.devices.is_empty());
        if leg.is_some_and(lost) {
            self.end_leg(step, id, person, EndReason::Unreachable);
            self.settle(step, id, EndReason::Unreachable);
        }
    }

    /// The device in the call will not come back: a move that is going on is completed, else the person is out.
    pub(super) fn seat_lost(&mut self, step: &mut Step<'_>, id: CallId, person: PersonId, reason: EndReason) {
        let moving = self.calls.get(&id).and_then(|call| call.live(person)).is_some_and(|l| l.take.is_some());
        if moving {
            self.complete_take(step, id, person);
        } else {
            self.hang_up(step, id, person, reason);
        }
    }

    pub(super) fn media_up(&mut self, step: &mut Step<'_>, peer: PeerId) {
        let Some((id, session)) = self.peers.get(&peer).copied() else { return };
        let Ok(call) = self.call(id) else { return };
        // The peer is new to the media plane, which has it closed and lets all its sources through.
        call.told.insert(peer, Default::default());
        step.touch(id);
        let mut moved = None;
        for leg in &mut call.legs {
            let person = leg.card.person;
            match &mut leg.phase {
                Phase::Ringing(ring) => {
                    if let Some(device) = ring.devices.get_mut(&session).filter(|device| device.peer == peer)
                    {
                        device.media_up = true;
                    }
                }
                Phase::Live(live) if live.seat.peer == peer => {
                    live.media_by = None;
                    live.seat.came_up();
                }
                Phase::Live(Live { take: Some(take), .. }) if take.seat.peer == peer => {
                    take.seat.came_up();
                    moved = Some(person);
                }
                Phase::Filed { .. } | Phase::Live(_) | Phase::Left(_) => {}
            }
        }
        if let Some(person) = moved {
            self.complete_take(step, id, person);
        }
    }

    pub(super) fn media_lost(&mut self, step: &mut Step<'_>, peer: PeerId) {
        let Some((id, session)) = self.peers.get(&peer).copied() else { return };
        let connected = self.is_connected(session);
        let Ok(call) = self.call(id) else { return };
        for leg in &mut call.legs {
            match &mut leg.phase {
                Phase::Ringing(ring) => {
                    if let Some(device) = ring.devices.get_mut(&session).filter(|device| device.peer == peer)
                    {
                        device.media_up = false;
                    }
                }
                Phase::Live(live) if live.seat.peer == peer => {
                    live.seat.media_up = false;
                    live.media_by.get_or_insert(step.now + RESUME_TIME);
                }
                Phase::Filed { .. } | Phase::Live(_) | Phase::Left(_) => {}
            }
        }
        if connected {
            step.put(CallOutput::ShowMediaLost { session, call: id });
        }
        step.touch(id);
    }

    pub(super) fn room_lost(&mut self, step: &mut Step<'_>, id: CallId) {
        self.end_call(step, id, EndReason::Failed);
    }

    /// The live leg of this person, if it is at this device.
    fn live_at(&mut self, id: CallId, person: PersonId, session: SessionId) -> Option<&mut Live> {
        self.call(id).ok()?.live_mut(person).filter(|live| live.seat.session == session)
    }

    /// A move of this person's leg to this device is going on.
    fn takes(&self, id: CallId, person: PersonId, session: SessionId) -> bool {
        let take = self.calls.get(&id).and_then(|call| call.live(person)).and_then(|live| live.take.as_ref());
        take.is_some_and(|take| take.seat.session == session)
    }
}

impl Farewell {
    fn reason(self) -> EndReason {
        match self {
            Farewell::Bye => EndReason::Ended,
            Farewell::Expired => EndReason::Failed,
        }
    }
}

impl Seat {
    fn came_up(&mut self) {
        self.media_up = true;
        self.was_up = true;
    }
}
