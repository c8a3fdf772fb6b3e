//! Group calls: adding, leaving, coming back, ending for all.

use super::super::limits::MAX_PARTIES;
use super::super::{CallReply, CallRequest};
use super::world::VOICE;
use super::*;
use crate::ids::CallId;
use crate::wire::call::CallKind;
use crate::wire::error::ErrorCode;

/// 林 and 陳 talk and have added 王, who rings.
fn adding() -> (World, CallId) {
    let mut world = office();
    world.up(desk(wang()));
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(desk(chen()), call).unwrap();
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    let id = world.add(desk(chen()), call, &[wang()]);
    world.written();
    assert!(matches!(world.replies[&(desk(chen()), id)], Ok(CallReply::Call(_))));
    (world, call)
}

fn three() -> (World, CallId) {
    let (mut world, call) = adding();
    world.answer(desk(wang()), call).unwrap();
    (world, call)
}

fn join(world: &mut World, session: SessionId, call: CallId) -> Result<CallReply, ErrorCode> {
    world.ask(session, CallRequest::Join { call, sources: VOICE, current: Default::default() })
}

#[test]
fn adding_somebody_makes_a_group() {
    let (mut world, call) = adding();
    assert_eq!(world.view(desk(lin()), call).kind, CallKind::Group);
    assert_eq!(world.state(desk(lin()), call, wang()), LegState::Calling);
    world.answer(desk(wang()), call).unwrap();
    assert_eq!(world.view(desk(wang()), call).parties.len(), 3);
}

#[test]
fn the_others_go_on_when_one_leaves_and_it_ends_with_the_last_pair() {
    let (mut world, call) = three();
    world.leave(desk(lin()), call).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Ended));
    assert!(!world.is_over(call));
    world.leave(desk(chen()), call).unwrap();
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Ended));
}

#[test]
fn a_declined_addition_leaves_the_call_alone() {
    let (mut world, call) = adding();
    world.ask(desk(wang()), CallRequest::Decline { call, reason: EndReason::Declined }).unwrap();
    assert_eq!(world.state(desk(lin()), call, wang()), LegState::Left);
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), desk(chen())]);
}

#[test]
fn one_who_missed_it_or_left_can_come_in() {
    let (mut world, call) = adding();
    world.pass(super::super::limits::RING_TIME);
    assert!(world.ended(desk(wang()), call).is_some());
    join(&mut world, desk(wang()), call).unwrap();
    world.leave(desk(wang()), call).unwrap();
    join(&mut world, desk(wang()), call).unwrap();
    assert_eq!(world.exchange.sessions_in(call).len(), 3);
    assert_eq!(world.record(wang(), call), [(EndReason::Unreachable, true), (EndReason::Ended, false)]);
}

#[test]
fn a_direct_call_cannot_be_joined() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(desk(chen()), call).unwrap();
    assert_eq!(join(&mut world, phone(chen()), call), Err(ErrorCode::WrongState));
}

#[test]
fn the_starter_ends_it_for_all_and_nobody_else_can() {
    let (mut world, call) = three();
    assert!(world.view(desk(lin()), call).may_end && !world.view(desk(chen()), call).may_end);
    assert_eq!(world.ask(desk(chen()), CallRequest::End { call }), Err(ErrorCode::NotAllowed));
    world.ask(desk(lin()), CallRequest::End { call }).unwrap();
    for session in [desk(lin()), desk(chen()), desk(wang())] {
        assert_eq!(world.ended(session, call), Some(EndReason::Ended));
    }
}

#[test]
fn a_group_call_is_taken_back_before_anybody_answers() {
    let mut world = office();
    world.up(desk(wang()));
    let call = world.start(desk(lin()), &[chen(), wang()]);
    world.leave(desk(lin()), call).unwrap();
    for called in [chen(), wang()] {
        assert_eq!(world.ended(desk(called), call), Some(EndReason::Cancelled));
        assert_eq!(world.record(called, call), [(EndReason::Cancelled, true)]);
    }
}

#[test]
fn the_starter_may_leave_once_somebody_has_answered() {
    let mut world = office();
    world.up(desk(wang()));
    let call = world.start(desk(lin()), &[chen(), wang()]);
    world.answer(desk(chen()), call).unwrap();
    world.leave(desk(lin()), call).unwrap();
    world.answer(desk(wang()), call).unwrap();
    assert_eq!(world.exchange.sessions_in(call), [desk(chen()), desk(wang())]);
}

#[test]
fn whoever_rings_is_not_left_ringing_for_nobody() {
    let (mut world, call) = adding();
    world.leave(desk(lin()), call).unwrap();
    assert!(!world.is_over(call), "陳 still waits for 王");
    world.leave(desk(chen()), call).unwrap();
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Cancelled));
    assert_eq!(world.record(wang(), call), [(EndReason::Cancelled, true)]);
}

#[test]
fn all_decline_and_the_caller_is_told_the_last_reason() {
    let mut world = office();
    world.up(desk(wang()));
    let call = world.start(desk(lin()), &[chen(), wang()]);
    world.ask(desk(chen()), CallRequest::Decline { call, reason: EndReason::Declined }).unwrap();
    assert!(!world.is_over(call));
    world.ask(desk(wang()), CallRequest::Decline { call, reason: EndReason::Declined }).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Declined));
}

#[test]
fn sixteen_and_no_more() {
    let mut world = office();
    let others: Vec<_> = (2..=16).map(person).collect();
    let call = world.start(desk(lin()), &others);
    assert_eq!(world.view(desk(lin()), call).parties.len(), MAX_PARTIES);
    let id = world.add(desk(lin()), call, &[person(17)]);
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::CallFull));
    let id = world.add(desk(lin()), call, &[chen()]);
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::AlreadyInCall));
}

#[test]
fn a_call_needs_somebody_who_exists() {
    let mut world = office();
    let (_, id) = world.send_start(desk(lin()), &[lin()], VOICE);
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::CallingYourself));
    let call = crate::ids::CallId(uuid::Uuid::from_u128(99));
    let from = super::world::card(lin());
    let unknown = CallRequest::Start { call, from, to: vec![chen()], cards: vec![], sources: VOICE };
    assert_eq!(world.ask(desk(lin()), unknown), Err(ErrorCode::NoSuchPerson));
    assert_eq!(world.exchange.running(), 0);
}

#[test]
fn a_long_call_forgets_those_who_left_first() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(desk(chen()), call).unwrap();
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    for n in 3..60 {
        let id = world.add(desk(lin()), call, &[person(n)]);
        world.written();
        assert!(world.replies[&(desk(lin()), id)].is_ok());
        world.pass(super::super::limits::REACH_GRACE);
    }
    let parties = &world.view(desk(lin()), call).parties;
    assert_eq!(parties.len(), super::super::limits::MAX_LISTED);
    assert!(parties.iter().any(|party| party.card.person == lin()));
}
