//! A round of bridged calls, the same for all contenders: everybody speaks, and what comes out at the other end is counted.

use std::io;
use std::time::Duration;

use media::bridge::codec::OpusDecoder;

use super::end::{APP_PITCH, App, LOOP, PHONE_PITCH, Telephone, Voices, share};
use crate::bench::media::load::{self, paced};
use crate::bench::media::median;

/// Time between two packets of a stream.
const PACKET: Duration = Duration::from_millis(20);
/// What has not arrived so long after the last packet is lost.
const LATEST: Duration = Duration::from_millis(300);
/// Least part of what is heard that must be the voice of the other end, so that noise or silence does not count as a call.
const LEAST_SHARE: f64 = 0.4;

/// One call.
pub(super) struct Call {
    pub(super) app: App,
    pub(super) telephone: Telephone,
}

/// A server with calls of which it makes PCMU of Opus and Opus of PCMU.
pub(super) trait Bridge {
    fn calls(&mut self) -> &mut Vec<Call>;
    /// What ends send besides media.
    fn keep_alive(&mut self) -> io::Result<()>;
    /// CPU time of the server so far, in ns.
    fn cpu(&self) -> io::Result<u64>;
}

/// What a round showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Round {
    /// Calls that a core could carry at this cost.
    pub(super) per_core: f64,
    /// Packets that were sent and did not arrive.
    pub(super) lost: usize,
    /// Packets that were sent.
    pub(super) sent: usize,
}

/// Lets all calls speak for `duration`; `first` is the number of their first packet.
pub(super) fn round(
    bridge: &mut impl Bridge,
    voices: &Voices,
    duration: Duration,
    first: u32,
) -> io::Result<Round> {
    bridge.keep_alive()?;
    for call in bridge.calls() {
        call.app.arrived();
        call.telephone.arrived();
    }
    let (before, start) = (bridge.cpu()?, load::now());
    let calls = bridge.calls();
    let count = calls.len();
    let (mut sent, mut arrived) = (0, 0);
    // Each end of each call in its turn, so that packets come as those of many calls do.
    paced(
        duration,
        PACKET / (2 * count as u32),
        |_, step| {
            let (packet, turn) = (first + step / (2 * count as u32), step as usize % (2 * count));
            let call = &mut calls[turn / 2];
            if turn.is_multiple_of(2) {
                arrived += call.app.arrived();
                call.app.say(packet, voices)?;
            } else {
                arrived += call.telephone.arrived();
                call.telephone.say(packet, voices)?;
            }
            sent += 1;
            Ok(())
        },
        |_| std::thread::yield_now(),
    )?;
    let (spent, lasted) = (bridge.cpu()? - before, start.elapsed());
    let until = load::now() + LATEST;
    while arrived < sent && load::now() < until {
        load::pause(PACKET);
        arrived += bridge
            .calls()
            .iter_mut()
            .map(|call| call.app.arrived() + call.telephone.arrived())
            .sum::<usize>();
    }
    let cores = spent as f64 / lasted.as_nanos() as f64;
    Ok(Round { per_core: count as f64 / cores, lost: sent.saturating_sub(arrived), sent })
}

/// Packets that [`round`] numbers in `duration`, and one more.
pub(super) fn packets(duration: Duration) -> u32 {
    (duration.as_millis() / PACKET.as_millis()) as u32 + 2
}

/// Lets the first call speak for three loops and listens: both ends must hear each other.
pub(super) fn listen(bridge: &mut impl Bridge, voices: &Voices) -> io::Result<u32> {
    bridge.keep_alive()?;
    let call = bridge.calls().first_mut().ok_or_else(|| io::Error::other("no call"))?;
    let mut decoder = OpusDecoder::new(8_000).map_err(io::Error::other)?;
    let (mut at_app, mut at_telephone) = (Vec::new(), Vec::new());
    paced(
        PACKET * (3 * LOOP) as u32,
        PACKET,
        |_, n| {
            call.app.say(n, voices)?;
            call.telephone.say(n, voices)?;
            at_app.extend(call.app.hear(&mut decoder)?);
            at_telephone.extend(call.telephone.hear()?);
            Ok(())
        },
        load::pause,
    )?;
    for (what, pcm, pitch) in [("app", &at_app, PHONE_PITCH), ("telephone", &at_telephone, APP_PITCH)] {
        let settled = pcm.len().checked_sub(2 * 8_000).and_then(|from| pcm.get(from..));
        let settled =
            settled.ok_or_else(|| io::Error::other(format!("the {what} hears {} samples", pcm.len())))?;
        let share = share(settled, 8_000, pitch);
        if share < LEAST_SHARE {
            return Err(io::Error::other(format!("the {what} hears the other end with {share:.2} only")));
        }
    }
    Ok(packets(PACKET * (3 * LOOP) as u32))
}

/// The middle of the rounds in which nothing was lost.
pub(super) fn calls_at_zero_loss(rounds: &[Round]) -> Option<f64> {
    let whole: Vec<f64> = rounds.iter().filter(|round| round.lost == 0).map(|round| round.per_core).collect();
    (!whole.is_empty()).then(|| median(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_with_loss_do_not_count() {
        let round = |per_core, lost| Round { per_core, lost, sent: 100 };
        assert_eq!(calls_at_zero_loss(&[round(900.0, 1), round(200.0, 0), round(150.0, 0)]), Some(200.0));
        assert_eq!(calls_at_zero_loss(&[round(900.0, 1)]), None);
    }
}
