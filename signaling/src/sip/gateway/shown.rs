//! Pictures of calls, and what they ask of telephones.

use super::Gateway;
use super::line::{Identity, Line, LineId, Phase};
use super::reasons::{reason_header, refusal};
use super::step::Step;
use crate::call::Farewell;
use crate::ids::{CallId, SessionId};
use crate::sip::dialog::DialogInput;
use crate::wire::call::{CallView, EndReason, LegState, Party};

impl Gateway {
    /// The call core shows a session of ours a call.
    pub(super) fn shown(&mut self, step: &mut Step<'_>, session: SessionId, view: Box<CallView>) {
        let Some(id) = self.by_call.get(&(session, view.call)).copied() else {
            let rings = matches!(view.me.state, LegState::Calling | LegState::Ringing);
            if view.ended.is_none() && rings && !view.me.here {
                self.call_out(step, session, view);
            }
            return;
        };
        let Some(line) = self.lines.get_mut(&id) else { return };
        if line.view.as_ref().is_some_and(|known| known.rev > view.rev) {
            return;
        }
        let ended = view.ended;
        line.view = Some(view);
        if let Some(reason) = ended {
            return self.call_over(step, id, reason);
        }
        match &line.phase {
            Phase::Arriving(_) => self.show_arriving(step, id),
            Phase::Up(_) => {
                self.settle_hold(step, id);
                self.identify(step, id);
                self.watch_transfer(step, id);
            }
            Phase::Calling(_) | Phase::Over => {}
        }
    }

    /// Tells a caller by telephone how the call gets on: it rings, it is answered.
    pub(super) fn show_arriving(&mut self, step: &mut Step<'_>, id: LineId) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let Some(view) = &line.view else { return };
        let others = view.parties.iter().filter(|party| party.card.person != line.person);
        let rings = others.clone().any(|party| party.state == LegState::Ringing);
        let early = others.clone().any(|party| party.early_media);
        let answered = others.clone().find(|party| party.peer.is_some()).map(Identity::of_party);
        let Phase::Arriving(arriving) = &mut line.phase else { return };
        let leg = arriving.leg;
        if view.answered_at.is_some() && view.me.here {
            let Some(sdp) = arriving.ours.take() else { return };
            line.phase = Phase::Up(leg);
            line.answered_leg = Some(leg);
            line.shown = answered.clone();
            let identity = answered.map(|identity| self.address_of(&identity));
            step.dialog(DialogInput::Accept { leg, sdp, identity });
            self.note_answered(step, leg);
            return self.settle_hold(step, id);
        }
        let ours = arriving.ours.clone().filter(|_| early && arriving.offer.is_some());
        let news = (rings && !arriving.rung.0, ours.is_some() && !arriving.rung.1);
        arriving.rung = (arriving.rung.0 || rings, arriving.rung.1 || news.1);
        if news.0 || news.1 {
            step.dialog(DialogInput::Ring { leg, sdp: ours.filter(|_| news.1) });
            self.note_ringing(step, leg);
        }
    }

    /// The call is over for this line, or goes on at another device of its person.
    fn call_over(&mut self, step: &mut Step<'_>, id: LineId, reason: EndReason) {
        if reason == EndReason::Unreachable && self.forward(step, id) {
            return;
        }
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.reason.get_or_insert(reason);
        self.transfer_over(step, id, reason);
        let Some(line) = self.lines.get_mut(&id) else { return };
        match &line.phase {
            Phase::Arriving(arriving) => {
                let leg = arriving.leg;
                let (status, reason) = (refusal(reason), reason_header(reason));
                step.dialog(DialogInput::Reject { leg, status, reason, contact: None });
                line.phase = Phase::Over;
            }
            Phase::Calling(_) | Phase::Up(_) => {
                for leg in line.legs() {
                    step.dialog(DialogInput::HangUp { leg, reason: reason_header(reason) });
                }
                line.phase = Phase::Over;
            }
            Phase::Over => {}
        }
        self.end_line(step, id, Farewell::Bye);
    }

    /// A line is at its end: its dialogs are told if they were not, the call core too, and it waits for the rest.
    pub(super) fn end_line(&mut self, step: &mut Step<'_>, id: LineId, farewell: Farewell) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        let legs = line.legs();
        let over = line.view.as_ref().is_some_and(|view| view.ended.is_some());
        line.phase = Phase::Over;
        let (session, own, call) = (line.session, line.own_session, line.call);
        for leg in legs {
            step.dialog(DialogInput::HangUp { leg, reason: None });
        }
        if let Some(call) = call {
            self.by_call.remove(&(session, call));
        }
        match (own, call) {
            (true, _) => self.session_gone(step, session, farewell),
            (false, Some(call)) if !over => self.leave(step, session, call),
            (false, _) => {}
        }
        self.own_lamp(step, session);
        self.phone_rests(step, session);
        self.forget_line(Some(id));
    }

    /// Forgets a line that is over and has no dialog left.
    pub(super) fn forget_line(&mut self, id: Option<LineId>) {
        let Some(id) = id else { return };
        let done = |line: &&Line| line.is_over() && line.open == 0;
        if self.lines.get(&id).filter(done).is_some()
            && let Some(peer) = self.lines.remove(&id).and_then(|line| line.peer)
        {
            self.by_peer.remove(&peer);
        }
    }

    /// The telephones that are up in a call.
    pub(super) fn lines_of(&self, call: CallId) -> Vec<LineId> {
        let here = self.lines.iter().filter(|(_, line)| line.call == Some(call) && line.up().is_some());
        here.map(|(id, _)| *id).collect()
    }

    /// Shows the telephone who is at the other end now.
    fn identify(&mut self, step: &mut Step<'_>, id: LineId) {
        let Some(line) = self.lines.get(&id) else { return };
        let live: Vec<&Party> = line.others().filter(|party| party.peer.is_some()).collect();
        let [other] = live.as_slice() else { return };
        let identity = Identity::of_party(other);
        let (Some(leg), true) = (line.up(), line.shown.as_ref() != Some(&identity)) else { return };
        let first = line.shown.is_none();
        if let Some(line) = self.lines.get_mut(&id) {
            line.shown = Some(identity.clone());
        }
        // What the INVITE said needs not be said again.
        if !first {
            let identity = self.address_of(&identity);
            step.dialog(DialogInput::Identify { leg, identity });
        }
    }
}

impl Identity {
    fn of_party(party: &Party) -> Identity {
        Identity::of(&party.card)
    }
}
