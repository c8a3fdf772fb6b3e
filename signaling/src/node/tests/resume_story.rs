//! Hello, resume, and what was missed.

use super::*;

const EPOCH: i64 = MemoryLog::EPOCH;

fn city(seq: u64) -> Value {
    json!([{"topic": "city", "epoch": EPOCH, "seq": seq}])
}

#[tokio::test]
async fn a_new_session_gets_its_own_topic_from_the_head() {
    let world = World::new();
    let own = Topic::Person(PersonId(Uuid::from_u128(1)));
    world.publish(own, 0);
    let mut ann = world.socket(1, 1).await;
    let welcome = ann.hello(json!({"device": "test", "topics": []})).await;
    assert_eq!((&welcome["type"], &welcome["data"]["resumed"]), (&"welcome".into(), &false.into()));
    let head = json!({"topic": own.to_string(), "epoch": EPOCH, "seq": 1, "reset": true});
    assert_eq!(welcome["data"]["topics"], json!([head]));
    world.publish(own, 0);
    world.publish(Topic::City, 0);
    ann.expect(1, 2).await;
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn a_resumed_session_gets_exactly_what_it_missed() {
    let world = World::new();
    world.publish_many(Topic::City, 5);
    let mut ann = world.socket(1, 1).await;
    ann.hello(json!({"device": "test", "topics": city(2)})).await;
    ann.expect(2, 5).await;
    let session = ann.session.clone();
    drop(ann);
    world.until("without its socket", |world| world.hub.load().sockets == 0).await;
    world.publish_many(Topic::City, 5);

    let mut ann = world.socket(1, 1).await;
    let welcome = ann.hello(json!({"resume": session, "device": "test", "topics": city(5)})).await;
    assert_eq!(welcome["data"]["resumed"], true);
    world.publish_many(Topic::City, 5);
    ann.expect(5, 15).await;
    assert_eq!(ann.session, session);

    let reply = ann.ask("ping", json!({})).await;
    let heads = reply["data"]["heads"].as_array().unwrap();
    assert!(heads.iter().any(|head| head["topic"] == "city" && head["seq"] == 15));
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn another_epoch_and_a_position_too_old_are_reset() {
    let world = World::new();
    world.publish_many(Topic::City, 3);
    let mut ann = world.socket(1, 1).await;
    let other = json!([{"topic": "city", "epoch": EPOCH - 1, "seq": 2}]);
    let welcome = ann.hello(json!({"device": "test", "topics": other})).await;
    let head = &welcome["data"]["topics"][1];
    assert_eq!((&head["seq"], &head["reset"]), (&3.into(), &true.into()));
    world.publish(Topic::City, 10);
    ann.expect(3, 4).await;
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn subscribe_and_unsubscribe_while_events_flow() {
    let world = World::new();
    let mut ann = world.device(1).await;
    world.publish_many(Topic::City, 3);
    let reply = ann.ask("subscribe", json!({"topics": city(1)})).await;
    assert_eq!(reply["data"]["topics"][0]["seq"], 3);
    world.publish(Topic::City, 10);
    ann.expect(1, 4).await;
    assert_eq!(ann.ask("unsubscribe", json!({"topics": ["city"]})).await["type"], "ok");
    world.publish(Topic::City, 10);
    let reply = ann.ask("subscribe", json!({"topics": city(4)})).await;
    assert_eq!(reply["type"], "subscribed");
    ann.expect(4, 5).await;
    let denied = json!([{"topic": format!("person:{}", id(2)), "epoch": 0, "seq": 0}]);
    let reply = ann.ask("subscribe", json!({"topics": denied})).await;
    assert_eq!(reply["data"]["code"], "topic_denied");
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn a_log_that_is_away_sends_the_client_back_later() {
    let world = World::new();
    world.log.away.store(true, Ordering::Relaxed);
    let mut ann = world.socket(1, 1).await;
    ann.send("hello", json!({"device": "test", "topics": []})).await;
    assert_eq!(ann.close_code().await, 4002);
    world.log.away.store(false, Ordering::Relaxed);
    let mut ann = world.device(1).await;
    assert_eq!(ann.ask("ping", json!({})).await["type"], "pong");
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn a_second_socket_replaces_the_first_of_a_session() {
    let world = World::new();
    let mut first = world.device(1).await;
    let mut second = world.socket(1, 1).await;
    let data = json!({"resume": first.session, "device": "test", "topics": []});
    assert_eq!(second.hello(data).await["data"]["resumed"], true);
    assert_eq!(first.close_code().await, 4005);
    assert_eq!(second.ask("ping", json!({})).await["type"], "pong");
    drop((first, second));
    world.check_empty().await;
}

#[tokio::test]
async fn frames_sent_with_the_hello_are_answered_after_the_welcome() {
    let world = World::new();
    let mut ann = world.socket(1, 1).await;
    ann.send("hello", json!({"device": "test", "topics": []})).await;
    ann.send("ping", json!({})).await;
    assert_eq!(ann.client.json().await["type"], "welcome");
    assert_eq!(ann.client.json().await["type"], "pong");
    drop(ann);
    world.check_empty().await;
}

#[tokio::test]
async fn presence_changes_are_told_to_those_who_watch() {
    let world = World::new();
    let mut ann = world.device(1).await;
    let reply = ann.ask("presence.watch", json!({"people": [id(2)]})).await;
    assert_eq!(reply["data"]["people"][0]["status"], "offline");
    let mut bob = world.device(2).await;
    let event = ann.event(|frame| frame["type"] == "presence.changed").await;
    assert_eq!(event["data"]["people"], json!([{"person": id(2), "status": "available"}]));
    let bob_id = PersonId(Uuid::from_u128(2));
    assert_eq!(world.hub.presence_of(bob_id).await, crate::wire::server::PresenceStatus::Available);
    assert_eq!(world.hub.logins_in_use().await.len(), 2);
    bob.ask("presence.idle", json!({"idle": true})).await;
    let event = ann.event(|frame| frame["type"] == "presence.changed").await;
    assert_eq!(event["data"]["people"][0]["status"], "away");
    assert_eq!(world.hub.logins_in_use().await.len(), 1);
    drop((ann, bob));
    world.check_empty().await;
}
