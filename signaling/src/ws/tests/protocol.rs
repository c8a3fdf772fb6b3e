//! What clients send, and how sockets end.

use tokio::io::AsyncReadExt;
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::wire::client::Request;

const PING: &str = r#"{"id":7,"type":"ping","data":{}}"#;

#[tokio::test]
async fn requests_reach_the_node_and_broken_ones_too() {
    let mut rig = Rig::new(8);
    let (mut client, socket) = rig.client(0).await;
    client.send(PING).await;
    let FromShard::Frame { socket: from, frame: Ok(frame) } = rig.next().await else { panic!("no frame") };
    assert_eq!((from, frame.id, frame.request), (socket, 7, Request::Ping {}));
    client.send("{").await;
    let FromShard::Frame { frame: Err((_, code)), .. } = rig.next().await else { panic!("no frame") };
    assert_eq!(code, ErrorCode::BadFrame);
    assert_eq!(shard_of(socket), 3);
    client.stream.close(None).await.unwrap();
    rig.closed(socket).await;
    rig.check_empty().await;
}

#[tokio::test]
async fn bytes_read_with_the_upgrade_are_not_lost() {
    let mut rig = Rig::new(8);
    let (client, socket) = pair(0).await;
    // `{}` masked with zeros, as the first bytes after the upgrade request.
    let prefix = Bytes::from_static(b"\x81\x82\0\0\0\0{}");
    let adopted = Adopted { socket, prefix, identity: identity(1, 1) };
    rig.shard.inbox().force(Lane::Bulk, ToShard::Adopt(Box::new(adopted)));
    assert!(matches!(rig.next().await, FromShard::Opened { .. }));
    assert!(matches!(rig.next().await, FromShard::Frame { frame: Err(_), .. }));
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn an_overloaded_node_is_answered_for() {
    let mut rig = Rig::with(8, NEVER, NEVER, 1);
    let (mut client, _) = rig.client(0).await;
    client.send(PING).await;
    client.send(PING).await;
    let reply = client.json().await;
    assert_eq!((&reply["id"], &reply["data"]["code"]), (&7.into(), &"rate_limited".into()));
    assert!(reply["data"]["retry_after_ms"].as_u64().unwrap() > 0);
    assert_eq!(rig.totals().refused_overload, 1);
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn breaches_are_closed_with_their_code() {
    let mut rig = Rig::new(8);
    let (mut client, socket) = rig.client(0).await;
    client.stream.send_binary().await;
    assert_eq!(client.close_code(|_| panic!("no text")).await, 1003);
    rig.closed(socket).await;
    drop(client);

    let (mut client, socket) = rig.client(0).await;
    client.raw(Bytes::from_static(b"\x81\xff\0\0\0\0\0\x10\0\0\0\0\0\0")).await;
    let mut seen = Vec::new();
    assert_eq!(client.close_code(|frame| seen.push(frame)).await, 1009);
    assert_eq!(seen[0]["data"]["code"], "frame_too_large");
    rig.closed(socket).await;
    assert_eq!(rig.totals().closed_protocol, 2);
    drop(client);
    rig.check_empty().await;
}

trait SendBinary {
    async fn send_binary(&mut self);
}

impl SendBinary for tokio_tungstenite::WebSocketStream<tokio::net::TcpStream> {
    async fn send_binary(&mut self) {
        futures_util::SinkExt::send(self, Message::binary(vec![1])).await.unwrap();
    }
}

#[tokio::test]
async fn what_was_sent_before_a_close_arrives() {
    let mut rig = Rig::new(8);
    let (mut client, socket) = rig.client(0).await;
    rig.tell(socket, Lane::Urgent, ToSocket::Text(Lane::Urgent, Bytes::from_static(b"1")));
    rig.tell(socket, Lane::Urgent, ToSocket::Close(CloseCode::LoggedOut));
    rig.tell(socket, Lane::Urgent, ToSocket::Text(Lane::Urgent, Bytes::from_static(b"2")));
    let mut seen = Vec::new();
    assert_eq!(client.close_code(|frame| seen.push(frame)).await, CloseCode::LoggedOut as u16);
    assert_eq!(seen, [1]);
    rig.closed(socket).await;
    drop(client);
    rig.check_empty().await;
}

#[tokio::test]
async fn a_silent_socket_is_dropped_and_a_living_one_is_not() {
    let mut rig = Rig::with(8, Duration::from_millis(400), NEVER, usize::MAX);
    let (mut living, living_socket) = rig.client(0).await;
    let (silent, silent_socket) = rig.client(0).await;
    let mut raw = silent.stream.into_inner();
    let answering = tokio::spawn(async move {
        // Reading makes the library answer the pings.
        while let Some(Ok(_)) = living.message().await {}
    });
    rig.closed(silent_socket).await;
    assert_eq!(rig.totals().closed_silent, 1);
    let mut bytes = Vec::new();
    raw.read_to_end(&mut bytes).await.unwrap();
    // One may have come while the client still read.
    assert!([&b"\x89\0"[..], b"\x89\0\x89\0"].contains(&&bytes[..]), "not two pings: {bytes:?}");
    answering.abort();
    assert!(answering.await.is_err(), "the living one heard no end");
    rig.closed(living_socket).await;
    rig.check_empty().await;
}
