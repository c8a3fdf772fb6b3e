//! Attended transfer.

use super::super::{CallReply, CallRequest};
use super::*;
use crate::ids::CallId;
use crate::ports::JournalEntry;
use crate::wire::call::CallKind;
use crate::wire::error::ErrorCode;

/// A call of 林 with this person, whose device has media and answers.
fn talk(world: &mut World, with: SessionId) -> CallId {
    let call = world.start(desk(lin()), &[super::world::owner(with)]);
    world.media_up(desk(lin()), call);
    world.media_up(with, call);
    world.answer(with, call).unwrap();
    call
}

fn other_line() -> PersonId {
    person(super::world::LINES + 1)
}

/// 林 talks with the first, who is on hold then, and with the second.
fn two_calls(first: SessionId, second: SessionId) -> (World, CallId, CallId) {
    let mut world = office();
    for session in [desk(wang()), telephone(line()), telephone(other_line())] {
        world.up(session);
    }
    let one = talk(&mut world, first);
    let two = talk(&mut world, second);
    (world, one, two)
}

fn entries(world: &World, of: CallId, who: PersonId) -> Vec<&'static str> {
    let name = |entry: &JournalEntry| match entry {
        JournalEntry::Invited { call, person, .. } if (*call, *person) == (of, who) => Some("invited"),
        JournalEntry::Answered { call, person, .. } if (*call, *person) == (of, who) => Some("answered"),
        JournalEntry::LegEnded { call, person, reason, .. } if (*call, *person) == (of, who) => {
            assert_eq!(*reason, EndReason::Transferred);
            Some("transferred")
        }
        _ => None,
    };
    world.journal.iter().filter_map(name).collect()
}

#[test]
fn two_apps_are_connected_and_the_second_offers_anew() {
    let (mut world, one, two) = two_calls(desk(chen()), desk(wang()));
    let Ok(CallReply::Call(view)) = world.connect(desk(lin()), one, two) else { panic!("refused") };
    assert_eq!((view.call, view.ended), (one, Some(EndReason::Transferred)));
    assert_eq!(world.ended(desk(lin()), two), Some(EndReason::Transferred));
    assert!(world.is_over(two) && !world.in_call.contains(&lin()));

    assert_eq!(world.ended(desk(wang()), two), Some(EndReason::Transferred));
    let view = world.view(desk(wang()), one).clone();
    assert!(view.me.here && view.kind == CallKind::Direct);
    assert_eq!(world.state(desk(chen()), one, wang()), LegState::Connecting);
    world.media_up(desk(wang()), one);
    assert!(world.flows(desk(wang()), one) && world.flows(desk(chen()), one));

    assert_eq!(entries(&world, one, wang()), ["invited", "answered"]);
    assert_eq!(entries(&world, two, wang()), ["invited", "answered", "transferred"]);
    assert_eq!(entries(&world, one, lin()), ["invited", "answered", "transferred"]);
    assert_eq!(entries(&world, two, lin()), ["invited", "answered", "transferred"]);
    world.leave(desk(wang()), one).unwrap();
    assert_eq!(world.ended(desk(chen()), one), Some(EndReason::Ended));
}

#[test]
fn an_app_that_never_offers_is_not_waited_for_for_ever() {
    let (mut world, one, two) = two_calls(desk(chen()), desk(wang()));
    world.connect(desk(lin()), one, two).unwrap();
    world.pass(super::super::limits::CONNECT_TIME);
    assert_eq!(world.ended(desk(chen()), one), Some(EndReason::Failed));
}

#[test]
fn the_telephone_is_moved_whichever_call_it_is_in() {
    let calls = [(desk(chen()), telephone(line()), true), (telephone(line()), desk(chen()), false)];
    for (first, second, first_stays) in calls {
        let (mut world, one, two) = two_calls(first, second);
        let (stays, goes) = if first_stays { (one, two) } else { (two, one) };
        let was = world.exchange.peer_of(telephone(line()), goes).unwrap();
        let Ok(CallReply::Call(view)) = world.connect(desk(lin()), one, two) else { panic!("refused") };
        assert_eq!(view.call, stays);
        assert!(world.is_over(goes) && world.moved.contains(&was));
        assert_eq!(world.ended(telephone(line()), goes), Some(EndReason::Transferred));
        assert!(world.view(telephone(line()), stays).me.here);
        assert_eq!(world.state(desk(chen()), stays, line()), LegState::Connected, "its media goes on");
        assert!(world.flows(telephone(line()), stays));
        assert!(world.flows(desk(chen()), stays));
    }
}

#[test]
fn two_telephones_are_connected() {
    let (mut world, one, two) = two_calls(telephone(line()), telephone(other_line()));
    world.connect(desk(lin()), one, two).unwrap();
    assert!(world.flows(telephone(line()), one) && world.flows(telephone(other_line()), one));
    // The telephone that was moved is a peer like any other there.
    let peer = world.exchange.peer_of(telephone(other_line()), one).unwrap();
    world.leave(telephone(other_line()), one).unwrap();
    assert!(!world.peers.contains_key(&peer));
}

#[test]
fn one_who_held_stays_on_hold_and_one_who_is_lost_has_its_time() {
    let (mut world, one, two) = two_calls(desk(chen()), desk(wang()));
    world.hold(desk(wang()), two, true).unwrap();
    world.down(desk(wang()));
    world.connect(desk(lin()), one, two).unwrap();
    assert_eq!(world.state(desk(chen()), one, wang()), LegState::Reconnecting);
    world.up(desk(wang()));
    assert!(world.view(desk(wang()), one).me.here);
    world.media_up(desk(wang()), one);
    assert_eq!(world.state(desk(chen()), one, wang()), LegState::Held);
}

/// A desk phone behind a PBX calls twice, so it is two lines here.
#[test]
fn a_telephone_connects_two_calls_that_it_is_in_as_two_lines() {
    let mut world = office();
    let (first, second) = (telephone(line()), telephone(other_line()));
    let mut calls = Vec::new();
    for (from, to) in [(first, desk(lin())), (second, desk(chen()))] {
        world.up(from);
        let call = world.start(from, &[super::world::owner(to)]);
        world.media_up(to, call);
        world.answer(to, call).unwrap();
        calls.push(call);
    }
    let connect = |own| CallRequest::Connect { call: calls[0], with: calls[1], own };
    assert_eq!(world.ask(first, connect(line())), Err(ErrorCode::NoSuchCall), "not in the other");
    assert_eq!(world.ask(desk(lin()), connect(chen())), Err(ErrorCode::WrongState), "an app is one person");
    assert_eq!(world.ask(first, connect(chen())), Err(ErrorCode::WrongState), "at an app");
    world.ask(first, connect(other_line())).unwrap();
    assert_eq!(world.state(desk(lin()), calls[0], chen()), LegState::Connecting);
    assert!(world.is_over(calls[1]));
    assert_eq!(world.ended(first, calls[0]), Some(EndReason::Transferred));
    assert_eq!(world.ended(second, calls[1]), Some(EndReason::Transferred));
}

#[test]
fn what_cannot_be_connected() {
    let (mut world, one, two) = two_calls(desk(chen()), desk(wang()));
    let wrong = Err(ErrorCode::WrongState);
    assert_eq!(world.connect(desk(lin()), one, one), wrong);
    assert_eq!(world.connect(phone(lin()), one, two), wrong, "not the device in the call");
    assert_eq!(world.connect(desk(chen()), one, two), Err(ErrorCode::NoSuchCall), "not in the other");
    world.leave(desk(lin()), two).unwrap();
    assert_eq!(world.connect(desk(lin()), one, two), Err(ErrorCode::NoSuchCall));
    let ringing = world.start(desk(lin()), &[wang()]);
    assert_eq!(world.connect(desk(lin()), one, ringing), wrong, "not answered");
    world.answer(desk(wang()), ringing).unwrap();
    world.transfer(desk(chen()), one, line());
    assert_eq!(world.connect(desk(lin()), ringing, one), wrong, "it is being handed on");
    world.hold(desk(chen()), one, false).unwrap();
    world.add(desk(lin()), one, &[line()]);
    world.written();
    assert_eq!(world.connect(desk(lin()), one, ringing), wrong, "a group");
    assert_eq!(world.connect(desk(lin()), ringing, one), wrong, "a group");
}
