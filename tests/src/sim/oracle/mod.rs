//! What must hold, judged by what goes in and out of the parts. The first breach ends the run.

mod calls;
mod end;
mod hearing;
mod quiet;

use std::collections::BTreeMap;

use bytes::Bytes;
use signaling::ids::{CallId, PersonId, SessionId};
use signaling::topic::Topic;

use super::store::Store;
pub use end::check_end;
pub use quiet::{check_hearing, check_quiet};

/// See the module.
#[derive(Default)]
pub struct Oracle {
    breach: Option<String>,
    /// How a person was last called in a call.
    rounds: BTreeMap<(CallId, PersonId), calls::Round>,
    /// Requests to answer or decline that have no reply yet.
    asked: BTreeMap<(SessionId, u32), (CallId, calls::Verb)>,
    hearing: hearing::Hearing,
    /// What the run has seen, so that a run that tests nothing is found.
    pub counts: Counts,
}

/// What a run has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// People whose devices rang.
    pub rings: u64,
    /// Answers.
    pub answers: u64,
    /// Media packets that reached a client.
    pub packets: u64,
    /// Media packets that were sent again.
    pub repairs: u64,
    /// Durable events handled.
    pub events: u64,
    /// Topics read anew.
    pub resets: u64,
    /// Sessions resumed.
    pub resumes: u64,
    /// Crashes.
    pub crashes: u64,
    /// Calls on hold, seen by a device.
    pub holds: u64,
    /// Calls moved to another device.
    pub moves: u64,
    /// Devices whose call was handed on.
    pub transfers: u64,
    /// Pairs of people who must hear each other at the end.
    pub pairs: u64,
}

impl Counts {
    /// Adds those of another run.
    pub fn add(&mut self, other: &Counts) {
        let Counts {
            rings,
            answers,
            packets,
            repairs,
            events,
            resets,
            resumes,
            crashes,
            holds,
            moves,
            transfers,
            pairs,
        } = other;
        self.rings += rings;
        self.answers += answers;
        self.packets += packets;
        self.repairs += repairs;
        self.events += events;
        self.resets += resets;
        self.resumes += resumes;
        self.crashes += crashes;
        self.holds += holds;
        self.moves += moves;
        self.transfers += transfers;
        self.pairs += pairs;
    }
}

impl Oracle {
    /// A rule is broken; the first breach stays.
    pub fn fail(&mut self, text: impl FnOnce() -> String) {
        if self.breach.is_none() {
            self.breach = Some(text());
        }
    }

    /// The first breach.
    pub fn breach(&self) -> Option<&str> {
        self.breach.as_deref()
    }

    /// A client handles a durable event; `last` is the last sequence that it has handled.
    pub fn event(&mut self, store: &Store, who: usize, topic: Topic, seq: u64, last: u64, frame: &Bytes) {
        self.counts.events += 1;
        if seq != last + 1 {
            self.fail(|| format!("client {who}: event {seq} of {topic} after {last}"));
        }
        if store.frame(topic, seq).as_ref() != Some(frame) {
            self.fail(|| format!("client {who}: event {seq} of {topic} is not the one logged"));
        }
    }
}
