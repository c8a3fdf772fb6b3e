//! Nothing rings that would be forgotten.

use super::super::limits::JOURNAL_TIME;
use super::super::{CallInput, CallReply};
use super::world::VOICE;
use super::*;
use crate::wire::error::ErrorCode;

#[test]
fn nothing_rings_before_the_journal_has_it() {
    let mut world = office();
    let (call, id) = world.send_start(desk(lin()), &[chen()], VOICE);
    assert!(world.screens.is_empty() && world.rooms.is_empty());
    let last = world.unwritten.pop_back().unwrap();
    world.written();
    assert!(world.screens.is_empty(), "one entry is still open");
    world.input(CallInput::JournalDone { ticket: last });
    assert!(matches!(world.replies[&(desk(lin()), id)], Ok(CallReply::Call(_))));
    assert_eq!(world.view(desk(chen()), call).me.state, LegState::Calling);
}

#[test]
fn a_call_that_is_not_in_the_journal_cannot_be_touched() {
    let mut world = office();
    let (call, _) = world.send_start(desk(lin()), &[chen()], VOICE);
    assert_eq!(world.hold(desk(lin()), call, true), Err(ErrorCode::NoSuchCall));
    assert_eq!(world.answer(desk(chen()), call), Err(ErrorCode::NoSuchCall));
    assert_eq!(world.exchange.peer_of(desk(lin()), call), None);
    assert!(world.exchange.snapshot(desk(chen())).is_empty());
}

#[test]
fn a_journal_that_fails_or_hangs_fails_the_call_and_says_so() {
    for hangs in [false, true] {
        let mut world = office();
        let (call, id) = world.send_start(desk(lin()), &[chen()], VOICE);
        if hangs {
            world.pass(JOURNAL_TIME);
        } else {
            world.write_fails();
        }
        assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::Internal));
        assert!(world.is_over(call) && world.screens.is_empty() && world.in_call.is_empty());
        assert_eq!(world.record(chen(), call), [(EndReason::Failed, false)], "nobody was rung");
    }
}

#[test]
fn an_addition_that_cannot_be_written_leaves_the_call_alone() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.written();
    world.answer(desk(chen()), call).unwrap();
    world.written();
    let id = world.add(desk(lin()), call, &[wang()]);
    world.write_fails();
    assert_eq!(world.replies[&(desk(lin()), id)], Err(ErrorCode::Internal));
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), desk(chen())]);
    assert_eq!(world.record(wang(), call), [(EndReason::Failed, false)]);
}

#[test]
fn the_caller_is_gone_before_it_could_ring() {
    let mut world = office();
    let (call, _) = world.send_start(desk(lin()), &[chen()], VOICE);
    world.gone(desk(lin()), super::super::Farewell::Bye);
    world.written();
    assert!(world.is_over(call) && world.screens.is_empty());
    assert_eq!(world.record(chen(), call), [(EndReason::Cancelled, false)]);
}

#[test]
fn a_busy_answer_comes_with_the_reply() {
    let mut world = office();
    world.up(desk(wang()));
    world.start(desk(lin()), &[chen()]);
    let (_, id) = world.send_start(desk(wang()), &[chen()], VOICE);
    world.written();
    let reply = world.replies[&(desk(wang()), id)].clone();
    assert!(matches!(reply, Ok(CallReply::Call(view)) if view.ended == Some(EndReason::Busy)));
}
