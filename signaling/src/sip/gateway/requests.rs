//! Replies of the call core.

use super::Gateway;
use super::line::{LineId, Phase};
use super::reasons::status_for;
use super::step::Step;
use crate::call::{CallReply, CallRequest, Farewell};
use crate::ids::{CallId, SessionId};
use crate::sip::dialog::{DialogInput, LegId};
use crate::wire::call::{CallView, EndReason};
use crate::wire::error::ErrorCode;

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its reply changes nothing.
    Nothing,
    /// An arriving call begins, or takes the place of another telephone.
    Begin(LineId),
    /// A telephone that was called has answered.
    Answer(LineId),
    /// A transfer that a telephone asked for.
    Transfer(LegId),
}

impl Gateway {
    pub(super) fn replied(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        id: u32,
        result: Result<CallReply, ErrorCode>,
    ) {
        let Some(asked) = self.asked.remove(&(session, id)) else { return };
        if let Err(code) = &result {
            tracing::info!(?asked, ?code, "the call core refused a telephone");
        }
        let view = match result {
            Ok(CallReply::Call(view)) => Ok(Some(view)),
            Ok(CallReply::Ok) => Ok(None),
            Err(code) => Err(code),
        };
        match (asked, view) {
            (Asked::Nothing, Ok(view)) => self.look(step, session, view),
            (Asked::Nothing, Err(_)) => {}
            (Asked::Begin(line), Ok(Some(view))) => self.begun(step, session, line, view),
            (Asked::Begin(line), Ok(None)) => self.refuse_line(step, line, 500, EndReason::Failed),
            (Asked::Begin(line), Err(code)) => {
                self.refuse_line(step, line, status_for(code), reason_for(code));
            }
            (Asked::Answer(_), Ok(view)) => self.look(step, session, view),
            // Somebody else was faster, or the caller has gone.
            (Asked::Answer(line), Err(_)) => self.end_line(step, line, Farewell::Bye),
            (Asked::Transfer(_), Ok(view)) => self.look(step, session, view),
            (Asked::Transfer(leg), Err(code)) => self.transfer_failed(step, leg, status_for(code)),
        }
    }

    fn look(&mut self, step: &mut Step<'_>, session: SessionId, view: Option<Box<CallView>>) {
        if let Some(view) = view {
            self.shown(step, session, view);
        }
    }

    /// The call of an arriving line is there.
    fn begun(&mut self, step: &mut Step<'_>, session: SessionId, id: LineId, view: Box<CallView>) {
        let call = view.call;
        let Some(line) = self.lines.get_mut(&id).filter(|line| matches!(line.phase, Phase::Arriving(_)))
        else {
            // The caller has gone meanwhile; a line's session went with it, that of an account stays.
            return self.leave(step, session, call);
        };
        line.call = Some(call);
        line.peer = view.me.peer;
        self.by_call.insert((session, call), id);
        if let Some(peer) = view.me.peer {
            self.by_peer.insert(peer, id);
            self.open_media(step, id);
        }
        self.shown(step, session, view);
    }

    /// Out of a call.
    pub(super) fn leave(&mut self, step: &mut Step<'_>, session: SessionId, call: CallId) {
        self.ask(step, session, Asked::Nothing, CallRequest::Leave { call });
    }

    /// Refuses an INVITE, and ends what it had begun.
    pub(super) fn refuse_line(&mut self, step: &mut Step<'_>, id: LineId, status: u16, reason: EndReason) {
        let Some(line) = self.lines.get_mut(&id) else { return };
        line.reason.get_or_insert(reason);
        if let Phase::Arriving(arriving) = &line.phase {
            let leg = arriving.leg;
            step.dialog(DialogInput::Reject { leg, status, reason: None, contact: None });
            line.phase = Phase::Over;
        }
        self.end_line(step, id, Farewell::Bye);
    }
}

fn reason_for(code: ErrorCode) -> EndReason {
    match code {
        ErrorCode::NoSuchPerson => EndReason::NumberUnknown,
        ErrorCode::CallFull | ErrorCode::AlreadyInCall | ErrorCode::CallingYourself => EndReason::Busy,
        _ => EndReason::Failed,
    }
}
