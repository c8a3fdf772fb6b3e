//! Ringing, and how it ends without an answer.

use super::super::CallRequest;
use super::super::limits::{REACH_GRACE, RING_TIME};
use super::*;

#[test]
fn all_devices_ring_and_the_caller_hears_it_only_when_one_alerts() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    for session in [desk(chen()), phone(chen())] {
        assert_eq!(world.view(session, call).me.state, LegState::Calling);
        assert!(world.view(session, call).me.peer.is_some(), "media can be warmed up");
    }
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Calling);
    world.alert(phone(chen()), call);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Ringing);
    assert!(world.in_call.contains(&lin()) && !world.in_call.contains(&chen()));
}

#[test]
fn alerting_said_again_is_not_shown_again() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.alert(phone(chen()), call);
    let rev = world.view(desk(lin()), call).rev;
    world.alert(phone(chen()), call);
    assert_eq!(world.view(desk(lin()), call).rev, rev);
}

#[test]
fn an_alerting_device_that_drops_off_no_longer_counts() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.alert(phone(chen()), call);
    world.down(phone(chen()));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Calling);
    world.up(phone(chen()));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Ringing);
}

#[test]
fn nobody_answers() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.alert(desk(chen()), call);
    world.pass(RING_TIME - seconds(1));
    assert!(!world.is_over(call));
    world.pass(seconds(1));
    for session in [desk(lin()), desk(chen()), phone(chen())] {
        assert_eq!(world.ended(session, call), Some(EndReason::NoAnswer));
    }
    assert_eq!(world.record(chen(), call), [(EndReason::NoAnswer, true)]);
    assert_eq!(world.record(lin(), call), [(EndReason::NoAnswer, false)]);
    assert!(world.in_call.is_empty() && world.rooms.is_empty());
}

#[test]
fn a_device_that_never_alerts_did_not_ring() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.pass(RING_TIME);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Unreachable));
    assert_eq!(world.record(chen(), call), [(EndReason::Unreachable, true)]);
}

#[test]
fn declining_on_one_device_silences_the_other() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.ask(phone(chen()), CallRequest::Decline { call, reason: EndReason::Declined }).unwrap();
    assert_eq!(world.ended(phone(chen()), call), Some(EndReason::Declined));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::DeclinedElsewhere));
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Declined));
    assert_eq!(world.record(chen(), call), [(EndReason::Declined, false)]);
}

#[test]
fn the_caller_takes_the_call_back() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.leave(desk(lin()), call).unwrap();
    for session in [desk(chen()), phone(chen()), desk(lin())] {
        assert_eq!(world.ended(session, call), Some(EndReason::Cancelled));
    }
    assert_eq!(world.record(chen(), call), [(EndReason::Cancelled, true)]);
}

#[test]
fn nobody_at_home_is_told_after_a_short_grace() {
    let mut world = World::with(&[desk(lin())]);
    let call = world.start(desk(lin()), &[chen()]);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Calling);
    world.pass(REACH_GRACE);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Unreachable));
    assert_eq!(world.record(chen(), call), [(EndReason::Unreachable, true)]);
}

#[test]
fn a_device_that_comes_within_the_grace_rings() {
    let mut world = World::with(&[desk(lin())]);
    let call = world.start(desk(lin()), &[chen()]);
    world.pass(REACH_GRACE - seconds(1));
    world.up(phone(chen()));
    assert_eq!(world.view(phone(chen()), call).me.state, LegState::Calling);
    world.alert(phone(chen()), call);
    world.pass(REACH_GRACE);
    world.answer(phone(chen()), call).unwrap();
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connecting);
}

#[test]
fn the_last_ringing_device_that_drops_off_has_the_same_grace() {
    let mut world = World::with(&[desk(lin()), phone(chen())]);
    let call = world.start(desk(lin()), &[chen()]);
    world.alert(phone(chen()), call);
    world.down(phone(chen()));
    world.pass(REACH_GRACE);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Unreachable));
    assert_eq!(world.record(chen(), call), [(EndReason::Unreachable, true)]);
}

#[test]
fn the_caller_closes_the_page() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.gone(desk(lin()), super::super::Farewell::Bye);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Cancelled));
    assert_eq!(world.record(chen(), call), [(EndReason::Cancelled, true)]);
}
