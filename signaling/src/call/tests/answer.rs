//! Answering: exactly one device, and races with the caller and with another device.

use super::super::{CallReply, CallRequest};
use super::world::VIDEO;
use super::*;
use crate::ids::CallId;
use crate::ports::JournalEntry;
use crate::wire::call::CallKind;
use crate::wire::error::ErrorCode;

#[test]
fn one_device_answers_and_the_other_is_silenced() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(phone(chen()), call);
    let reply = world.answer(phone(chen()), call).unwrap();
    assert!(matches!(reply, CallReply::Call(view) if view.me.here && view.me.state == LegState::Connected));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::AnsweredElsewhere));
    assert_eq!(world.ended(phone(chen()), call), None);
    assert_eq!(world.answer(desk(chen()), call), Err(ErrorCode::WrongState));
}

#[test]
fn the_silenced_device_then_sees_where_the_call_is() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(phone(chen()), call).unwrap();
    let me = &world.view(desk(chen()), call).me;
    assert!(!me.here && me.peer.is_none());
    assert_eq!(me.device.as_deref(), Some("device 1"));
}

#[test]
fn connecting_until_media_is_up_then_connected() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    assert!(!world.flows(desk(lin()), call), "closed until the answer");
    world.answer(desk(chen()), call).unwrap();
    assert!(world.flows(desk(lin()), call));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connecting);
    world.media_up(desk(chen()), call);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
    assert!(world.flows(desk(chen()), call));
}

#[test]
fn media_warmed_up_while_ringing_flows_with_the_answer() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    let peer = world.exchange.peer_of(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    assert_eq!(world.exchange.peer_of(desk(chen()), call), peer, "the same connection");
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
    assert!(world.flows(desk(chen()), call) && world.flows(desk(lin()), call));
}

#[test]
fn media_that_never_comes_up_fails_the_call() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.answer(desk(chen()), call).unwrap();
    world.pass(super::super::limits::CONNECT_TIME);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Failed));
}

/// 林 hangs up at the moment in which 陳 answers: whoever comes first is right.
#[test]
fn the_cancel_comes_first() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.leave(desk(lin()), call).unwrap();
    assert_eq!(world.answer(desk(chen()), call), Err(ErrorCode::NoSuchCall));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Cancelled));
    assert_eq!(world.record(chen(), call), [(EndReason::Cancelled, true)]);
}

#[test]
fn the_answer_comes_first() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.answer(desk(chen()), call).unwrap();
    world.leave(desk(lin()), call).unwrap();
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Ended));
    assert_eq!(world.record(chen(), call), [(EndReason::Ended, false)]);
}

#[test]
fn two_devices_answer_at_once_and_the_first_has_the_call() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    let first = world.send(desk(chen()), answer(call));
    let second = world.send(phone(chen()), answer(call));
    assert!(world.replies[&(desk(chen()), first)].is_ok());
    assert_eq!(world.replies[&(phone(chen()), second)], Err(ErrorCode::WrongState));
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), desk(chen())]);
}

#[test]
fn an_answer_at_the_moment_the_ring_times_out_is_too_late() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.alert(desk(chen()), call);
    world.now += super::super::limits::RING_TIME;
    assert_eq!(world.answer(desk(chen()), call), Err(ErrorCode::NoSuchCall));
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::NoAnswer));
}

#[test]
fn the_record_tells_who_and_when() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.pass(seconds(5));
    world.answer(desk(chen()), call).unwrap();
    world.pass(seconds(10));
    world.leave(desk(chen()), call).unwrap();
    let answered = |person, at| JournalEntry::Answered { call, person, at };
    let ended =
        |person| JournalEntry::LegEnded { call, person, reason: EndReason::Ended, missed: false, at: 16_000 };
    let (kind, reason) = (CallKind::Direct, EndReason::Ended);
    let expected = [
        JournalEntry::Opened { call, kind, starter: lin(), video: false, at: 1_000 },
        JournalEntry::Invited { call, person: lin(), by: lin(), line: None, at: 1_000 },
        JournalEntry::Invited { call, person: chen(), by: lin(), line: None, at: 1_000 },
        answered(lin(), 6_000),
        answered(chen(), 6_000),
        ended(chen()),
        ended(lin()),
        JournalEntry::Closed { call, kind, reason, at: 16_000 },
    ];
    assert_eq!(world.journal, expected);
}

#[test]
fn voice_to_video_and_back() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.answer(desk(chen()), call).unwrap();
    world.ask(desk(lin()), CallRequest::Sources { call, sources: VIDEO }).unwrap();
    assert!(world.view(desk(chen()), call).parties[0].sources.camera);
    let peer = world.exchange.peer_of(desk(lin()), call).unwrap();
    assert_eq!(world.peers[&peer].on, VIDEO.list());
    world.ask(desk(lin()), CallRequest::Sources { call, sources: super::world::VOICE }).unwrap();
    assert!(!world.view(desk(chen()), call).parties[0].sources.camera);
    let elsewhere = CallRequest::Sources { call, sources: VIDEO };
    assert_eq!(world.ask(phone(lin()), elsewhere), Err(ErrorCode::WrongState));
}

#[test]
fn who_answers_muted_is_muted() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(chen()), call);
    let muted = CallRequest::Answer { call, sources: Default::default(), current: Default::default() };
    world.ask(desk(chen()), muted).unwrap();
    let peer = world.exchange.peer_of(desk(chen()), call).unwrap();
    assert!(world.peers[&peer].open && world.peers[&peer].on.is_empty());
    world.media_lost(desk(chen()), call);
    world.media_up(desk(chen()), call);
    assert!(world.peers[&peer].open && world.peers[&peer].on.is_empty(), "also on a new connection");
}

#[test]
fn strangers_learn_nothing() {
    let mut world = office();
    world.up(desk(wang()));
    let call = world.start(desk(lin()), &[chen()]);
    let requests = [
        answer(call),
        CallRequest::Decline { call, reason: EndReason::Declined },
        CallRequest::Leave { call },
        CallRequest::End { call },
        CallRequest::Take { call, sources: VIDEO },
        CallRequest::Alerting { call, early_media: false },
    ];
    for request in requests {
        assert_eq!(world.ask(desk(wang()), request), Err(ErrorCode::NoSuchCall));
    }
    assert!(!world.screens.contains_key(&(desk(wang()), call)));
    assert_eq!(world.exchange.peer_of(desk(wang()), call), None);
}

fn answer(call: CallId) -> CallRequest {
    CallRequest::Answer { call, sources: super::world::VOICE, current: Default::default() }
}
