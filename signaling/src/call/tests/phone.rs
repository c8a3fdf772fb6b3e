//! Telephones: registered ones, and lines.

use super::super::Farewell;
use super::super::limits::{REACH_GRACE, RING_TIME};
use super::super::{CallReply, CallRequest};
use super::world::card;
use super::*;
use crate::ids::CallId;
use crate::ports::JournalEntry;

/// 林 calls a line, whose session is there before the request.
fn dialling() -> (World, CallId) {
    let mut world = office();
    world.up(telephone(line()));
    let call = world.start(desk(lin()), &[line()]);
    world.media_up(desk(lin()), call);
    (world, call)
}

fn early(world: &mut World, call: CallId) {
    world.media_up(telephone(line()), call);
    world.ask(telephone(line()), CallRequest::Alerting { call, early_media: true }).unwrap();
}

#[test]
fn a_line_is_in_the_journal_with_its_card_and_has_no_presence() {
    let (world, call) = dialling();
    let invited = world.journal.iter().filter_map(|entry| match entry {
        JournalEntry::Invited { call: of, person, by, line, .. } if *of == call => Some((*person, *by, line)),
        _ => None,
    });
    let expected = [(lin(), lin(), &None), (line(), lin(), &Some(card(line())))];
    assert!(invited.eq(expected));
    assert_eq!(world.in_call.iter().copied().collect::<Vec<_>>(), [lin()]);
}

#[test]
fn a_line_calls_and_is_in_the_journal_too() {
    let mut world = office();
    world.up(telephone(line()));
    let call = world.start(telephone(line()), &[chen()]);
    let own = |entry: &JournalEntry| matches!(entry, JournalEntry::Invited { person, line: Some(_), .. } if *person == line());
    assert!(world.journal.iter().any(own));
    world.answer(desk(chen()), call).unwrap();
    assert_eq!(world.state(telephone(line()), call, chen()), LegState::Connecting);
}

#[test]
fn a_line_is_not_unreachable_before_its_time() {
    let (mut world, call) = dialling();
    world.pass(REACH_GRACE * 2);
    assert!(!world.is_over(call));
    world.alert(telephone(line()), call);
    world.pass(RING_TIME);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::NoAnswer));
    assert_eq!(world.record(line(), call), [(EndReason::NoAnswer, false)], "a line misses nothing");
}

#[test]
fn a_line_whose_telephone_is_gone_ends_at_once() {
    let (mut world, call) = dialling();
    world.gone(telephone(line()), Farewell::Bye);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Unreachable));
}

#[test]
fn a_line_whose_telephone_never_came_is_unreachable_at_once() {
    let mut world = office();
    let (call, id) = world.send_start(desk(lin()), &[line()], super::world::VOICE);
    world.written();
    let reply = world.replies[&(desk(lin()), id)].clone();
    assert!(matches!(reply, Ok(CallReply::Call(view)) if view.ended == Some(EndReason::Unreachable)));
    assert_eq!(world.record(line(), call), [(EndReason::Unreachable, false)]);
}

#[test]
fn what_the_telephone_system_says_is_why_it_ended() {
    let said = [
        EndReason::Busy,
        EndReason::NoAnswer,
        EndReason::NumberUnknown,
        EndReason::LineDown,
        EndReason::Failed,
        EndReason::Unreachable,
        EndReason::Declined,
    ];
    for reason in said {
        let (mut world, call) = dialling();
        world.alert(telephone(line()), call);
        world.decline(telephone(line()), call, reason);
        assert_eq!(world.ended(desk(lin()), call), Some(reason));
        assert_eq!(world.record(line(), call), [(reason, false)]);
        assert_eq!(world.record(lin(), call), [(reason, false)]);
    }
}

#[test]
fn early_media_is_heard_and_the_answer_changes_nothing() {
    let (mut world, call) = dialling();
    assert!(!world.flows(desk(lin()), call));
    early(&mut world, call);
    assert!(world.flows(desk(lin()), call) && world.flows(telephone(line()), call));
    let party = world.party(desk(lin()), call, line());
    assert!(party.early_media && party.state == LegState::Ringing);
    assert_eq!(world.view(desk(lin()), call).answered_at, None);
    world.answer(telephone(line()), call).unwrap();
    assert!(world.flows(desk(lin()), call) && world.flows(telephone(line()), call));
    assert!(!world.party(desk(lin()), call, line()).early_media);
}

#[test]
fn early_media_comes_after_a_ring_without_it_and_waits_for_its_media() {
    let (mut world, call) = dialling();
    world.alert(telephone(line()), call);
    assert!(!world.flows(desk(lin()), call));
    world.ask(telephone(line()), CallRequest::Alerting { call, early_media: true }).unwrap();
    world.media_up(telephone(line()), call);
    assert!(world.flows(desk(lin()), call) && world.flows(telephone(line()), call));
    world.alert(telephone(line()), call);
    assert!(world.flows(desk(lin()), call), "a later ring without it does not take it back");
}

#[test]
fn an_announcement_is_not_played_to_a_group() {
    let mut world = office();
    world.up(telephone(line()));
    let call = world.start(desk(lin()), &[line(), chen()]);
    world.media_up(desk(lin()), call);
    early(&mut world, call);
    assert!(!world.flows(desk(lin()), call) && !world.flows(telephone(line()), call));
    assert!(!world.party(desk(lin()), call, line()).early_media);
}

#[test]
fn an_announcement_ends_when_the_call_becomes_a_group() {
    let (mut world, call) = dialling();
    early(&mut world, call);
    world.add(desk(lin()), call, &[chen()]);
    world.written();
    assert!(!world.flows(desk(lin()), call) && !world.flows(telephone(line()), call));
}

#[test]
fn an_app_cannot_be_heard_before_it_answers() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.ask(desk(chen()), CallRequest::Alerting { call, early_media: true }).unwrap();
    assert!(!world.flows(desk(lin()), call) && !world.flows(desk(chen()), call));
}

#[test]
fn a_telephone_on_hold_plays_its_own_music() {
    let (mut world, call) = dialling();
    world.media_up(telephone(line()), call);
    world.answer(telephone(line()), call).unwrap();
    world.hold(telephone(line()), call, true).unwrap();
    assert!(world.flows(telephone(line()), call));
    assert_eq!(world.state(desk(lin()), call, line()), LegState::Held);
    world.hold(desk(lin()), call, true).unwrap();
    assert!(!world.flows(desk(lin()), call), "an app has no music");
}

/// 陳 has a telephone beside the apps.
fn ringing_telephone() -> (World, CallId) {
    let mut world = office();
    world.up(telephone(chen()));
    let call = world.start(desk(lin()), &[chen()]);
    (world, call)
}

#[test]
fn a_telephone_that_cannot_leaves_the_ring_to_the_other_devices() {
    for reason in [EndReason::Busy, EndReason::Failed, EndReason::Unreachable] {
        let (mut world, call) = ringing_telephone();
        world.decline(telephone(chen()), call, reason);
        assert_eq!(world.ended(telephone(chen()), call), Some(reason));
        assert_eq!(world.exchange.peer_of(telephone(chen()), call), None);
        assert_eq!(world.state(desk(lin()), call, chen()), LegState::Calling);
        assert!(world.record(chen(), call).is_empty());
        // It comes back into nothing, and is told when the call is live elsewhere.
        world.up(telephone(chen()));
        assert!(world.exchange.snapshot(telephone(chen())).is_empty());
        world.answer(desk(chen()), call).unwrap();
        assert!(!world.view(telephone(chen()), call).me.here);
    }
}

#[test]
fn the_last_device_that_cannot_ends_the_ring_and_the_call_is_missed() {
    let (mut world, call) = ringing_telephone();
    world.down(desk(chen()));
    world.down(phone(chen()));
    world.decline(telephone(chen()), call, EndReason::Busy);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Busy));
    assert_eq!(world.record(chen(), call), [(EndReason::Busy, true)]);
}

#[test]
fn busy_from_a_telephone_that_rang_is_its_person_declining() {
    let (mut world, call) = ringing_telephone();
    world.alert(telephone(chen()), call);
    world.decline(telephone(chen()), call, EndReason::Busy);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Declined));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::DeclinedElsewhere));
    assert_eq!(world.record(chen(), call), [(EndReason::Declined, false)]);
}

#[test]
fn a_telephone_answers_like_any_device() {
    let (mut world, call) = ringing_telephone();
    world.media_up(telephone(chen()), call);
    let Ok(CallReply::Call(view)) = world.answer(telephone(chen()), call) else { panic!("refused") };
    assert!(view.me.here);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::AnsweredElsewhere));
    // From the telephone to the app.
    world.ask(phone(chen()), CallRequest::Take { call, sources: super::world::VOICE }).unwrap();
    world.media_up(phone(chen()), call);
    assert_eq!(world.ended(telephone(chen()), call), Some(EndReason::Moved));
}

#[test]
fn a_line_is_added_to_a_group_and_leaves_it() {
    let mut world = office();
    world.up(telephone(line()));
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(desk(chen()), call).unwrap();
    world.add(desk(lin()), call, &[line()]);
    world.written();
    world.media_up(telephone(line()), call);
    world.answer(telephone(line()), call).unwrap();
    assert!(world.flows(telephone(line()), call));
    world.leave(telephone(line()), call).unwrap();
    assert_eq!(world.state(desk(lin()), call, line()), LegState::Left);
    assert!(!world.is_over(call));
}
