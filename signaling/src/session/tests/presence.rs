//! Presence as colleagues see it.

use super::super::limits::{MAX_WATCHED, PRESENCE_GRACE};
use super::super::{SessionInput, SessionOutput, SocketId};
use super::seconds;
use super::world::{World, login, person};
use crate::ids::SessionId;
use crate::wire::client::Request;
use crate::wire::error::ErrorCode;
use crate::wire::server::{PresenceStatus, Reply};

/// 林 (1) watches 陳 (2).
fn watching() -> (World, SocketId, SessionId) {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    world.ask(socket, Request::PresenceWatch { people: vec![person(2)] });
    (world, socket, session)
}

fn seen(world: &World, watcher: SessionId) -> PresenceStatus {
    world.known[&watcher][&person(2)]
}

#[test]
fn a_person_comes_is_idle_and_goes() {
    let (mut world, _, lin) = watching();
    assert_eq!(seen(&world, lin), PresenceStatus::Offline);
    let (socket, _) = world.open(person(2));
    assert_eq!(seen(&world, lin), PresenceStatus::Available);
    world.ask(socket, Request::PresenceIdle { idle: true });
    assert_eq!(seen(&world, lin), PresenceStatus::Away);
    let (phone, _) = world.open(person(2));
    assert_eq!(seen(&world, lin), PresenceStatus::Available, "one device in use is enough");
    world.ask(phone, Request::Bye {});
    assert_eq!(seen(&world, lin), PresenceStatus::Away);
    world.ask(socket, Request::Bye {});
    assert_eq!(seen(&world, lin), PresenceStatus::Offline);
}

#[test]
fn a_call_counts_before_all_else() {
    let (mut world, _, lin) = watching();
    let (socket, _) = world.open(person(2));
    world.input(SessionInput::InCall { person: person(2), in_call: true });
    assert_eq!(seen(&world, lin), PresenceStatus::InCall);
    world.ask(socket, Request::PresenceIdle { idle: true });
    assert_eq!(seen(&world, lin), PresenceStatus::InCall);
    world.input(SessionInput::InCall { person: person(2), in_call: false });
    assert_eq!(seen(&world, lin), PresenceStatus::Away);
}

#[test]
fn a_change_of_network_does_not_flicker() {
    let (mut world, _, lin) = watching();
    let (socket, session) = world.open(person(2));
    world.cut(socket);
    let out = world.pass(PRESENCE_GRACE - seconds(1));
    assert!(!out.iter().any(|output| matches!(output, SessionOutput::Event { .. })));
    world.resume(person(2), session);
    assert_eq!(seen(&world, lin), PresenceStatus::Available);
    let socket = world.table.socket_of(session).unwrap();
    world.cut(socket);
    world.pass(PRESENCE_GRACE);
    assert_eq!(seen(&world, lin), PresenceStatus::Offline);
}

#[test]
fn a_new_list_replaces_the_old() {
    let (mut world, socket, lin) = watching();
    world.ask(socket, Request::PresenceWatch { people: vec![person(3), person(3)] });
    world.open(person(2));
    assert!(!world.known[&lin].contains_key(&person(2)));
    world.open(person(3));
    assert_eq!(world.known[&lin][&person(3)], PresenceStatus::Available);
}

#[test]
fn a_resumed_session_is_told_what_it_missed() {
    let (mut world, socket, lin) = watching();
    world.cut(socket);
    world.open(person(2));
    assert_eq!(seen(&world, lin), PresenceStatus::Offline, "nobody could tell it");
    world.resume(person(1), lin);
    assert_eq!(seen(&world, lin), PresenceStatus::Available);
}

#[test]
fn a_list_is_bounded() {
    let (mut world, socket, _) = watching();
    let people = |n: usize| (0..n as u128).map(person).collect();
    let Reply::Presence { people: all } =
        world.ask(socket, Request::PresenceWatch { people: people(MAX_WATCHED) })
    else {
        panic!("refused")
    };
    assert_eq!(all.len(), MAX_WATCHED);
    let more = Request::PresenceWatch { people: people(MAX_WATCHED + 1) };
    assert_eq!(world.refused(socket, more), ErrorCode::TooManySubscriptions);
}

#[test]
fn a_log_in_is_in_use_while_somebody_is_at_its_device_or_talks() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let in_use = |world: &World| world.table.logins_in_use().contains(&login(1));
    assert!(in_use(&world));
    world.ask(socket, Request::PresenceIdle { idle: true });
    assert!(!in_use(&world));
    world.input(SessionInput::InCall { person: person(1), in_call: true });
    assert!(in_use(&world), "listens without touching anything");
    world.input(SessionInput::InCall { person: person(1), in_call: false });
    assert!(!in_use(&world));
    world.ask(socket, Request::PresenceIdle { idle: false });
    world.cut(socket);
    assert!(in_use(&world), "a change of network");
    world.pass(PRESENCE_GRACE);
    assert!(!in_use(&world));
    world.resume(person(1), session);
    assert!(in_use(&world));
}
