//! DTLS server of one peer on rtc-dtls 0.21.1, with its faults worked round from outside.
//!
//! 1. **A lost ServerHello flight is never sent again**: any handshake record disarms its retransmission timer. Cure:
//!    [`resend::LastFlight`] sends the flight again, verbatim, when the client repeats itself.
//! 2. **A second HelloVerifyRequest goes out on the first fragment of the second ClientHello**, which some clients take for
//!    an illegal message. Cure: [`Handshake::wanted`] lets it through again only when the first ClientHello is repeated.
//! 3. **It takes the first SRTP profile of the client's list**, and clients list counter mode before GCM. Cure: start with
//!    GCM only; if the client has none, start over with counter mode and replay what came in.
//! 4. **Fragments are joined recursively and kept without a small bound**. Cure: [`records::inspect`] and a budget.
//!
//! Keys are given out only after the client's certificate matched the fingerprint of its offer.

mod records;
mod resend;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use super::srtp::{SrtpKeys, SrtpProfile};
use super::{Fingerprint, TransportConfig};
use records::{Budget, Inspection};
use resend::LastFlight;

/// The endpoint knows associations by address. A peer's address may change, so it gets this one for all.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// RFC 5764, section 4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";
/// Datagrams kept for a replay with counter mode: a first ClientHello has two or three, some may be repeated.
const MAX_REPLAY: usize = 8;

/// What the association gives to its peer.
#[derive(Debug)]
pub(super) enum Event {
    /// To send.
    Transmit(Vec<u8>),
    /// Handshake complete and fingerprint checked.
    Connected(SrtpKeys),
    /// Application data: SCTP.
    Data(BytesMut),
    /// close_notify of the client.
    Closed,
    /// The certificate is not the one of the offer, or the handshake ended without a usable SRTP profile. No keys.
    Refused,
}

/// A datagram was dropped: not DTLS, over budget, or the association is over.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dropped;

/// What is needed until the handshake is complete.
#[derive(Default)]
struct Handshake {
    /// Incoming datagrams so far, until the profile is settled.
    replay: Vec<BytesMut>,
    verify_sent: Option<Instant>,
    last_flight: LastFlight,
}

impl Handshake {
    /// Whether an outgoing datagram should go out in answer to this input (fault 2).
    fn wanted(&mut self, now: Instant, datagram: &[u8], input: Option<&Inspection>) -> bool {
        if !records::is_hello_verify(datagram) {
            return true;
        }
        let wanted = self.verify_sent.is_none_or(|sent| {
            let lost = now.saturating_duration_since(sent) >= resend::QUIET;
            lost && input.is_none_or(|input| input.repeats_first_hello)
        });
        if wanted {
            self.verify_sent = Some(now);
        }
        wanted
    }
}

enum State {
    Handshaking(Box<Handshake>),
    Connected,
    Over,
}

/// The DTLS association of one peer.
pub(super) struct Dtls {
    config: Arc<TransportConfig>,
    endpoint: Endpoint,
    state: State,
    budget: Budget,
    /// Counter mode: the fallback was taken.
    fell_back: bool,
}

impl Dtls {
    pub(super) fn new(config: Arc<TransportConfig>) -> Self {
        Dtls {
            endpoint: Endpoint::new(PEER, TransportProtocol::UDP, Some(config.gcm.clone())),
            config,
            state: State::Handshaking(Box::default()),
            budget: Budget::default(),
            fell_back: false,
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Handshaking(_) => self.endpoint.poll_timeout(&PEER),
            State::Connected | State::Over => None,
        }
    }

    /// Takes a datagram of the client.
    pub(super) fn handle(
        &mut self,
        now: Instant,
        datagram: &[u8],
        expected: &Fingerprint,
        out: &mut Vec<Event>,
    ) -> Result<(), Dropped> {
        let inspection = records::inspect(datagram).ok_or(Dropped)?;
        self.budget.spend(datagram.len(), &inspection, matches!(self.state, State::Handshaking(_)))?;
        match &mut self.state {
            State::Over => return Err(Dropped),
            State::Connected => {}
            State::Handshaking(handshake) => {
                if handshake.verify_sent.is_none() && !self.fell_back && handshake.replay.len() < MAX_REPLAY {
                    handshake.replay.push(BytesMut::from(datagram));
                }
            }
        }
        let result = match self.endpoint.read(now, PEER, None, BytesMut::from(datagram)) {
            Err(Error::ErrServerNoMatchingSrtpProfile) if !self.fell_back => self.fall_back(now),
            other => other,
        };
        // An error does not end the association: what an attacker can send from a forged address must not. A handshake that
        // really failed does not complete, and the peer's set-up time runs out.
        let dropped = result.is_err();
        self.drain(now, Some(&inspection), out);
        for event in result.unwrap_or_default() {
            self.take(now, event, expected, out);
        }
        if dropped { Err(Dropped) } else { Ok(()) }
    }

    /// Starts over with counter mode and what came in so far; the fatal alert goes with the old endpoint.
    fn fall_back(&mut self, now: Instant) -> Result<Vec<EndpointEvent>, Error> {
        self.fell_back = true;
        self.endpoint = Endpoint::new(PEER, TransportProtocol::UDP, Some(self.config.counter_mode.clone()));
        let mut events = Vec::new();
        if let State::Handshaking(handshake) = &mut self.state {
            for datagram in std::mem::take(&mut handshake.replay) {
                events.extend(self.endpoint.read(now, PEER, None, datagram)?);
            }
        }
        Ok(events)
    }

    /// Passes on what the endpoint wants to send, with faults 1 and 2 mended.
    fn drain(&mut self, now: Instant, input: Option<&Inspection>, out: &mut Vec<Event>) {
        let mut sent = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            let datagram = Vec::from(transmit.message);
            let wanted = match &mut self.state {
                State::Handshaking(handshake) => handshake.wanted(now, &datagram, input),
                State::Connected | State::Over => true,
            };
            if wanted {
                sent.push(datagram);
            }
        }
        if let State::Handshaking(handshake) = &mut self.state {
            if handshake.verify_sent.is_some() {
                handshake.replay = Vec::new();
            }
            if sent.is_empty() {
                sent = handshake.last_flight.again(now, input);
            } else {
                handshake.last_flight.note(now, &sent);
            }
        }
        out.extend(sent.into_iter().map(Event::Transmit));
    }

    fn take(&mut self, now: Instant, event: EndpointEvent, expected: &Fingerprint, out: &mut Vec<Event>) {
        match event {
            EndpointEvent::HandshakeComplete => match self.keys(expected) {
                Some(keys) => {
                    self.state = State::Connected;
                    self.budget.connected();
                    out.push(Event::Connected(keys));
                }
                None => {
                    self.close(now, out);
                    out.push(Event::Refused);
                }
            },
            EndpointEvent::ApplicationData(data) if matches!(self.state, State::Connected) => {
                out.push(Event::Data(data));
            }
            EndpointEvent::PeerClosed => {
                self.state = State::Over;
                out.push(Event::Closed);
            }
            _ => {}
        }
    }

    /// The SRTP keys, if the client's certificate is the expected one.
    fn keys(&self, expected: &Fingerprint) -> Option<SrtpKeys> {
        let state = self.endpoint.get_connection_state(PEER)?;
        let certificate = state.peer_certificates.first()?;
        if self.config.fingerprint_of(certificate).ok()? != *expected {
            return None;
        }
        let profile = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => SrtpProfile::AeadAes128Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => SrtpProfile::Aes128CmSha1_80,
            _ => return None,
        };
        let material = state.export_keying_material(EXPORTER_LABEL, &[], profile.material_len()).ok()?;
        SrtpKeys::of_server(profile, material.as_ref()).ok()
    }

    /// Runs the retransmission timer.
    pub(super) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Event>) {
        if matches!(self.state, State::Handshaking(_)) {
            // Fails when the retransmissions are used up; the peer's set-up time ends it.
            let _ = self.endpoint.handle_timeout(PEER, now);
            self.drain(now, None, out);
        }
    }

    /// Sends application data; nothing before the handshake is complete.
    pub(super) fn write(&mut self, now: Instant, data: &[u8], out: &mut Vec<Event>) {
        if matches!(self.state, State::Connected) && self.endpoint.write(now, PEER, data).is_ok() {
            self.drain(now, None, out);
        }
    }

    /// Sends close_notify and refuses whatever comes after it.
    pub(super) fn close(&mut self, now: Instant, out: &mut Vec<Event>) {
        self.state = State::Over;
        self.endpoint.stop(now, PEER);
        self.drain(now, None, out);
    }
}
