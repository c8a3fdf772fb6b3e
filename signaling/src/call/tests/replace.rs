//! A telephone in the place of another device: INVITE with Replaces, and pick-up.

use super::super::{CallReply, CallRequest};
use super::*;
use crate::ids::CallId;
use crate::wire::error::ErrorCode;

/// A line talks with 陳; 王 has a telephone too.
fn talking() -> (World, CallId) {
    let mut world = office();
    world.up(telephone(line()));
    world.up(telephone(wang()));
    world.up(telephone(chen()));
    let call = world.start(telephone(line()), &[chen()]);
    world.media_up(telephone(line()), call);
    (world, call)
}

#[test]
fn a_telephone_takes_the_place_of_another_at_once() {
    let (mut world, call) = talking();
    world.media_up(telephone(chen()), call);
    world.answer(telephone(chen()), call).unwrap();
    let old = world.exchange.peer_of(telephone(chen()), call).unwrap();
    let Ok(CallReply::Call(view)) = world.replace(telephone(wang()), call, telephone(chen())) else {
        panic!("refused")
    };
    assert!(view.me.here && view.answered_at.is_some());
    assert!(!world.peers.contains_key(&old));
    assert_eq!(world.ended(telephone(chen()), call), Some(EndReason::Transferred));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Transferred));
    assert_eq!(world.record(chen(), call), [(EndReason::Transferred, false)]);
    world.media_up(telephone(wang()), call);
    assert!(world.flows(telephone(wang()), call) && world.flows(telephone(line()), call));
    world.leave(telephone(wang()), call).unwrap();
    assert_eq!(world.ended(telephone(line()), call), Some(EndReason::Ended));
}

#[test]
fn a_caller_is_replaced_too() {
    let (mut world, call) = talking();
    world.answer(desk(chen()), call).unwrap();
    world.replace(telephone(wang()), call, telephone(line())).unwrap();
    assert_eq!(world.ended(telephone(line()), call), Some(EndReason::Transferred));
    assert_eq!(world.state(desk(chen()), call, wang()), LegState::Connecting);
}

#[test]
fn a_ring_is_picked_up_by_somebody_else() {
    let (mut world, call) = talking();
    world.alert(telephone(chen()), call);
    world.replace(telephone(wang()), call, telephone(chen())).unwrap();
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::AnsweredElsewhere));
    assert_eq!(world.record(chen(), call), [(EndReason::AnsweredElsewhere, false)]);
    assert!(world.view(telephone(line()), call).answered_at.is_some());
    assert!(world.flows(telephone(line()), call));
}

#[test]
fn what_is_handed_on_is_picked_up() {
    let (mut world, call) = talking();
    world.answer(desk(chen()), call).unwrap();
    world.up(telephone(lin()));
    world.transfer(desk(chen()), call, lin());
    world.replace(telephone(wang()), call, telephone(lin())).unwrap();
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Transferred));
    assert_eq!(world.state(telephone(line()), call, wang()), LegState::Connecting);
}

#[test]
fn another_telephone_of_the_same_person_answers_or_takes_over() {
    let (mut world, call) = talking();
    world.replace(phone(chen()), call, telephone(chen())).unwrap();
    assert_eq!(world.ended(telephone(chen()), call), Some(EndReason::AnsweredElsewhere));
    world.replace(telephone(chen()), call, phone(chen())).unwrap();
    assert_eq!(world.ended(phone(chen()), call), Some(EndReason::Moved));
    assert!(world.view(telephone(chen()), call).me.here && world.record(chen(), call).is_empty());
}

#[test]
fn whoever_takes_the_place_holds_its_other_call() {
    let (mut world, call) = talking();
    world.answer(desk(chen()), call).unwrap();
    let other = world.start(telephone(wang()), &[lin()]);
    world.answer(desk(lin()), other).unwrap();
    world.replace(telephone(wang()), call, desk(chen())).unwrap();
    assert_eq!(world.state(desk(lin()), other, wang()), LegState::Held);
}

#[test]
fn what_cannot_be_replaced() {
    let (mut world, call) = talking();
    let wrong = Err(ErrorCode::WrongState);
    assert_eq!(world.replace(telephone(wang()), call, telephone(line())), wrong, "not answered");
    assert_eq!(world.replace(telephone(wang()), call, desk(wang())), Err(ErrorCode::NoSuchCall));
    world.answer(desk(chen()), call).unwrap();
    assert_eq!(world.replace(telephone(wang()), call, telephone(chen())), wrong, "not the device in it");
    assert_eq!(world.replace(telephone(line()), call, desk(chen())), Err(ErrorCode::AlreadyInCall));
    assert_eq!(world.replace(desk(chen()), call, desk(chen())), wrong, "itself");
    let take = CallRequest::Take { call, sources: super::world::VOICE };
    world.ask(phone(chen()), take).unwrap();
    assert_eq!(world.replace(telephone(chen()), call, desk(chen())), wrong, "it is moving already");
    world.pass(super::super::limits::TAKE_TIME);
    world.transfer(phone(chen()), call, lin());
    assert_eq!(world.replace(telephone(wang()), call, phone(chen())), wrong, "hands on");
}
