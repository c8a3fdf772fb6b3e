//! Requests of the app about telephones: numbers that are dialled, digits, transfers.

use crate::clock;
use crate::ids::{CallId, SessionId};
use crate::node::actor::Node;
use crate::session::SessionInput;
use crate::wire::call::PersonCard;
use crate::wire::error::{ErrorCode, WireError};
use crate::wire::server::Reply;

/// Most digits of one request.
const MAX_DIGITS: usize = 32;
/// Most numbers of one request; the call core bounds the people.
const MAX_NUMBERS: usize = 15;

impl Node {
    /// Whom these numbers mean. `alone`: the call has nobody else in it.
    pub(in crate::node) fn dial(
        &mut self,
        session: SessionId,
        numbers: &[String],
        alone: bool,
    ) -> Result<Vec<PersonCard>, WireError> {
        if numbers.is_empty() {
            return Ok(Vec::new());
        }
        let who = self.card_of(session).ok_or(ErrorCode::WrongState)?;
        if numbers.len() > MAX_NUMBERS {
            return Err(ErrorCode::CallFull.into());
        }
        let mut cards = Vec::with_capacity(numbers.len());
        for number in numbers {
            let bridge = self.bridge.as_mut().ok_or(ErrorCode::NoTelephony)?;
            let (now, mut out) = (clock::now().into_std(), Vec::new());
            let called = bridge.gateway.dial(now, clock::wall_ms(), &who, number, alone, &mut out);
            self.carry_out_gateway(out);
            cards.push(called?);
        }
        // The lines are sessions of the call core before it hears of them.
        while let Some(input) = self.later.pop_front() {
            self.call(input);
        }
        Ok(cards)
    }

    /// An emergency call has nobody else in it.
    pub(in crate::node) fn may_grow(&self, call: CallId) -> bool {
        self.bridge.as_ref().is_none_or(|bridge| !bridge.gateway.is_emergency(call))
    }

    /// `call.digits`.
    pub(in crate::node) fn digits(&mut self, session: SessionId, id: u32, call: CallId, digits: &str) {
        let done = self.send_digits(session, call, digits);
        let reply = done.map_or_else(|code| Reply::Error(code.into()), |()| Reply::Ok {});
        self.session(SessionInput::Replied { session, id, reply });
    }

    fn send_digits(&mut self, session: SessionId, call: CallId, digits: &str) -> Result<(), ErrorCode> {
        let known = |digit: char| digit.is_ascii_digit() || "*#ABCD".contains(digit);
        if digits.is_empty() || digits.len() > MAX_DIGITS || !digits.chars().all(known) {
            return Err(ErrorCode::BadNumber);
        }
        self.calls.peer_of(session, call).ok_or(ErrorCode::NoSuchCall)?;
        let bridge = self.bridge.as_mut().ok_or(ErrorCode::NoTelephony)?;
        let (now, mut out) = (clock::now().into_std(), Vec::new());
        let heard = bridge.gateway.digits(now, clock::wall_ms(), call, digits, &mut out);
        self.carry_out_gateway(out);
        if heard { Ok(()) } else { Err(ErrorCode::WrongState) }
    }
}
