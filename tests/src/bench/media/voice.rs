//! Voice calls of two: set-up, talk, memory.

use std::io;
use std::time::Duration;

use media::rtp::header::Outgoing;

use super::load::{drain, paced};
use super::median;
use super::process::ServerProcess;
use crate::bench::row::Row;
use crate::client::{Client, LEVEL, MID, OPUS, Offer, TRANSPORT_CC};

const CALLS: usize = 200;
/// Calls before the first measurement: pools and tables of the server have their size after them.
const WARM_UP: usize = 10;
/// 50 packets per second and direction, of 32 kbit/s.
const PACKET: Duration = Duration::from_millis(20);
const PAYLOAD: [u8; 80] = [0x55; 80];
const ROUNDS: usize = 4;
const ROUND: Duration = Duration::from_secs(2);
/// What was promised: 400 calls per core, 48 KB per peer, 1.3 ms per set-up.
const CALL_LIMIT: f64 = 2_500.0;
const MEMORY_LIMIT: f64 = 48.0;
const SETUP_LIMIT: f64 = 1.3;

/// `media.voice_call`, `media.peer_memory`, `media.peer_setup`.
pub(super) fn voice_rows() -> io::Result<Vec<Row>> {
    let mut server = ServerProcess::start()?;
    let mut clients = Vec::new();
    for n in 0..WARM_UP {
        clients.extend(call(&mut server, n)?);
    }
    talk(&mut clients, ROUND / 4, 0)?;
    let (resident, cpu) = (server.resident()?, server.worker_cpu()?);
    for n in WARM_UP..WARM_UP + CALLS {
        clients.extend(call(&mut server, n)?);
    }
    let peers = (2 * CALLS) as f64;
    let setup = (server.worker_cpu()? - cpu) as f64 / 1e6 / peers;
    let mut costs = Vec::new();
    for round in 0..ROUNDS {
        let before = server.worker_cpu()?;
        talk(&mut clients, ROUND, 1 + round as u32)?;
        let spent = (server.worker_cpu()? - before) as f64 / 1000.0;
        costs.push(spent / ROUND.as_secs_f64() / (clients.len() / 2) as f64);
    }
    let memory = (server.resident()? - resident) / peers;
    Ok(vec![
        Row::new("media.voice_call", median(costs), "µs/call/s").limit(CALL_LIMIT),
        Row::new("media.peer_memory", memory, "KB").limit(MEMORY_LIMIT),
        Row::new("media.peer_setup", setup, "ms").limit(SETUP_LIMIT),
    ])
}

fn call(server: &mut ServerProcess, n: usize) -> io::Result<[Client; 2]> {
    let (room, peer, ssrc) = (100 + n as u128, 2 * n as u128, 10_000 + 10 * n as u32);
    Ok([
        server.join(room, 1_000 + peer, Offer::voice(ssrc))?,
        server.join(room, 1_001 + peer, Offer::voice(ssrc + 5))?,
    ])
}

/// Everybody talks, one after the other within each packet time, as the packets of many calls come.
fn talk(clients: &mut [Client], duration: Duration, round: u32) -> io::Result<()> {
    let count = clients.len() as u32;
    let mut sent = 0u32;
    for client in clients.iter() {
        client.send_check()?;
    }
    paced(
        duration,
        PACKET / count,
        |_, n| {
            let packet = round * 1_000 + n / count;
            let client = &mut clients[(n % count) as usize];
            drain(&client.socket);
            let (sequence, ssrc) = (packet as u16, client.offer.ssrc);
            let header =
                Outgoing { marker: false, payload_type: OPUS, sequence, timestamp: packet * 960, ssrc };
            let extensions: [(u8, &[u8]); 3] =
                [(LEVEL, &[0x9e]), (TRANSPORT_CC, &sequence.to_be_bytes()), (MID, b"0")];
            client.send(&header, &extensions, &PAYLOAD)?;
            sent += 1;
            Ok(())
        },
        |_| std::thread::yield_now(),
    )
}
