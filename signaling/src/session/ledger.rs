//! Request ids: what is under way, and the replies of what was done, so that nothing is done twice.

use std::collections::{BTreeMap, VecDeque};

use super::limits::{KEPT_REPLIES, MAX_RUNNING};
use crate::wire::client::Request;
use crate::wire::server::Reply;

/// The request ids of one session.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// The highest id so far.
    highest: u32,
    /// Requests handed out and not replied to; `true` for those that may simply be done again.
    running: BTreeMap<u32, bool>,
    /// Replies to what must not be done twice, oldest first.
    done: VecDeque<(u32, Reply)>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Admission {
    /// Do it.
    New,
    /// It was done: this was the reply.
    Done(Reply),
    /// It is under way; its reply will come.
    Running,
    /// Its id is old and its reply is forgotten, or ids do not grow.
    Stale,
    /// Too many are under way.
    Full,
}

impl Ledger {
    /// Decides about a request by its id.
    pub fn admit(&mut self, id: u32, repeatable: bool) -> Admission {
        if id > self.highest {
            if self.running.len() >= MAX_RUNNING {
                return Admission::Full;
            }
            self.highest = id;
        } else if let Some((_, reply)) = self.done.iter().find(|(done, _)| *done == id) {
            return Admission::Done(reply.clone());
        } else if self.running.contains_key(&id) {
            return Admission::Running;
        } else if !repeatable {
            return Admission::Stale;
        }
        self.running.insert(id, repeatable);
        Admission::New
    }

    /// Notes a reply. `false`: nobody waits for it any more, do not send it.
    pub fn settle(&mut self, id: u32, reply: &Reply) -> bool {
        let Some(repeatable) = self.running.remove(&id) else { return false };
        if !repeatable {
            if self.done.len() >= KEPT_REPLIES {
                self.done.pop_front();
            }
            self.done.push_back((id, reply.clone()));
        }
        true
    }

    /// The socket is lost: the client will repeat what it has no reply to.
    pub fn socket_lost(&mut self) {
        self.running.retain(|_, repeatable| !*repeatable);
    }
}

impl Request {
    /// Doing it again changes nothing more, so its reply need not be kept.
    pub(super) fn is_repeatable(&self) -> bool {
        match self {
            Request::Hello { .. }
            | Request::Ping {}
            | Request::Subscribe { .. }
            | Request::Unsubscribe { .. }
            | Request::PresenceWatch { .. }
            | Request::PresenceIdle { .. }
            | Request::MediaOffer { .. }
            | Request::Bye {} => true,
            Request::CallStart { .. }
            | Request::CallAlerting { .. }
            | Request::CallAnswer { .. }
            | Request::CallDecline { .. }
            | Request::CallLeave { .. }
            | Request::CallEnd { .. }
            | Request::CallHold { .. }
            | Request::CallSources { .. }
            | Request::CallAdd { .. }
            | Request::CallDigits { .. }
            | Request::CallTransfer { .. }
            | Request::CallJoin { .. }
            | Request::CallTake { .. } => false,
        }
    }
}
