//! Random interleavings of four people and a line, eight devices, all requests, lost sockets and media, a slow journal, and all timers.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{CallInput, CallRequest, Farewell};
use super::check;
use super::world::{LINES, TELEPHONE, VIDEO, VOICE, World, card, device, owner, person};
use crate::ids::{CallId, PersonId, SessionId};
use crate::wire::call::EndReason;
use crate::wire::client::CurrentCall;

/// One thing that happens. Numbers pick a device, a call, a peer or a person out of those that there are.
#[derive(Clone, Debug)]
enum Act {
    Up(usize),
    Down(usize),
    Gone(usize, bool),
    Start(usize, Vec<u128>),
    Ask(usize, usize, Verb),
    MediaUp(usize),
    MediaLost(usize),
    RoomLost(usize),
    Written,
    WriteFails,
    WriteOne,
    NextTimer,
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Alerting(bool),
    Answer(bool),
    Decline(EndReason),
    Leave,
    End,
    Hold(bool),
    Video(bool),
    Add(u128),
    Join(bool),
    Take,
    Transfer(u128),
    Connect(usize),
    Replace(usize),
}

/// The last one stands for a telephone line.
const PEOPLE: u128 = 5;

fn somebody(n: u128) -> PersonId {
    if n == PEOPLE { person(LINES) } else { person(n) }
}

fn devices() -> Vec<SessionId> {
    let owned = [(1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (4, 0), (2, TELEPHONE), (LINES, TELEPHONE)];
    owned.into_iter().map(|(of, n)| device(person(of), n)).collect()
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        3 => any::<bool>().prop_map(Verb::Alerting),
        8 => any::<bool>().prop_map(Verb::Answer),
        1 => Just(Verb::Decline(EndReason::Declined)),
        1 => Just(Verb::Decline(EndReason::Busy)),
        2 => Just(Verb::Leave),
        1 => Just(Verb::End),
        3 => any::<bool>().prop_map(Verb::Hold),
        1 => any::<bool>().prop_map(Verb::Video),
        2 => (1..=PEOPLE).prop_map(Verb::Add),
        2 => any::<bool>().prop_map(Verb::Join),
        3 => Just(Verb::Take),
        4 => (1..=PEOPLE).prop_map(Verb::Transfer),
        5 => (0..4usize).prop_map(Verb::Connect),
        3 => (0..64usize).prop_map(Verb::Replace),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let pick = || 0..64usize;
    prop_oneof![
        4 => pick().prop_map(Act::Up),
        2 => pick().prop_map(Act::Down),
        1 => (pick(), any::<bool>()).prop_map(|(device, bye)| Act::Gone(device, bye)),
        8 => (pick(), vec(1..=PEOPLE, 1..3)).prop_map(|(device, to)| Act::Start(device, to)),
        30 => (pick(), pick(), verb()).prop_map(|(device, call, verb)| Act::Ask(device, call, verb)),
        6 => pick().prop_map(Act::MediaUp),
        2 => pick().prop_map(Act::MediaLost),
        1 => pick().prop_map(Act::RoomLost),
        10 => Just(Act::Written),
        1 => Just(Act::WriteFails),
        2 => Just(Act::WriteOne),
        2 => Just(Act::NextTimer),
        2 => (0..30_000u64).prop_map(Act::Pass),
    ]
}

fn run(world: &mut World, act: &Act) {
    let known = |n: &usize| devices()[n % devices().len()];
    match act {
        Act::Up(n) => world.up(known(n)),
        Act::Down(n) => world.down(known(n)),
        Act::Gone(n, bye) => world.gone(known(n), if *bye { Farewell::Bye } else { Farewell::Expired }),
        Act::Start(n, to) => {
            let to: Vec<PersonId> = to.iter().map(|n| somebody(*n)).collect();
            world.send_start(known(n), &to, VOICE);
        }
        Act::Ask(n, call, verb) => ask(world, known(n), *call, *verb),
        Act::MediaUp(n) => {
            if let Some(peer) = pick(world.exchange.peers.keys().copied().collect(), *n) {
                world.peer_up(peer);
            }
        }
        Act::MediaLost(n) => {
            if let Some(peer) = pick(world.peers.keys().copied().collect(), *n) {
                world.peer_lost(peer);
            }
        }
        Act::RoomLost(n) => {
            if let Some(room) = pick(world.rooms.iter().copied().collect(), *n) {
                world.room_lost(room);
            }
        }
        Act::Written => world.written(),
        Act::WriteFails => world.write_fails(),
        Act::WriteOne => {
            if let Some(ticket) = world.unwritten.pop_front() {
                world.input(CallInput::JournalDone { ticket });
            }
        }
        Act::NextTimer => drop(world.next_timer()),
        Act::Pass(ms) => world.pass(Duration::from_millis(*ms)),
    }
}

fn pick<T: Copy>(from: Vec<T>, n: usize) -> Option<T> {
    from.get(n.checked_rem(from.len())?).copied()
}

fn ask(world: &mut World, session: SessionId, n: usize, verb: Verb) {
    // Calls of this person first, so that most requests hit; at times any other call, also an ended one.
    let mine = world.exchange.calls_of(owner(session));
    let calls = if n < 56 && !mine.is_empty() { mine } else { world.calls.clone() };
    let Some(call) = pick(calls, n) else { return };
    let request = match verb {
        Verb::Connect(n) => {
            let Some(with) = pick(world.exchange.calls_of(owner(session)), n) else { return };
            CallRequest::Connect { call, with, own: owner(session) }
        }
        Verb::Replace(n) => {
            let Some(in_it) = pick(devices_in(world, call), n) else { return };
            CallRequest::Replace { call, session: in_it, by: card(owner(session)) }
        }
        verb => request(call, verb),
    };
    world.send(session, request);
}

/// The devices that are in the call or ring.
fn devices_in(world: &World, call: CallId) -> Vec<SessionId> {
    let in_it = |session: &SessionId| world.exchange.peer_of(*session, call).is_some();
    devices().into_iter().filter(in_it).collect()
}

fn request(call: CallId, verb: Verb) -> CallRequest {
    let current = |leave| if leave { CurrentCall::Leave } else { CurrentCall::Hold };
    match verb {
        Verb::Alerting(early_media) => CallRequest::Alerting { call, early_media },
        Verb::Answer(leave) => CallRequest::Answer { call, sources: VOICE, current: current(leave) },
        Verb::Decline(reason) => CallRequest::Decline { call, reason },
        Verb::Leave => CallRequest::Leave { call },
        Verb::End => CallRequest::End { call },
        Verb::Hold(hold) => CallRequest::Hold { call, hold },
        Verb::Video(on) => CallRequest::Sources { call, sources: if on { VIDEO } else { VOICE } },
        Verb::Add(n) => CallRequest::Add { call, people: vec![somebody(n)], cards: vec![card(somebody(n))] },
        Verb::Join(leave) => CallRequest::Join { call, sources: VOICE, current: current(leave) },
        Verb::Take => CallRequest::Take { call, sources: VOICE },
        Verb::Transfer(n) => CallRequest::Transfer { call, to: card(somebody(n)) },
        Verb::Connect(_) | Verb::Replace(_) => unreachable!("need the world"),
    }
}

/// So many runs, or `PROPTEST_CASES` for a longer search.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(1_500), max_shrink_iters: 20_000, ..default }
}

proptest! {
    #![proptest_config(config())]

    /// The invariants of `check` hold after each step, and at the end everything runs out.
    #[test]
    fn every_interleaving_is_sound(acts in vec(act(), 1..90)) {
        let mut world = World::with(&[&devices()[..4], &devices()[6..]].concat());
        for act in &acts {
            run(&mut world, act);
        }
        check::runs_out(world);
    }
}
