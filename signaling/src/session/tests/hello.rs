//! Opening, resuming and ending.

use super::super::limits::{HEARTBEAT, HELLO_TIME, MAX_SESSIONS, MAX_TOPICS, RESUME_WINDOW};
use super::super::{SessionInput, SessionOutput, TopicFrom};
use super::seconds;
use super::world::{World, hello, login, person, position, runs_out};
use crate::call::Farewell;
use crate::topic::Topic;
use crate::wire::client::Request;
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, Reply};

#[test]
fn a_new_session_reads_its_own_topic_first() {
    let mut world = World::new();
    let socket = world.connect(person(1), 1);
    let own = Topic::Person(person(1));
    let topics = vec![position("city", 4), position(&own.to_string(), 9)];
    world.send(socket, Request::Hello { resume: None, device: "Firefox".into(), topics });
    let Some(SessionOutput::Welcome { topics, resumed: false, .. }) = world.out.first() else {
        panic!("{:?}", world.out)
    };
    let expected =
        [TopicFrom { topic: own, epoch: 1, seq: 9 }, TopicFrom { topic: Topic::City, epoch: 1, seq: 4 }];
    assert_eq!(topics, &expected);
}

#[test]
fn the_first_frame_is_a_proper_hello_or_the_socket_is_closed() {
    let foreign = Topic::Person(person(2)).to_string();
    let with = |topics| Request::Hello { resume: None, device: "d".into(), topics };
    let cases = [
        (Request::Ping {}, ErrorCode::BadHello),
        (with(vec![position(&foreign, 0)]), ErrorCode::TopicDenied),
        (with(vec![position("nothing", 0)]), ErrorCode::TopicDenied),
    ];
    for (request, code) in cases {
        let mut world = World::new();
        let socket = world.connect(person(1), 1);
        assert_eq!(world.refused(socket, request), code);
        assert_eq!(world.closed[&socket], CloseCode::BadHello);
    }
    let mut world = World::new();
    let socket = world.connect(person(1), 1);
    world.input(SessionInput::Frame { socket, frame: Err((0, ErrorCode::BadFrame)) });
    assert_eq!(world.closed[&socket], CloseCode::BadHello);
}

#[test]
fn silence_is_closed() {
    let mut world = World::new();
    let socket = world.connect(person(1), 1);
    world.pass(HELLO_TIME - seconds(1));
    assert!(world.closed.is_empty());
    world.pass(seconds(1));
    assert_eq!(world.closed[&socket], CloseCode::BadHello);
}

#[test]
fn a_second_hello_is_refused() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    assert_eq!(world.refused(socket, hello(None)), ErrorCode::BadHello);
    assert!(world.open.contains(&socket));
}

#[test]
fn a_session_outlives_its_socket_and_is_resumed() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    world.cut(socket);
    assert_eq!(world.out, [SessionOutput::Down { session }]);
    world.pass(RESUME_WINDOW - seconds(1));
    world.resume(person(1), session);
    world.pass(RESUME_WINDOW);
    assert_eq!(world.table.len(), 1);
}

#[test]
fn a_session_that_is_not_resumed_is_gone() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    world.cut(socket);
    let out = world.pass(RESUME_WINDOW);
    assert!(out.contains(&SessionOutput::Gone { session, farewell: Farewell::Expired }));
    let socket = world.connect(person(1), 1);
    world.send(socket, hello(Some(session)));
    let (fresh, resumed) = world.welcomed();
    assert!(!resumed && fresh != session);
}

#[test]
fn the_session_of_somebody_else_cannot_be_resumed() {
    let mut world = World::new();
    let (victim, session) = world.open(person(1));
    let socket = world.connect(person(2), 2);
    world.send(socket, hello(Some(session)));
    let (fresh, resumed) = world.welcomed();
    assert!(!resumed && fresh != session);
    assert!(world.open.contains(&victim));
}

#[test]
fn another_socket_takes_the_session_over() {
    let mut world = World::new();
    let (old, session) = world.open(person(1));
    let new = world.resume(person(1), session);
    assert_eq!(world.closed[&old], CloseCode::Replaced);
    assert!(!world.out.iter().any(|output| matches!(output, SessionOutput::Down { .. })));
    assert_eq!(world.table.socket_of(session), Some(new));
    world.input(SessionInput::Closed { socket: old });
    assert_eq!(world.table.socket_of(session), Some(new), "late news of the old socket");
}

#[test]
fn a_resumed_session_belongs_to_the_new_login() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    world.cut(socket);
    let socket = world.connect(person(1), 77);
    world.send(socket, hello(Some(session)));
    world.input(SessionInput::LoginEnded { login: login(1) });
    assert_eq!(world.table.len(), 1);
    assert_eq!(world.table.sessions_of(login(77)), [session]);
}

#[test]
fn a_login_that_ends_takes_everything_along() {
    let mut world = World::new();
    let (open, first) = world.open(person(1));
    let (cut, second) = world.open(person(1));
    world.cut(cut);
    let waiting = world.connect(person(1), 1);
    let (other, _) = world.open(person(2));
    world.input(SessionInput::LoginEnded { login: login(1) });
    for session in [first, second] {
        assert!(world.out.contains(&SessionOutput::Gone { session, farewell: Farewell::Bye }));
    }
    assert_eq!(world.closed[&open], CloseCode::LoggedOut);
    assert_eq!(world.closed[&waiting], CloseCode::LoggedOut);
    assert!(world.open.contains(&other));
}

#[test]
fn bye_ends_the_session() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    assert_eq!(world.ask(socket, Request::Bye {}), Reply::Ok {});
    assert!(world.out.contains(&SessionOutput::Gone { session, farewell: Farewell::Bye }));
    assert_eq!(world.closed[&socket], CloseCode::Bye);
    runs_out(world);
}

#[test]
fn the_seventeenth_session_ends_the_least_recently_used() {
    let mut world = World::new();
    let mut sessions = Vec::new();
    for _ in 0..MAX_SESSIONS {
        world.pass(seconds(1));
        sessions.push(world.open(person(1)));
    }
    world.cut(sessions[3].0);
    world.open(person(1));
    assert_eq!(world.table.len(), MAX_SESSIONS);
    assert_eq!(world.table.person_of(sessions[3].1), None, "one without a socket goes first");
    world.open(person(1));
    assert_eq!(world.closed[&sessions[0].0], CloseCode::Replaced);
}

#[test]
fn heartbeats_name_the_topics() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let beats = world.pass(HEARTBEAT * 3);
    let beat = SessionOutput::Heartbeat { session, socket, topics: vec![Topic::Person(person(1))] };
    assert_eq!(beats, [beat.clone(), beat.clone(), beat]);
}

#[test]
fn too_many_topics_are_refused() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    let topics = vec![position("city", 0); MAX_TOPICS + 5];
    world.send(socket, Request::Subscribe { topics });
    assert!(matches!(&world.out[..], [SessionOutput::Subscribe { topics, .. }] if topics.len() == 1));
}
