//! Telephones that register here: Bob's desk telephone, and one of a meeting room.

use std::time::Duration;

use super::world::*;
use crate::call::CallRequest;
use crate::ports::LegKind;
use crate::sip::digest::{Challenge, authorize};
use crate::sip::message::{Method, Request, Response};
use crate::sip::port::SipOutput;
use crate::wire::call::{EndReason, LegState};
use crate::wire::error::ErrorCode;

const DESK: &str = "192.0.2.50:5060";
const ROOM: &str = "192.0.2.51:5060";

/// A request of a telephone, with its account's password.
fn signed(mut request: Request, challenge: &Response, user: &str) -> Request {
    let challenge = Challenge::parse(&challenge.headers).expect("a challenge");
    let credentials = crate::sip::dialog::Credentials { user: user.into(), password: PASSWORD.into() };
    let uri = request.uri.to_string();
    let (name, value) = authorize(&challenge, &credentials, &request.method, &uri, "cnonce", 1);
    request.headers.push(name, &value);
    request
}

fn register(world: &mut World, user: &str, from: &str) {
    let mut request = Request::new(Method::Register, "sip:hub.example".parse().unwrap());
    let address = format!("<sip:{user}@hub.example>");
    request.headers.push("From", &format!("{address};tag=reg"));
    request.headers.push("To", &address);
    request.headers.push("Call-ID", &format!("reg-{user}"));
    request.headers.push("CSeq", "1 REGISTER");
    request.headers.push("Contact", &format!("<sip:{user}@{from}>"));
    request.headers.push("Expires", "300");
    world.request(from, request.clone());
    let challenge = world.responded(401);
    request.headers.set("CSeq", "2 REGISTER");
    world.request(from, signed(request, &challenge, user));
    world.responded(200);
}

/// The telephone dials; gives its INVITE.
fn dials(world: &mut World, user: &str, from: &str, number: &str) -> Request {
    let caller = format!("<sip:{user}@hub.example>;tag=tel");
    let (_, mut request) = world.invite(from, number, &[("From", &caller)]);
    let challenge = world.responded(401);
    request.headers.set("CSeq", "2 INVITE");
    let request = signed(request, &challenge, user);
    world.request(from, request.clone());
    request
}

#[test]
fn a_registered_telephone_rings_with_the_app_and_one_answers() {
    let mut world = World::new();
    let (ann, bob) = (world.app(1), world.app(2));
    register(&mut world, "desk", DESK);
    assert_eq!(world.gateway.phones().len(), 1);
    let call = world.start(ann, 1, 2);
    let (tx, invite) = world.sent(Method::Invite);
    assert_eq!(invite.uri.to_string(), "sip:desk@192.0.2.50:5060");
    assert_eq!(invite.address("From").unwrap().display.as_deref(), Some("Ann"));
    world.respond(tx, &invite, 180, None);
    assert_eq!(world.view(ann, call).parties[1].state, LegState::Ringing);
    world.answer(bob, call);
    let cancelled = world.wire.iter().find_map(|output| match output {
        SipOutput::Cancel { reason, .. } => reason.clone(),
        _ => None,
    });
    assert!(cancelled.is_some_and(|reason| reason.contains("cause=200")));
    world.respond(tx, &invite, 487, None);
    assert_eq!(world.records[0].reason, EndReason::AnsweredElsewhere);
    assert_eq!((world.records[0].kind, world.records[0].person), (LegKind::Phone, Some(person(2))));

    world.ask(ann, CallRequest::Leave { call });
    let call = world.start(ann, 1, 2);
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    assert_eq!(world.view(bob, call).me.device.as_deref(), Some("Telephone desk"));
    let party = &world.view(ann, call).parties[1];
    assert_eq!((party.state, party.card.line), (LegState::Connected, false));
}

#[test]
fn the_number_of_a_room_is_dialled_and_rings_there() {
    let mut world = World::new();
    let ann = world.app(1);
    register(&mut world, "room", ROOM);
    let call = world.dial(ann, 1, "7100").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    assert_eq!(invite.uri.host, "192.0.2.51");
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    let party = &world.view(ann, call).parties[1];
    assert_eq!((party.state, party.card.line), (LegState::Connected, true));
    assert_eq!(party.card.name, "Telephone room");
}

#[test]
fn a_room_without_a_telephone_cannot_be_reached() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7100").unwrap();
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Unreachable));
}

#[test]
fn a_telephone_dials_a_colleague_and_another_telephone() {
    let mut world = World::new();
    let ann = world.app(1);
    register(&mut world, "room", ROOM);
    register(&mut world, "desk", DESK);
    let invite = dials(&mut world, "room", ROOM, "7001");
    let call = world.only_call(ann);
    assert_eq!(world.view(ann, call).parties[0].card.name, "Telephone room");
    world.answer(ann, call);
    let answer = world.responded(200);
    world.ack(&invite, &answer);
    assert_eq!(world.view(ann, call).parties[0].state, LegState::Connected);

    let mut world = World::new();
    register(&mut world, "room", ROOM);
    register(&mut world, "desk", DESK);
    dials(&mut world, "room", ROOM, "7002");
    let (tx, ring) = world.sent(Method::Invite);
    assert_eq!(ring.uri.user.as_deref(), Some("desk"));
    world.respond(tx, &ring, 180, None);
    world.responded(180);
    world.respond(tx, &ring, 200, Some(&sdp("sendrecv")));
    world.responded(200);
    assert_eq!(world.remotes.len(), 2);
}

#[test]
fn strangers_are_asked_who_they_are_before_they_learn_anything() {
    let mut world = World::new();
    for number in ["7001", "7999"] {
        world.invite("198.51.100.7:5060", number, &[]);
        world.responded(401);
    }
    assert_eq!(world.calls.running(), 0);
    let mut options = Request::new(Method::Options, "sip:hub.example".parse().unwrap());
    for (name, value) in
        [("From", "<sip:x@y>;tag=1"), ("To", "<sip:hub.example>"), ("Call-ID", "o"), ("CSeq", "1 OPTIONS")]
    {
        options.headers.push(name, value);
    }
    world.request("198.51.100.7:5060", options.clone());
    world.responded(403);
    world.request(PBX, options);
    world.responded(200);
}

#[test]
fn a_telephone_that_is_gone_rings_no_more() {
    let mut world = World::new();
    let ann = world.app(1);
    register(&mut world, "desk", DESK);
    world.pass(Duration::from_secs(400));
    assert!(world.gateway.phones().is_empty());
    let call = world.start(ann, 1, 2);
    assert!(!world.has_sent(&Method::Invite));
    world.pass(Duration::from_secs(30));
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Unreachable));
}

#[test]
fn a_telephone_may_dial_no_more_than_the_app() {
    let mut world = World::new();
    register(&mut world, "room", ROOM);
    dials(&mut world, "room", ROOM, "0900123456");
    world.responded(403);
    let mut out = Vec::new();
    let refused = world.gateway.dial(world.now, 0, &card(1), "0900123456", true, &mut out);
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::NumberNotAllowed));
}
