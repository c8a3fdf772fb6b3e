//! What the person at a device does, by chance.

use signaling::ids::{CallId, PersonId};
use signaling::wire::call::{CallView, LegState, Sources};
use signaling::wire::client::{CurrentCall, Request, TransferTo};

use super::frames::rings;
use super::{Client, Link};
use crate::sim::ctx::Ctx;
use crate::sim::queue::Event;

/// Most requests that a person leaves waiting; one who gets no reply does not go on pressing buttons.
const PATIENCE: usize = 6;

impl Client {
    /// One look at the device, and perhaps a hand on it.
    pub fn act(&mut self, ctx: &mut Ctx) {
        let client = self.id;
        ctx.within(300, if ctx.rough { 2_500 } else { 4_000 }, Event::Act { client });
        self.watchdog(ctx);
        if self.rereads {
            self.read_history(ctx);
        }
        self.mend_media(ctx);
        if !ctx.rough || self.pending.len() > PATIENCE || (self.link == Link::Down && ctx.rng.chance(700)) {
            return;
        }
        let calls: Vec<CallView> = self.running().cloned().collect();
        match calls.get(ctx.rng.below(calls.len() as u64 + 1) as usize) {
            Some(view) if rings(view) => self.answer(ctx, view),
            Some(view) if view.me.here => self.in_call(ctx, view),
            Some(view) => self.elsewhere(ctx, view),
            None => self.at_rest(ctx, calls.len()),
        }
    }

    fn answer(&mut self, ctx: &mut Ctx, view: &CallView) {
        let call = view.call;
        let request = match ctx.rng.below(100) {
            0..45 => Request::CallAnswer { call, sources: sources(ctx), current: current(ctx) },
            45..50 => Request::CallDecline { call },
            50..55 => Request::CallJoin { call, sources: sources(ctx), current: current(ctx) },
            _ => return,
        };
        self.request(ctx, request);
    }

    fn in_call(&mut self, ctx: &mut Ctx, view: &CallView) {
        let call = view.call;
        let held = view.me.state == LegState::Held;
        let request = match ctx.rng.below(100) {
            0..5 => Request::CallLeave { call },
            5..7 => Request::CallEnd { call },
            7..20 if !held => Request::CallHold { call, hold: true },
            7..50 if held => Request::CallHold { call, hold: false },
            20..30 => Request::CallSources { call, sources: sources(ctx) },
            50..60 => Request::CallAdd { call, people: self.some_people(ctx, 2), numbers: Vec::new() },
            60..63 => Request::CallStart {
                to: self.some_people(ctx, 1),
                numbers: Vec::new(),
                sources: sources(ctx),
            },
            63..85 if ctx.plan.transfers => Request::CallTransfer { call, to: self.somewhere(ctx, call) },
            _ => return,
        };
        if !matches!(&request, Request::CallAdd { people, .. } if people.is_empty()) {
            self.request(ctx, request);
        }
    }

    /// A call that the person has at another device, or that is being filed.
    fn elsewhere(&mut self, ctx: &mut Ctx, view: &CallView) {
        if view.me.device.is_some() && ctx.rng.chance(200) {
            let (call, sources) = (view.call, sources(ctx));
            self.request(ctx, Request::CallTake { call, sources });
        }
    }

    fn at_rest(&mut self, ctx: &mut Ctx, calls: usize) {
        let joinable: Vec<CallId> = self.joinable.iter().copied().collect();
        match ctx.rng.below(100) {
            0..25 if calls == 0 => {
                let to = self.some_people(ctx, 3);
                let sources = sources(ctx);
                self.request(ctx, Request::CallStart { to, numbers: Vec::new(), sources });
            }
            25..35 => {
                if let Some(call) = ctx.rng.pick(&joinable) {
                    let (sources, current) = (sources(ctx), current(ctx));
                    self.request(ctx, Request::CallJoin { call, sources, current });
                }
            }
            35..40 => {
                self.idle = !self.idle;
                let idle = self.idle;
                self.request(ctx, Request::PresenceIdle { idle });
            }
            40..45 => self.watch_some(ctx),
            45..49 => self.request(ctx, Request::Ping {}),
            49..53 if matches!(self.link, Link::Up(_)) && self.pending.is_empty() => self.toggle_city(ctx),
            53 => self.request(ctx, Request::Bye {}),
            _ => {}
        }
    }

    /// Watches some people; everybody in the end.
    pub fn watch_some(&mut self, ctx: &mut Ctx) {
        let people: Vec<PersonId> = (0..ctx.plan.devices.len()).map(crate::sim::world::person).collect();
        let calm = !ctx.rough;
        let watched: Vec<PersonId> = people.into_iter().filter(|_| calm || ctx.rng.chance(600)).collect();
        self.watched.clone_from(&watched);
        self.presence.retain(|person, _| watched.contains(person));
        self.request(ctx, Request::PresenceWatch { people: watched });
    }

    /// Where a call is handed on to: the other call of this device, if it has one, or somebody.
    fn somewhere(&self, ctx: &mut Ctx, but: CallId) -> TransferTo {
        let others = self.running().filter(|view| view.me.here && view.call != but);
        let other: Vec<CallId> = others.map(|view| view.call).collect();
        match ctx.rng.pick(&other) {
            Some(call) if ctx.rng.chance(800) => TransferTo::Call(call),
            _ => TransferTo::Person(self.some_people(ctx, 1).first().copied().unwrap_or(self.person)),
        }
    }

    fn some_people(&self, ctx: &mut Ctx, most: u64) -> Vec<PersonId> {
        let others = (0..ctx.plan.devices.len()).map(crate::sim::world::person);
        let others: Vec<PersonId> = others.filter(|person| *person != self.person).collect();
        let number = ctx.rng.between(1, most + 1);
        (0..number).filter_map(|_| ctx.rng.pick(&others)).collect()
    }
}

fn sources(ctx: &mut Ctx) -> Sources {
    Sources { mic: ctx.rng.chance(850), camera: ctx.rng.chance(300), screen: false }
}

fn current(ctx: &mut Ctx) -> CurrentCall {
    if ctx.rng.chance(600) { CurrentCall::Hold } else { CurrentCall::Leave }
}
