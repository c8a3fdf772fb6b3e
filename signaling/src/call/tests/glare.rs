//! Both call each other: one call results.

use super::super::CallReply;
use super::world::VOICE;
use super::*;
use crate::wire::error::ErrorCode;

#[test]
fn calling_back_while_it_rings_answers() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    let (second, id) = world.send_start(phone(chen()), &[lin()], VOICE);
    let reply = world.replies[&(phone(chen()), id)].clone();
    assert!(matches!(reply, Ok(CallReply::Call(view)) if view.call == call && view.me.here));
    assert!(world.is_over(second), "there is no second call");
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), phone(chen())]);
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::AnsweredElsewhere));
}

#[test]
fn calling_each_other_at_once_waits_for_the_journal_and_rings_nobody() {
    let mut world = office();
    let (call, first) = world.send_start(desk(lin()), &[chen()], VOICE);
    let (_, second) = world.send_start(desk(chen()), &[lin()], VOICE);
    assert!(world.replies.is_empty());
    world.written();
    for (session, id) in [(desk(lin()), first), (desk(chen()), second)] {
        let reply = world.replies[&(session, id)].clone();
        assert!(
            matches!(reply, Ok(CallReply::Call(view)) if view.call == call && view.answered_at.is_some())
        );
    }
    assert_eq!(world.exchange.running(), 1);
    assert_eq!(world.exchange.sessions_in(call), [desk(lin()), desk(chen())]);
}

#[test]
fn the_journal_fails_for_both() {
    let mut world = office();
    let (_, first) = world.send_start(desk(lin()), &[chen()], VOICE);
    let (_, second) = world.send_start(desk(chen()), &[lin()], VOICE);
    world.write_fails();
    assert_eq!(world.replies[&(desk(lin()), first)], Err(ErrorCode::Internal));
    assert!(world.replies[&(desk(chen()), second)].is_err());
    assert_eq!(world.exchange.running(), 0);
}

#[test]
fn the_device_that_called_back_is_gone_before_the_journal_is_done() {
    let mut world = office();
    let (call, _) = world.send_start(desk(lin()), &[chen()], VOICE);
    world.send_start(desk(chen()), &[lin()], VOICE);
    world.gone(desk(chen()), super::super::Farewell::Bye);
    world.written();
    assert_eq!(world.view(phone(chen()), call).me.state, LegState::Calling, "it rings as usual");
}

#[test]
fn one_who_is_in_a_call_with_somebody_cannot_call_them_again() {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    let (_, again) = world.send_start(phone(lin()), &[chen()], VOICE);
    assert_eq!(world.replies[&(phone(lin()), again)], Err(ErrorCode::AlreadyInCall));
    world.answer(desk(chen()), call).unwrap();
    let (_, back) = world.send_start(phone(chen()), &[lin()], VOICE);
    assert_eq!(world.replies[&(phone(chen()), back)], Err(ErrorCode::AlreadyInCall));
}
