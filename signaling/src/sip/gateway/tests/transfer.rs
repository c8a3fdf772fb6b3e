//! Calls that are handed on.

use super::world::*;
use crate::call::CallRequest;
use crate::ids::{CallId, SessionId};
use crate::sip::message::{Method, Request};
use crate::wire::call::{EndReason, LegState};

/// This person talks to a telephone at the PBX.
fn talking(world: &mut World, session: SessionId, number: &str) -> (CallId, Request) {
    let call = world.dial(session, 1, number).unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    (call, invite)
}

/// Answers a re-INVITE that waits, as a telephone that does what it is told.
fn obey(world: &mut World) {
    while world.has_sent(&Method::Invite) {
        let (tx, offer) = world.sent(Method::Invite);
        let held = String::from_utf8_lossy(&offer.body).contains("a=sendonly");
        world.respond(tx, &offer, 200, Some(&sdp(if held { "recvonly" } else { "sendrecv" })));
    }
}

/// The status of a NOTIFY about a transfer.
fn fragment(request: &Request) -> String {
    String::from_utf8_lossy(&request.body).into_owned()
}

#[test]
fn the_telephone_hands_the_call_on_to_a_colleague() {
    let mut world = World::new();
    let (ann, bob) = (world.app(1), world.app(2));
    let (call, invite) = talking(&mut world, ann, "7300");
    world.within_theirs_with(&invite, Method::Refer, &[("Refer-To", "<sip:7002@hub.example>")]);
    world.responded(202);
    assert_eq!(world.view(bob, call).me.state, LegState::Calling);
    world.answer(bob, call);
    assert_eq!(world.view(ann, call).ended, None);
    let view = world.view(bob, call);
    let parties: Vec<_> = view.parties.iter().map(|party| (party.card.name.as_str(), party.state)).collect();
    assert!(parties.contains(&("Ann", LegState::Connected)), "{parties:?}");
    let mut last = String::new();
    while world.has_sent(&Method::Notify) {
        let (tx, notify) = world.sent_keeping(Method::Notify);
        last = fragment(&notify);
        world.respond(tx, &notify, 200, None);
    }
    assert!(last.starts_with("SIP/2.0 200"), "{last}");
    let (tx, bye) = world.sent(Method::Bye);
    world.respond(tx, &bye, 200, None);
    assert_eq!(world.records[0].reason, EndReason::Transferred);
    assert!(world.gateway.is_idle());
}

#[test]
fn a_telephone_of_the_pbx_hands_staff_on_to_another_telephone_of_it() {
    let mut world = World::new();
    let ann = world.app(1);
    let (call, invite) = talking(&mut world, ann, "7300");
    world.within_theirs_with(&invite, Method::Refer, &[("Refer-To", "<sip:7301@pbx.example>")]);
    world.responded(202);
    let mut called = String::new();
    while world.has_sent(&Method::Invite) {
        let (tx, offer) = world.sent(Method::Invite);
        called = offer.uri.user.clone().unwrap_or_default();
        world.respond(tx, &offer, 200, Some(&sdp("sendrecv")));
    }
    assert_eq!(called, "7301");
    let parties = &world.view(ann, call).parties;
    assert!(parties.iter().any(|party| party.card.name == "7301" && party.state == LegState::Connected));
}

#[test]
fn a_transfer_that_fails_leaves_the_call_as_it_was() {
    let mut world = World::new();
    let ann = world.app(1);
    let (call, invite) = talking(&mut world, ann, "7300");
    world.within_theirs_with(&invite, Method::Refer, &[("Refer-To", "<sip:0900123456@hub.example>")]);
    world.responded(202);
    let mut last = String::new();
    while world.has_sent(&Method::Notify) {
        let (tx, notify) = world.sent_keeping(Method::Notify);
        last = fragment(&notify);
        world.respond(tx, &notify, 200, None);
    }
    assert!(last.starts_with("SIP/2.0 403"), "{last}");
    assert_eq!(world.view(ann, call).parties[1].state, LegState::Connected);
}

#[test]
fn nobody_is_handed_on_to_an_emergency_number() {
    let mut world = World::new();
    let ann = world.app(1);
    let (_, invite) = talking(&mut world, ann, "7300");
    world.within_theirs_with(&invite, Method::Refer, &[("Refer-To", "<sip:119@hub.example>")]);
    world.responded(202);
    assert!(!world.has_sent(&Method::Invite));
    let mut last = String::new();
    while world.has_sent(&Method::Notify) {
        let (tx, notify) = world.sent_keeping(Method::Notify);
        last = fragment(&notify);
        world.respond(tx, &notify, 200, None);
    }
    assert!(last.starts_with("SIP/2.0 403"), "{last}");
}

#[test]
fn the_app_hands_a_telephone_on_and_it_shows_who_is_there_now() {
    let mut world = World::new();
    let (ann, bob) = (world.app(1), world.app(2));
    let (call, _) = talking(&mut world, ann, "7300");
    world.ask(ann, CallRequest::Transfer { call, to: card(2) });
    let (tx, offer) = world.sent(Method::Invite);
    assert!(fragment(&offer).contains("a=sendonly"), "it waits with music");
    world.respond(tx, &offer, 200, Some(&sdp("recvonly")));
    world.answer(bob, call);
    obey(&mut world);
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Transferred));
    let view = world.view(bob, call);
    assert!(view.parties.iter().any(|party| party.card.line && party.state == LegState::Connected));
    let remote = world.remotes.values().next().unwrap();
    assert!(!remote.music && remote.receive);
}

#[test]
fn the_app_joins_two_telephones() {
    let mut world = World::new();
    let ann = world.app(1);
    let (first, one) = talking(&mut world, ann, "7300");
    let (second, other) = talking(&mut world, ann, "7301");
    obey(&mut world);
    let own = person(1);
    world.ask(ann, CallRequest::Connect { call: first, with: second, own });
    obey(&mut world);
    assert!(world.apps[&ann].refused.is_empty(), "{:?}", world.apps[&ann].refused);
    assert_eq!(world.view(ann, first).ended, Some(EndReason::Transferred));
    assert_eq!(world.view(ann, second).ended, Some(EndReason::Transferred));
    assert_eq!(world.remotes.len(), 2, "both go on");
    assert!(world.remotes.values().all(|remote| !remote.music && remote.send && remote.receive));
    assert!(world.media.values().flatten().any(|command| command.starts_with("Move")));
    // One hangs up: the other hears it.
    world.within_theirs(&one, Method::Bye, None);
    let (tx, bye) = world.sent(Method::Bye);
    assert_eq!(bye.headers.get("Call-ID"), other.headers.get("Call-ID"));
    world.respond(tx, &bye, 200, None);
    assert!(world.gateway.is_idle());
    assert_eq!(world.calls.running(), 0);
}

#[test]
fn another_telephone_takes_the_place_of_one() {
    let mut world = World::new();
    let ann = world.app(1);
    let (call, invite) = talking(&mut world, ann, "7300");
    let from = invite.address("From").unwrap();
    let id = invite.headers.get("Call-ID").unwrap();
    let replaces = format!("{id};to-tag={};from-tag=their-tag", from.tag().unwrap());
    world.invite(PBX, "7001", &[("Replaces", &replaces)]);
    let answer = world.responded(200);
    assert!(!answer.body.is_empty());
    let view = world.view(ann, call);
    let there: Vec<_> = view.parties.iter().filter(|party| party.peer.is_some() && party.card.line).collect();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].card.extension.as_deref(), Some("2001"));
    assert!(world.all_sent.contains(&"BYE".to_owned()), "{:?}", world.all_sent);
}
