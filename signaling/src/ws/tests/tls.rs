//! The same over TLS: records, pieces and back pressure are not those of plain sockets.

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::harness::tls_pair;
use super::*;

async fn expect<S: AsyncRead + AsyncWrite + Unpin>(client: &mut Client<S>, from: u64, to: u64) {
    for seq in from + 1..=to {
        assert_eq!(client.json().await["seq"], seq);
    }
}

#[tokio::test]
async fn requests_and_events_pass() {
    let mut rig = Rig::new(256);
    let (mut client, socket) = tls_pair().await;
    let id = rig.adopt(socket).await;
    client.send(r#"{"id":7,"type":"ping","data":{}}"#).await;
    assert!(matches!(rig.next().await, FromShard::Frame { frame: Ok(_), .. }));
    // Longer than one record, in both directions.
    let long = format!(r#"{{"id":8,"type":"ping","data":{{}},"pad":"{}"}}"#, "x".repeat(40_000));
    client.send(long).await;
    assert!(matches!(rig.next().await, FromShard::Frame { .. }));
    (0..100).for_each(|_| rig.publish(Topic::City, 2_000));
    rig.subscribe(id, Topic::City, 0);
    expect(&mut client, 0, 100).await;
    rig.publish(Topic::City, 50_000);
    expect(&mut client, 100, 101).await;
    client.stream.close(None).await.unwrap();
    rig.closed(id).await;
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn what_waits_in_the_session_is_written_when_the_client_reads_again() {
    let mut rig = Rig::new(4_096);
    let (mut client, socket) = tls_pair().await;
    let id = rig.adopt(socket).await;
    rig.subscribe(id, Topic::City, 0);
    let count = rig.block(Topic::City).await;
    rig.publish(Topic::City, 10);
    expect(&mut client, 0, count + 1).await;
    // All is written: what comes now is sent at once.
    rig.publish(Topic::City, 10);
    expect(&mut client, count + 1, count + 2).await;
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn a_slow_client_is_closed_with_whole_records() {
    let mut rig = Rig::new(4_096);
    let (mut client, socket) = tls_pair().await;
    let id = rig.adopt(socket).await;
    rig.subscribe(id, Topic::City, 0);
    while rig.totals().closed_slow == 0 {
        let before = rig.totals();
        rig.publish(Topic::City, 4_000);
        rig.until(|totals| totals.frames_out > before.frames_out || totals.closed_slow > 0).await;
    }
    rig.closed(id).await;
    let mut last = 0;
    let code = client.close_code(|frame| last = frame["seq"].as_u64().unwrap()).await;
    assert_eq!(code, CloseCode::SlowConsumer as u16);
    assert!(last > 0);
    drop(client);
    rig.check_empty().await;
}
