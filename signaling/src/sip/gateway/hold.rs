//! Hold from both sides, and every other change of a session that is up.

use media::control::PhoneCommand;

use super::Gateway;
use super::line::{LineId, Phase};
use super::requests::Asked;
use super::step::Step;
use crate::call::{CallRequest, Farewell};
use crate::sip::dialog::{DialogInput, LegId};
use crate::sip::sdp::Negotiation;
use crate::wire::call::LegState;

impl Gateway {
    /// Makes the telephone wait with music, or lets it talk again, as the picture says.
    pub(super) fn settle_hold(&mut self, step: &mut Step<'_>, id: LineId) {
        let Some(line) = self.lines.get(&id) else { return };
        let Some(negotiation) = line.media.negotiation.as_ref().filter(|_| line.up().is_some()) else {
            return;
        };
        let wanted = line.is_to_wait();
        let now = line.media.offering.unwrap_or(negotiation.is_held_here() || line.media.forced);
        if wanted != now && line.media.offering.is_none() {
            self.offer(step, id, wanted);
        }
    }

    /// Sends an offer of ours.
    pub(super) fn offer(&mut self, step: &mut Step<'_>, id: LineId, hold: bool) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Phase::Up(leg) = line.phase else { return };
        let media = &mut line.media;
        if media.offering.is_some() {
            return;
        }
        if let Some(negotiation) = &mut media.negotiation {
            media.offering = Some(hold);
            step.dialog(DialogInput::Offer { leg, sdp: negotiation.offer(hold) });
        }
    }

    /// Our offer was answered, or refused.
    pub(super) fn offer_answered(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<String>) {
        let Some(id) = self.legs.get(&leg).map(|leg| leg.line) else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (Some(hold), Some(negotiation)) = (line.media.offering.take(), &mut line.media.negotiation)
        else {
            return;
        };
        let remote = match sdp.map(|sdp| negotiation.answered(&sdp)) {
            Some(Ok(remote)) => {
                line.media.forced = false;
                Some(remote)
            }
            answer => {
                tracing::info!(?leg, refused = answer.is_none(), "a telephone takes no change");
                // It can be made to wait all the same: it hears the music, and is not heard.
                line.media.forced = hold;
                negotiation.agreed().cloned().map(|mut remote| {
                    remote.music = hold;
                    remote.receive &= !hold;
                    remote
                })
            }
        };
        if let Some(remote) = remote {
            self.media(step, id, PhoneCommand::Set(Box::new(remote)));
        }
        self.tell_hold(step, id);
        self.settle_hold(step, id);
    }

    /// The telephone changes the session, or asks for an offer of ours.
    pub(super) fn offered(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<String>) {
        let Some(id) = self.legs.get(&leg).map(|leg| leg.line) else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(negotiation) = &mut line.media.negotiation else {
            return step.dialog(DialogInput::Answer { leg, sdp: None });
        };
        let Some(theirs) = sdp else {
            let ours = negotiation.offer(negotiation.is_held_here());
            return step.dialog(DialogInput::Answer { leg, sdp: Some(ours) });
        };
        match negotiation.answer(&theirs) {
            Ok((ours, remote)) => {
                step.dialog(DialogInput::Answer { leg, sdp: Some(ours) });
                self.set_media(step, id, remote);
                self.tell_hold(step, id);
            }
            Err(error) => {
                tracing::info!(?leg, %error, "a change that a telephone wants is refused");
                step.dialog(DialogInput::Answer { leg, sdp: None });
            }
        }
    }

    /// The ACK brought the answer to our offer.
    pub(super) fn confirmed(&mut self, step: &mut Step<'_>, leg: LegId, sdp: Option<String>) {
        let Some(id) = self.legs.get(&leg).map(|leg| leg.line) else { return };
        let Some(sdp) = sdp else { return };
        let negotiation = self.lines.get_mut(&id).and_then(|line| line.media.negotiation.as_mut());
        match negotiation.map(|negotiation| negotiation.answered(&sdp)) {
            Some(Ok(remote)) => {
                self.set_media(step, id, remote);
                self.tell_hold(step, id);
            }
            Some(Err(error)) => {
                tracing::warn!(?leg, %error, "the answer of a telephone cannot be used");
                self.end_line(step, id, Farewell::Expired);
            }
            None => {}
        }
    }

    /// Tells the call core when the telephone's user has put the call on hold, or taken it back.
    fn tell_hold(&mut self, step: &mut Step<'_>, id: LineId) {
        let Some(line) = self.lines.get(&id) else { return };
        let held = line.media.negotiation.as_ref().is_some_and(Negotiation::is_held_there);
        let (session, Some(call), Some(view)) = (line.session, line.call, &line.view) else { return };
        if line.up().is_some() && line.media.held_there != held {
            let known = view.me.state == LegState::Held;
            if let Some(line) = self.lines.get_mut(&id) {
                line.media.held_there = held;
            }
            if known != held {
                self.ask(step, session, Asked::Nothing, CallRequest::Hold { call, hold: held });
            }
        }
    }
}
