//! Questions about who is where, for records.

use super::exchange::Exchange;
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::PersonCard;

impl Exchange {
    /// Whose session this is.
    pub fn person_of(&self, session: SessionId) -> Option<PersonId> {
        self.sessions.get(&session).map(|device| device.person)
    }

    /// Card of a person in a call.
    pub fn card(&self, call: CallId, person: PersonId) -> Option<&PersonCard> {
        Some(&self.calls.get(&call)?.leg(person)?.card)
    }

    /// Session, and name of the device, at which a person is in a call.
    pub fn seat_in(&self, call: CallId, person: PersonId) -> Option<(SessionId, &str)> {
        let seat = &self.calls.get(&call)?.leg(person)?.live()?.seat;
        Some((seat.session, seat.device.as_str()))
    }
}
