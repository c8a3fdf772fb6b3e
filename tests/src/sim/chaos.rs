//! What breaks, by chance.

use signaling::ids::LoginId;
use signaling::topic::Topic;

use super::node::Node;
use super::queue::Event;
use super::world::{World, person};

/// Longest time that the database is away, in milliseconds: shorter than the journal's patience for what has happened.
const OUTAGE_MS: u64 = 20_000;

impl World {
    /// The first disasters are on their way.
    pub(super) fn plan_disasters(&mut self) {
        let plan = self.ctx.plan.clone();
        let disasters = [
            (plan.break_every_ms, Event::Break),
            (plan.outage_every_ms, Event::Outage),
            (plan.crash_every_ms, Event::Crash),
            (4_000, Event::Notice),
        ];
        for (every, event) in disasters.into_iter().filter(|(every, _)| *every > 0) {
            self.ctx.within(every / 2, every * 3 / 2, event);
        }
    }

    fn again(&mut self, every: u64, event: Event) {
        if self.ctx.rough {
            self.ctx.within(every / 2, every * 3 / 2, event);
        }
    }

    /// A socket or a media path breaks, a socket is blocked, a log-in ends, or a log is pruned.
    pub(super) fn break_something(&mut self) {
        let ctx = &mut self.ctx;
        let sockets = ctx.net.living();
        match ctx.rng.below(100) {
            0..45 => {
                if let Some(socket) = ctx.rng.pick(&sockets) {
                    ctx.note(|| format!("{socket} breaks"));
                    ctx.cut(socket);
                }
            }
            45..60 => {
                if let Some(socket) = ctx.rng.pick(&sockets) {
                    ctx.note(|| format!("{socket} is blocked"));
                    ctx.block(socket);
                }
            }
            60..90 => {
                let client = ctx.rng.below(self.clients.len() as u64) as usize;
                self.clients[client].break_media(ctx);
            }
            90..95 => {
                let person = person(ctx.rng.below(ctx.plan.devices.len() as u64) as usize);
                let topic = if ctx.rng.chance(300) { Topic::City } else { Topic::Person(person) };
                ctx.store.prune(topic, 2);
            }
            _ => self.log_out(),
        }
        let every = self.ctx.plan.break_every_ms;
        self.again(every, Event::Break);
    }

    /// A person logs out on one device, and will log in again.
    fn log_out(&mut self) {
        let at = self.ctx.rng.below(self.clients.len() as u64) as usize;
        let fresh = LoginId(self.ctx.rng.id());
        let ended = std::mem::replace(&mut self.clients[at].login, fresh);
        if let Some(node) = &mut self.node {
            node.end_login(&mut self.ctx, ended);
        }
    }

    /// The database goes away for a while.
    pub(super) fn outage(&mut self) {
        self.ctx.note(|| "the database is away".into());
        self.ctx.store.set_away(true);
        self.ctx.within(500, OUTAGE_MS, Event::OutageOver);
    }

    /// The database is back.
    pub(super) fn outage_over(&mut self) {
        self.ctx.note(|| "the database is back".into());
        self.ctx.store.set_away(false);
        let every = self.ctx.plan.outage_every_ms;
        self.again(every, Event::Outage);
    }

    /// The node is gone at once: what is on its way into the database may still arrive, unpublished.
    pub(super) fn crash(&mut self) {
        if self.node.take().is_none() {
            return;
        }
        self.ctx.note(|| "the node crashes".into());
        self.ctx.oracle.counts.crashes += 1;
        let commits = self.ctx.queue.take_all(|event| matches!(event, Event::Commit { .. }));
        for event in commits {
            if let Event::Commit { writing, .. } = event
                && self.ctx.rng.chance(300)
            {
                // It may be refused as well: nobody hears of it.
                let _ = self.ctx.store.write(&writing.entry);
            }
        }
        self.ctx.boot += 1;
        self.ctx.reset_all();
        self.ctx.within(300, 6_000, Event::Boot);
    }

    /// The node starts, once the database is there: first what a crash cut off is repaired.
    pub(super) fn boot(&mut self) {
        if self.ctx.store.is_away() {
            return self.ctx.after(500, Event::Boot);
        }
        self.ctx.note(|| "the node starts".into());
        if !self.ctx.plan.breaks(super::plan::Sabotage::NoRepair) {
            self.ctx.store.repair(self.ctx.wall_ms());
        }
        self.node = Some(Node::start(&mut self.ctx));
        let every = self.ctx.plan.crash_every_ms;
        if every > 0 && self.ctx.boot > 0 {
            self.again(every, Event::Crash);
        }
    }

    /// A notice to everybody.
    pub(super) fn notice(&mut self) {
        let number = self.ctx.rng.bits() >> 40;
        if let (Ok(event), Some(node)) = (self.ctx.store.notice(number), &mut self.node) {
            node.publish(&mut self.ctx, event);
        }
        self.again(4_000, Event::Notice);
    }
}
