//! Two colleagues call each other.

use super::*;
use media::control::{LostReason, Quality, Slot};
use media::ids::Source;

/// Ann calls Bob, his device alerts; gives the call.
async fn ring(ann: &mut Device, bob: &mut Device) -> String {
    let reply = ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    assert_eq!(reply["type"], "call", "{reply}");
    let call = reply["data"]["call"].as_str().unwrap().to_owned();
    assert_eq!(bob.event(|frame| frame["type"] == "call.state").await["data"]["call"], call);
    assert_eq!(bob.ask("call.alerting", json!({"call": call})).await["type"], "ok");
    ann.leg_of(2, "ringing").await;
    call
}

async fn offer(device: &mut Device, call: &str) -> Value {
    let sends = json!([{"mid": "0", "source": "mic"}]);
    device.ask("media.offer", json!({"call": call, "sdp": "v=0", "sends": sends})).await
}

async fn connect(world: &World, ann: &mut Device, bob: &mut Device) -> String {
    let call = ring(ann, bob).await;
    assert_eq!(offer(ann, &call).await["data"]["sdp"], "answer to v=0");
    assert_eq!(offer(bob, &call).await["data"]["sdp"], "answer to v=0");
    let reply = bob.ask("call.answer", json!({"call": call, "sources": all_on()})).await;
    assert_eq!(reply["type"], "call", "{reply}");
    ann.leg_of(2, "connected").await;
    // His media was up while it rang, so the reply already says connected.
    let view = &reply["data"];
    assert_eq!(view["me"]["state"], "connected");
    let peer = PeerId(view["me"]["peer"].as_str().unwrap().parse().unwrap());
    assert!(world.commands(&call).contains(&format!("SetOpen({peer}, true)")));
    call
}

#[tokio::test]
async fn call_ring_answer_and_hang_up() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    let call = connect(&world, &mut ann, &mut bob).await;
    ann.ask("call.leave", json!({"call": call})).await;
    let view = bob.event(|frame| frame["data"]["ended"].is_string()).await;
    assert_eq!(view["data"]["ended"], "ended");
    world.until("over", |world| world.hub.load().calls == 0).await;
    assert_eq!(world.commands(&call).last().unwrap(), "Close");
    let entries = world.journal.written.lock().unwrap().clone();
    assert!(matches!(entries[0], JournalEntry::Opened { .. }));
    assert!(matches!(entries.last(), Some(JournalEntry::Closed { .. })));
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn a_cancelled_call_is_a_missed_one() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    let call = ring(&mut ann, &mut bob).await;
    ann.ask("call.leave", json!({"call": call})).await;
    let view = bob.event(|frame| frame["data"]["ended"].is_string()).await;
    assert_eq!(view["data"]["ended"], "cancelled");
    let missed = |world: &World| {
        let entries = world.journal.written.lock().unwrap();
        entries.iter().any(|entry| matches!(entry, JournalEntry::LegEnded { missed: true, .. }))
    };
    world.until("missed", missed).await;
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn a_busy_journal_delays_the_ring_but_loses_nothing() {
    let world = World::new();
    world.journal.refuse.store(3, Ordering::Relaxed);
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    ring(&mut ann, &mut bob).await;
    let entries = world.journal.written.lock().unwrap().clone();
    assert!(matches!(entries[..2], [JournalEntry::Opened { .. }, JournalEntry::Invited { .. }]));
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn who_does_not_exist_cannot_be_called() {
    let world = World::new();
    let mut ann = world.device(1).await;
    let reply = ann.ask("call.start", json!({"to": [id(5_000)], "sources": all_on()})).await;
    assert_eq!(reply["data"]["code"], "no_such_person");
    world.directory.away.store(true, Ordering::Relaxed);
    let reply = ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    assert_eq!(reply["data"]["code"], "internal");
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn events_of_the_media_plane_reach_the_right_sessions() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    let call = connect(&world, &mut ann, &mut bob).await;
    let call_id = CallId(call.parse().unwrap());
    let view = ann.ask("call.sources", json!({"call": call, "sources": all_on()})).await;
    assert_eq!(view["type"], "ok");
    let peers = peers(&mut ann, &call).await;
    let (ann_peer, bob_peer) = (peers[0], peers[1]);
    let room = call_id.room();
    let slots = vec![Slot { mid: "1".into(), track: Some((bob_peer, Source::Mic)) }];
    (world.media.events)(MediaEvent::Slots { room, peer: ann_peer, slots });
    let event = ann.event(|frame| frame["type"] == "media.slots").await;
    assert_eq!(event["data"]["slots"], json!([{"mid": "1", "peer": bob_peer, "source": "mic"}]));
    (world.media.events)(MediaEvent::Speakers { room, speakers: vec![bob_peer] });
    for device in [&mut ann, &mut bob] {
        let event = device.event(|frame| frame["type"] == "media.speakers").await;
        assert_eq!(event["data"], json!({"call": call, "speakers": [bob_peer]}));
    }
    (world.media.events)(MediaEvent::Quality { room, peer: bob_peer, quality: Quality::default() });
    assert_eq!(bob.event(|frame| frame["type"] == "media.quality").await["data"]["call"], call);
    let reason = LostReason::ConsentExpired;
    (world.media.events)(MediaEvent::Lost { room, peer: bob_peer, reason });
    assert_eq!(bob.event(|frame| frame["type"] == "media.lost").await["data"]["call"], call);
    drop((ann, bob));
    world.check_empty().await;
}

/// The peers of the call, Ann's first, from a view.
async fn peers(ann: &mut Device, call: &str) -> Vec<PeerId> {
    let reply = ann.ask("call.hold", json!({"call": call, "hold": false})).await;
    let view = if reply["type"] == "call" { reply["data"].clone() } else { panic!("{reply}") };
    let parties = view["parties"].as_array().unwrap().clone();
    parties.iter().map(|party| PeerId(party["peer"].as_str().unwrap().parse().unwrap())).collect()
}

#[tokio::test]
async fn an_offer_without_an_answer_is_refused_and_so_is_one_for_no_call() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    let call = ring(&mut ann, &mut bob).await;
    let data = json!({"call": call, "sdp": "drop", "sends": []});
    assert_eq!(ann.ask("media.offer", data).await["data"]["code"], "media_unavailable");
    let data = json!({"call": id(77), "sdp": "v=0", "sends": []});
    assert_eq!(ann.ask("media.offer", data).await["data"]["code"], "no_such_call");
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn a_full_media_plane_ends_the_call_as_failed() {
    let world = World::new();
    world.media.full.store(true, Ordering::Relaxed);
    let (mut ann, bob) = (world.device(1).await, world.device(2).await);
    ann.send("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    let failed =
        |frame: &Value| frame["data"]["ended"] == "failed" || frame["data"]["code"] == "media_unavailable";
    ann.event(failed).await;
    world.until("over", |world| world.hub.load().calls == 0).await;
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn a_device_that_loses_its_socket_finds_its_call_again() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    let call = connect(&world, &mut ann, &mut bob).await;
    let session = bob.session.clone();
    drop(bob);
    ann.leg_of(2, "reconnecting").await;
    let mut bob = world.socket(2, 2).await;
    let data = json!({"resume": session, "device": "test", "topics": []});
    let welcome = bob.hello(data).await;
    assert_eq!(welcome["data"]["calls"][0]["call"], call);
    assert_eq!(welcome["data"]["calls"][0]["me"]["here"], true);
    ann.leg_of(2, "connected").await;
    drop((ann, bob));
    world.check_empty().await;
}
