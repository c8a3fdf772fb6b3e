//! Durable topics reach each socket without gap or repetition.

use serde_json::Value;

use super::*;

fn seq(frame: &Value) -> u64 {
    frame["seq"].as_u64().unwrap_or_else(|| panic!("no sequence in {frame}"))
}

/// Reads the events up to `to` and checks that they follow `from` one by one.
async fn expect(client: &mut Client, from: u64, to: u64) {
    for expected in from + 1..=to {
        assert_eq!(seq(&client.json().await), expected);
    }
}

#[tokio::test]
async fn missed_events_come_once_and_before_live_ones() {
    let mut rig = Rig::new(256);
    (0..10).for_each(|_| rig.publish(Topic::City, 10));
    let (mut client, socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 4);
    (0..10).for_each(|_| rig.publish(Topic::City, 10));
    expect(&mut client, 4, 20).await;
    rig.subscribe(socket, Topic::City, 20);
    rig.publish(Topic::City, 10);
    expect(&mut client, 20, 21).await;
    assert_eq!(rig.log.reads.load(Ordering::Relaxed), 0, "the ring serves what it has");
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn what_the_ring_has_lost_comes_from_the_log() {
    let mut rig = Rig::new(8);
    (0..300).for_each(|_| rig.publish(Topic::City, 2_000));
    let (mut client, socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 0);
    expect(&mut client, 0, 300).await;
    rig.publish(Topic::City, 10);
    expect(&mut client, 300, 301).await;
    assert!(rig.totals().replays_log >= 4);
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn what_nobody_has_any_more_ends_in_a_resync() {
    let mut rig = Rig::new(8);
    (0..40).for_each(|_| rig.publish(Topic::City, 10));
    rig.log.prune(Topic::City, 20);
    let (mut client, socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 5);
    let frame = client.json().await;
    assert_eq!((&frame["topic"], &frame["type"]), (&"hub".into(), &"resync".into()));
    assert_eq!((seq(&frame["data"]["head"]), frame["data"]["head"]["reset"].as_bool()), (40, Some(true)));
    rig.publish(Topic::City, 10);
    expect(&mut client, 40, 41).await;
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn an_unsubscribed_socket_hears_nothing_more() {
    let mut rig = Rig::new(256);
    let (mut client, socket) = rig.client(0).await;
    let (mut other, other_socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 0);
    rig.subscribe(other_socket, Topic::City, 0);
    rig.publish(Topic::City, 10);
    expect(&mut client, 0, 1).await;
    rig.tell(socket, Lane::Urgent, ToSocket::Unsubscribe(Topic::City));
    rig.tell(socket, Lane::Urgent, ToSocket::Text(Lane::Bulk, Bytes::from_static(br#"{"seq":99}"#)));
    expect(&mut client, 98, 99).await;
    rig.publish(Topic::City, 10);
    rig.publish(Topic::City, 10);
    expect(&mut other, 0, 3).await;
    rig.tell(socket, Lane::Bulk, ToSocket::Text(Lane::Bulk, Bytes::from_static(br#"{"seq":100}"#)));
    expect(&mut client, 99, 100).await;
    drop((client, other));
    rig.check_empty().await;
}

#[tokio::test]
async fn a_client_that_stops_reading_is_closed_and_resumes_without_loss() {
    let mut rig = Rig::new(4_096);
    let (mut slow, socket) = rig.client(4_096).await;
    let (mut quick, quick_socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 0);
    rig.subscribe(quick_socket, Topic::City, 0);
    let mut count = 0;
    while rig.totals().closed_slow == 0 {
        rig.publish(Topic::City, 2_000);
        count += 1;
        expect(&mut quick, count - 1, count).await;
    }
    rig.closed(socket).await;
    let mut cursor = 0;
    let code = slow
        .close_code(|frame| {
            cursor += 1;
            assert_eq!(seq(&frame), cursor);
        })
        .await;
    assert_eq!(code, CloseCode::SlowConsumer as u16);
    assert!(cursor < count);
    let (mut again, socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, cursor);
    expect(&mut again, cursor, count).await;
    drop((slow, quick, again));
    rig.check_empty().await;
}

#[tokio::test]
async fn a_socket_that_takes_nothing_for_too_long_is_closed() {
    let mut rig = Rig::with(4_096, NEVER, Duration::from_millis(200), usize::MAX);
    let (mut slow, socket) = rig.client(4_096).await;
    rig.subscribe(socket, Topic::City, 0);
    rig.block(Topic::City).await;
    rig.closed(socket).await;
    let mut last = 0;
    assert_eq!(slow.close_code(|frame| last = seq(&frame)).await, CloseCode::SlowConsumer as u16);
    assert!(last >= 1);
    drop(slow);
    rig.check_empty().await;
}

#[tokio::test]
async fn a_shard_that_fell_behind_the_bus_catches_up() {
    let mut rig = Rig::new(16_384);
    let (mut client, socket) = rig.client(0).await;
    rig.subscribe(socket, Topic::City, 0);
    rig.publish(Topic::City, 0);
    expect(&mut client, 0, 1).await;
    let mut last = 1;
    while rig.totals().lagged == 0 {
        // More in one go than the shard's queue holds.
        (0..200).for_each(|_| rig.publish(Topic::City, 0));
        expect(&mut client, last, last + 200).await;
        last += 200;
    }
    drop(client);
    rig.check_empty().await;
}
