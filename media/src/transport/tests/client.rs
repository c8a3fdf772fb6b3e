//! A client: ICE full agent as far as a lite server notices, DTLS client, SCTP client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, EndpointConfig, Event as SctpEvent, Payload,
    PayloadProtocolIdentifier, StreamEvent,
};
use rtc_shared::TransportProtocol;

use crate::transport::srtp::{SrtpKeys, SrtpProfile};
use crate::transport::stun::tests::TestRequest;
use crate::transport::{LocalCredentials, Protocol, RemoteCredentials, TransportConfig, classify};

/// What the client calls the server, whatever the real address is.
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 3478);
/// A client repeats its last flight when nothing comes for so long, as browsers do; rtc-dtls as a client has the same
/// fault that the server works round.
const REPEAT: Duration = Duration::from_millis(200);
/// Consent checks of a browser.
const CHECK: Duration = Duration::from_millis(2_500);

/// How a client behaves.
pub(super) struct Behaviour {
    pub(super) profiles: Vec<SrtpProtectionProfile>,
    /// Largest handshake fragment: 1,200, or less to have its ClientHello cut up.
    pub(super) mtu: usize,
    pub(super) extended_master_secret: ExtendedMasterSecretType,
    /// Whether it shows its certificate.
    pub(super) shows_certificate: bool,
}

impl Default for Behaviour {
    /// The profiles of Chromium in its order.
    fn default() -> Self {
        Behaviour {
            profiles: vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ],
            mtu: 1_200,
            extended_master_secret: ExtendedMasterSecretType::Require,
            shows_certificate: true,
        }
    }
}

pub(super) struct Client {
    pub(super) address: SocketAddr,
    pub(super) remote: RemoteCredentials,
    pub(super) nominates: bool,
    /// Whether it still sends consent checks.
    pub(super) checks: bool,
    pub(super) keys: Option<SrtpKeys>,
    pub(super) closed_by_server: bool,
    /// Messages that came in: stream, kind, bytes.
    pub(super) received: Vec<(u16, PayloadProtocolIdentifier, Vec<u8>)>,
    username: String,
    server_pwd: String,
    next_check: Instant,
    dtls_config: Arc<HandshakeConfig>,
    dtls: Endpoint,
    started: bool,
    flight: (Instant, Vec<Vec<u8>>),
    /// Record numbers of repeated records, far from those rtc-dtls uses.
    repeated: u16,
    sctp_endpoint: rtc_sctp::Endpoint,
    sctp: Option<(AssociationHandle, Association)>,
    out: Vec<Vec<u8>>,
}

impl Client {
    pub(super) fn new(now: Instant, behaviour: Behaviour, config: &TransportConfig) -> Self {
        let provider = config.provider.clone();
        let certificate =
            Certificate::generate_self_signed(vec!["client".to_owned()], provider.crypto()).unwrap();
        let remote = RemoteCredentials {
            ufrag: "clnt".to_owned(),
            pwd: "clientpasswordclientpassword".to_owned(),
            fingerprint: config.fingerprint_of(&certificate.certificate[0]).unwrap(),
        };
        let dtls_config = ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(if behaviour.shows_certificate { vec![certificate] } else { Vec::new() })
            .with_srtp_protection_profiles(behaviour.profiles)
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(behaviour.extended_master_secret)
            .with_mtu(behaviour.mtu)
            .build(true, Some(SERVER))
            .unwrap();
        Client {
            address: "192.0.2.9:5000".parse().unwrap(),
            remote,
            nominates: true,
            checks: true,
            keys: None,
            closed_by_server: false,
            received: Vec::new(),
            username: String::new(),
            server_pwd: String::new(),
            next_check: now,
            dtls_config: Arc::new(dtls_config),
            dtls: Endpoint::new(SERVER, TransportProtocol::UDP, None),
            started: false,
            flight: (now, Vec::new()),
            repeated: 1_000,
            sctp_endpoint: rtc_sctp::Endpoint::new(
                SERVER,
                TransportProtocol::UDP,
                Arc::new(EndpointConfig::default()),
                None,
            ),
            sctp: None,
            out: Vec::new(),
        }
    }

    /// Takes the server's credentials out of an answer, and checks at once.
    pub(super) fn answered(&mut self, now: Instant, server: &LocalCredentials) {
        self.username = format!("{}:{}", server.ufrag.as_str(), self.remote.ufrag);
        self.server_pwd = server.pwd().to_owned();
        self.next_check = now;
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        let check = self.checks.then_some(self.next_check);
        let repeat = (self.started && self.keys.is_none()).then(|| self.flight.0 + REPEAT);
        let sctp = self.sctp.as_ref().and_then(|(_, association)| association.poll_timeout());
        [check, repeat, sctp].into_iter().flatten().min()
    }

    /// Runs what is due; returns datagrams to send.
    pub(super) fn tick(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.checks && now >= self.next_check {
            self.next_check = now + CHECK;
            self.check();
        }
        if self.started && self.keys.is_none() && now >= self.flight.0 + REPEAT {
            self.flight.0 = now;
            for datagram in &mut self.flight.1 {
                renumber(datagram, &mut self.repeated);
                self.out.push(datagram.clone());
            }
        }
        if let Some((_, association)) = &mut self.sctp {
            association.handle_timeout(now);
        }
        self.drive_sctp(now);
        std::mem::take(&mut self.out)
    }

    /// Sends a check now.
    pub(super) fn check(&mut self) {
        self.out.push(
            TestRequest {
                username: &self.username,
                pwd: &self.server_pwd,
                nominate: self.nominates,
                controlling: true,
            }
            .build(),
        );
    }

    /// Takes a datagram of the server; returns datagrams to send.
    pub(super) fn handle(&mut self, now: Instant, datagram: &[u8]) -> Vec<Vec<u8>> {
        match classify(datagram) {
            Some(Protocol::Stun) if !self.started => {
                self.started = true;
                self.dtls.connect(now, SERVER, self.dtls_config.clone(), None).unwrap();
                self.drain_dtls(now);
            }
            Some(Protocol::Dtls) => {
                let events = self.dtls.read(now, SERVER, None, BytesMut::from(datagram)).unwrap_or_default();
                self.drain_dtls(now);
                for event in events {
                    self.take(now, event);
                }
            }
            _ => {}
        }
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, now: Instant, event: EndpointEvent) {
        match event {
            EndpointEvent::HandshakeComplete => {
                let state = self.dtls.get_connection_state(SERVER).unwrap();
                let profile = match state.srtp_protection_profile() {
                    SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => SrtpProfile::AeadAes128Gcm,
                    _ => SrtpProfile::Aes128CmSha1_80,
                };
                let material =
                    state.export_keying_material("EXTRACTOR-dtls_srtp", &[], profile.material_len()).unwrap();
                self.keys = Some(SrtpKeys::of_server(profile, material.as_ref()).unwrap().swapped());
            }
            EndpointEvent::ApplicationData(data) => self.take_sctp(now, data.freeze()),
            EndpointEvent::PeerClosed => self.closed_by_server = true,
            _ => {}
        }
    }

    fn drain_dtls(&mut self, now: Instant) {
        let mut sent = Vec::new();
        while let Some(transmit) = self.dtls.poll_transmit() {
            sent.push(transmit.message.to_vec());
        }
        if self.keys.is_none() && !sent.is_empty() {
            self.flight = (now, sent.clone());
        }
        self.out.extend(sent);
    }

    /// Ends DTLS; returns the close_notify.
    pub(super) fn close(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.dtls.stop(now, SERVER);
        self.drain_dtls(now);
        std::mem::take(&mut self.out)
    }

    /// Starts the SCTP association; it is up when the server answered.
    pub(super) fn connect_sctp(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.sctp = Some(self.sctp_endpoint.connect(now, ClientConfig::default(), SERVER).unwrap());
        self.drive_sctp(now);
        std::mem::take(&mut self.out)
    }

    /// Opens a channel and sends on it at once, as browsers do.
    pub(super) fn open_channel(&mut self, now: Instant, id: u16, label: &str) -> Vec<Vec<u8>> {
        let mut open = vec![3, 0, 0, 0, 0, 0, 0, 0];
        open.extend_from_slice(&(label.len() as u16).to_be_bytes());
        open.extend_from_slice(&[0, 0]);
        open.extend_from_slice(label.as_bytes());
        let (_, association) = self.sctp.as_mut().unwrap();
        association.open_stream(id, PayloadProtocolIdentifier::Binary).unwrap();
        self.send(now, id, PayloadProtocolIdentifier::Dcep, &open)
    }

    pub(super) fn send(
        &mut self,
        now: Instant,
        id: u16,
        kind: PayloadProtocolIdentifier,
        data: &[u8],
    ) -> Vec<Vec<u8>> {
        let (_, association) = self.sctp.as_mut().unwrap();
        association.stream(id).unwrap().write_sctp(now, &Bytes::copy_from_slice(data), kind).unwrap();
        self.drive_sctp(now);
        std::mem::take(&mut self.out)
    }

    fn take_sctp(&mut self, now: Instant, packet: Bytes) {
        if let Some((_, DatagramEvent::AssociationEvent(event))) =
            self.sctp_endpoint.handle(now, SERVER, None, packet)
            && let Some((_, association)) = &mut self.sctp
        {
            association.handle_event(event);
        }
        self.drive_sctp(now);
    }

    fn drive_sctp(&mut self, now: Instant) {
        let Some((_, association)) = &mut self.sctp else { return };
        while let Some(event) = association.poll() {
            if let SctpEvent::Stream(StreamEvent::Readable { id }) = event {
                while let Ok(Some(chunks)) = association.stream(id).and_then(|mut stream| stream.read_sctp())
                {
                    let data = chunks.to_payload(1 << 20).unwrap().to_vec();
                    self.received.push((id, chunks.ppi, data));
                }
            }
        }
        let mut packets = Vec::new();
        while let Some(transmit) = association.poll_transmit(now) {
            if let Payload::RawEncode(more) = transmit.message {
                packets.extend(more);
            }
        }
        for packet in packets {
            // Fails once DTLS is over.
            let _ = self.dtls.write(now, SERVER, &packet);
        }
        self.drain_dtls(now);
    }
}

/// Gives the records of epoch 0 new numbers, since a repeated number is a replay.
fn renumber(datagram: &mut [u8], next: &mut u16) {
    let mut rest = datagram;
    while rest.len() >= 13 {
        let end = 13 + usize::from(u16::from_be_bytes([rest[11], rest[12]]));
        if rest[3..5] == [0, 0] {
            rest[9..11].copy_from_slice(&next.to_be_bytes());
            *next += 1;
        }
        rest = &mut rest[end..];
    }
}
