//! Lost sockets and lost media.

use super::super::limits::RESUME_TIME;
use super::super::{CallInput, CallReply, Farewell};
use super::*;
use crate::ids::CallId;

fn talking() -> (World, CallId) {
    let mut world = office();
    let call = world.start(desk(lin()), &[chen()]);
    world.media_up(desk(lin()), call);
    world.media_up(desk(chen()), call);
    world.answer(desk(chen()), call).unwrap();
    (world, call)
}

#[test]
fn a_device_that_resumes_in_time_stays_in_the_call() {
    let (mut world, call) = talking();
    world.down(desk(chen()));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Reconnecting);
    assert!(world.flows(desk(chen()), call), "the voice goes on without signaling");
    world.pass(RESUME_TIME - seconds(1));
    world.up(desk(chen()));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
    assert!(world.view(desk(chen()), call).me.here);
}

#[test]
fn a_reply_that_is_repeated_shows_the_call_as_it_is_now() {
    let (mut world, call) = talking();
    let CallReply::Call(reply) = world.hold(desk(chen()), call, true).unwrap() else { panic!("no view") };
    world.down(desk(chen()));
    world.hold(desk(lin()), call, true).unwrap();
    world.up(desk(chen()));
    let now = world.exchange.renewed(desk(chen()), reply.clone());
    assert_eq!(&*now, world.view(desk(chen()), call));
    world.down(desk(chen()));
    world.leave(desk(lin()), call).unwrap();
    world.up(desk(chen()));
    let now = world.exchange.renewed(desk(chen()), reply);
    assert_eq!((now.ended, now.me.state, now.me.here), (Some(EndReason::Ended), LegState::Left, false));
}

#[test]
fn a_device_that_does_not_is_removed() {
    let (mut world, call) = talking();
    world.down(desk(chen()));
    world.pass(RESUME_TIME);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Failed));
    assert_eq!(world.record(chen(), call), [(EndReason::Failed, false)]);
}

#[test]
fn an_expired_session_fails_and_a_bye_hangs_up() {
    for (farewell, reason) in [(Farewell::Expired, EndReason::Failed), (Farewell::Bye, EndReason::Ended)] {
        let (mut world, call) = talking();
        world.gone(desk(chen()), farewell);
        assert_eq!(world.ended(desk(lin()), call), Some(reason));
    }
}

#[test]
fn lost_media_is_reported_and_may_come_back() {
    let (mut world, call) = talking();
    world.media_lost(desk(chen()), call);
    assert_eq!(world.lost, [(desk(chen()), call)]);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Reconnecting);
    world.pass(RESUME_TIME - seconds(1));
    world.media_up(desk(chen()), call);
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
    assert!(world.flows(desk(chen()), call), "the new connection is opened again");
}

#[test]
fn media_that_stays_away_fails_the_leg() {
    let (mut world, call) = talking();
    world.media_lost(desk(chen()), call);
    world.pass(RESUME_TIME);
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Failed));
}

#[test]
fn both_sides_in_a_tunnel() {
    let (mut world, call) = talking();
    world.down(desk(lin()));
    world.down(desk(chen()));
    world.up(desk(lin()));
    world.up(desk(chen()));
    assert_eq!(world.state(desk(lin()), call, chen()), LegState::Connected);
    world.down(desk(lin()));
    world.down(desk(chen()));
    world.pass(RESUME_TIME);
    assert!(world.is_over(call));
}

#[test]
fn a_lost_room_ends_the_call() {
    let (mut world, call) = talking();
    world.input(CallInput::RoomLost { room: call.room() });
    assert_eq!(world.ended(desk(lin()), call), Some(EndReason::Failed));
    assert_eq!(world.ended(desk(chen()), call), Some(EndReason::Failed));
}

#[test]
fn news_of_strangers_change_nothing() {
    let (mut world, call) = talking();
    let rev = world.view(desk(lin()), call).rev;
    let peer = media::ids::PeerId(uuid::Uuid::from_u128(1));
    world.input(CallInput::MediaUp { peer });
    world.input(CallInput::MediaLost { peer });
    world.input(CallInput::JournalDone { ticket: super::super::JournalTicket(999) });
    world.input(CallInput::JournalFailed { ticket: super::super::JournalTicket(999) });
    world.input(CallInput::SessionDown { session: desk(wang()) });
    assert_eq!(world.view(desk(lin()), call).rev, rev);
}
