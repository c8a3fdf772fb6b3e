//! Every interleaving of one caller and one callee with two devices each, breadth first, to a bounded depth.
//!
//! States that differ only in names of peers, in revisions and in the wall clock are one state: what follows from them is
//! the same. Time stands still but for its jumps to the next timer.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Instant;

use super::super::leg::{Leg, Phase, Seat};
use super::super::state::Call;
use super::super::{CallInput, CallRequest, Farewell};
use super::world::VOICE;
use super::*;
use crate::ids::CallId;

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(SessionId),
    Ask(SessionId, Verb),
    MediaUp(SessionId),
    MediaLost(SessionId),
    Down(SessionId),
    Up(SessionId),
    Bye(SessionId),
    Written,
    WriteFails,
    NextTimer,
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Alerting,
    Answer,
    Decline,
    Leave,
    Hold,
    Resume,
    Take,
    Transfer,
    Connect,
}

/// From an idle office: who calls whom, glare, and a journal that confirms entry by entry.
#[test]
fn calls_are_placed() {
    let ends = explore(office(), 6);
    ends.include(&[EndReason::AnsweredElsewhere, EndReason::Ended]);
}

/// From a call that rings: one step more multiplies the states by about four.
#[test]
fn calls_ring() {
    let mut world = office();
    world.start(desk(lin()), &[chen()]);
    let ends = explore(world, 5);
    ends.include(&[EndReason::Declined, EndReason::DeclinedElsewhere, EndReason::AnsweredElsewhere]);
    ends.include(&[EndReason::Cancelled, EndReason::Unreachable, EndReason::NoAnswer, EndReason::Ended]);
}

/// From two people who talk.
#[test]
fn calls_go_on() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    let ends = explore(world, 5);
    ends.include(&[EndReason::Ended, EndReason::Failed, EndReason::Moved]);
}

/// From a call that is being handed on to a third one, by a device and by a telephone.
#[test]
fn calls_are_handed_on() {
    for hands_on in [desk(lin()), telephone(lin())] {
        let mut world = World::with(&[hands_on, desk(chen()), desk(wang())]);
        let call = world.start(hands_on, &[chen()]);
        world.media_up(hands_on, call);
        world.media_up(desk(chen()), call);
        world.answer(desk(chen()), call).unwrap();
        world.written();
        world.transfer(hands_on, call, wang());
        let ends = explore(world, 4);
        ends.include(&[EndReason::Transferred, EndReason::Cancelled, EndReason::Declined]);
    }
}

/// From two calls of one person that can be connected.
#[test]
fn calls_are_connected() {
    for other in [desk(wang()), telephone(wang())] {
        let mut world = World::with(&[desk(lin()), desk(chen()), other]);
        for with in [desk(chen()), other] {
            let call = world.start(desk(lin()), &[super::world::owner(with)]);
            world.media_up(with, call);
            world.answer(with, call).unwrap();
        }
        world.written();
        let ends = explore(world, 5);
        ends.include(&[EndReason::Transferred, EndReason::Ended, EndReason::Failed]);
    }
}

/// Goes through every state that is at most `depth` steps away. The invariants hold in each, and from each everything runs
/// out.
fn explore(start: World, depth: usize) -> Ends {
    let mut seen = HashSet::from([fingerprint(&start)]);
    let mut frontier = vec![(start, Vec::new())];
    let mut ends = Ends::default();
    for _ in 0..depth {
        let mut next = Vec::new();
        for (world, path) in frontier {
            for step in steps(&world) {
                let path = Path(path.iter().copied().chain([step]).collect());
                let mut after = world.clone();
                run(&mut after, step);
                ends.note(&after);
                if seen.insert(fingerprint(&after)) {
                    // Only its end is looked at: the steps there are steps of this exploration too.
                    check::runs_out(World { checked: false, ..after.clone() });
                    next.push((after, path.0.clone()));
                }
            }
        }
        frontier = next;
    }
    assert!(seen.len() > 2_000, "only {} states: the exploration is broken", seen.len());
    ends
}

/// The steps to a state; told when what was found there is wrong.
struct Path(Vec<Step>);

impl Drop for Path {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {:?}", self.0);
        }
    }
}

/// Every step that can change something in this world. The invariants of `check` run inside each.
fn steps(world: &World) -> Vec<Step> {
    let mut steps = Vec::new();
    let devices = [lin(), chen(), wang()].map(|of| [desk(of), phone(of), telephone(of)]);
    for session in devices.into_iter().flatten() {
        match world.devices.get(&session) {
            None => continue,
            Some(false) => steps.extend([Step::Up(session), Step::Bye(session)]),
            Some(true) => {
                steps.extend([Step::Down(session), Step::Bye(session)]);
                // The caller's phone does not call: it is like its desk.
                let calls = [desk(lin()), desk(chen()), phone(chen())].contains(&session);
                if world.calls.len() < 2 && calls {
                    steps.push(Step::Start(session));
                }
                if let Some(call) = current(world, session) {
                    steps
                        .extend(verbs(world, session, call).into_iter().map(|verb| Step::Ask(session, verb)));
                    steps.extend(media(world, session, call));
                }
            }
        }
    }
    if !world.unwritten.is_empty() {
        steps.extend([Step::Written, Step::WriteFails]);
    }
    if world.exchange.deadline().is_some() {
        steps.push(Step::NextTimer);
    }
    steps
}

/// The call that a device would act on.
fn current(world: &World, session: SessionId) -> Option<CallId> {
    world.exchange.calls_of(super::world::owner(session)).first().copied()
}

/// Another call of the person of this device.
fn second(world: &World, session: SessionId) -> Option<CallId> {
    world.exchange.calls_of(super::world::owner(session)).get(1).copied()
}

fn verbs(world: &World, session: SessionId, call: CallId) -> Vec<Verb> {
    let leg = world.exchange.calls[&call].leg(super::world::owner(session)).expect("a leg");
    match &leg.phase {
        Phase::Ringing(_) => vec![Verb::Alerting, Verb::Answer, Verb::Decline],
        Phase::Live(live) if live.seat_of(session).is_some() => {
            let mut verbs = vec![Verb::Leave, Verb::Hold, Verb::Resume];
            let talk = world.exchange.calls[&call].is_talk();
            verbs.extend((talk && world.devices.contains_key(&desk(wang()))).then_some(Verb::Transfer));
            verbs.extend((talk && second(world, session).is_some()).then_some(Verb::Connect));
            verbs
        }
        Phase::Live(_) => vec![Verb::Take],
        Phase::Filed { .. } | Phase::Left(_) => Vec::new(),
    }
}

fn media(world: &World, session: SessionId, call: CallId) -> Option<Step> {
    let peer = world.exchange.peer_of(session, call)?;
    let up = world.peers.contains_key(&peer);
    Some(if up { Step::MediaLost(session) } else { Step::MediaUp(session) })
}

fn run(world: &mut World, step: Step) {
    match step {
        Step::Start(session) => {
            let other = if super::world::owner(session) == lin() { chen() } else { lin() };
            world.send_start(session, &[other], VOICE);
        }
        Step::Ask(session, verb) => {
            let call = current(world, session).expect("a call");
            let request = match (verb, second(world, session)) {
                (Verb::Connect, Some(with)) => {
                    CallRequest::Connect { call, with, own: super::world::owner(session) }
                }
                _ => request(call, verb),
            };
            world.send(session, request);
        }
        Step::MediaUp(session) => world.media_up(session, current(world, session).expect("a call")),
        Step::MediaLost(session) => world.media_lost(session, current(world, session).expect("a call")),
        Step::Down(session) => world.down(session),
        Step::Up(session) => world.up(session),
        Step::Bye(session) => world.gone(session, Farewell::Bye),
        Step::Written => {
            let ticket = world.unwritten.pop_front().expect("an entry");
            world.input(CallInput::JournalDone { ticket });
        }
        Step::WriteFails => world.write_fails(),
        Step::NextTimer => drop(world.next_timer()),
    }
}

fn request(call: CallId, verb: Verb) -> CallRequest {
    match verb {
        Verb::Alerting => CallRequest::Alerting { call, early_media: false },
        Verb::Answer => CallRequest::Answer { call, sources: VOICE, current: Default::default() },
        Verb::Decline => CallRequest::Decline { call, reason: EndReason::Declined },
        Verb::Leave => CallRequest::Leave { call },
        Verb::Hold => CallRequest::Hold { call, hold: true },
        Verb::Resume => CallRequest::Hold { call, hold: false },
        Verb::Take => CallRequest::Take { call, sources: VOICE },
        Verb::Transfer => CallRequest::Transfer { call, to: super::world::card(wang()) },
        Verb::Connect => unreachable!("only with a second call"),
    }
}

/// How calls ended at some device.
#[derive(Default)]
struct Ends {
    reasons: HashSet<EndReason>,
}

impl Ends {
    fn note(&mut self, world: &World) {
        self.reasons.extend(world.screens.values().filter_map(|screen| screen.ended));
    }

    fn include(&self, expected: &[EndReason]) {
        let missing: Vec<_> = expected.iter().filter(|reason| !self.reasons.contains(reason)).collect();
        assert!(missing.is_empty(), "never came to {missing:?}");
    }
}

/// What matters of a world, in a form that does not depend on names.
fn fingerprint(world: &World) -> u64 {
    let mut hash = DefaultHasher::new();
    format!("{:?} {:?}", world.devices, world.unwritten.len()).hash(&mut hash);
    world.calls.len().hash(&mut hash);
    for call in world.exchange.calls.values() {
        call_fingerprint(call, world, &mut hash);
    }
    hash.finish()
}

fn call_fingerprint(call: &Call, world: &World, hash: &mut DefaultHasher) {
    (call.id, call.starter, call.opened, call.answered_at.is_some()).hash(hash);
    call.transfer.map(|transfer| (transfer.by, transfer.to, transfer.held)).hash(hash);
    for filing in &call.filings {
        // Which of the waiting entries it needs, by their place in the journal's queue.
        let place = |ticket: &_| world.unwritten.iter().position(|waiting| waiting == ticket);
        let places: Vec<_> = filing.tickets.iter().map(place).collect();
        (places, left(world, Some(filing.until)), filing.session).hash(hash);
    }
    for leg in &call.legs {
        leg_fingerprint(leg, world, hash);
    }
}

fn leg_fingerprint(leg: &Leg, world: &World, hash: &mut DefaultHasher) {
    leg.person().hash(hash);
    std::mem::discriminant(&leg.phase).hash(hash);
    match &leg.phase {
        Phase::Filed { answer } => answer.as_ref().map(|parked| parked.session).hash(hash),
        Phase::Ringing(ring) => {
            (left(world, Some(ring.until)), left(world, ring.unreachable), ring.alerted).hash(hash);
            (ring.early, &ring.out).hash(hash);
            for (session, device) in &ring.devices {
                let offered = world.peers.contains_key(&device.peer);
                (session, device.connected, device.alerting, device.media_up, offered).hash(hash);
            }
        }
        Phase::Live(live) => {
            seat_fingerprint(&live.seat, hash);
            (live.held, left(world, live.socket_by), left(world, live.media_by)).hash(hash);
            if let Some(take) = &live.take {
                seat_fingerprint(&take.seat, hash);
                left(world, Some(take.until)).hash(hash);
            }
        }
        Phase::Left(reason) => reason.hash(hash),
    }
}

fn seat_fingerprint(seat: &Seat, hash: &mut DefaultHasher) {
    (seat.session, seat.phone, seat.media_up, seat.was_up).hash(hash);
}

fn left(world: &World, at: Option<Instant>) -> Option<u128> {
    at.map(|at| at.duration_since(world.now).as_millis())
}
