//! Hold from both sides.

use super::world::*;
use crate::call::CallRequest;
use crate::ids::{CallId, SessionId};
use crate::sip::message::{Method, Request};
use crate::wire::call::LegState;

/// Ann talks to a telephone.
fn talking() -> (World, SessionId, CallId, Request) {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    (world, ann, call, invite)
}

fn body(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

#[test]
fn the_app_holds_and_the_telephone_hears_music() {
    let (mut world, ann, call, _) = talking();
    world.ask(ann, CallRequest::Hold { call, hold: true });
    let (tx, offer) = world.sent(Method::Invite);
    assert!(body(&offer).contains("a=sendonly"));
    world.respond(tx, &offer, 200, Some(&sdp("recvonly")));
    let remote = world.remotes.values().next().unwrap().clone();
    assert!(remote.music && remote.send && !remote.receive);
    world.ask(ann, CallRequest::Hold { call, hold: false });
    let (tx, offer) = world.sent(Method::Invite);
    assert!(body(&offer).contains("a=sendrecv"));
    world.respond(tx, &offer, 200, Some(&sdp("sendrecv")));
    let remote = world.remotes.values().next().unwrap().clone();
    assert!(!remote.music && remote.send && remote.receive);
}

#[test]
fn hold_and_resume_in_a_hurry_end_where_they_should() {
    let (mut world, ann, call, _) = talking();
    world.ask(ann, CallRequest::Hold { call, hold: true });
    let (tx, offer) = world.sent(Method::Invite);
    world.ask(ann, CallRequest::Hold { call, hold: false });
    assert!(!world.has_sent(&Method::Invite), "one at a time");
    world.respond(tx, &offer, 200, Some(&sdp("recvonly")));
    let (_, offer) = world.sent(Method::Invite);
    assert!(body(&offer).contains("a=sendrecv"));
}

#[test]
fn a_telephone_that_takes_no_hold_hears_music_all_the_same() {
    let (mut world, ann, call, _) = talking();
    world.ask(ann, CallRequest::Hold { call, hold: true });
    let (tx, offer) = world.sent(Method::Invite);
    world.respond(tx, &offer, 488, None);
    let remote = world.remotes.values().next().unwrap().clone();
    assert!(remote.music && !remote.receive);
    assert!(!world.has_sent(&Method::Invite), "it is not asked again and again");
}

#[test]
fn the_telephone_holds() {
    let (mut world, ann, call, invite) = talking();
    world.within_theirs(&invite, Method::Invite, Some(&sdp("sendonly")));
    let answer = world.responded(200);
    assert!(String::from_utf8_lossy(&answer.body).contains("a=recvonly"));
    assert_eq!(world.view(ann, call).parties[1].state, LegState::Held);
    assert!(!world.has_sent(&Method::Invite), "hold is not answered with hold");
    let remote = world.remotes.values().next().unwrap().clone();
    assert!(!remote.send && remote.receive, "its own music is heard");
    world.within_theirs(&invite, Method::Invite, Some(&sdp("sendrecv")));
    world.responded(200);
    assert_eq!(world.view(ann, call).parties[1].state, LegState::Connected);
}
