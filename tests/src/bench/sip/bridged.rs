//! `sip.bridged_calls_per_core`: calls between apps (SRTP, Opus) and telephones (RTP, PCMU).

use std::io;
use std::time::Duration;

use super::bridge::{Bridge, Call, Round, calls_at_zero_loss, listen, packets, round};
use super::end::{App, Telephone, Voices};
use super::rtpengine::Rtpengine;
use crate::bench::media::process::ServerProcess;
use crate::bench::row::Row;
use crate::client::Offer;

/// What was promised: so many calls on a core, and nothing lost.
const LIMIT: f64 = 150.0;
/// Calls that speak at once. The figure is of the CPU time that they cost, so that a machine with other work can measure it.
const CALLS: usize = 20;
/// The contenders take turns, so that other load on the machine meets all.
const ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_secs(4);
/// The first packets of a stream may stay in buffers and filters.
const WARM_UP: Duration = Duration::from_secs(1);

/// Calls per core at zero loss, against rtpengine.
pub(super) fn bridged_calls() -> io::Result<Row> {
    let voices = Voices::new()?;
    // rtpengine first: our server would take its peers for gone while nobody sends their checks.
    let mut peer = Rtpengine::start().and_then(|mut peer| {
        let next = listen(&mut peer, &voices)?;
        round(&mut peer, &voices, WARM_UP, next)?;
        Ok((peer, next + packets(WARM_UP)))
    });
    let mut ours = Ours::start()?;
    let mut next = listen(&mut ours, &voices)?;
    round(&mut ours, &voices, WARM_UP, next)?;
    next += packets(WARM_UP);
    let (mut own_rounds, mut peer_rounds) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        own_rounds.push(round(&mut ours, &voices, ROUND, next)?);
        next += packets(ROUND);
        ours.keep_alive()?;
        peer = peer.and_then(|(mut peer, next)| {
            peer_rounds.push(round(&mut peer, &voices, ROUND, next)?);
            Ok((peer, next + packets(ROUND)))
        });
    }
    let value = calls_at_zero_loss(&own_rounds)
        .ok_or_else(|| io::Error::other(format!("no round without loss: {own_rounds:?}")))?;
    let row = Row::new("sip.bridged_calls_per_core", value, "calls").limit(LIMIT);
    Ok(match peer {
        Ok(_) => with_peer(row, &peer_rounds),
        Err(error) => row.note(format!("rtpengine was not measured: {error}")),
    })
}

/// Adds rtpengine's figure; one with loss is better than none, if it says so.
fn with_peer(row: Row, rounds: &[Round]) -> Row {
    match (calls_at_zero_loss(rounds), rounds.iter().min_by_key(|round| round.lost)) {
        (Some(per_core), _) => row.peer("rtpengine", per_core),
        (None, Some(best)) => row.peer("rtpengine", best.per_core).note(format!(
            "rtpengine lost {:.2} % at best; its figure is of that round",
            100.0 * best.lost as f64 / best.sent as f64
        )),
        (None, None) => row,
    }
}

/// Our media engine, one worker.
struct Ours {
    server: ServerProcess,
    calls: Vec<Call>,
}

impl Ours {
    fn start() -> io::Result<Ours> {
        let mut server = ServerProcess::start()?;
        let calls = vec![call(&mut server, 0)?];
        let mut ours = Ours { server, calls };
        for n in 1..CALLS {
            ours.calls.push(call(&mut ours.server, n)?);
            if n.is_multiple_of(25) {
                ours.keep_alive()?;
            }
        }
        Ok(ours)
    }
}

fn call(server: &mut ServerProcess, n: usize) -> io::Result<Call> {
    let (room, peer, ssrc) = (100 + n as u128, 1_000 + 2 * n as u128, 10_000 + 10 * n as u32);
    let telephone = Telephone::new(ssrc + 5)?;
    let client = server.join(room, peer, Offer::voice(ssrc))?;
    telephone.connect(server.join_telephone(room, peer + 1, telephone.socket.local_addr()?)?)?;
    Ok(Call { app: App::Client(Box::new(client)), telephone })
}

impl Bridge for Ours {
    fn calls(&mut self) -> &mut Vec<Call> {
        &mut self.calls
    }

    fn keep_alive(&mut self) -> io::Result<()> {
        self.calls.iter().try_for_each(|call| match &call.app {
            App::Client(client) => client.send_check(),
            App::Sdes(_) => Ok(()),
        })
    }

    fn cpu(&self) -> io::Result<u64> {
        self.server.cpu()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_that_loses_is_named_as_such() {
        let row = || Row::new("sip.bridged_calls_per_core", 200.0, "calls");
        let round = |per_core, lost| Round { per_core, lost, sent: 1_000 };
        let whole = with_peer(row(), &[round(50.0, 9), round(40.0, 0)]);
        assert_eq!((whole.peers["rtpengine"], whole.notes.len()), (40.0, 0));
        let lossy = with_peer(row(), &[round(50.0, 90), round(40.0, 20)]);
        assert_eq!(lossy.peers["rtpengine"], 40.0);
        assert!(lossy.notes[0].contains("2.00 %"), "{:?}", lossy.notes);
    }
}
