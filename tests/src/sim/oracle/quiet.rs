//! What must be true when nothing breaks any more and everything has settled.

use std::collections::{BTreeMap, BTreeSet};

use media::ids::PeerId;
use signaling::ids::{CallId, PersonId};
use signaling::topic::Topic;
use signaling::wire::call::{CallView, LegState};
use signaling::wire::server::PresenceStatus;

use crate::sim::client::Client;
use crate::sim::ctx::Ctx;
use crate::sim::node::Node;

/// Screens, presence, topics and requests of everybody.
pub fn check_quiet(ctx: &mut Ctx, node: &Node, clients: &[Client]) {
    for client in clients {
        if client.session_up().is_none() {
            ctx.oracle.fail(|| format!("client {} did not come back", client.id));
        }
        let waiting = client.waiting();
        if !waiting.is_empty() {
            ctx.oracle.fail(|| format!("client {} has no reply to {waiting:?}", client.id));
        }
        screens(ctx, node, client);
        topics(ctx, client);
        presence(ctx, clients, client);
    }
    one_device(ctx, clients);
}

fn screens(ctx: &mut Ctx, node: &Node, client: &Client) {
    let Some(session) = client.session_up() else { return };
    let truth: BTreeMap<CallId, CallView> =
        node.snapshot(session).into_iter().map(|view| (view.call, view)).collect();
    let shown: BTreeMap<CallId, CallView> = client.running().map(|view| (view.call, view.clone())).collect();
    if truth != shown {
        ctx.oracle.fail(|| format!("client {} shows {shown:?} instead of {truth:?}", client.id));
    }
}

fn topics(ctx: &mut Ctx, client: &Client) {
    for (topic, seq) in client.positions() {
        let (head, _) = ctx.store.span(topic);
        if seq != head {
            ctx.oracle.fail(|| format!("client {} has {topic} up to {seq}, not {head}", client.id));
        }
    }
    if !client.positions().any(|(topic, _)| topic == Topic::Person(client.person)) {
        ctx.oracle.fail(|| format!("client {} does not follow its person", client.id));
    }
    let truth = ctx.store.history(client.person).unwrap_or_default();
    let mut shown = client.history().clone();
    // A call that the person is called to again stays in the history until it is over.
    shown.retain(|call, _| ctx.store.leg(*call, client.person).is_none_or(|leg| leg.ended_at.is_some()));
    if shown != truth {
        ctx.oracle.fail(|| format!("client {} shows the history {shown:?} instead of {truth:?}", client.id));
    }
}

fn presence(ctx: &mut Ctx, clients: &[Client], client: &Client) {
    for (person, status) in client.presence() {
        let truth = status_of(clients, *person);
        if *status != truth {
            ctx.oracle.fail(|| format!("client {} shows {person} as {status:?}: {truth:?}", client.id));
        }
    }
}

/// How reachable a person is, by what the person's own devices are at.
fn status_of(clients: &[Client], person: PersonId) -> PresenceStatus {
    let devices = clients.iter().filter(|client| client.person == person && client.session_up().is_some());
    let devices: Vec<&Client> = devices.collect();
    if devices.iter().any(|client| client.running().any(|view| view.me.here)) {
        PresenceStatus::InCall
    } else if devices.is_empty() {
        PresenceStatus::Offline
    } else if devices.iter().all(|client| client.idle) {
        PresenceStatus::Away
    } else {
        PresenceStatus::Available
    }
}

/// A person is in a call at one device.
fn one_device(ctx: &mut Ctx, clients: &[Client]) {
    let mut seats = BTreeSet::new();
    for client in clients {
        for view in client.running().filter(|view| view.me.here) {
            if !seats.insert((view.call, client.person)) {
                ctx.oracle.fail(|| format!("{} is in {} at two devices", client.person, view.call));
            }
        }
    }
}

/// Everybody in a call who is not on hold has heard everybody else who is not, and nobody else; all streams are whole.
pub fn check_hearing(ctx: &mut Ctx, clients: &[Client]) {
    let mut wanted: BTreeSet<(PeerId, PeerId)> = BTreeSet::new();
    for view in clients.iter().flat_map(Client::running).filter(|view| view.me.here) {
        let talks = |state| state == LegState::Connected;
        let Some(me) = view.me.peer.filter(|_| talks(view.me.state) && view.answered_at.is_some()) else {
            continue;
        };
        let others = view.parties.iter().filter(|party| talks(party.state) && party.sources.mic);
        let others = others.filter_map(|party| party.peer).filter(|peer| *peer != me);
        wanted.extend(others.map(|other| (me, other)));
    }
    ctx.oracle.counts.pairs += wanted.len() as u64;
    let heard = std::mem::take(&mut ctx.oracle.hearing.heard);
    for (me, other) in wanted.difference(&heard) {
        ctx.oracle.fail(|| format!("{me} does not hear {other}"));
    }
    for (me, other) in heard.difference(&wanted) {
        ctx.oracle.fail(|| format!("{me} hears {other}, who does not talk to it"));
    }
    ctx.oracle.check_streams();
}
