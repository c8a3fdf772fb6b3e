//! Ends: of a log-in, and of the node.

use std::time::Duration;

use super::*;

#[tokio::test]
async fn ending_a_login_closes_its_sockets_and_no_others() {
    let world = World::new();
    let mut ended = world.device(1).await;
    let mut greeting = world.socket(1, 1).await;
    let mut other = world.socket(1, 2).await;
    other.hello(json!({"device": "test", "topics": []})).await;
    world.until("all known", |world| world.hub.load().sockets == 3).await;
    world.hub.end_login(LoginId(Uuid::from_u128(1)));
    assert_eq!(ended.close_code().await, 4003);
    assert_eq!(greeting.close_code().await, 4003);
    assert_eq!(other.ask("ping", json!({})).await["type"], "pong");

    // A socket that was on its way at that moment.
    let mut late = world.socket(1, 1).await;
    assert_eq!(late.close_code().await, 4003);
    drop((ended, greeting, other, late));
    world.check_empty().await;
}

#[tokio::test]
async fn a_login_that_ends_leaves_its_call() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    bob.event(|frame| frame["type"] == "call.state").await;
    world.hub.end_login(LoginId(Uuid::from_u128(1)));
    assert_eq!(bob.event(|frame| frame["data"]["ended"].is_string()).await["data"]["ended"], "cancelled");
    drop((ann, bob));
    world.check_empty().await;
}

#[tokio::test]
async fn draining_sends_the_idle_away_and_lets_a_call_end() {
    let world =
        World::with(HubConfig { shards: 2, drain_spread: Duration::from_millis(50), ..HubConfig::default() });
    let (mut ann, mut bob, mut idle) = (world.device(1).await, world.device(2).await, world.device(3).await);
    let reply = ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    let call = reply["data"]["call"].clone();
    bob.event(|frame| frame["type"] == "call.state").await;
    let hub = world.hub.clone();
    let drained = tokio::spawn(async move { hub.drain(Duration::from_secs(600)).await });

    let mut told = Vec::new();
    assert_eq!(idle.client.close_code(|frame| told.push(frame)).await, 4002);
    let drain = told.iter().find(|frame| frame["type"] == "drain").expect("a drain event");
    assert!(drain["data"]["reconnect_after_ms"].as_u64().unwrap() >= 500);
    let mut late = world.socket(4, 4).await;
    assert_eq!(late.close_code().await, 4002);
    let refused = ann.ask("call.start", json!({"to": [id(3)], "sources": all_on()})).await;
    assert_eq!(refused["data"]["code"], "draining");
    assert!(!drained.is_finished());

    assert_eq!(ann.ask("call.leave", json!({"call": call})).await["type"], "ok");
    assert_eq!(ann.close_code().await, 4002);
    assert_eq!(bob.close_code().await, 4002);
    timeout(PATIENCE, drained).await.expect("drained").unwrap();
    assert!(world.journal.written.lock().unwrap().iter().any(|e| matches!(e, JournalEntry::Closed { .. })));
    drop((ann, bob, idle, late));
    world.check_empty().await;
}

#[tokio::test]
async fn draining_ends_calls_when_its_time_is_over() {
    let world =
        World::with(HubConfig { shards: 1, drain_spread: Duration::from_millis(50), ..HubConfig::default() });
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    bob.event(|frame| frame["type"] == "call.state").await;
    let hub = world.hub.clone();
    let drained = tokio::spawn(async move { hub.drain(Duration::from_millis(400)).await });
    for device in [&mut ann, &mut bob] {
        let view = device.event(|frame| frame["data"]["ended"].is_string()).await;
        assert_eq!(view["data"]["ended"], "failed");
        assert_eq!(device.close_code().await, 4002);
    }
    timeout(PATIENCE, drained).await.expect("drained").unwrap();
    missed_by_bob(&world);
    drop((ann, bob));
    world.check_empty().await;
}

/// The record of the one call is closed, and Bob has missed it.
fn missed_by_bob(world: &World) {
    let entries = world.journal.written.lock().unwrap();
    let bob = PersonId(Uuid::from_u128(2));
    let missed = |entry: &JournalEntry| matches!(entry, JournalEntry::LegEnded { person, missed: true, .. } if *person == bob);
    assert!(entries.iter().any(missed), "{entries:?}");
    assert!(matches!(entries.last(), Some(JournalEntry::Closed { .. })), "{entries:?}");
}

#[tokio::test]
async fn draining_ends_calls_whose_devices_are_all_away() {
    let world = World::new();
    let (mut ann, mut bob) = (world.device(1).await, world.device(2).await);
    ann.ask("call.start", json!({"to": [id(2)], "sources": all_on()})).await;
    bob.event(|frame| frame["type"] == "call.state").await;
    drop((ann, bob));
    world.until("away", |world| world.hub.load().sockets == 0).await;
    timeout(PATIENCE, world.hub.drain(Duration::from_secs(600))).await.expect("nobody to wait for");
    missed_by_bob(&world);
    world.check_empty().await;
}
