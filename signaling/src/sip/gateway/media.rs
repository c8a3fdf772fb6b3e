//! The media leg of a line: opened, set, and what it tells.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use media::control::{MediaError, PhoneCodec, PhoneCommand, PhoneEvent, PhoneRemote};
use media::ids::PeerId;

use super::line::{LineId, Phase, Route};
use super::step::Step;
use super::{Gateway, GatewayOutput};
use crate::call::Farewell;
use crate::ids::CallId;
use crate::sip::config::Srtp;
use crate::sip::dialog::DialogInput;
use crate::sip::port::{Protocol, Target};
use crate::sip::sdp::{Negotiation, Profile};
use crate::sip::trunk::TrunkId;
use crate::wire::call::EndReason;

/// Codecs of telephones that register here, best first.
const PHONE_CODECS: [PhoneCodec; 4] =
    [PhoneCodec::Opus, PhoneCodec::G722, PhoneCodec::Pcma, PhoneCodec::Pcmu];

impl Gateway {
    /// Asks for the media leg of a line that has a peer.
    pub(super) fn open_media(&mut self, step: &mut Step<'_>, id: LineId) {
        let bind = self.bind_address(id);
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (Some(call), Some(peer)) = (line.call, line.peer) else { return };
        if !std::mem::replace(&mut line.media.asked, true) {
            step.out.push(GatewayOutput::Open { room: call.room(), peer, bind });
        }
    }

    /// The address that faces all places which may be tried; all addresses when they differ, or when others see us by another.
    fn bind_address(&self, id: LineId) -> IpAddr {
        let targets: Vec<Target> = match self.lines.get(&id).map(|line| &line.phase) {
            Some(Phase::Calling(calling)) => {
                calling.routes.iter().flat_map(|route| self.targets(route, &calling.from)).collect()
            }
            Some(Phase::Arriving(arriving)) => vec![Target::Hop(arriving.hop)],
            _ => Vec::new(),
        };
        let mut addresses = targets.iter().map(&self.media_address);
        let first = addresses.next().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        if self.config.announced.is_none() && addresses.all(|address| address == first) {
            return first;
        }
        match first {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        }
    }

    fn targets(&self, route: &Route, from: &super::line::Identity) -> Vec<Target> {
        match route {
            Route::Trunk(trunk, number) => self
                .trunks
                .prepare(*trunk, number, &from.caller())
                .map(|dial| dial.target)
                .into_iter()
                .collect(),
            Route::Phone(user) => {
                self.registrar.bindings(user).into_iter().map(|found| found.target).collect()
            }
        }
    }

    /// The media plane has bound the leg, or could not.
    pub(super) fn opened(&mut self, step: &mut Step<'_>, peer: PeerId, port: Result<u16, MediaError>) {
        let Some(id) = self.by_peer.get(&peer).copied() else { return };
        let Some(line) = self.lines.get_mut(&id) else { return };
        let port = match port {
            Ok(port) => port,
            Err(error) => {
                tracing::error!(%peer, %error, "no media leg for a telephone");
                return self.fail_line(step, id, EndReason::Failed);
            }
        };
        line.media.local = Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port));
        match &line.phase {
            Phase::Calling(_) => self.try_next(step, id),
            Phase::Arriving(_) => self.ready(step, id),
            Phase::Up(_) | Phase::Over => {}
        }
    }

    /// The media leg of an arriving call is there: its description is made, and what the call has come to meanwhile is told.
    fn ready(&mut self, step: &mut Step<'_>, id: LineId) {
        let random = (self.random.number() as u32, self.random.bytes());
        let Some(line) = self.lines.get_mut(&id) else { return };
        let (Phase::Arriving(arriving), Some(local)) = (&mut line.phase, line.media.local) else { return };
        let address = (self.media_address)(&Target::Hop(arriving.hop));
        let local = SocketAddr::new(address, local.port());
        let mut negotiation = Negotiation::new(arriving.profile.clone(), local, random.0, random.1);
        let made = match &arriving.offer {
            Some(offer) => negotiation.answer(offer).map(|(text, remote)| (text, Some(remote))),
            None => Ok((negotiation.offer(false), None)),
        };
        line.media.negotiation = Some(negotiation);
        match made {
            Ok((text, remote)) => {
                arriving.ours = Some(text);
                if let Some(remote) = remote {
                    self.set_media(step, id, remote);
                }
                self.show_arriving(step, id);
            }
            Err(error) => {
                tracing::info!(%error, "an offer cannot be answered");
                self.refuse_line(step, id, 488, EndReason::Failed);
            }
        }
    }

    pub(super) fn set_media(&mut self, step: &mut Step<'_>, id: LineId, remote: PhoneRemote) {
        self.media(step, id, PhoneCommand::Set(Box::new(remote)));
    }

    /// What the media leg tells.
    pub(super) fn phone_event(&mut self, step: &mut Step<'_>, peer: PeerId, event: PhoneEvent) {
        let line = self.by_peer.get(&peer).copied();
        match (event, line) {
            (PhoneEvent::Report(report), line) => {
                self.reported(step, peer, line, report);
                self.forget_line(line);
            }
            (PhoneEvent::Digit(digit), Some(line)) => self.digit(step, line, digit),
            (PhoneEvent::Silent, Some(line)) => self.check(step, line),
            (PhoneEvent::Digit(_) | PhoneEvent::Silent, None) => {}
        }
    }

    /// A telephone is silent: a re-INVITE that changes nothing shows whether it is still there.
    fn check(&mut self, step: &mut Step<'_>, id: LineId) {
        let held = self.lines.get(&id).and_then(|line| line.media.negotiation.as_ref());
        if let Some(held) = held.map(|negotiation| negotiation.is_held_here()) {
            tracing::info!(line = id.0, "nothing is heard of a telephone: asking it");
            self.offer(step, id, held);
        }
    }

    /// A digit that was pressed at a telephone goes on to the other telephones of the call.
    pub(super) fn digit(&mut self, step: &mut Step<'_>, id: LineId, digit: char) {
        let Some((call, session)) = self.lines.get(&id).and_then(|line| Some((line.call?, line.session)))
        else {
            return;
        };
        // Without its value: it may be part of a PIN.
        tracing::debug!(line = id.0, "a digit");
        let others: Vec<LineId> =
            self.lines_of(call).into_iter().filter(|other| self.lines[other].session != session).collect();
        others.into_iter().for_each(|other| self.send_digits(step, other, &digit.to_string()));
    }

    /// Somebody in the app sends digits to the telephones of a call. False: there is none.
    pub fn digits(
        &mut self,
        now: Instant,
        wall_ms: i64,
        call: CallId,
        digits: &str,
        out: &mut Vec<GatewayOutput>,
    ) -> bool {
        let mut step = Step::new(now, wall_ms, out);
        let lines = self.lines_of(call);
        lines.iter().for_each(|line| self.send_digits(&mut step, *line, digits));
        self.finish(step);
        !lines.is_empty()
    }

    /// Sends digits to one telephone: within the audio, or by INFO to one that knows no telephone events.
    pub(super) fn send_digits(&mut self, step: &mut Step<'_>, id: LineId, digits: &str) {
        let Some(line) = self.lines.get(&id) else { return };
        let agreed = line.media.negotiation.as_ref().and_then(Negotiation::agreed);
        match (line.up(), agreed) {
            (Some(leg), Some(remote)) if remote.events.is_none() => {
                digits.chars().for_each(|digit| step.dialog(DialogInput::Info { leg, digit }));
            }
            (_, Some(_)) => self.media(step, id, PhoneCommand::Digits(digits.to_owned())),
            (_, None) => {}
        }
    }

    /// A line that cannot go on.
    pub(super) fn fail_line(&mut self, step: &mut Step<'_>, id: LineId, reason: EndReason) {
        match self.lines.get(&id).map(|line| &line.phase) {
            Some(Phase::Arriving(_)) => self.refuse_line(step, id, 503, reason),
            Some(Phase::Calling(_)) => {
                if let Some(Phase::Calling(calling)) = self.lines.get_mut(&id).map(|line| &mut line.phase) {
                    calling.routes.clear();
                    calling.failed = Some(reason);
                }
                self.try_next(step, id);
            }
            Some(Phase::Up(_)) => self.end_line(step, id, Farewell::Expired),
            Some(Phase::Over) | None => {}
        }
    }

    /// What we speak with a trunk.
    pub(super) fn trunk_profile(&self, trunk: TrunkId) -> Profile {
        let Some(config) = self.trunk_config(trunk) else { return Gateway::plain_profile() };
        // Keys in the clear protect nothing: without TLS a trunk that must be encrypted is not called.
        let srtp = if config.protocol == Protocol::Tls || config.srtp == Srtp::Required {
            config.srtp
        } else {
            Srtp::Off
        };
        Profile {
            codecs: config.codecs.iter().map(|codec| (*codec).into()).collect(),
            ptime: config.ptime,
            srtp,
        }
    }

    /// What we speak with a telephone that registers here.
    pub(super) fn phone_profile(&self, target: &Target) -> Profile {
        let tls = match target {
            Target::Hop(hop) => hop.protocol == Protocol::Tls,
            Target::Uri(_) => false,
        };
        let srtp = if tls { Srtp::Optional } else { Srtp::Off };
        Profile { srtp, ..Gateway::plain_profile() }
    }

    fn plain_profile() -> Profile {
        Profile { codecs: PHONE_CODECS.to_vec(), ptime: 20, srtp: Srtp::Off }
    }
}
