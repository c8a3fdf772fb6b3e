//! A desk telephone behind the PBX calls a member of staff.

use std::time::Duration;

use super::world::*;
use crate::call::CallRequest;
use crate::ports::{Direction, JournalEntry};
use crate::sip::config::Fallback;
use crate::sip::gateway::GatewayInput;
use crate::sip::message::Method;
use crate::sip::port::{SipInput, SipOutput};
use crate::wire::call::{EndReason, LegState};

#[test]
fn ring_answer_and_hang_up() {
    let mut world = World::new();
    let ann = world.app(1);
    let (_, invite) = world.invite(PBX, "7001", &[]);
    let call = world.only_call(ann);
    let view = world.view(ann, call);
    assert_eq!((view.parties[0].card.name.as_str(), view.parties[0].card.line), ("Desk", true));
    assert_eq!(view.parties[0].card.extension.as_deref(), Some("2001"));
    let rang =
        |output: &SipOutput| matches!(output, SipOutput::Respond { response, .. } if response.status == 180);
    assert!(!world.wire.iter().any(rang), "no device alerts yet");
    world.ask(ann, CallRequest::Alerting { call, early_media: false });
    world.responded(180);
    world.answer(ann, call);
    let answer = world.responded(200);
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(body.contains("m=audio 30002 RTP/AVP 8 101") && body.contains("a=sendrecv"), "{body}");
    world.ack(&invite, &answer);
    assert_eq!(world.view(ann, call).parties[0].state, LegState::Connected);
    world.within(&invite, &answer, Method::Bye, None);
    world.responded(200);
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Ended));
    assert!(world.gateway.is_idle());
    assert_eq!(world.records[0].direction, Direction::In);
    assert!(world.records[0].ringing_at.is_some() && world.records[0].answered_at.is_some());
}

#[test]
fn the_directory_knows_who_calls() {
    let mut world = World::new();
    let ann = world.app(1);
    let asserted = ("P-Asserted-Identity", "\"Somebody\" <sip:7003@192.0.2.1>");
    world.invite(PBX, "7001", &[asserted]);
    let call = world.only_call(ann);
    let caller = &world.view(ann, call).parties[0].card;
    assert_eq!((caller.name.as_str(), caller.unit.as_str(), caller.line), ("Cleo", "Unit", true));
    assert_ne!(caller.person, person(3), "a line is not the person");
}

#[test]
fn refusals_say_why() {
    let mut world = World::new();
    let ann = world.app(1);
    world.invite(PBX, "7001", &[]);
    let call = world.only_call(ann);
    world.ask(ann, CallRequest::Decline { call, reason: EndReason::Declined });
    world.responded(603);
    world.invite(PBX, "7999", &[]);
    world.responded(404);
    // Not through us to the outside.
    world.invite(PBX, "2002", &[]);
    world.responded(404);
    let mut world = World::new();
    world.invite(PBX, "7001", &[]);
    world.pass(Duration::from_secs(60));
    world.responded(480);
    assert_eq!(world.calls.running(), 0);
}

#[test]
fn nobody_is_there_and_the_call_is_forwarded() {
    let mut config = config();
    config.fallback = Fallback::Forward("7300".into());
    let mut world = World::with(config);
    let (_, invite) = world.invite(PBX, "7001", &[]);
    while !world.has_sent(&Method::Invite) {
        world.pass(Duration::from_secs(1));
    }
    let (tx, forwarded) = world.sent(Method::Invite);
    assert_eq!(forwarded.uri.user.as_deref(), Some("7300"));
    world.respond(tx, &forwarded, 180, None);
    world.responded(180);
    world.respond(tx, &forwarded, 200, Some(&sdp("sendrecv")));
    let answer = world.responded(200);
    world.ack(&invite, &answer);
    assert_eq!(world.remotes.len(), 2);
    let missed = |entry: &JournalEntry| matches!(entry, JournalEntry::LegEnded { missed: true, .. });
    assert!(world.journal.iter().any(missed), "who was called has missed it all the same");
}

#[test]
fn the_caller_gives_up() {
    let mut world = World::new();
    let ann = world.app(1);
    let (tx, invite) = world.invite(PBX, "7001", &[]);
    let call = world.only_call(ann);
    world.gateway(GatewayInput::Sip(SipInput::Cancelled { tx, request: invite }));
    world.responded(487);
    assert_eq!(world.view(ann, call).ended, Some(EndReason::Cancelled));
    assert!(world.gateway.is_idle());
}

#[test]
fn two_devices_ring_and_one_answers() {
    let mut world = World::new();
    let (one, two) = (world.app(1), world.app(1));
    world.invite(PBX, "7001", &[]);
    let call = world.only_call(one);
    world.answer(two, call);
    world.responded(200);
    assert_eq!(world.view(one, call).me.device.as_deref(), Some("app"));
}

#[test]
fn a_fax_rings_nobody() {
    let mut world = World::new();
    let ann = world.app(1);
    let mut request = world.invite(PBX, "7001", &[]).1;
    world.responded(100);
    let before = world.apps[&ann].views.len();
    request.headers.set("Call-ID", "fax");
    request.body =
        sdp("sendrecv").replace("m=audio 4000 RTP/AVP 8 101", "m=image 4000 udptl t38").into_bytes();
    world.request(PBX, request);
    world.responded(488);
    assert_eq!(world.apps[&ann].views.len(), before);
}

#[test]
fn a_delayed_offer_gets_ours_with_the_answer() {
    let mut world = World::new();
    let ann = world.app(1);
    let mut request = world.invite(PBX, "7999", &[]).1;
    request.headers.set("Call-ID", "delayed");
    request.uri.user = Some("7001".into());
    request.headers.remove("Content-Type");
    request.body.clear();
    world.request(PBX, request.clone());
    let call = world.only_call(ann);
    world.answer(ann, call);
    let answer = world.responded(200);
    assert!(String::from_utf8_lossy(&answer.body).contains("RTP/AVP 9 8 0 101 13"));
    let mut ack = request;
    ack.method = Method::Ack;
    ack.headers.set("To", answer.headers.get("To").unwrap());
    ack.headers.set("CSeq", "1 ACK");
    ack.headers.push("Content-Type", "application/sdp");
    ack.body = sdp("sendrecv").into_bytes();
    world.gateway(GatewayInput::Sip(SipInput::Ack { request: ack }));
    assert_eq!(world.remotes.len(), 1);
    assert_eq!(world.view(ann, call).parties[0].state, LegState::Connected);
}
