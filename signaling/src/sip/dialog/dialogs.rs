//! All legs of a node, and which of them an input is for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::finish::Final;
use super::io::{DialogId, DialogInput, DialogOutput, LegId};
use super::leg::{Leg, Phase};
use super::reply::reason;
use super::step::{Core, DialogsConfig, Purpose, Step};
use crate::sip::message::{Headers, Method, Request, Response};
use crate::sip::port::{ClientTx, Owner, ServerTx, SipInput};

/// INVITE dialogs, without I/O. One sequence of inputs and one seed are one run.
pub struct Dialogs {
    pub(super) core: Core,
    pub(super) legs: BTreeMap<LegId, Leg>,
    /// Legs by Call-ID and our tag.
    names: BTreeMap<(String, String), LegId>,
    deadlines: BTreeSet<(Instant, LegId)>,
}

impl Dialogs {
    /// No legs. The seed must be fresh at each start: tags and Call-IDs come out of it.
    pub fn new(config: DialogsConfig, seed: u64) -> Dialogs {
        Dialogs {
            core: Core::new(config, seed),
            legs: BTreeMap::new(),
            names: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// When [`DialogInput::Tick`] is due.
    pub fn deadline(&self) -> Option<Instant> {
        let legs = self.deadlines.first().map(|(at, _)| *at);
        legs.into_iter().chain(self.core.lingering.first().map(|(at, _)| *at)).min()
    }

    /// How many legs are not over.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// The names of a leg's dialog on the wire, for a `Replaces`: the one that is up, or the early one that got on last.
    pub fn dialog_id(&self, leg: LegId) -> Option<DialogId> {
        self.legs.get(&leg)?.dialog_id()
    }

    /// The leg that a request names: by its dialog if it stands in one, otherwise by its `Replaces` (RFC 3891).
    pub fn leg_of(&self, request: &Request) -> Option<LegId> {
        if request.address("To").is_ok_and(|to| to.tag().is_some()) {
            return self.place_of(&request.headers).map(|(leg, _)| leg);
        }
        super::replaces::read(request.headers.get("Replaces")?)
            .and_then(|replaces| self.leg_by(&replaces.dialog))
    }

    pub(super) fn leg_by(&self, id: &DialogId) -> Option<LegId> {
        let leg = self.names.get(&(id.call_id.clone(), id.local_tag.clone()))?;
        self.legs.get(leg)?.find(&id.remote_tag).map(|_| *leg)
    }

    /// The legs with this Call-ID.
    pub(super) fn legs_of(&self, call_id: &str) -> impl Iterator<Item = &Leg> {
        let from = self.names.range((call_id.to_owned(), String::new())..);
        let same = from.take_while(move |((name, _), _)| name == call_id);
        same.filter_map(|(_, leg)| self.legs.get(leg))
    }

    /// Leg and dialog of a request of theirs.
    fn place_of(&self, headers: &Headers) -> Option<(LegId, usize)> {
        let (from, to) = (headers.address("From").ok()?, headers.address("To").ok()?);
        let name = (headers.get("Call-ID")?.to_owned(), to.tag()?.to_owned());
        let leg = self.names.get(&name)?;
        let at = self.legs.get(leg)?.find(from.tag().unwrap_or_default())?;
        Some((*leg, at))
    }

    /// Handles one input; what is to be done is appended to `out`.
    pub fn handle(&mut self, now: Instant, input: DialogInput, out: &mut Vec<DialogOutput>) {
        match input {
            DialogInput::Sip(input) => self.sip(now, input, out),
            DialogInput::Admit { leg, tx, from, request } => {
                let replaced = self.replaced(&request.headers);
                let merged = self.is_merged(&request);
                let full = self.legs.len() >= self.core.config.max_legs || self.legs.contains_key(&leg);
                let mut step = Step { now, core: &mut self.core, out };
                let status = match (full, merged) {
                    (true, _) => Some(503),
                    (_, true) => Some(482),
                    _ => None,
                };
                if let Some(leg) = Leg::admit(&mut step, leg, (tx, from, request), (status, replaced)) {
                    self.insert(leg);
                }
            }
            DialogInput::Dial { leg, dial } => {
                if self.legs.contains_key(&leg) {
                    return;
                }
                let mut step = Step { now, core: &mut self.core, out };
                let leg = Leg::dial(&mut step, leg, *dial);
                self.insert(leg);
            }
            DialogInput::Tick => self.tick(now, out),
            input => {
                if let Some(leg) = leg_of_order(&input) {
                    self.with(now, leg, out, |leg, step| leg.order(step, input));
                }
            }
        }
    }

    fn insert(&mut self, leg: Leg) {
        let id = leg.id;
        self.names.insert((leg.side.call_id.clone(), leg.side.local_tag.clone()), id);
        self.legs.insert(id, leg);
        self.settle(id);
    }

    /// Lets a leg do something, and what follows from it.
    fn with(
        &mut self,
        now: Instant,
        id: LegId,
        out: &mut Vec<DialogOutput>,
        work: impl FnOnce(&mut Leg, &mut Step<'_>),
    ) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut step = Step { now, core: &mut self.core, out };
        work(leg, &mut step);
        leg.go_on(&mut step);
        self.settle(id);
    }

    /// Forgets a leg that is over; otherwise notes when it must be looked at.
    fn settle(&mut self, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let over = leg.phase == Phase::Over;
        let next = leg.deadline().filter(|_| !over);
        if leg.scheduled != next {
            let before = std::mem::replace(&mut leg.scheduled, next);
            before.map(|at| self.deadlines.remove(&(at, id)));
            next.map(|at| self.deadlines.insert((at, id)));
        }
        if over && let Some(leg) = self.legs.remove(&id) {
            self.names.remove(&(leg.side.call_id, leg.side.local_tag));
        }
    }

    fn tick(&mut self, now: Instant, out: &mut Vec<DialogOutput>) {
        while let Some((at, number)) = self.core.lingering.first().copied().filter(|(at, _)| *at <= now) {
            self.core.lingering.remove(&(at, number));
            self.core.clients.remove(&number);
        }
        let due: Vec<LegId> =
            self.deadlines.iter().take_while(|(at, _)| *at <= now).map(|(_, leg)| *leg).collect();
        for leg in due {
            self.with(now, leg, out, Leg::tick);
        }
    }

    fn sip(&mut self, now: Instant, input: SipInput, out: &mut Vec<DialogOutput>) {
        match input {
            SipInput::Request { tx, request, .. } => self.request(now, tx, &request, out),
            SipInput::Cancelled { tx, request } => {
                let leg = self.core.servers.get(&tx).copied();
                if let Some(leg) = leg {
                    let reason = reason(&request.headers);
                    self.with(now, leg, out, |leg, step| leg.cancelled(step, tx, reason));
                }
            }
            SipInput::Ack { request } => {
                if let Some((leg, _)) = self.place_of(&request.headers) {
                    self.with(now, leg, out, |leg, step| leg.acknowledged(step, &request));
                }
            }
            SipInput::Response { tx, response } => self.response(now, tx, response, out),
            SipInput::Failed { tx, failure } => self.finished(now, tx, Final::Failed(failure), out),
        }
    }

    fn request(&mut self, now: Instant, tx: ServerTx, request: &Request, out: &mut Vec<DialogOutput>) {
        let Some((leg, at)) = self.place_of(&request.headers) else {
            return Step { now, core: &mut self.core, out }.refuse(tx, request, 481);
        };
        let target = (request.method == Method::Refer).then(|| self.refer_target(request));
        self.with(now, leg, out, |leg, step| match target {
            Some(target) => leg.refer_came(step, tx, request, at, target),
            None => leg.inside(step, tx, request, at),
        });
    }

    fn response(&mut self, now: Instant, tx: ClientTx, response: Response, out: &mut Vec<DialogOutput>) {
        let Some(client) = self.core.clients.get(&tx.number).filter(|_| tx.owner == Owner::Dialogs) else {
            return;
        };
        let (leg, purpose) = (client.leg, client.purpose);
        let is_invite = matches!(purpose, Purpose::Invite | Purpose::Reinvite);
        if response.is_provisional() {
            if is_invite {
                self.with(now, leg, out, |leg, step| leg.provisional(step, tx.number, &response));
            }
        } else if is_invite && response.is_success() {
            let mut step = Step { now, core: &mut self.core, out };
            if step.acknowledge_again(tx.number, &response) {
                return;
            }
            match self.legs.contains_key(&leg) {
                true => self.with(now, leg, out, |leg, step| leg.succeeded(step, tx.number, &response)),
                false => step.end_stray(tx.number, &response),
            }
        } else {
            self.finished(now, tx, Final::Response(response), out);
        }
    }

    /// A transaction of ours is over, other than by a 2xx to an INVITE.
    fn finished(&mut self, now: Instant, tx: ClientTx, outcome: Final, out: &mut Vec<DialogOutput>) {
        if tx.owner != Owner::Dialogs {
            return;
        }
        let Some(client) = self.core.clients.get(&tx.number).filter(|client| client.acks.is_empty()) else {
            return;
        };
        let leg = client.leg;
        let Some(client) = self.core.clients.remove(&tx.number) else { return };
        if self.legs.contains_key(&leg) {
            self.with(now, leg, out, |leg, step| leg.finished(step, tx.number, client, &outcome));
        } else {
            Step { now, core: &mut self.core, out }.retry_stray(client, &outcome);
        }
    }
}

fn leg_of_order(input: &DialogInput) -> Option<LegId> {
    match input {
        DialogInput::Ring { leg, .. }
        | DialogInput::Accept { leg, .. }
        | DialogInput::Reject { leg, .. }
        | DialogInput::HangUp { leg, .. }
        | DialogInput::Offer { leg, .. }
        | DialogInput::Answer { leg, .. }
        | DialogInput::Refer { leg, .. }
        | DialogInput::ReferProgress { leg, .. }
        | DialogInput::Identify { leg, .. }
        | DialogInput::Info { leg, .. } => Some(*leg),
        DialogInput::Sip(_) | DialogInput::Admit { .. } | DialogInput::Dial { .. } | DialogInput::Tick => {
            None
        }
    }
}
