//! Request ids, limits, and who does what.

use uuid::Uuid;

use super::super::limits::{
    DIGIT_BURST, DIGIT_EVERY, OFFER_BURST, OFFER_EVERY, REFUSAL_BURST, REQUEST_BURST, REQUEST_RATE,
    RING_BURST, RING_EVERY,
};
use super::super::{SessionInput, SessionOutput};
use super::seconds;
use super::world::{World, person, position};
use crate::ids::CallId;
use crate::topic::Topic;
use crate::wire::call::Sources;
use crate::wire::client::{Request, TransferTo};
use crate::wire::error::ErrorCode;
use crate::wire::server::{CloseCode, Reply};

fn leave() -> Request {
    Request::CallLeave { call: CallId(Uuid::from_u128(1)) }
}

#[test]
fn requests_about_calls_are_handed_out_and_their_reply_is_sent() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, leave());
    let expected = SessionOutput::Request { session, person: person(1), id, request: leave() };
    assert_eq!(world.out, [expected]);
    world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
    assert_eq!(world.replies_to(id), [socket]);
    world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
    assert_eq!(world.replies_to(id), [socket], "a reply is sent once");
}

#[test]
fn a_request_repeated_after_a_resume_gets_the_reply_that_was_lost() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, leave());
    world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
    world.cut(socket);
    let socket = world.resume(person(1), session);
    world.send_as(socket, id, leave());
    assert_eq!(world.replies.last(), Some(&(socket, id, Reply::Ok {})));
    assert!(world.handed_out.len() == 1, "done once");
}

#[test]
fn a_request_that_is_still_under_way_is_replied_to_on_the_new_socket() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, leave());
    world.cut(socket);
    world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
    let socket = world.resume(person(1), session);
    world.send_as(socket, id, leave());
    assert_eq!(world.replies_to(id), [socket]);

    let id = world.send(socket, leave());
    world.send_as(socket, id, leave());
    assert!(world.out.is_empty(), "repeated while under way");
    world.input(SessionInput::Replied { session, id, reply: Reply::Ok {} });
    assert_eq!(world.replies_to(id), [socket]);
}

#[test]
fn what_may_be_repeated_is_done_again_and_replied_to_once() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, Request::Ping {});
    world.cut(socket);
    let socket = world.resume(person(1), session);
    world.input(SessionInput::Replied { session, id, reply: Reply::Pong { heads: vec![] } });
    assert!(world.replies_to(id).is_empty(), "nobody waits on the new socket yet");
    world.send_as(socket, id, Request::Ping {});
    assert!(matches!(world.out[..], [SessionOutput::Pong { .. }]));
    world.input(SessionInput::Replied { session, id, reply: Reply::Pong { heads: vec![] } });
    assert_eq!(world.replies_to(id), [socket]);
}

#[test]
fn a_request_that_never_arrived_is_done_after_the_resume() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let read = world.send(socket, leave());
    world.input(SessionInput::Replied { session, id: read, reply: Reply::Ok {} });
    world.cut(socket);
    // Asked for without a socket: their ids are taken before that of the `hello`.
    let (first, second) = (world.take_id(), world.take_id());
    let socket = world.resume(person(1), session);
    world.send_as(socket, first, leave());
    world.send_as(socket, second, leave());
    assert_eq!(world.handed_out.len(), 3);
    world.send_as(socket, read, leave());
    assert_eq!(world.replies.last(), Some(&(socket, read, Reply::Ok {})));
}

#[test]
fn an_old_id_is_not_done_again() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    world.send_as(socket, 500, Request::Ping {});
    world.send_as(socket, 499, leave());
    let (_, id, reply) = world.replies.last().unwrap();
    assert!(*id == 499 && matches!(reply, Reply::Error(error) if error.code == ErrorCode::BadFrame));
    assert!(world.handed_out.is_empty());
}

#[test]
fn too_many_requests_are_told_when_to_try_again() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    for _ in 0..REQUEST_BURST {
        assert_eq!(world.ask(socket, Request::PresenceIdle { idle: false }), Reply::Ok {});
    }
    let Reply::Error(error) = world.ask(socket, Request::PresenceIdle { idle: false }) else {
        panic!("not limited")
    };
    assert_eq!((error.code, error.retry_after_ms), (ErrorCode::RateLimited, Some(1_000 / REQUEST_RATE)));
    world.pass(seconds(1));
    for _ in 0..REQUEST_RATE {
        assert_eq!(world.ask(socket, Request::PresenceIdle { idle: false }), Reply::Ok {});
    }
    assert_eq!(world.refused(socket, Request::PresenceIdle { idle: false }), ErrorCode::RateLimited);
}

fn start(people: u128) -> Request {
    let to = (10..10 + people).map(person).collect();
    Request::CallStart { to, numbers: Vec::new(), sources: Sources::default() }
}

#[test]
fn a_person_calls_only_so_many_people_by_whatever_sessions() {
    let mut world = World::new();
    let (mut socket, _) = world.open(person(1));
    for _ in 0..RING_BURST / 15 {
        world.send(socket, start(15));
        assert!(matches!(world.out[..], [SessionOutput::Request { .. }]));
        world.ask(socket, Request::Bye {});
        socket = world.open(person(1)).0;
    }
    let Reply::Error(error) = world.ask(socket, start(2)) else { panic!("not limited") };
    assert_eq!((error.code, error.retry_after_ms), (ErrorCode::RateLimited, Some(2_000)));
    assert_eq!(
        world.refused(
            socket,
            Request::CallAdd { call: CallId(Uuid::nil()), people: vec![person(5)], numbers: Vec::new() }
        ),
        ErrorCode::RateLimited
    );
    assert_eq!(world.ask(socket, Request::PresenceIdle { idle: false }), Reply::Ok {});
    let (other, _) = world.open(person(2));
    world.send(other, start(15));
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "another person");
    world.pass(RING_EVERY);
    world.send(socket, start(1));
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "a second later");
}

#[test]
fn numbers_and_transfers_ring_like_people() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    let call = CallId(Uuid::nil());
    let dial = |n| Request::CallStart {
        to: vec![person(2)],
        numbers: vec!["7210".to_owned(); n],
        sources: Sources::default(),
    };
    let transfer = || Request::CallTransfer { call, to: TransferTo::Number("7210".into()) };
    for _ in 0..RING_BURST / 15 - 1 {
        world.send(socket, dial(14));
    }
    world.send(socket, dial(13));
    world.send(socket, transfer());
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]));
    assert_eq!(world.refused(socket, transfer()), ErrorCode::RateLimited);
    assert_eq!(world.refused(socket, dial(1)), ErrorCode::RateLimited);
    world.send(socket, Request::CallTransfer { call, to: TransferTo::Call(call) });
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "rings nowhere");
}

#[test]
fn digits_have_a_measure_of_their_own() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    let digits = |n| Request::CallDigits { call: CallId(Uuid::nil()), digits: "1".repeat(n) };
    for n in 0..DIGIT_BURST / 32 {
        world.send(socket, digits(32));
        assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "{n}");
    }
    assert_eq!(world.refused(socket, digits(1)), ErrorCode::RateLimited);
    world.pass(DIGIT_EVERY);
    world.send(socket, digits(1));
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "a digit later");
}

#[test]
fn offers_are_limited_by_person() {
    let mut world = World::new();
    let offer = || Request::MediaOffer { call: CallId(Uuid::nil()), sdp: "v=0".into(), sends: vec![] };
    let sockets = [world.open(person(1)).0, world.open(person(1)).0];
    for n in 0..OFFER_BURST {
        world.send(sockets[n as usize % 2], offer());
        assert!(matches!(world.out[..], [SessionOutput::Request { .. }]), "{n}");
    }
    assert_eq!(world.refused(sockets[0], offer()), ErrorCode::RateLimited);
    assert_eq!(world.refused(sockets[1], offer()), ErrorCode::RateLimited);
    world.pass(OFFER_EVERY);
    world.send(sockets[1], offer());
    assert!(matches!(world.out[..], [SessionOutput::Request { .. }]));
}

#[test]
fn lists_to_watch_are_limited_by_the_people_in_them() {
    let mut world = World::new();
    let watch = |people: u128| Request::PresenceWatch { people: (10..10 + people).map(person).collect() };
    let sockets = [world.open(person(1)).0, world.open(person(1)).0];
    for n in 0..20 {
        assert!(matches!(world.ask(sockets[n % 2], watch(500)), Reply::Presence { .. }), "{n}");
    }
    let Reply::Error(error) = world.ask(sockets[0], watch(500)) else { panic!("not limited") };
    assert_eq!((error.code, error.retry_after_ms), (ErrorCode::RateLimited, Some(500)));
    world.pass(seconds(1));
    for socket in sockets {
        assert!(matches!(world.ask(socket, watch(500)), Reply::Presence { .. }));
    }
}

#[test]
fn a_client_that_goes_on_is_cut_off() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    for n in 0..REFUSAL_BURST {
        world.input(SessionInput::Frame { socket, frame: Err((n, ErrorCode::BadFrame)) });
        assert!(world.open.contains(&socket), "{n}");
    }
    world.input(SessionInput::Frame { socket, frame: Err((0, ErrorCode::FrameTooLarge)) });
    assert_eq!(world.closed[&socket], CloseCode::Abuse);
    assert!(world.out.contains(&SessionOutput::Down { session }));
}

#[test]
fn subscribing_and_unsubscribing() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, Request::Subscribe { topics: vec![position("city", 3)] });
    assert!(matches!(&world.out[..], [SessionOutput::Subscribe { topics, .. }] if topics[0].seq == 3));
    world.input(SessionInput::Replied { session, id, reply: Reply::Subscribed { topics: vec![] } });

    let own = Topic::Person(person(1)).to_string();
    let foreign = Topic::Person(person(2)).to_string();
    let subscribe = Request::Subscribe { topics: vec![position(&foreign, 0)] };
    assert_eq!(world.refused(socket, subscribe), ErrorCode::TopicDenied);
    let unsubscribe = |name: &str| Request::Unsubscribe { topics: vec![name.into()] };
    assert_eq!(world.refused(socket, unsubscribe(&own)), ErrorCode::TopicDenied);
    assert_eq!(world.refused(socket, unsubscribe("nothing")), ErrorCode::TopicDenied);
    assert_eq!(world.ask(socket, unsubscribe("city")), Reply::Ok {});
    let gone = SessionOutput::Unsubscribe { session, socket, topics: vec![Topic::City] };
    assert!(world.out.contains(&gone));
    world.ask(socket, unsubscribe("city"));
    assert_eq!(world.out.len(), 1, "not subscribed any more: only the reply");
}

#[test]
fn pong_names_the_topics() {
    let mut world = World::new();
    let (socket, session) = world.open(person(1));
    let id = world.send(socket, Request::Ping {});
    let topics = vec![Topic::Person(person(1))];
    assert_eq!(world.out, [SessionOutput::Pong { session, id, topics }]);
}

#[test]
fn frames_of_a_closed_socket_are_ignored() {
    let mut world = World::new();
    let (socket, _) = world.open(person(1));
    world.cut(socket);
    world.send(socket, leave());
    assert!(world.out.is_empty());
}
