//! Records of the legs of staff in the app, beside those of telephones: who was called, when it rang, how good it was.

use std::collections::HashMap;

use media::control::Quality;

use crate::ids::{CallId, PersonId, SessionId};
use crate::node::actor::Node;
use crate::ports::{Direction, JournalEntry, LegKind, LegRecord};
use crate::wire::call::{EndReason, PersonCard};

/// Legs that are going on.
#[derive(Default)]
pub(in crate::node) struct AppLegs(HashMap<(CallId, PersonId), AppLeg>);

struct AppLeg {
    record: LegRecord,
    /// The call is at a telephone: its record is the gateway's.
    at_telephone: bool,
    quality: Vec<Quality>,
}

/// Most reports of one leg that are kept: an hour of them; later ones replace the oldest.
const MAX_REPORTS: usize = 1_000;

impl AppLegs {
    /// A person enters a call or is called.
    fn begin(&mut self, id: uuid::Uuid, call: CallId, who: &PersonCard, by: Option<&PersonCard>, at: i64) {
        let name = |card: &PersonCard| card.extension.clone().unwrap_or_else(|| card.name.clone());
        let (direction, from, to) = match by {
            Some(by) => (Direction::Out, name(by), name(who)),
            None => (Direction::In, name(who), String::new()),
        };
        let record = LegRecord {
            id,
            call: Some(call),
            person: Some(who.person),
            kind: LegKind::App,
            direction,
            via: String::new(),
            from,
            to,
            started_at: at,
            ringing_at: None,
            answered_at: None,
            ended_at: at,
            reason: EndReason::Ended,
            status: None,
            codec: None,
            loss: None,
            loss_there: None,
            jitter_ms: None,
            rtt_ms: None,
            mos: None,
        };
        // Called again after it had left, it is another leg.
        self.0.insert((call, who.person), AppLeg { record, at_telephone: false, quality: Vec::new() });
    }

    /// Whom the person who began the call called first.
    fn called(&mut self, call: CallId, by: PersonId, whom: &PersonCard) {
        if let Some(leg) = self.0.get_mut(&(call, by)).filter(|leg| leg.record.to.is_empty()) {
            leg.record.to = whom.extension.clone().unwrap_or_else(|| whom.name.clone());
        }
    }

    fn report(&mut self, call: CallId, person: PersonId, quality: Quality) {
        if let Some(leg) = self.0.get_mut(&(call, person)) {
            if leg.quality.len() >= MAX_REPORTS {
                leg.quality.remove(0);
            }
            leg.quality.push(quality);
        }
    }

    fn end(&mut self, call: CallId, person: PersonId, reason: EndReason, at: i64) -> Option<LegRecord> {
        let AppLeg { mut record, at_telephone, quality } = self.0.remove(&(call, person))?;
        (record.ended_at, record.reason) = (at, reason);
        let mean = |of: fn(&Quality) -> f32| {
            let sum: f32 = quality.iter().map(of).sum();
            (!quality.is_empty()).then(|| sum / quality.len() as f32)
        };
        record.loss = mean(|quality| quality.loss_up);
        record.loss_there = mean(|quality| quality.loss_down);
        record.jitter_ms = mean(|quality| quality.jitter_ms as f32);
        record.rtt_ms = mean(|quality| quality.rtt_ms as f32).map(|rtt| rtt as u32).filter(|rtt| *rtt > 0);
        record.codec = record.answered_at.map(|_| "opus".to_owned());
        (!at_telephone).then_some(record)
    }
}

impl Node {
    /// An entry of the journal tells of a leg.
    pub(in crate::node) fn watch_leg(&mut self, entry: &JournalEntry) {
        let Some(bridge) = &mut self.bridge else { return };
        match *entry {
            JournalEntry::Invited { call, person, by, line: None, at } => {
                let Some(who) = self.calls.card(call, person) else { return };
                let caller = self.calls.card(call, by).filter(|_| by != person);
                bridge.apps.begin(self.ports.ids.fresh(), call, who, caller, at);
                if by != person {
                    bridge.apps.called(call, by, who);
                }
            }
            JournalEntry::Invited { call, by, line: Some(ref line), .. } => {
                bridge.apps.called(call, by, line)
            }
            JournalEntry::Answered { call, person, at } => {
                let seat = self.calls.seat_in(call, person);
                if let (Some(leg), Some((session, device))) = (bridge.apps.0.get_mut(&(call, person)), seat) {
                    leg.record.answered_at.get_or_insert(at);
                    leg.record.via = device.to_owned();
                    leg.at_telephone = bridge.gateway.owns(session);
                }
            }
            JournalEntry::LegEnded { call, person, reason, at, .. } => {
                if let Some(record) = bridge.apps.end(call, person, reason, at) {
                    self.record(record);
                }
            }
            JournalEntry::Opened { .. } | JournalEntry::Closed { .. } => {}
        }
    }

    /// How well somebody in the app is connected.
    pub(in crate::node) fn watch_quality(&mut self, call: CallId, session: SessionId, quality: Quality) {
        let person = self.calls.person_of(session);
        if let (Some(bridge), Some(person)) = (&mut self.bridge, person) {
            bridge.apps.report(call, person, quality);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::ws::harness::card;

    #[test]
    fn a_leg_from_its_ring_to_its_end() {
        let (mut legs, call) = (AppLegs::default(), CallId(Uuid::from_u128(9)));
        let (ann, bob) = (card(1), card(2));
        legs.begin(Uuid::from_u128(1), call, &ann, None, 10);
        legs.begin(Uuid::from_u128(2), call, &bob, Some(&ann), 10);
        legs.called(call, ann.person, &bob);
        for loss_up in [0.0, 0.2] {
            legs.report(call, bob.person, Quality { loss_up, rtt_ms: 30, ..Quality::default() });
        }
        let record = legs.end(call, bob.person, EndReason::Busy, 20).unwrap();
        assert_eq!((record.direction, record.loss, record.rtt_ms), (Direction::Out, Some(0.1), Some(30)));
        assert_eq!((record.started_at, record.ended_at, record.reason), (10, 20, EndReason::Busy));
        assert_eq!(legs.end(call, bob.person, EndReason::Busy, 20), None, "once");
        let own = legs.end(call, ann.person, EndReason::Ended, 30).unwrap();
        assert_eq!((own.direction, own.to), (Direction::In, record.to));
        assert_eq!(own.loss, None);
    }
}
