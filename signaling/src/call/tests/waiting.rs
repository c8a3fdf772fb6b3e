//! Call waiting: a second call while in one, and why there is no third.

use super::world::VOICE;
use super::*;
use crate::ids::CallId;
use crate::wire::client::CurrentCall;
use crate::wire::error::ErrorCode;

/// 林 and 陳 talk; 王 calls 陳.
fn knocking() -> (World, CallId, CallId) {
    let mut world = office();
    world.up(desk(wang()));
    let first = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), first);
    world.answer(desk(chen()), first).unwrap();
    let second = world.start(desk(wang()), &[chen()]);
    (world, first, second)
}

#[test]
fn a_second_call_rings_while_the_first_goes_on() {
    let (mut world, first, second) = knocking();
    world.alert(desk(chen()), second);
    assert_eq!(world.state(desk(wang()), second, chen()), LegState::Ringing);
    assert!(world.flows(desk(lin()), first));
}

#[test]
fn hold_and_answer() {
    let (mut world, first, second) = knocking();
    world.media_up(desk(chen()), first);
    world.answer_with(desk(chen()), second, CurrentCall::Hold).unwrap();
    assert_eq!(world.state(desk(lin()), first, chen()), LegState::Held, "the held one sees it");
    assert!(!world.flows(desk(chen()), first));
    assert_eq!(world.state(desk(wang()), second, chen()), LegState::Connecting);
}

#[test]
fn leave_and_answer() {
    let (mut world, first, second) = knocking();
    world.answer_with(desk(chen()), second, CurrentCall::Leave).unwrap();
    assert_eq!(world.ended(desk(lin()), first), Some(EndReason::Ended));
    assert_eq!(world.exchange.sessions_in(second), [desk(wang()), desk(chen())]);
}

#[test]
fn answering_on_the_phone_holds_the_call_on_the_desk() {
    let (mut world, first, second) = knocking();
    world.answer_with(phone(chen()), second, CurrentCall::Hold).unwrap();
    assert_eq!(world.state(desk(lin()), first, chen()), LegState::Held);
    assert!(world.view(desk(chen()), first).me.here && world.view(phone(chen()), second).me.here);
}

#[test]
fn a_third_call_is_busy_while_the_second_rings() {
    let (mut world, _, _) = knocking();
    let other = person(4);
    world.up(desk(other));
    let third = world.start(desk(other), &[chen()]);
    assert_eq!(world.ended(desk(other), third), Some(EndReason::Busy));
    assert_eq!(world.record(chen(), third), [(EndReason::Busy, true)], "and is not forgotten");
    assert!(!world.screens.contains_key(&(desk(chen()), third)));
}

#[test]
fn a_third_call_is_busy_with_one_held() {
    let (mut world, _, second) = knocking();
    world.answer(desk(chen()), second).unwrap();
    let other = person(4);
    world.up(desk(other));
    let third = world.start(desk(other), &[chen()]);
    assert_eq!(world.ended(desk(other), third), Some(EndReason::Busy));
    let (_, id) = world.send_start(desk(chen()), &[other], VOICE);
    assert_eq!(world.replies[&(desk(chen()), id)], Err(ErrorCode::CallFull));
}

#[test]
fn calling_somebody_holds_the_current_call() {
    let (mut world, first, _) = knocking();
    world.start(desk(lin()), &[person(4)]);
    assert_eq!(world.state(desk(chen()), first, lin()), LegState::Held);
}

#[test]
fn answering_a_third_is_possible_only_by_leaving_one() {
    let (mut world, first, second) = knocking();
    // While 王's call rings, 陳 calls somebody else: two calls, and one that rings.
    let third = world.start(desk(chen()), &[person(4)]);
    assert_eq!(world.answer_with(desk(chen()), second, CurrentCall::Hold), Err(ErrorCode::CallFull));
    world.answer_with(desk(chen()), second, CurrentCall::Leave).unwrap();
    assert!(world.is_over(third) && !world.is_over(first));
}
