//! The last flight, to be sent again when the client repeats itself.

use std::time::{Duration, Instant};

use super::records::{self, Inspection};

/// A repeated datagram that comes this soon after the flight crossed it on the way; sending again would be wasted.
/// Chromium repeats itself after 50 ms at the earliest.
pub(super) const QUIET: Duration = Duration::from_millis(30);
/// Most times one flight is sent again. The client doubles its timer each time, so ten cover more than half a minute; a
/// bound keeps a client from using us as an amplifier.
const MAX_RESENDS: u32 = 10;

/// Our last handshake flight of epoch 0: the client has not seen what was lost of it, so the same bytes will do.
#[derive(Default)]
pub(super) struct LastFlight {
    datagrams: Vec<Vec<u8>>,
    sent: Option<Instant>,
    resends: u32,
}

impl LastFlight {
    /// Remembers a flight that is being sent.
    pub(super) fn note(&mut self, now: Instant, flight: &[Vec<u8>]) {
        // rtc-dtls itself answers a repeated first ClientHello with a HelloVerifyRequest.
        let verify = flight.iter().any(|datagram| records::is_hello_verify(datagram));
        self.datagrams = if verify { Vec::new() } else { flight.to_vec() };
        self.sent = Some(now);
        self.resends = 0;
    }

    /// The flight again, if the input repeats what the client sent before it.
    pub(super) fn again(&mut self, now: Instant, input: Option<&Inspection>) -> Vec<Vec<u8>> {
        let repeated = input.is_some_and(|input| input.handshakes > 0 && !input.hello_unfinished);
        let due = self.sent.is_some_and(|sent| now.saturating_duration_since(sent) >= QUIET);
        if !repeated || !due || self.resends == MAX_RESENDS || self.datagrams.is_empty() {
            return Vec::new();
        }
        self.sent = Some(now);
        self.resends += 1;
        self.datagrams.clone()
    }
}
