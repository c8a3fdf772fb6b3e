//! Who may hear whom, and whether each stream is whole.

use std::collections::{BTreeMap, BTreeSet};

use media::ids::{PeerId, Source};
use signaling::ids::CallId;
use signaling::wire::call::{CallView, LegState};

use super::Oracle;
use crate::sim::media::Payload;

/// See the module.
#[derive(Default)]
pub(super) struct Hearing {
    calls: BTreeMap<CallId, Seats>,
    /// The call of each seat.
    seats: BTreeMap<PeerId, CallId>,
    /// Set while it is noted who hears whom.
    listening: bool,
    /// Receiver and sender.
    pub(super) heard: BTreeSet<(PeerId, PeerId)>,
    /// The highest number of each stream of each connection before that.
    before: BTreeMap<(u64, u32), u64>,
    /// The packets of each stream after it.
    streams: BTreeMap<(u64, u32), BTreeMap<u64, Payload>>,
}

/// The newest picture of a call.
#[derive(Default)]
struct Seats {
    rev: u64,
    answered: bool,
    seats: BTreeMap<PeerId, LegState>,
}

impl Hearing {
    pub(super) fn learn(&mut self, view: &CallView) {
        let call = self.calls.entry(view.call).or_default();
        if view.rev < call.rev {
            return;
        }
        (call.rev, call.answered) = (view.rev, view.answered_at.is_some());
        call.seats = view.parties.iter().filter_map(|party| Some((party.peer?, party.state))).collect();
        self.seats.extend(call.seats.keys().map(|peer| (*peer, view.call)));
    }

    /// Why this peer may neither be heard nor hear; `None` if it may.
    fn barred(&self, peer: PeerId) -> Option<&'static str> {
        let call = self.seats.get(&peer).and_then(|call| self.calls.get(call));
        let Some((call, state)) = call.and_then(|call| Some((call, call.seats.get(&peer)?))) else {
            return Some("is in no call");
        };
        match state {
            _ if !call.answered => Some("is in a call that nobody has answered"),
            LegState::Held => Some("holds its call"),
            LegState::Calling | LegState::Ringing => Some("only rings"),
            LegState::Left => Some("has left"),
            // One that reconnects may hold its call too; that is not seen from outside.
            LegState::Connecting | LegState::Connected | LegState::Reconnecting => None,
        }
    }
}

impl Oracle {
    /// The media plane sends a packet to a peer.
    pub fn forwarded(&mut self, payload: &[u8], to: PeerId) {
        let Some(Payload { from, .. }) = Payload::read(payload) else {
            return self.fail(|| format!("{to} is sent something that nobody sent"));
        };
        if let Some(why) = self.hearing.barred(from) {
            self.fail(|| format!("{to} hears {from}, which {why}"));
        } else if let Some(why) = self.hearing.barred(to) {
            self.fail(|| format!("{to} hears {from}, but {why}"));
        } else if from == to || self.hearing.seats.get(&from) != self.hearing.seats.get(&to) {
            self.fail(|| format!("{to} hears {from}, of another call"));
        }
    }

    /// A packet reaches a client.
    pub fn got(&mut self, conn: u64, peer: PeerId, ssrc: u32, sequence: u64, payload: Payload) {
        self.counts.packets += 1;
        let before = self.hearing.before.entry((conn, ssrc)).or_default();
        if !self.hearing.listening {
            *before = sequence.max(*before);
            return;
        }
        if sequence <= *before {
            // Repaired late: it was lost before.
            return;
        }
        if payload.source == Source::Mic {
            self.hearing.heard.insert((peer, payload.from));
        }
        let stream = self.hearing.streams.entry((conn, ssrc)).or_default();
        if let Some(before) = stream.insert(sequence, payload)
            && before != payload
        {
            self.fail(|| format!("{peer}: number {sequence} of {ssrc} is {before:?} and {payload:?}"));
        }
    }

    /// From now on it is noted who hears whom.
    pub fn listen(&mut self) {
        self.hearing.listening = true;
    }

    /// Every stream that was listened to is whole.
    pub(super) fn check_streams(&mut self) {
        self.hearing.listening = false;
        for ((conn, ssrc), stream) in std::mem::take(&mut self.hearing.streams) {
            let senders: BTreeSet<_> =
                stream.values().map(|payload| (payload.from, payload.source)).collect();
            let before = self.hearing.before.get(&(conn, ssrc)).copied().filter(|before| *before > 0);
            let (Some(first), Some(last)) = (stream.keys().next(), stream.keys().next_back()) else {
                continue;
            };
            let first = before.map_or(*first, |before| before + 1);
            let missing: Vec<u64> = (first..*last).filter(|n| !stream.contains_key(n)).collect();
            if senders.len() == 1 && !missing.is_empty() {
                self.fail(|| {
                    format!(
                        "{senders:?} in stream {ssrc} of {conn:x}: {missing:?} of {first}..{last} missing"
                    )
                });
            }
        }
    }
}
