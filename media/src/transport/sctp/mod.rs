//! Data channels of one peer: SCTP over DTLS (RFC 8831) on rtc-sctp, channels opened by the client (RFC 8832).

pub(super) mod dcep;
mod inspect;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rtc_sctp::{
    Association, AssociationHandle, DatagramEvent, Endpoint, EndpointConfig, Event as AssociationEvent,
    Payload, PayloadProtocolIdentifier, ServerConfig, StreamEvent, TransportConfig,
};
use rtc_shared::TransportProtocol;

use super::event::{ChannelId, Message};
use inspect::{Incomplete, MAX_STREAMS};

/// Longest message either way, announced as `a=max-message-size`. Control messages of a call are far below; a larger bound
/// lets one client hold more memory while a message is incomplete.
pub const MAX_MESSAGE: usize = 16 * 1024;
/// Most channels of one peer.
const MAX_CHANNELS: usize = 8;
/// Most bytes that wait for the client's acknowledgement; then messages are refused. About a second at 0.5 Mbit/s.
const MAX_BUFFERED: usize = 64 * 1024;
/// Receive window: what a client may send before we have taken it. One message and some, since we take at once.
const RECEIVE_WINDOW: u32 = 64 * 1024;
/// DTLS carries SCTP packets between two fixed ends; the real addresses may change.
const PEER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));

/// Associations that a client has begun but not brought up. rtc-sctp makes one for every INIT, a repeated one too, and which
/// of them the client goes on with is known when it is up.
const MAX_BEGUN: usize = 4;
/// Most INITs of one client; a browser sends one and repeats it a few times on a bad network.
const MAX_INITS: u32 = 32;

/// Shared by all peers.
pub(super) struct Config {
    endpoint: Arc<EndpointConfig>,
    server: Arc<ServerConfig>,
}

impl Config {
    pub(super) fn new() -> Self {
        let transport = TransportConfig::default()
            .with_max_message_size(MAX_MESSAGE as u32)
            .with_max_receive_buffer_size(RECEIVE_WINDOW)
            .with_max_num_inbound_streams(MAX_STREAMS as u16)
            .with_max_num_outbound_streams(MAX_STREAMS as u16);
        Config { endpoint: Arc::default(), server: Arc::new(ServerConfig::new(transport)) }
    }
}

/// What the association gives to its peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An SCTP packet to send over DTLS.
    Packet(Bytes),
    /// The client opened a channel; it is acknowledged.
    Opened(ChannelId, Arc<str>),
    /// A message on an open channel.
    Message(ChannelId, Arc<str>, Message),
    /// The channel is gone.
    Closed(ChannelId),
}

/// A message was not taken: too long, no such channel, or too much is waiting.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused;

struct Channel {
    id: ChannelId,
    label: Arc<str>,
}

/// The SCTP association of one peer.
pub(super) struct Sctp {
    endpoint: Endpoint,
    /// The one that is up, if any, and those begun, oldest first.
    associations: Vec<(AssociationHandle, Association)>,
    up: Option<AssociationHandle>,
    inits: u32,
    incomplete: Incomplete,
    channels: Vec<Channel>,
    /// Messages of the client that were dropped: too long, not UTF-8, or on a channel that is not open. Also packets that
    /// break a bound.
    pub(super) dropped: u64,
}

impl Sctp {
    pub(super) fn new(config: &Config) -> Self {
        let server = Some(config.server.clone());
        Sctp {
            endpoint: Endpoint::new(PEER, TransportProtocol::UDP, config.endpoint.clone(), server),
            associations: Vec::new(),
            up: None,
            inits: 0,
            incomplete: Incomplete::default(),
            channels: Vec::new(),
            dropped: 0,
        }
    }

    /// When [`Self::handle_timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.associations.iter().filter_map(|(_, association)| association.poll_timeout()).min()
    }

    /// Takes an SCTP packet out of DTLS.
    pub(super) fn handle(&mut self, now: Instant, packet: Bytes, out: &mut Vec<Event>) {
        if !self.incomplete.admit(&packet) {
            self.dropped += 1;
            return;
        }
        match self.endpoint.handle(now, PEER, None, packet) {
            Some((handle, DatagramEvent::NewAssociation(association))) => self.begin(handle, association),
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                let known = self.associations.iter_mut().find(|(known, _)| *known == handle);
                if let Some((_, association)) = known {
                    association.handle_event(event);
                }
            }
            _ => {}
        }
        self.drive(now, out);
    }

    fn begin(&mut self, handle: AssociationHandle, association: Association) {
        self.inits += 1;
        if self.inits == MAX_INITS {
            self.endpoint.reject_new_associations();
        }
        let begun = self.associations.iter().filter(|(known, _)| Some(*known) != self.up).count();
        if begun == MAX_BEGUN
            && let Some(oldest) = self.associations.iter().position(|(known, _)| Some(*known) != self.up)
        {
            self.associations.remove(oldest);
        }
        self.associations.push((handle, association));
    }

    /// Runs retransmission and acknowledgement timers.
    pub(super) fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Event>) {
        for (_, association) in &mut self.associations {
            association.handle_timeout(now);
        }
        self.drive(now, out);
    }

    /// Sends a message on an open channel.
    pub(super) fn send(
        &mut self,
        now: Instant,
        channel: ChannelId,
        message: &Message,
        out: &mut Vec<Event>,
    ) -> Result<(), Refused> {
        let up = self.associations.iter_mut().find(|(handle, _)| Some(*handle) == self.up);
        let Some((_, association)) = up else { return Err(Refused) };
        if !self.channels.iter().any(|open| open.id == channel) {
            return Err(Refused);
        }
        let (protocol, data) = dcep::payload(message);
        let mut stream = association.stream(channel.0).map_err(|_| Refused)?;
        let waiting = stream.buffered_amount().map_err(|_| Refused)?;
        if data.len() > MAX_MESSAGE || waiting + data.len() > MAX_BUFFERED {
            return Err(Refused);
        }
        stream.write_sctp(now, &data, protocol).map_err(|_| Refused)?;
        self.drive(now, out);
        Ok(())
    }

    /// Carries out whatever the associations have to say.
    fn drive(&mut self, now: Instant, out: &mut Vec<Event>) {
        for (handle, mut association) in std::mem::take(&mut self.associations) {
            let lost = self.drive_one(now, handle, &mut association, out);
            if !lost {
                self.associations.push((handle, association));
            } else if self.up == Some(handle) {
                self.up = None;
                self.forget_channels(out);
            }
        }
    }

    /// Returns whether the association is over.
    fn drive_one(
        &mut self,
        now: Instant,
        handle: AssociationHandle,
        association: &mut Association,
        out: &mut Vec<Event>,
    ) -> bool {
        let mut lost = false;
        while let Some(event) = association.poll() {
            match event {
                AssociationEvent::Connected if self.up != Some(handle) => {
                    // A client that starts over (RFC 9260, section 5.2) has lost its channels.
                    self.forget_channels(out);
                    self.incomplete = Incomplete::default();
                    self.up = Some(handle);
                }
                AssociationEvent::Stream(StreamEvent::Opened { .. }) => {
                    while association.accept_stream().is_some() {}
                }
                AssociationEvent::Stream(StreamEvent::Readable { id }) => {
                    self.read(now, association, id, out);
                }
                AssociationEvent::Stream(StreamEvent::Finished { id } | StreamEvent::Stopped { id, .. }) => {
                    self.forget(ChannelId(id), out);
                }
                AssociationEvent::AssociationLost { .. } | AssociationEvent::HandshakeFailed { .. } => {
                    lost = true;
                }
                _ => {}
            }
        }
        while let Some(transmit) = association.poll_transmit(now) {
            if let Payload::RawEncode(packets) = transmit.message {
                out.extend(packets.into_iter().map(Event::Packet));
            }
        }
        while let Some(event) = association.poll_endpoint_event() {
            lost = true;
            self.endpoint.handle_event(handle, event);
        }
        // A begun one is in the closed state too.
        lost || (self.up == Some(handle) && association.is_closed())
    }

    /// Takes all complete messages of a stream.
    fn read(&mut self, now: Instant, association: &mut Association, id: u16, out: &mut Vec<Event>) {
        loop {
            let Ok(Some(chunks)) = association.stream(id).and_then(|mut stream| stream.read_sctp()) else {
                return;
            };
            self.incomplete.complete(id);
            let protocol = chunks.ppi;
            let Ok(data) = chunks.to_payload(MAX_MESSAGE) else {
                self.dropped += 1;
                continue;
            };
            if protocol == PayloadProtocolIdentifier::Dcep {
                self.control(now, association, id, &data, out);
                continue;
            }
            let label = self.channels.iter().find(|open| open.id.0 == id).map(|open| open.label.clone());
            match label.zip(dcep::message(protocol, &data)) {
                Some((label, message)) => out.push(Event::Message(ChannelId(id), label, message)),
                None => self.dropped += 1,
            }
        }
    }

    /// Takes a control message: opens a channel and acknowledges it.
    fn control(
        &mut self,
        now: Instant,
        association: &mut Association,
        id: u16,
        data: &[u8],
        out: &mut Vec<Event>,
    ) {
        let Some(open) = dcep::parse_open(data) else {
            self.dropped += u64::from(!dcep::is_ack(data));
            return;
        };
        let known = self.channels.iter().any(|channel| channel.id.0 == id);
        let Ok(mut stream) = association.stream(id) else { return };
        if known || self.channels.len() == MAX_CHANNELS {
            self.dropped += 1;
            return;
        }
        let kept = stream.set_reliability_params(open.unordered, open.reliability, open.parameter);
        let ack = Bytes::from_static(&dcep::ACK);
        if kept.is_ok() && stream.write_sctp(now, &ack, PayloadProtocolIdentifier::Dcep).is_ok() {
            let label: Arc<str> = open.label.into();
            self.channels.push(Channel { id: ChannelId(id), label: label.clone() });
            out.push(Event::Opened(ChannelId(id), label));
        }
    }

    fn forget(&mut self, id: ChannelId, out: &mut Vec<Event>) {
        if let Some(at) = self.channels.iter().position(|channel| channel.id == id) {
            self.channels.swap_remove(at);
            out.push(Event::Closed(id));
        }
    }

    fn forget_channels(&mut self, out: &mut Vec<Event>) {
        out.extend(self.channels.drain(..).map(|channel| Event::Closed(channel.id)));
    }
}
