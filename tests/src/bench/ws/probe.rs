//! How long something urgent takes while fan-outs run back to back.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::client::{Client, text_frame};
use super::hub::{BenchHub, probe_socket};
use super::nats::{self, Nats};
use super::{percentile, process};

/// Sockets that take turns, so that none asks more often than a session may.
const PROBERS: usize = 12;

/// p99 in milliseconds of a request to its reply, which takes the urgent lane, as a ring does.
pub(super) fn hub_ring_ms(
    hub: &mut BenchHub,
    client: &mut Client,
    received: usize,
    sockets: usize,
    probes: usize,
) -> f64 {
    let mut probers: Vec<TcpStream> = (0..PROBERS).map(|_| probe_socket(hub)).collect();
    during_fan_outs(hub.publisher(), client, received, sockets, || {
        let delays = (0..probes).map(|turn| {
            let id = 2 + turn / PROBERS;
            let request = text_frame(format!(r#"{{"id":{id},"type":"ping","data":{{}}}}"#).as_bytes());
            round_trip_ms(&mut probers[turn % PROBERS], &request, b"pong")
        });
        percentile(delays.collect(), 0.99)
    })
}

/// The same with a message on a subject of its own.
pub(super) fn nats_ring_ms(
    server: &mut Nats,
    client: &mut Client,
    received: usize,
    sockets: usize,
    probes: usize,
) -> f64 {
    let mut socket = nats::connect(server.address());
    socket.write_all(b"SUB ring 1\r\n").expect("a server that reads");
    during_fan_outs(server.publisher(), client, received, sockets, || {
        let delays =
            (0..probes).map(|_| round_trip_ms(&mut socket, b"PUB ring 4\r\nring\r\n", b"\r\nring\r\n"));
        percentile(delays.collect(), 0.99)
    })
}

/// Measures while another thread publishes the next message as soon as everybody has the last one.
fn during_fan_outs(
    mut publish: impl FnMut() + Send,
    client: &mut Client,
    mut received: usize,
    sockets: usize,
    measure: impl FnOnce() -> f64,
) -> f64 {
    let done = Arc::new(AtomicBool::new(false));
    let ended = done.clone();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                publish();
                received += sockets;
                client.expect(received);
            }
        });
        let value = measure();
        done.store(true, Ordering::Relaxed);
        value
    })
}

fn round_trip_ms(socket: &mut TcpStream, request: &[u8], reply: &[u8]) -> f64 {
    let began = process::now();
    socket.write_all(request).expect("a server that reads");
    let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
    while !seen.windows(reply.len()).any(|window| window == reply) {
        let read = socket.read(&mut buffer).expect("a reply");
        assert_ne!(read, 0, "the server closed the probe");
        seen.extend_from_slice(&buffer[..read]);
    }
    began.elapsed().as_secs_f64() * 1_000.0
}
