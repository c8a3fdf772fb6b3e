//! Moving a running call to another own device.

use super::super::limits::{RESUME_TIME, TAKE_TIME};
use super::super::{CallReply, CallRequest, Farewell};
use super::world::VOICE;
use super::*;
use crate::ids::CallId;
use crate::wire::error::ErrorCode;

fn taking() -> (World, CallId) {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    let reply = world.ask(phone(chen()), CallRequest::Take { call, sources: VOICE }).unwrap();
    assert!(matches!(reply, CallReply::Call(view) if view.me.here));
    (world, call)
}

#[test]
fn the_old_device_stays_until_the_new_one_is_up() {
    let (mut world, call) = taking();
    assert!(world.flows(desk(chen()), call));
    world.media_up(phone(chen()), call);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Moved));
    assert!(world.flows(phone(chen()), call));
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), phone(chen())]);
    assert_eq!(world.view(desk(chen()), call).me.device.as_deref(), Some("device 1"));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
}

#[test]
fn the_old_device_does_not_stay_for_ever() {
    let (mut world, call) = taking();
    world.pass(TAKE_TIME);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Moved));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connecting);
    world.media_up(phone(chen()), call);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
}

#[test]
fn the_new_device_drops_off_and_the_call_stays_where_it_was() {
    let (mut world, call) = taking();
    world.down(phone(chen()));
    world.pass(TAKE_TIME);
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), desk(chen())]);
    assert!(world.flows(desk(chen()), call));
}

#[test]
fn the_old_device_is_closed_before_the_new_one_is_up() {
    let (mut world, call) = taking();
    world.gone(desk(chen()), Farewell::Bye);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connecting);
    world.media_up(phone(chen()), call);
    assert!(world.flows(phone(chen()), call));
}

#[test]
fn one_move_at_a_time_and_not_to_itself() {
    let (mut world, call) = taking();
    let take = || CallRequest::Take { call, sources: VOICE };
    assert_eq!(world.ask(phone(chen()), take()), Err(ErrorCode::WrongState));
    assert_eq!(world.ask(desk(chen()), take()), Err(ErrorCode::WrongState));
}

#[test]
fn a_held_call_moves_held() {
    let (mut world, call) = taking();
    world.hold(desk(chen()), call, true).unwrap();
    world.media_up(phone(chen()), call);
    assert!(!world.flows(phone(chen()), call));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Held);
}

#[test]
fn hanging_up_on_the_new_device_hangs_up() {
    let (mut world, call) = taking();
    world.leave(phone(chen()), call).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Ended));
    assert!(world.is_over(call));
}

#[test]
fn a_device_that_was_lost_long_ago_is_replaced_in_time() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    world.down(desk(chen()));
    world.pass(RESUME_TIME - TAKE_TIME / 2);
    world.ask(phone(chen()), CallRequest::Take { call, sources: VOICE }).unwrap();
    world.pass(TAKE_TIME / 2);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connecting, "moved, not failed");
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), phone(chen())]);
}
