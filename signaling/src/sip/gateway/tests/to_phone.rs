//! The app dials a number.

use std::time::Duration;

use super::world::*;
use crate::call::CallRequest;
use crate::ports::{Direction, LegKind};
use crate::sip::gateway::GatewayInput;
use crate::sip::message::Method;
use crate::sip::port::{Failure, SipInput, SipOutput};
use crate::wire::call::{EndReason, LegState};
use crate::wire::error::ErrorCode;

#[test]
fn ring_answer_talk_and_hang_up() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    assert_eq!(invite.uri.user.as_deref(), Some("7300"));
    let from = invite.address("From").unwrap();
    assert_eq!(from.display.as_deref(), Some("Ann"));
    assert!(String::from_utf8_lossy(&invite.body).contains("m=audio 30002 RTP/AVP 9 8 0 101 13"));
    world.respond(tx, &invite, 180, None);
    let other = &world.view(ann, call).parties[1];
    assert_eq!((other.state, other.card.line, other.early_media), (LegState::Ringing, true, false));
    assert_eq!(other.card.extension.as_deref(), Some("7300"));

    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    assert!(world.wire.iter().any(|output| matches!(output, SipOutput::Ack { .. })));
    let view = world.view(ann, call);
    assert_eq!(view.parties[1].state, LegState::Connected);
    let peer = view.parties[1].peer.unwrap();
    assert_eq!(world.remotes[&peer].rtp, "192.0.2.1:4000".parse::<std::net::SocketAddr>().unwrap());
    assert_eq!(world.gates.get(&peer), Some(&true));

    world.ask(ann, CallRequest::Leave { call });
    let (tx, bye) = world.sent(Method::Bye);
    world.respond(tx, &bye, 200, None);
    assert!(world.gateway.is_idle());
    let [record] = world.records.as_slice() else { panic!("{:?}", world.records) };
    assert_eq!((record.kind, record.direction), (LegKind::Trunk, Direction::Out));
    assert_eq!((record.via.as_str(), record.from.as_str(), record.to.as_str()), ("first", "7001", "7300"));
    assert_eq!((record.call, record.reason), (Some(call), EndReason::Ended));
    assert!(record.ringing_at.is_some() && record.answered_at.is_some());
    assert_eq!((record.codec.as_deref(), record.loss, record.mos), (Some("PCMA"), Some(0.1), Some(4.2)));
}

#[test]
fn the_telephone_hangs_up() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    world.within_theirs(&invite, Method::Bye, None);
    assert_eq!(world.responded(200).headers.get("CSeq").unwrap().split(' ').next_back(), Some("BYE"));
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Ended));
    assert!(world.gateway.is_idle());
    assert_eq!(world.calls.running(), 0);
}

#[test]
fn what_the_telephone_system_says_is_told_apart() {
    for (status, reason) in [
        (486, EndReason::Busy),
        (600, EndReason::Busy),
        (603, EndReason::Declined),
        (404, EndReason::NumberUnknown),
        (480, EndReason::NoAnswer),
    ] {
        let mut world = World::new();
        let ann = world.app(1);
        let call = world.dial(ann, 1, "7300").unwrap();
        let (tx, invite) = world.sent(Method::Invite);
        world.respond(tx, &invite, status, None);
        assert_eq!(world.view(ann, call).ended, Some(reason), "{status}");
        assert!(!world.has_sent(&Method::Invite), "no other trunk after {status}");
        assert_eq!(world.records.len(), 1);
        assert_eq!((world.records[0].status, world.records[0].reason), (Some(status), reason));
        assert!(world.gateway.is_idle());
    }
}

#[test]
fn the_next_trunk_is_tried_when_one_is_down() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 503, None);
    let (tx, _) = world.sent(Method::Invite);
    world.gateway(GatewayInput::Sip(SipInput::Failed { tx, failure: Failure::Unreachable }));
    assert_eq!(world.view(ann, call).ended, Some(EndReason::LineDown));
    let via: Vec<&str> = world.records.iter().map(|record| record.via.as_str()).collect();
    assert_eq!(via, ["first", "second"]);
    assert!(world.records.iter().all(|record| record.reason == EndReason::LineDown));
}

#[test]
fn a_silent_trunk_is_passed_by_within_four_seconds() {
    let mut world = World::new();
    let ann = world.app(1);
    world.dial(ann, 1, "7300").unwrap();
    world.sent(Method::Invite);
    world.pass(Duration::from_secs(4));
    let (_, second) = world.sent(Method::Invite);
    assert_eq!(second.uri.host, "192.0.2.2");
}

#[test]
fn an_announcement_before_the_answer_is_heard() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 183, Some(&sdp("sendrecv")));
    assert!(world.view(ann, call).parties[1].early_media);
    assert_eq!(world.remotes.len(), 1);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    assert_eq!(world.view(ann, call).parties[1].state, LegState::Connected);
}

#[test]
fn hanging_up_before_the_answer_cancels() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 180, None);
    world.ask(ann, CallRequest::Leave { call });
    let cancelled = |output: &SipOutput| matches!(output, SipOutput::Cancel { tx: of, .. } if *of == tx);
    assert!(world.wire.iter().any(cancelled));
    world.respond(tx, &invite, 487, None);
    assert!(world.gateway.is_idle());
    assert_eq!(world.records[0].reason, EndReason::Cancelled);
}

#[test]
fn what_may_not_be_dialled_says_why_and_is_on_record() {
    let mut world = World::new();
    let ann = world.app(1);
    assert_eq!(world.dial(ann, 1, "00886123456"), Err(ErrorCode::NumberNotAllowed));
    assert_eq!(world.dial(ann, 1, "hello"), Err(ErrorCode::BadNumber));
    assert_eq!(world.records.len(), 2);
    assert!(world.records.iter().all(|record| record.call.is_none() && record.kind == LegKind::App));
    let mut config = config();
    config.limits.calls_per_person = 1;
    let mut world = World::with(config);
    let ann = world.app(1);
    world.dial(ann, 1, "7300").unwrap();
    assert_eq!(world.dial(ann, 1, "7301"), Err(ErrorCode::LinesBusy));
}

#[test]
fn no_media_leg_no_call() {
    let mut world = World::new();
    world.no_media = true;
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Failed));
    assert!(!world.has_sent(&Method::Invite));
}

#[test]
fn digits_go_as_events_or_by_info() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some(&sdp("sendrecv")));
    let mut out = Vec::new();
    assert!(world.gateway.digits(world.now, 0, call, "12#", &mut out));
    assert!(format!("{out:?}").contains("Digits(3 of them)"), "{out:?}");

    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    let without = sdp("sendrecv").replace(" 101\r\na=rtpmap:8", "\r\na=rtpmap:8");
    world.respond(tx, &invite, 200, Some(&without));
    let mut out = Vec::new();
    assert!(world.gateway.digits(world.now, 0, call, "5", &mut out));
    let info = out.iter().any(|output| match output {
        super::super::GatewayOutput::Sip(SipOutput::Send { request, .. }) => request.method == Method::Info,
        _ => false,
    });
    assert!(info, "{out:?}");
}

#[test]
fn an_answer_that_cannot_be_used_ends_the_call() {
    let mut world = World::new();
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    world.respond(tx, &invite, 200, Some("v=0\r\nnonsense"));
    let (tx, bye) = world.sent(Method::Bye);
    world.respond(tx, &bye, 200, None);
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Failed));
    assert!(world.gateway.is_idle());
}

#[test]
fn emergency_numbers_have_no_limits_and_no_group() {
    let mut config = config();
    config.limits.calls_per_person = 0;
    let mut world = World::with(config);
    let ann = world.app(1);
    let call = world.dial(ann, 1, "119").unwrap();
    assert!(world.gateway.is_emergency(call));
    world.sent(Method::Invite);
    let mut out = Vec::new();
    let refused = world.gateway.dial(world.now, 0, &card(1), "119", false, &mut out);
    assert_eq!(refused.map_err(|error| error.code), Err(ErrorCode::EmergencyAlone));
}

#[test]
fn a_telephone_that_insists_on_encryption_is_asked_for_it() {
    let mut config = config();
    config.trunks[0].protocol = crate::sip::port::Protocol::Tls;
    config.trunks[0].srtp = crate::sip::config::Srtp::Optional;
    let mut world = World::with(config);
    let ann = world.app(1);
    let call = world.dial(ann, 1, "7300").unwrap();
    let (tx, invite) = world.sent(Method::Invite);
    assert!(String::from_utf8_lossy(&invite.body).contains("RTP/AVP"));
    world.respond(tx, &invite, 488, None);
    let (tx, again) = world.sent(Method::Invite);
    assert!(String::from_utf8_lossy(&again.body).contains("RTP/SAVP"));
    assert_eq!(again.uri, invite.uri, "the same trunk");
    world.respond(tx, &again, 488, None);
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Failed), "once");
}

#[test]
fn nothing_is_left_of_calls_that_are_over() {
    let mut world = World::new();
    let ann = world.app(1);
    for status in [486, 404, 603] {
        world.dial(ann, 1, "7300").unwrap();
        let (tx, invite) = world.sent(Method::Invite);
        world.respond(tx, &invite, status, None);
    }
    assert_eq!(world.gateway.remembered(), 0);
}
