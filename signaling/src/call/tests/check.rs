//! What must hold after every step.

use std::collections::{BTreeMap, BTreeSet};

use super::super::leg::{Leg, Phase};
use super::super::limits::{MAX_LIVE, MAX_PARTIES};
use super::super::state::{Call, Transfer};
use super::world::{World, is_line, is_telephone};
use crate::ids::PersonId;
use crate::ports::JournalEntry;
use crate::wire::call::CallKind;

pub fn all(world: &World) {
    for call in world.exchange.calls.values() {
        call_is_sound(world, call);
        screens_are_true(world, call);
        media_is_true(world, call);
    }
    people_are_sound(world);
    timers_are_true(world);
    journal_is_true(world);
    let open = world.exchange.calls.values().filter(|call| call.opened).map(|call| call.id.room());
    assert_eq!(world.rooms, open.collect::<BTreeSet<_>>(), "open rooms");
    for peer in world.peers.keys() {
        assert!(world.exchange.owner_of(*peer).is_some(), "the media plane still has {peer}");
    }
}

fn call_is_sound(world: &World, call: &Call) {
    assert!(call.ended.is_none(), "an ended call stayed");
    assert!(call.live_count() >= 1 && call.present_count() >= 2, "too little left: {call:?}");
    assert!(call.present_count() <= MAX_PARTIES);
    let people: BTreeSet<_> = call.legs.iter().map(Leg::person).collect();
    assert_eq!(people.len(), call.legs.len(), "one leg per person");
    let connected =
        |leg: &&Leg| leg.live().is_some_and(|l| l.socket_by.is_none() && world.devices[&l.seat.session]);
    let talking = call.legs.iter().filter(connected).count() >= 2;
    assert!(talking || call.deadline().is_some(), "a call without a deadline: {call:?}");
    assert!(call.kind == CallKind::Group || call.present_count() <= 3, "a direct call is for two");
    assert!(call.kind == CallKind::Group || call.present_count() == 2 || call.transfer.is_some());
    if let Some(transfer) = call.transfer {
        transfer_is_sound(call, transfer);
    }
    for leg in &call.legs {
        leg_is_sound(world, call, leg);
    }
}

/// Somebody is kept, somebody is called, and whoever hands on is on hold or gone.
fn transfer_is_sound(call: &Call, transfer: Transfer) {
    let Transfer { by, to, .. } = transfer;
    assert!(call.kind == CallKind::Direct && call.answered_at.is_some());
    let called = call.leg(to).is_some_and(|leg| leg.is_present() && !leg.is_live());
    assert!(called, "nobody is called: {call:?}");
    let kept = call.legs.iter().filter(|leg| leg.is_live() && leg.person() != by).count();
    assert_eq!(kept, 1, "nobody is kept");
    assert!(call.live(by).is_none_or(|live| live.held), "whoever hands on is on hold");
}

fn leg_is_sound(world: &World, call: &Call, leg: &Leg) {
    match &leg.phase {
        Phase::Filed { .. } => {
            let filed = call.filings.iter().any(|filing| filing.people.contains(&leg.person()));
            assert!(filed, "a filed leg that nothing waits for");
        }
        Phase::Ringing(ring) => {
            for (session, device) in &ring.devices {
                assert_eq!(world.devices.get(session), Some(&device.connected));
                assert!(!ring.out.contains(session), "out, and rings");
            }
            assert!(ring.early.is_none_or(|early| ring.devices.contains_key(&early)));
            assert!(!leg.card.line || !ring.devices.is_empty(), "a line without a telephone");
            let reachable = ring.devices.values().any(|device| device.connected);
            assert_eq!(reachable, ring.unreachable.is_none());
        }
        Phase::Live(live) => {
            let connected = world.devices.get(&live.seat.session);
            assert_eq!(connected, Some(&live.socket_by.is_none()), "the seat's socket");
            let waits = call.answered_at.is_some() && !live.seat.media_up;
            assert!(!waits || live.media_by.is_some(), "media may stay away for ever");
            assert!(!live.seat.media_up || live.media_by.is_none());
        }
        Phase::Left(_) => {}
    }
}

/// Every connected device of everybody who is in or called sees the call as it is; nobody else sees it going on.
fn screens_are_true(world: &World, call: &Call) {
    for (session, connected) in &world.devices {
        let person = super::world::owner(*session);
        let seen = call.leg(person).is_some_and(|l| matches!(l.phase, Phase::Ringing(_) | Phase::Live(_)));
        let seen = seen && call.leg(person).is_some_and(|leg| leg.is_for(*session));
        let screen = world.screens.get(&(*session, call.id));
        if *connected && seen && call.opened {
            let shown = &screen.expect("shown").view;
            let mut truth = world.exchange.view(call, *session);
            truth.rev = shown.rev;
            assert_eq!(shown, &truth, "stale screen of {session}");
            assert!(world.exchange.snapshot(*session).iter().any(|view| view.call == call.id));
        } else if *connected {
            assert!(screen.is_none_or(|screen| screen.view.ended.is_some()), "{session} still sees the call");
        }
    }
}

/// Gates and sources of the peers that exist in the media plane.
fn media_is_true(world: &World, call: &Call) {
    let early = |leg: &Leg| leg.ring().and_then(|ring| ring.early).filter(|_| call.kind == CallKind::Direct);
    let heard = call.answered_at.is_some() || call.legs.iter().any(|leg| early(leg).is_some());
    for leg in &call.legs {
        if let Phase::Live(live) = &leg.phase {
            let hands_on = call.transfer.is_some_and(|transfer| transfer.by == leg.person());
            let open = heard && !hands_on && (!live.held || is_telephone(live.seat.session));
            if let Some(peer) = world.peers.get(&live.seat.peer) {
                assert_eq!(peer.open, open, "gate of {:?}", leg.person());
                assert_eq!(peer.on, live.seat.sources.list());
            }
            if let Some(peer) = live.take.as_ref().and_then(|take| world.peers.get(&take.seat.peer)) {
                assert!(!peer.open, "both devices of a move are open");
            }
        }
        if let Phase::Ringing(ring) = &leg.phase {
            for (session, device) in &ring.devices {
                let open = early(leg) == Some(*session);
                assert!(world.peers.get(&device.peer).is_none_or(|peer| peer.open == open), "a ringing gate");
            }
        }
    }
}

fn people_are_sound(world: &World) {
    let mut legs: BTreeMap<PersonId, (usize, usize, usize)> = BTreeMap::new();
    for leg in world.exchange.calls.values().flat_map(|call| &call.legs) {
        let (live, open, rings) = legs.entry(leg.person()).or_default();
        *live += usize::from(leg.is_live());
        *open += usize::from(leg.live().is_some_and(|live| !live.held));
        *rings += usize::from(leg.ring().is_some());
    }
    for (person, (live, open, rings)) in &legs {
        assert!(*live <= MAX_LIVE && *open <= 1 && *rings <= 1, "{person}: {live} {open} {rings}");
        let shown = *live > 0 && !is_line(*person);
        assert_eq!(world.in_call.contains(person), shown, "presence of {person}");
    }
    for person in &world.in_call {
        assert!(legs.get(person).is_some_and(|(live, ..)| *live > 0), "presence of {person}");
    }
}

fn timers_are_true(world: &World) {
    let timers = &world.exchange.timers;
    let wanted = world.exchange.calls.values().filter_map(|call| Some((call.deadline()?, call.id)));
    assert_eq!(*timers, wanted.collect::<BTreeSet<_>>());
    assert!(timers.iter().all(|(at, _)| *at > world.now), "a timer was not run");
    let tickets: BTreeSet<_> = world.exchange.tickets.keys().collect();
    let filings = world.exchange.calls.values().flat_map(|call| &call.filings);
    assert_eq!(tickets, filings.flat_map(|filing| &filing.tickets).collect(), "tickets");
}

/// Every `Opened` gets one `Closed`, every `Invited` one `LegEnded`, in that order.
fn journal_is_true(world: &World) {
    let mut open = BTreeSet::new();
    let mut legs = BTreeSet::new();
    for entry in &world.journal {
        let fits = match *entry {
            JournalEntry::Opened { call, .. } => open.insert(call),
            JournalEntry::Invited { call, person, ref line, .. } => {
                let told = line.as_ref().map(|card| card.person) == is_line(person).then_some(person);
                told && open.contains(&call) && legs.insert((call, person))
            }
            JournalEntry::Answered { call, person, .. } => legs.contains(&(call, person)),
            JournalEntry::LegEnded { call, person, .. } => legs.remove(&(call, person)),
            JournalEntry::Closed { call, .. } => open.remove(&call),
        };
        assert!(fits, "{entry:?} does not fit");
    }
    assert!(open.iter().eq(world.exchange.calls.keys()), "calls open in the journal");
    let present = world.exchange.calls.values();
    let present = present.flat_map(|call| call.present().into_iter().map(|person| (call.id, person)));
    assert_eq!(legs, present.collect(), "legs open in the journal");
}

/// With every device gone and every timer run out, nothing is left.
pub fn runs_out(mut world: World) {
    for session in world.devices.clone().into_keys() {
        world.down(session);
    }
    for _ in 0..1_000 {
        if !world.next_timer() {
            break;
        }
    }
    assert!(world.exchange.calls.is_empty(), "stuck: {:?}", world.exchange.calls);
    for session in world.devices.clone().into_keys() {
        world.gone(session, super::super::Farewell::Expired);
    }
    let exchange = &world.exchange;
    assert!(exchange.sessions.is_empty() && exchange.people.is_empty() && exchange.peers.is_empty());
    assert!(exchange.tickets.is_empty() && exchange.timers.is_empty());
    assert!(world.in_call.is_empty() && world.rooms.is_empty() && world.peers.is_empty());
    let open: Vec<_> = world.asked.iter().filter(|asked| !world.replies.contains_key(asked)).collect();
    assert!(open.is_empty(), "requests without a reply: {open:?}");
}
