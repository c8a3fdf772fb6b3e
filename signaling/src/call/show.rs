//! The end of a step: the media plane, the sessions and the timers learn what changed.

use std::collections::BTreeSet;

use media::ids::Source;

use super::exchange::Exchange;
use super::io::{CallOutput, CallReply, MediaCommand};
use super::leg::Phase;
use super::state::Call;
use super::step::Step;
use crate::ids::{PersonId, SessionId};
use crate::wire::call::Sources;

impl Exchange {
    pub(super) fn finish(&mut self, mut step: Step<'_>) {
        let touched = std::mem::take(&mut step.touched);
        // A device that was moved to another call sees the end of the one before the other.
        let (over, on): (Vec<_>, Vec<_>) = touched.into_iter().partition(|id| self.call(*id).is_err());
        for id in over.into_iter().chain(on) {
            // Out of the map while it is shown, so that the views can look at the sessions.
            let Some(mut call) = self.calls.remove(&id) else { continue };
            self.tell_media(&mut step, &mut call);
            self.show(&mut step, &mut call);
            self.file_timer(&mut call);
            if call.ended.is_none() {
                self.calls.insert(id, call);
            }
        }
        self.tell_presence(&mut step);
    }

    /// Makes what the media plane knows equal to what it should know. An ended call has closed its room already.
    fn tell_media(&mut self, step: &mut Step<'_>, call: &mut Call) {
        let wanted = call.wanted_media();
        let gone: Vec<_> = call.told.keys().filter(|peer| !wanted.contains_key(peer)).copied().collect();
        for peer in gone {
            call.told.remove(&peer);
            self.peers.remove(&peer);
            if call.ended.is_none() {
                step.media(call.id, MediaCommand::Leave { peer });
            }
        }
        for (peer, (session, media)) in wanted {
            self.peers.insert(peer, (call.id, session));
            let told = call.told.entry(peer).or_default();
            if let Some(sources) = media.sources.filter(|_| told.sources != media.sources) {
                step.media(call.id, MediaCommand::SetSources { peer, on: sources.list() });
            }
            if told.open != media.open {
                step.media(call.id, MediaCommand::SetOpen { peer, open: media.open });
            }
            *told = media;
        }
    }

    /// Shows the call to all who may see it, and its end to those who no longer may.
    fn show(&mut self, step: &mut Step<'_>, call: &mut Call) {
        let audience = self.audience(call);
        let parted = step.parted(call.id);
        let replied = step.replied(call.id);
        call.rev += 1;
        for session in call.shown.iter().filter(|session| self.is_connected(**session)) {
            // The reply to a device that is out of the call is its last view.
            let out = !audience.contains(session);
            let last = if out { !replied.contains(session) } else { parted.contains_key(session) };
            if last {
                let view = Box::new(self.last_view(call, *session, parted.get(session).copied()));
                step.put(CallOutput::Show { session: *session, view });
            }
        }
        if parted.keys().any(|session| audience.contains(session)) {
            // A silenced device sees the call go on elsewhere, after its own end of it.
            call.rev += 1;
        }
        self.reply_views(step, call, &audience);
        for session in audience.difference(&replied).copied() {
            let view = Box::new(self.view(call, session));
            step.put(CallOutput::Show { session, view });
        }
        call.shown = audience;
    }

    /// Replies with the picture; whoever gets it so is not shown it again.
    fn reply_views(&self, step: &mut Step<'_>, call: &Call, audience: &BTreeSet<SessionId>) {
        let (mine, others): (Vec<_>, Vec<_>) = step.replies.drain(..).partition(|(.., of)| *of == call.id);
        step.replies = others;
        for (session, id, _) in mine {
            let going_on = audience.contains(&session);
            let view = if going_on { self.view(call, session) } else { self.last_view(call, session, None) };
            step.reply(session, id, Ok(CallReply::Call(Box::new(view))));
        }
    }

    /// All connected sessions of all people in the call or being called.
    fn audience(&self, call: &Call) -> BTreeSet<SessionId> {
        if !call.opened || call.ended.is_some() {
            return BTreeSet::new();
        }
        let seen = call.legs.iter().filter(|leg| matches!(leg.phase, Phase::Ringing(_) | Phase::Live(_)));
        let desks = seen.filter_map(|leg| Some((leg, self.people.get(&leg.person())?)));
        let sessions =
            desks.flat_map(|(leg, desk)| desk.sessions.iter().filter(|session| leg.is_for(**session)));
        sessions.copied().filter(|session| self.is_connected(*session)).collect()
    }

    fn file_timer(&mut self, call: &mut Call) {
        let due = if call.ended.is_some() { None } else { call.deadline() };
        if due != call.timer {
            if let Some(old) = call.timer {
                self.timers.remove(&(old, call.id));
            }
            if let Some(new) = due {
                self.timers.insert((new, call.id));
            }
            call.timer = due;
        }
    }

    /// Tells who is now (not) in a call, and forgets people without sessions and calls.
    fn tell_presence(&mut self, step: &mut Step<'_>) {
        for person in std::mem::take(&mut step.people) {
            let in_call = self.is_in_call(person);
            let Some(desk) = self.people.get_mut(&person) else { continue };
            if desk.in_call != in_call {
                desk.in_call = in_call;
                if !desk.line {
                    step.put(CallOutput::InCall { person, in_call });
                }
            }
            if desk.sessions.is_empty() && desk.calls.is_empty() {
                self.people.remove(&person);
            }
        }
    }

    fn is_in_call(&self, person: PersonId) -> bool {
        let calls = self.calls_of(person);
        calls.iter().filter_map(|id| self.calls.get(id)).any(|call| call.live(person).is_some())
    }
}

impl Sources {
    /// The sources that are on.
    pub fn list(self) -> Vec<Source> {
        let all = [(self.mic, Source::Mic), (self.camera, Source::Camera), (self.screen, Source::Screen)];
        all.into_iter().filter(|(on, _)| *on).map(|(_, source)| source).collect()
    }
}
