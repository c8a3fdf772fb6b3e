//! What the lamps of telephones show of staff: who is in a call, who is being called, who has missed calls.

use std::collections::{HashMap, HashSet};

use crate::ids::{CallId, PersonId, SessionId};
use crate::node::actor::Node;
use crate::ports::JournalEntry;
use crate::sip::gateway::GatewayInput;
use crate::sip::registrar::Lamp;
use crate::wire::call::{CallView, LegState};

/// What is known of people who do something.
#[derive(Default)]
pub(in crate::node) struct Lamps {
    in_call: HashSet<PersonId>,
    ringing: HashMap<PersonId, CallId>,
    /// Missed calls whose entry is being written.
    missed: HashMap<CallId, Vec<PersonId>>,
}

impl Lamps {
    fn of(&self, person: PersonId) -> Lamp {
        match (self.in_call.contains(&person), self.ringing.contains_key(&person)) {
            (true, _) => Lamp::Busy,
            (false, true) => Lamp::Ringing,
            (false, false) => Lamp::Idle,
        }
    }

    /// A picture that somebody is shown. True: the lamp may be another one.
    fn seen(&mut self, person: PersonId, view: &CallView) -> bool {
        let rings = view.ended.is_none() && matches!(view.me.state, LegState::Calling | LegState::Ringing);
        if rings && !view.me.here {
            return self.ringing.insert(person, view.call).is_none();
        }
        let same = self.ringing.get(&person) == Some(&view.call);
        same && self.ringing.remove(&person).is_some()
    }
}

impl Node {
    pub(in crate::node) fn lamp_of_view(&mut self, session: SessionId, view: &CallView) {
        let Some(person) = self.calls.person_of(session) else { return };
        if self.bridge.as_mut().is_some_and(|bridge| bridge.lamps.seen(person, view)) {
            self.show_lamp(person);
        }
    }

    pub(in crate::node) fn lamp_of_call(&mut self, person: PersonId, in_call: bool) {
        let Some(bridge) = &mut self.bridge else { return };
        if in_call {
            bridge.lamps.in_call.insert(person);
        } else {
            bridge.lamps.in_call.remove(&person);
        }
        self.show_lamp(person);
    }

    fn show_lamp(&mut self, person: PersonId) {
        let lamp = self.bridge.as_ref().map(|bridge| bridge.lamps.of(person)).unwrap_or_default();
        self.gateway(GatewayInput::Lamp { person, lamp });
    }

    /// An entry that will count as a missed call once it is written.
    pub(in crate::node) fn note_missed(&mut self, entry: &JournalEntry) {
        let (Some(bridge), JournalEntry::LegEnded { call, person, missed, .. }) = (&mut self.bridge, entry)
        else {
            return;
        };
        if *missed {
            bridge.lamps.missed.entry(*call).or_default().push(*person);
        }
        // Also of somebody whose devices are gone, and see no end of it.
        if bridge.lamps.ringing.get(person) == Some(call) {
            bridge.lamps.ringing.remove(person);
            self.show_lamp(*person);
        }
    }

    /// All entries of a call are written.
    pub(in crate::node) fn count_missed(&mut self, call: CallId) {
        let missed = self.bridge.as_mut().and_then(|bridge| bridge.lamps.missed.remove(&call));
        missed.into_iter().flatten().for_each(|person| self.ask_missed(person));
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_call_outshines_a_ring() {
        let (mut lamps, person) = (Lamps::default(), PersonId(Uuid::from_u128(1)));
        assert_eq!(lamps.of(person), Lamp::Idle);
        lamps.ringing.insert(person, CallId(Uuid::from_u128(2)));
        assert_eq!(lamps.of(person), Lamp::Ringing);
        lamps.in_call.insert(person);
        assert_eq!(lamps.of(person), Lamp::Busy);
    }
}
