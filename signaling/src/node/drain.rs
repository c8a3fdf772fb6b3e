//! Stopping gracefully: clients are sent elsewhere a few at a time, calls may end first.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::actor::Node;
use super::telephony::Bridge;
use crate::call::CallInput;
use crate::clock;
use crate::session::SocketId;
use crate::sip::gateway::GatewayInput;
use crate::wire::server::{CloseCode, Event};
use crate::ws::ToSocket;

/// How often it is looked who may go. Smaller: a call that ended is noticed earlier.
const STEP: Duration = Duration::from_millis(100);
/// Clients wait at least so long before they reconnect.
const RECONNECT_AFTER: Duration = Duration::from_millis(500);
/// How long sockets may take to close, and entries to be written, past the time for calls.
const GRACE: Duration = Duration::from_secs(3);

/// A node that is stopping.
pub(super) struct Drain {
    began: Instant,
    /// Clients that are in no call are sent away over this time.
    spread: Duration,
    /// From then on calls are no reason to stay.
    until: Instant,
    next: Instant,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Drain {
    pub(super) fn deadline(&self) -> Instant {
        self.next
    }
}

impl Node {
    pub(super) fn start_drain(&mut self, within: Duration, tell: oneshot::Sender<()>) {
        let now = clock::now();
        let spread = self.drain_spread.min(within / 2);
        let drain = self.drain.get_or_insert_with(|| {
            let until = now + within.saturating_sub(GRACE.min(within / 2));
            Drain { began: now, spread, until, next: now, waiting: Vec::new() }
        });
        drain.waiting.push(tell);
        self.gateway(GatewayInput::Drain);
    }

    /// Sends away who is due, and tells those who wait when all is done or the time is over.
    pub(super) fn drain_on(&mut self, now: Instant) {
        let Some(drain) = &mut self.drain else { return };
        if drain.next > now || drain.waiting.is_empty() {
            drain.next = drain.next.max(now + STEP);
            return;
        }
        drain.next = now + STEP;
        let (since, spread, until) = (now - drain.began, drain.spread, drain.until);
        let due = |socket: SocketId| now >= until || share(socket, spread) <= since;
        if now >= until || self.sockets.is_empty() {
            self.end_calls();
        }
        let sockets: Vec<SocketId> = self.sockets.keys().copied().filter(|socket| due(*socket)).collect();
        for socket in sockets {
            if now >= until || !self.is_in_call(socket) {
                self.send_away(socket);
            }
        }
        let recorded = self.bridge.as_ref().is_none_or(Bridge::is_idle);
        let empty = self.sockets.is_empty() && self.journals.is_empty() && recorded;
        if (empty || now >= until + GRACE)
            && let Some(drain) = &mut self.drain
        {
            // Who does not wait any more needs not be told.
            drain.waiting.drain(..).for_each(|tell| tell.send(()).unwrap_or_default());
        }
    }

    /// Ends all calls: their media ends with this process, and their record must not be left to the repair of the next one,
    /// which does not know when they ended.
    fn end_calls(&mut self) {
        for call in self.calls.ids() {
            self.call(CallInput::RoomLost { room: call.room() });
        }
    }

    /// Tells a client to come back later, and closes its socket.
    pub(super) fn send_away(&mut self, socket: SocketId) {
        let after = RECONNECT_AFTER + share(SocketId(!socket.0), self.drain_spread);
        self.event(socket, "hub", Event::Drain { reconnect_after_ms: after.as_millis() as u32 });
        self.tell(socket, ToSocket::Close(CloseCode::GoingAway));
    }

    fn is_in_call(&self, socket: SocketId) -> bool {
        let session = self.sockets.get(&socket).and_then(|entry| entry.session);
        session.is_some_and(|session| !self.calls.snapshot(session).is_empty())
    }
}

/// A part of `whole` that is spread evenly over sockets and is always the same for one (Fibonacci hashing).
fn share(socket: SocketId, whole: Duration) -> Duration {
    let hash = socket.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    whole.mul_f64(hash as f64 / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_spread() {
        let whole = Duration::from_secs(10);
        let mut shares: Vec<_> = (0..1_000).map(|n| share(SocketId(n << 24 | n), whole)).collect();
        shares.sort();
        assert!(shares[0] < whole / 50 && shares[999] > whole * 49 / 50 && shares[999] <= whole);
        assert!(shares.windows(2).all(|pair| pair[1] - pair[0] < whole / 50));
    }
}
