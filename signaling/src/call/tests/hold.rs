//! Hold and resume.

use super::*;
use crate::ids::CallId;
use crate::wire::error::ErrorCode;

fn talking() -> (World, CallId) {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    (world, call)
}

#[test]
fn hold_closes_the_gate_and_the_other_sees_it() {
    let (mut world, call) = talking();
    world.hold(desk(chen()), call, true).unwrap();
    assert!(!world.flows(desk(chen()), call) && world.flows(desk(lin()), call));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Held);
    world.hold(desk(chen()), call, false).unwrap();
    assert!(world.flows(desk(chen()), call));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
}

#[test]
fn holding_twice_is_holding() {
    let (mut world, call) = talking();
    world.hold(desk(chen()), call, true).unwrap();
    world.hold(desk(chen()), call, true).unwrap();
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Held);
}

#[test]
fn resuming_one_call_holds_the_other() {
    let (mut world, first) = talking();
    world.up(desk(wang()));
    let second = world.start(desk(wang()), &[chen()]);
    world.answer(desk(chen()), second).unwrap();
    world.hold(desk(chen()), first, false).unwrap();
    assert_eq!(world.state(desk(wang()), second, chen()), LegState::Held);
    assert!(world.flows(desk(chen()), first));
}

#[test]
fn only_the_device_in_the_call_can_hold_it() {
    let (mut world, call) = talking();
    assert_eq!(world.hold(phone(chen()), call, true), Err(ErrorCode::WrongState));
}

#[test]
fn a_held_call_ends_like_any_other() {
    let (mut world, call) = talking();
    world.hold(desk(chen()), call, true).unwrap();
    world.leave(desk(lin()), call).unwrap();
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Ended));
}

#[test]
fn media_that_comes_back_on_hold_stays_closed() {
    let (mut world, call) = talking();
    world.hold(desk(chen()), call, true).unwrap();
    world.media_lost(desk(chen()), call);
    world.media_up(desk(chen()), call);
    assert!(!world.flows(desk(chen()), call));
    world.hold(desk(chen()), call, false).unwrap();
    assert!(world.flows(desk(chen()), call));
}
