//! Blind and announced transfer.

use super::super::limits::RING_TIME;
use super::super::{CallReply, CallRequest, Farewell};
use super::world::card;
use super::*;
use crate::ids::CallId;
use crate::ports::JournalEntry;
use crate::wire::error::ErrorCode;

/// 林 and 陳 talk; 王 is at a desk, and there is a line.
fn talking() -> (World, CallId) {
    let mut world = office();
    world.up(desk(wang()));
    world.up(telephone(line()));
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    (world, call)
}

/// 林 hands 陳 on to 王, who rings.
fn handing_on() -> (World, CallId) {
    let (mut world, call) = talking();
    let id = world.transfer(desk(lin()), call, wang());
    assert!(matches!(world.replies[&(desk(lin()), id)], Ok(CallReply::Call(_))));
    (world, call)
}

fn is_back(world: &World, call: CallId) {
    assert_eq!(world.state(desk(chen()), call, lin()), LegState::Connected);
    assert!(world.flows(desk(lin()), call) && world.flows(desk(chen()), call));
    assert_eq!(world.party(desk(lin()), call, wang()).transfer_by, None);
}

#[test]
fn it_rings_for_the_one_who_hands_on_and_all_see_it() {
    let (mut world, call) = handing_on();
    for session in [desk(lin()), phone(lin()), desk(chen()), desk(wang())] {
        assert_eq!(world.state(session, call, lin()), LegState::Held);
        assert_eq!(world.party(session, call, wang()).transfer_by, Some(lin()));
    }
    assert!(!world.flows(desk(lin()), call) && world.flows(desk(chen()), call));
    world.alert(desk(wang()), call);
    assert_eq!(world.state(desk(chen()), call, wang()), LegState::Ringing);
}

#[test]
fn nothing_rings_before_the_journal_has_it() {
    let (mut world, call) = talking();
    world.written();
    let id = world.send(desk(lin()), CallRequest::Transfer { call, to: card(wang()) });
    assert!(!world.screens.contains_key(&(desk(wang()), call)));
    assert_eq!(world.state(desk(chen()), call, lin()), LegState::Held);
    world.write_fails();
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::Internal));
    assert_eq!(world.record(wang(), call), [(EndReason::Failed, false)]);
    is_back(&world, call);
}

#[test]
fn once_it_is_answered_whoever_handed_on_is_out() {
    let (mut world, call) = handing_on();
    world.media_up(desk(wang()), call);
    world.answer(desk(wang()), call).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Transferred));
    assert_eq!(world.ended(phone(lin()), call), Some(EndReason::Transferred));
    let view = world.view(desk(chen()), call);
    assert_eq!(view.kind, crate::wire::call::CallKind::Direct);
    assert!(world.flows(desk(wang()), call) && world.flows(desk(chen()), call));
    assert_eq!(world.record(lin(), call), [(EndReason::Transferred, false)]);
    assert!(!world.in_call.contains(&lin()));
    let asked = |entry: &JournalEntry| matches!(entry, JournalEntry::Invited { person, by, .. } if (*person, *by) == (wang(), lin()));
    assert!(world.journal.iter().any(asked));
    world.leave(desk(chen()), call).unwrap();
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Ended));
}

#[test]
fn what_was_handed_on_is_not_rejoined() {
    let (mut world, call) = handing_on();
    world.answer(desk(wang()), call).unwrap();
    world.add(desk(wang()), call, &[line()]);
    world.written();
    let join = CallRequest::Join { call, sources: super::world::VOICE, current: Default::default() };
    assert_eq!(world.ask(desk(lin()), join), Err(ErrorCode::WrongState));
}

#[test]
fn it_can_be_handed_on_again() {
    let (mut world, call) = handing_on();
    world.answer(desk(wang()), call).unwrap();
    world.transfer(desk(wang()), call, lin());
    world.answer(phone(lin()), call).unwrap();
    assert!(world.view(phone(lin()), call).me.here);
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Transferred));
}

#[test]
fn whoever_handed_on_is_back_when_nobody_takes_it() {
    let refusals: [fn(&mut World, CallId); 3] = [
        |world, call| world.decline(desk(wang()), call, EndReason::Declined),
        |world, _| world.pass(RING_TIME),
        |world, _| world.gone(desk(wang()), Farewell::Expired),
    ];
    let reasons = [EndReason::Declined, EndReason::NoAnswer, EndReason::Unreachable];
    for (refuse, reason) in refusals.into_iter().zip(reasons) {
        let (mut world, call) = handing_on();
        world.alert(desk(wang()), call);
        refuse(&mut world, call);
        world.pass(super::super::limits::REACH_GRACE);
        is_back(&world, call);
        assert_eq!(world.party(desk(lin()), call, wang()).reason, Some(reason), "the app can say why");
    }
}

#[test]
fn a_busy_line_gives_it_back() {
    let (mut world, call) = talking();
    world.transfer(desk(lin()), call, line());
    world.decline(telephone(line()), call, EndReason::Busy);
    assert_eq!(world.party(desk(lin()), call, line()).reason, Some(EndReason::Busy));
    assert!(world.flows(desk(lin()), call));
}

#[test]
fn one_who_is_busy_gives_it_back_with_the_reply() {
    let (mut world, call) = talking();
    world.up(telephone(chen()));
    world.start(telephone(line()), &[wang()]);
    let id = world.transfer(desk(lin()), call, wang());
    let Ok(CallReply::Call(view)) = &world.replies[&(desk(lin()), id)] else { panic!("refused") };
    let party = view.parties.iter().find(|party| party.card.person == wang()).unwrap();
    assert_eq!(party.reason, Some(EndReason::Busy));
    assert_eq!(view.me.state, LegState::Connected);
}

#[test]
fn resuming_takes_it_back() {
    let (mut world, call) = handing_on();
    world.hold(desk(lin()), call, false).unwrap();
    is_back(&world, call);
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Cancelled));
    assert_eq!(world.record(wang(), call), [(EndReason::Cancelled, true)], "it rang there");
    let id = world.transfer(desk(lin()), call, wang());
    assert!(world.replies[&(desk(lin()), id)].is_ok(), "it can be tried again");
}

#[test]
fn it_is_taken_back_before_the_journal_has_it() {
    let (mut world, call) = talking();
    world.written();
    let id = world.send(desk(lin()), CallRequest::Transfer { call, to: card(wang()) });
    world.hold(desk(lin()), call, false).unwrap();
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::WrongState));
    world.written();
    assert!(!world.screens.contains_key(&(desk(wang()), call)), "it never rang");
    assert_eq!(world.record(wang(), call), [(EndReason::Cancelled, false)]);
    is_back(&world, call);
}

#[test]
fn hanging_up_meanwhile_leaves_it_to_the_others() {
    let (mut world, call) = handing_on();
    world.leave(desk(lin()), call).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Transferred));
    assert_eq!(world.party(desk(wang()), call, wang()).transfer_by, Some(lin()), "still on behalf of");
    world.answer(desk(wang()), call).unwrap();
    assert_eq!(world.state(desk(chen()), call, wang()), LegState::Connecting);
    assert_eq!(world.record(lin(), call), [(EndReason::Transferred, false)]);
}

#[test]
fn a_blind_transfer_that_fails_ends_the_call_with_the_reason() {
    let (mut world, call) = handing_on();
    world.leave(desk(lin()), call).unwrap();
    world.decline(desk(wang()), call, EndReason::Declined);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Declined));
    assert!(world.is_over(call));
}

#[test]
fn the_other_side_hangs_up_and_nobody_is_left_to_hand_on() {
    let (mut world, call) = handing_on();
    world.leave(desk(chen()), call).unwrap();
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Ended));
    assert_eq!(world.ended(desk(wang()), call), Some(EndReason::Cancelled));
}

#[test]
fn an_announcement_of_the_new_line_is_heard_by_the_one_who_is_handed_on() {
    let (mut world, call) = talking();
    world.transfer(desk(lin()), call, line());
    world.media_up(telephone(line()), call);
    world.ask(telephone(line()), CallRequest::Alerting { call, early_media: true }).unwrap();
    assert!(world.flows(telephone(line()), call) && world.flows(desk(chen()), call));
    assert!(!world.flows(desk(lin()), call), "not by the one who hands on");
    world.hold(desk(lin()), call, false).unwrap();
    assert!(world.flows(desk(lin()), call));
}

#[test]
fn a_telephone_hands_on_and_is_silent_meanwhile() {
    let mut world = office();
    world.up(telephone(line()));
    let call = world.start(telephone(line()), &[chen()]);
    world.media_up(telephone(line()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    world.hold(telephone(line()), call, true).unwrap();
    assert!(world.flows(telephone(line()), call));
    world.transfer(telephone(line()), call, lin());
    assert!(!world.flows(telephone(line()), call), "its music is not heard over the ringing");
    world.decline(desk(lin()), call, EndReason::Declined);
    assert_eq!(world.state(desk(chen()), call, line()), LegState::Held, "as it was before");
    assert!(world.flows(telephone(line()), call));
}

#[test]
fn whoever_is_in_another_call_by_then_comes_back_on_hold() {
    let (mut world, call) = handing_on();
    let other = world.start(desk(lin()), &[line()]);
    world.media_up(telephone(line()), other);
    world.answer(telephone(line()), other).unwrap();
    world.decline(desk(wang()), call, EndReason::Declined);
    assert_eq!(world.state(desk(chen()), call, lin()), LegState::Held);
    assert_eq!(world.state(telephone(line()), other, lin()), LegState::Connecting);
}

#[test]
fn what_cannot_be_handed_on() {
    let (mut world, call) = talking();
    let to = |person| CallRequest::Transfer { call, to: card(person) };
    assert_eq!(world.ask(desk(lin()), to(lin())), Err(ErrorCode::CallingYourself));
    assert_eq!(world.ask(desk(lin()), to(chen())), Err(ErrorCode::AlreadyInCall));
    assert_eq!(world.ask(phone(lin()), to(wang())), Err(ErrorCode::WrongState), "not the device in the call");
    assert_eq!(world.ask(desk(wang()), to(line())), Err(ErrorCode::NoSuchCall));
    let ringing = world.start(telephone(line()), &[wang()]);
    let unanswered = CallRequest::Transfer { call: ringing, to: card(lin()) };
    assert_eq!(world.ask(telephone(line()), unanswered), Err(ErrorCode::WrongState), "not answered");
    world.leave(telephone(line()), ringing).unwrap();
    world.transfer(desk(lin()), call, wang());
    assert_eq!(world.ask(desk(chen()), to(line())), Err(ErrorCode::WrongState), "it is being handed on");
    let add = world.add(desk(chen()), call, &[line()]);
    assert_eq!(world.replies[&(desk(chen()), add)], Err(ErrorCode::WrongState));
    world.hold(desk(lin()), call, false).unwrap();
    world.add(desk(lin()), call, &[wang()]);
    world.written();
    assert_eq!(world.ask(desk(lin()), to(line())), Err(ErrorCode::WrongState), "a group");
}
