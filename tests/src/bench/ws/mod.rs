//! What a delivery, a burst, an idle socket and a ring cost: the hub against a bare `send()` and nats-server, in one run.
//!
//! The hub (one shard) or the peer runs on the first core; one client process with raw epoll, the same for both, holds the
//! other ends on the last core. A round publishes and waits until every client has every message; its cost is the CPU time of
//! all threads of the server's process. Rounds of the hub and of the bare `send()` to the same sockets alternate, so both
//! see the same machine.

pub mod client;
mod hub;
mod nats;
mod probe;
mod process;

use super::row::Row;
use client::{Client, Kind};
use hub::BenchHub;
use nats::Nats;

/// Sockets. Their other ends are in another process, so that the limit of open files holds for both.
const SOCKETS: usize = 10_000;
/// Rounds of each kind; the figure is their median.
const ROUNDS: usize = 12;
/// Messages of a burst.
const BURST: usize = 16;
/// Probes of the urgent lane while fan-outs run back to back.
const PROBES: usize = 500;
/// Bytes of one message, WebSocket header included.
const MESSAGE: usize = 300;
/// Promised bounds: memory of an idle socket in KB, delay of a ring in milliseconds.
const IDLE_KB: f64 = 6.0;
const RING_MS: f64 = 20.0;

/// Measures the hub and its peer.
///
/// # Panics
/// When the machine cannot run it: too few files, no `nats-server`, no loopback. A bench without its peer is no bench.
pub fn rows() -> Vec<Row> {
    process::raise_open_files(SOCKETS + 1_000);
    let affinity = process::pin_to_first_core();
    let hub = measure_hub();
    let nats = measure_nats();
    process::set_affinity(&affinity);
    let peer = |row: Row, value: f64| row.peer("nats-server", value);
    vec![
        peer(Row::new("ws.idle_memory", hub.idle_kb, "KB/socket").limit(IDLE_KB), nats.idle_kb),
        peer(Row::new("ws.fanout", hub.single_us, "µs/delivery").limit(hub.send_us), nats.single_us),
        peer(Row::new("ws.fanout_burst", hub.burst_us, "µs/delivery").limit(hub.send_us), nats.burst_us),
        peer(Row::new("ws.ring_delay", hub.ring_ms, "ms p99").limit(RING_MS), nats.ring_ms),
    ]
}

/// Figures of one server.
struct Figures {
    idle_kb: f64,
    single_us: f64,
    burst_us: f64,
    /// The bare `send()` to the same sockets; 0 for the peer, whose sockets are not ours.
    send_us: f64,
    ring_ms: f64,
}

fn measure_hub() -> Figures {
    let mut hub = BenchHub::start();
    let me = std::process::id();
    let before = process::resident_kb(me);
    let mut client = Client::start(Kind::WebSocket, hub.address(), SOCKETS, &hub.hello());
    hub.accept(SOCKETS);
    client.ready();
    let idle_kb = (process::resident_kb(me) - before) / SOCKETS as f64;
    let mut expected = 0;
    let mut round = |hub: &mut BenchHub, count: usize, bare: bool| {
        let cpu = process::cpu_ns(me);
        if bare {
            hub.send_bare()
        } else {
            (0..count).for_each(|_| hub.publish())
        }
        expected += count * SOCKETS;
        client.expect(expected);
        (process::cpu_ns(me) - cpu) / 1_000.0 / (count * SOCKETS) as f64
    };
    round(&mut hub, 1, false);
    let (mut single, mut send, mut burst) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        send.push(round(&mut hub, 1, true));
        single.push(round(&mut hub, 1, false));
    }
    for _ in 0..ROUNDS / 3 {
        burst.push(round(&mut hub, BURST, false));
    }
    let ring_ms = probe::hub_ring_ms(&mut hub, &mut client, expected, SOCKETS, PROBES);
    Figures { idle_kb, single_us: median(single), burst_us: median(burst), send_us: median(send), ring_ms }
}

fn measure_nats() -> Figures {
    let mut nats = Nats::start();
    let before = process::resident_kb(nats.pid());
    let mut client = Client::start(Kind::Nats, nats.address(), SOCKETS, "");
    client.ready();
    let idle_kb = (process::resident_kb(nats.pid()) - before) / SOCKETS as f64;
    let mut expected = 0;
    let mut round = |nats: &mut Nats, count: usize| {
        let cpu = process::cpu_ns(nats.pid());
        nats.publish(count);
        expected += count * SOCKETS;
        client.expect(expected);
        (process::cpu_ns(nats.pid()) - cpu) / 1_000.0 / (count * SOCKETS) as f64
    };
    round(&mut nats, 1);
    let single = (0..ROUNDS / 2).map(|_| round(&mut nats, 1)).collect();
    let burst = (0..ROUNDS / 3).map(|_| round(&mut nats, BURST)).collect();
    let ring_ms = probe::nats_ring_ms(&mut nats, &mut client, expected, SOCKETS, PROBES);
    Figures { idle_kb, single_us: median(single), burst_us: median(burst), send_us: 0.0, ring_ms }
}

fn median(values: Vec<f64>) -> f64 {
    percentile(values, 0.5)
}

/// The value below which this part of all values lies.
fn percentile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * part).round() as usize).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_values() {
        let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!((median(values.clone()), percentile(values, 0.99)), (50.0, 99.0));
        assert!(median(Vec::new()).is_nan());
    }
}
