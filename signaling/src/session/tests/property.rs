//! Random runs of three people on several devices.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::{SessionInput, SocketId};
use super::world::{World, hello, login, person, position, runs_out};
use crate::ids::{CallId, SessionId};
use crate::topic::Topic;
use crate::wire::client::Request;
use crate::wire::error::ErrorCode;
use crate::wire::server::Reply;

#[derive(Clone, Debug)]
enum Act {
    Connect(u128, u128),
    Hello(usize, Option<usize>),
    Cut(usize),
    Ask(usize, Verb),
    Repeat(usize, u32),
    Bad(usize),
    Replied(usize, u32),
    LoginEnded(u128),
    InCall(u128, bool),
    NextTimer,
    Pass(u64),
}

#[derive(Clone, Debug)]
enum Verb {
    Ping,
    Leave,
    Subscribe(bool),
    Unsubscribe,
    Watch(Vec<u128>),
    Idle(bool),
    Bye,
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        1 => Just(Verb::Ping),
        4 => Just(Verb::Leave),
        1 => any::<bool>().prop_map(Verb::Subscribe),
        1 => Just(Verb::Unsubscribe),
        4 => vec(0..4u128, 0..4).prop_map(Verb::Watch),
        2 => any::<bool>().prop_map(Verb::Idle),
        1 => Just(Verb::Bye),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    let pick = || 0..32usize;
    prop_oneof![
        4 => (0..3u128, 0..4u128).prop_map(|(person, login)| Act::Connect(person, login)),
        6 => (pick(), proptest::option::of(pick())).prop_map(|(socket, resume)| Act::Hello(socket, resume)),
        3 => pick().prop_map(Act::Cut),
        12 => (pick(), verb()).prop_map(|(socket, verb)| Act::Ask(socket, verb)),
        3 => (pick(), 1..60u32).prop_map(|(socket, id)| Act::Repeat(socket, id)),
        1 => pick().prop_map(Act::Bad),
        6 => (pick(), 1..60u32).prop_map(|(session, id)| Act::Replied(session, id)),
        1 => (0..4u128).prop_map(Act::LoginEnded),
        2 => (0..3u128, any::<bool>()).prop_map(|(person, on)| Act::InCall(person, on)),
        2 => Just(Act::NextTimer),
        2 => (0..20_000u64).prop_map(Act::Pass),
    ]
}

fn run(world: &mut World, act: Act) {
    match act {
        Act::Connect(of, n) => drop(world.connect(person(of), n)),
        Act::Hello(n, resume) => {
            let resume = resume.and_then(|n| session(world, n)).or(Some(SessionId(Uuid::from_u128(999))));
            if let Some(socket) = socket(world, n) {
                world.send(socket, hello(resume));
            }
        }
        Act::Cut(n) => {
            if let Some(socket) = socket(world, n) {
                world.cut(socket);
            }
        }
        Act::Ask(n, verb) => {
            if let Some(socket) = socket(world, n) {
                world.send(socket, request(verb));
            }
        }
        Act::Repeat(n, id) => {
            if let Some(socket) = socket(world, n) {
                world.send_as(socket, id, request(Verb::Leave));
            }
        }
        Act::Bad(n) => {
            if let Some(socket) = socket(world, n) {
                world.input(SessionInput::Frame { socket, frame: Err((0, ErrorCode::BadFrame)) });
            }
        }
        Act::Replied(n, id) => {
            if let Some(session) = session(world, n) {
                world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
            }
        }
        Act::LoginEnded(n) => world.input(SessionInput::LoginEnded { login: login(n) }),
        Act::InCall(of, in_call) => world.input(SessionInput::InCall { person: person(of), in_call }),
        Act::NextTimer => {
            if let Some(at) = world.table.deadline() {
                world.now = at;
                world.input(SessionInput::Tick);
            }
        }
        Act::Pass(ms) => drop(world.pass(Duration::from_millis(ms))),
    }
}

fn socket(world: &World, n: usize) -> Option<SocketId> {
    world.open.iter().nth(n.checked_rem(world.open.len())?).copied()
}

fn session(world: &World, n: usize) -> Option<SessionId> {
    let sessions = &world.table.sessions;
    sessions.keys().nth(n.checked_rem(sessions.len())?).copied()
}

fn request(verb: Verb) -> Request {
    match verb {
        Verb::Ping => Request::Ping {},
        Verb::Leave => Request::CallLeave { call: CallId(Uuid::from_u128(1)) },
        Verb::Subscribe(own) => {
            let topic = if own { Topic::Person(person(1)) } else { Topic::City };
            Request::Subscribe { topics: vec![position(&topic.to_string(), 1)] }
        }
        Verb::Unsubscribe => Request::Unsubscribe { topics: vec!["city".into()] },
        Verb::Watch(people) => Request::PresenceWatch { people: people.into_iter().map(person).collect() },
        Verb::Idle(idle) => Request::PresenceIdle { idle },
        Verb::Bye => Request::Bye {},
    }
}

/// So many runs, or `PROPTEST_CASES` for a longer search.
fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(1_000), max_shrink_iters: 20_000, ..default }
}

proptest! {
    #![proptest_config(config())]

    /// The invariants hold after each step, nothing is done twice, and at the end everything runs out.
    #[test]
    fn every_run_is_sound(acts in vec(act(), 1..100)) {
        let mut world = World::new();
        for act in acts {
            run(&mut world, act);
        }
        runs_out(world);
    }
}
