//! What one input brings about, and the parts of the gateway that are asked on the way.

use std::collections::VecDeque;
use std::time::Instant;

use media::control::PhoneCommand;

use super::line::LineId;
use super::requests::Asked;
use super::{Gateway, GatewayOutput};
use crate::call::{CallInput, CallRequest, Farewell};
use crate::ids::{PersonId, SessionId};
use crate::sip::dialog::DialogInput;
use crate::sip::registrar::{RegistrarInput, RegistrarOutput};
use crate::sip::trunk::{TrunkInput, TrunkOutput};

/// One input's work.
pub(super) struct Step<'a> {
    pub now: Instant,
    pub wall_ms: i64,
    pub out: &'a mut Vec<GatewayOutput>,
    /// For the dialogs, when the rest is done.
    dialogs: VecDeque<DialogInput>,
}

impl<'a> Step<'a> {
    pub(super) fn new(now: Instant, wall_ms: i64, out: &'a mut Vec<GatewayOutput>) -> Step<'a> {
        Step { now, wall_ms, out, dialogs: VecDeque::new() }
    }

    /// Tells the dialogs, in this order.
    pub(super) fn dialog(&mut self, input: DialogInput) {
        self.dialogs.push_back(input);
    }

    pub(super) fn call(&mut self, input: CallInput) {
        self.out.push(GatewayOutput::Call(input));
    }
}

impl Gateway {
    /// Lets the dialogs do what they were told, and what that brings about.
    pub(super) fn finish(&mut self, mut step: Step<'_>) {
        while let Some(input) = step.dialogs.pop_front() {
            let admitted = match &input {
                DialogInput::Admit { leg, .. } => Some(*leg),
                _ => None,
            };
            let mut outputs = Vec::new();
            self.dialogs.handle(step.now, input, &mut outputs);
            outputs.into_iter().for_each(|output| self.dialog_output(&mut step, output));
            // What the dialogs themselves have refused comes no further.
            if let Some(leg) = admitted {
                self.arrivals.remove(&leg);
            }
        }
    }

    pub(super) fn run_timers(&mut self, step: &mut Step<'_>) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= step.now);
        let (dialogs, trunks) = (due(self.dialogs.deadline()), due(self.trunks.deadline()));
        let registrar = due(self.registrar.deadline());
        if dialogs {
            step.dialog(DialogInput::Tick);
        }
        if trunks {
            self.trunk(step, TrunkInput::Tick);
        }
        if registrar {
            self.register(step, RegistrarInput::Tick);
        }
        self.forget_dialled(step);
        self.give_up_reports(step);
    }

    /// Asks the call core; the reply comes to `asked`.
    pub(super) fn ask(
        &mut self,
        step: &mut Step<'_>,
        session: SessionId,
        asked: Asked,
        request: CallRequest,
    ) {
        let id = self.next_request;
        self.next_request = self.next_request.wrapping_add(1);
        self.asked.insert((session, id), asked);
        step.call(CallInput::Request { session, id, request });
    }

    pub(super) fn trunk(&mut self, step: &mut Step<'_>, input: TrunkInput) {
        let mut outputs = Vec::new();
        self.trunks.handle(step.now, step.wall_ms, input, &mut outputs);
        for output in outputs {
            match output {
                TrunkOutput::Sip(output) => step.out.push(GatewayOutput::Sip(output)),
                TrunkOutput::Changed(_) => {}
                TrunkOutput::Resolve { trunk, host, .. } => {
                    step.out.push(GatewayOutput::Resolve { trunk, host });
                }
            }
        }
    }

    pub(super) fn register(&mut self, step: &mut Step<'_>, input: RegistrarInput) {
        let mut outputs = Vec::new();
        self.registrar.handle(step.now, step.wall_ms, input, &*self.numbers, &mut outputs);
        for output in outputs {
            match output {
                RegistrarOutput::Sip(output) => step.out.push(GatewayOutput::Sip(output)),
                RegistrarOutput::Registered { user } => self.registered(step, &user),
                RegistrarOutput::Unregistered { user } => self.unregistered(step, &user),
            }
        }
    }

    /// Tells the media plane about the telephone of a line.
    pub(super) fn media(&self, step: &mut Step<'_>, line: LineId, command: PhoneCommand) {
        let Some(line) = self.lines.get(&line) else { return };
        if let (Some(call), Some(peer)) = (line.call, line.peer) {
            step.out.push(GatewayOutput::Media { room: call.room(), peer, command });
        }
    }

    pub(super) fn session_up(step: &mut Step<'_>, session: SessionId, person: PersonId, device: String) {
        step.call(CallInput::SessionUp { session, person, device, phone: true });
    }

    pub(super) fn session_gone(&mut self, step: &mut Step<'_>, session: SessionId, farewell: Farewell) {
        self.sessions.remove(&session);
        // Nobody waits for these replies any more, and they do not come here.
        let waiting: Vec<_> =
            self.asked.range((session, 0)..=(session, u32::MAX)).map(|(key, _)| *key).collect();
        for key in waiting {
            self.asked.remove(&key);
        }
        step.call(CallInput::SessionGone { session, farewell });
    }

    /// A number that was never given before.
    pub(super) fn fresh(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }
}
