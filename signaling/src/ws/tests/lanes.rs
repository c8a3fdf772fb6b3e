//! Urgent before bulk, and only the newest presence.

use super::*;
use crate::ids::PersonId;

#[tokio::test]
async fn urgent_overtakes_the_bulk_that_waits_for_a_socket() {
    let mut rig = Rig::new(4_096);
    let (mut client, socket) = rig.client(4_096).await;
    rig.subscribe(socket, Topic::City, 0);
    let count = rig.block(Topic::City).await;
    // Once a later bulk item of the inbox has been handled, the events above are queued.
    let (mut marker, other) = rig.client(0).await;
    rig.subscribe(other, Topic::City, count - 1);
    marker.json().await;
    rig.tell(socket, Lane::Urgent, ToSocket::Text(Lane::Urgent, Bytes::from_static(br#"{"ring":true}"#)));
    let mut before = 0;
    while client.json().await["ring"].is_null() {
        before += 1;
    }
    assert!(before < count, "the ring came after all {count} events");
    for seq in before + 1..=count {
        assert_eq!(client.json().await["seq"], seq);
    }
    drop((client, marker));
    rig.check_empty().await;
}

#[tokio::test]
async fn a_fan_out_lets_urgent_frames_pass() {
    let mut rig = Rig::new(256);
    let mut clients = Vec::new();
    for _ in 0..700 {
        let (client, socket) = rig.client(0).await;
        rig.subscribe(socket, Topic::City, 0);
        clients.push((client, socket));
    }
    // The shard is in the middle of the fan-out when the last socket is told something urgent.
    let (first, (last, last_socket)) = {
        let last = clients.pop().unwrap();
        (clients, last)
    };
    let mut last = last;
    let mut overtaken = false;
    for seq in 1..=200u64 {
        rig.publish(Topic::City, 10);
        rig.tell(
            last_socket,
            Lane::Urgent,
            ToSocket::Text(Lane::Urgent, Bytes::from_static(br#"{"ring":1}"#)),
        );
        let one = last.json().await;
        let two = last.json().await;
        overtaken |= one["ring"] == 1 && two["seq"] == seq;
        if overtaken {
            break;
        }
    }
    assert!(overtaken);
    drop((first, last));
    rig.check_empty().await;
}

#[tokio::test]
async fn presence_is_the_newest_of_each_person() {
    let mut rig = Rig::new(4_096);
    let (mut client, socket) = rig.client(4_096).await;
    let person = PersonId(Uuid::from_u128(5));
    let tell = |rig: &Rig, status| {
        rig.tell(socket, Lane::Bulk, ToSocket::Presence(vec![PresenceView { person, status }]));
    };
    tell(&rig, PresenceStatus::Available);
    let frame = client.json().await;
    assert_eq!((&frame["type"], &frame["topic"]), (&"presence.changed".into(), &"presence".into()));
    rig.subscribe(socket, Topic::City, 0);
    rig.block(Topic::City).await;
    (0..500).for_each(|_| tell(&rig, PresenceStatus::InCall));
    tell(&rig, PresenceStatus::Away);
    let (mut status, mut frames) = (String::new(), 0);
    while status != "away" {
        let frame = client.json().await;
        if frame["type"] == "presence.changed" {
            status = frame["data"]["people"][0]["status"].as_str().unwrap().to_owned();
            frames += 1;
        }
    }
    assert!(frames < 100, "{frames} frames for 501 changes");
    drop(client);
    rig.check_empty().await;
}
