//! What one input brings about, gathered until the end of the step: each call that changed is then shown once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::io::{CallOutput, CallReply, MediaCommand};
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::EndReason;
use crate::wire::error::ErrorCode;

/// One step of the exchange.
pub(super) struct Step<'a> {
    pub now: Instant,
    pub wall_ms: i64,
    out: &'a mut Vec<CallOutput>,
    /// Calls that changed.
    pub touched: BTreeSet<CallId>,
    /// People whose legs changed.
    pub people: BTreeSet<PersonId>,
    /// Requests that get the view of a call.
    pub replies: Vec<(SessionId, u32, CallId)>,
    /// Devices for which the call is over although their person's leg goes on, or whose reason is another than the leg's.
    partings: BTreeMap<(CallId, SessionId), EndReason>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub session: SessionId,
    pub person: PersonId,
    pub id: u32,
}

/// How a request is answered.
pub(super) enum Answer {
    /// `ok`.
    Ok,
    /// With the view of this call.
    Call(CallId),
    /// When the journal has confirmed.
    Later,
}

impl<'a> Step<'a> {
    pub fn new(now: Instant, wall_ms: i64, out: &'a mut Vec<CallOutput>) -> Self {
        Step {
            now,
            wall_ms,
            out,
            touched: BTreeSet::new(),
            people: BTreeSet::new(),
            replies: Vec::new(),
            partings: BTreeMap::new(),
        }
    }

    pub fn put(&mut self, output: CallOutput) {
        self.out.push(output);
    }

    pub fn touch(&mut self, call: CallId) {
        self.touched.insert(call);
    }

    pub fn reply(&mut self, session: SessionId, id: u32, result: Result<CallReply, ErrorCode>) {
        self.put(CallOutput::Reply { session, id, result });
    }

    /// Replies with the view of the call as it is at the end of the step.
    pub fn reply_call(&mut self, session: SessionId, id: u32, call: CallId) {
        self.touch(call);
        self.replies.push((session, id, call));
    }

    /// The call is over for this device.
    pub fn part(&mut self, call: CallId, session: SessionId, reason: EndReason) {
        self.partings.insert((call, session), reason);
    }

    /// The devices for which this call is over by themselves.
    pub fn parted(&self, call: CallId) -> BTreeMap<SessionId, EndReason> {
        let mine = self.partings.iter().filter(|((id, _), _)| *id == call);
        mine.map(|((_, session), reason)| (*session, *reason)).collect()
    }

    /// The devices whose reply is the view of this call.
    pub fn replied(&self, call: CallId) -> BTreeSet<SessionId> {
        self.replies.iter().filter(|(.., id)| *id == call).map(|(session, ..)| *session).collect()
    }

    pub fn media(&mut self, call: CallId, command: MediaCommand) {
        self.put(CallOutput::Media { room: call.room(), command });
    }
}
