//! The DTLS client.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use media::transport::srtp::{SrtpKeys, SrtpProfile};
use rtc_crypto::HashAlgorithm;
use rtc_dtls::config::{ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;

/// What the endpoint calls the server, whatever its address is.
const SERVER: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 1));
/// A flight without an answer is sent again after this long.
const REPEAT: Duration = Duration::from_millis(400);

/// Certificate and configuration; clients share them, as making keys would be most of their cost.
pub(super) struct Identity {
    config: Arc<HandshakeConfig>,
    fingerprint: String,
}

impl Identity {
    /// That of clients, or that of clients whose page was opened again.
    pub(super) fn shared(opened_again: bool) -> &'static Identity {
        static IDENTITIES: [OnceLock<Identity>; 2] = [OnceLock::new(), OnceLock::new()];
        IDENTITIES[usize::from(opened_again)].get_or_init(Identity::fresh)
    }

    /// The certificate's fingerprint as SDP has it.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    fn fresh() -> Identity {
        let provider = rtc_crypto::default_provider().expect("a crypto provider is compiled in");
        let certificate = Certificate::generate_self_signed(vec!["client".to_owned()], provider.crypto())
            .expect("a key can be made");
        let hash = provider.crypto().hash(HashAlgorithm::Sha256, &certificate.certificate[0]);
        let hex: Vec<String> =
            hash.expect("SHA-256 is there").iter().map(|byte| format!("{byte:02X}")).collect();
        let config = ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(vec![certificate])
            .with_srtp_protection_profiles(vec![
                SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
                SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            ])
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .build(true, Some(SERVER))
            .expect("the configuration is complete");
        Identity { config: Arc::new(config), fingerprint: hex.join(":") }
    }
}

/// One handshake.
pub(super) struct Dtls {
    identity: &'static Identity,
    endpoint: Endpoint,
    started: bool,
    done: bool,
    /// The last flight and when it was sent.
    flight: (Instant, Vec<Vec<u8>>),
    /// Numbers of repeated records, above those of the endpoint.
    record: u16,
}

impl Dtls {
    pub(super) fn new(identity: &'static Identity) -> io::Result<Dtls> {
        let endpoint = Endpoint::new(SERVER, TransportProtocol::UDP, None);
        #[expect(clippy::disallowed_methods, reason = "replaced by the time of the first flight")]
        let never = Instant::now();
        Ok(Dtls {
            identity,
            endpoint,
            started: false,
            done: false,
            flight: (never, Vec::new()),
            record: 1000,
        })
    }

    /// Begins the handshake, once.
    pub(super) fn start(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.started {
            return Vec::new();
        }
        self.started = true;
        self.endpoint
            .connect(now, SERVER, self.identity.config.clone(), None)
            .expect("the first connection to the server");
        self.drain(now)
    }

    /// Takes a datagram; gives what to send, and the keys once they are there.
    pub(super) fn handle(&mut self, now: Instant, bytes: &[u8]) -> (Vec<Vec<u8>>, Option<SrtpKeys>) {
        let events = self.endpoint.read(now, SERVER, None, BytesMut::from(bytes)).unwrap_or_default();
        let datagrams = self.drain(now);
        let complete = events.iter().any(|event| matches!(event, EndpointEvent::HandshakeComplete));
        self.done |= complete;
        (datagrams, if complete { self.keys() } else { None })
    }

    /// The last flight again, when it is due: a lost datagram of a handshake is not repeated by the endpoint itself.
    pub(super) fn repeat(&mut self, now: Instant) -> Vec<Vec<u8>> {
        if self.done || !self.started || now < self.flight.0 + REPEAT {
            return Vec::new();
        }
        self.flight.0 = now;
        for datagram in &mut self.flight.1 {
            renumber(datagram, &mut self.record);
        }
        self.flight.1.clone()
    }

    fn drain(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let mut sent = Vec::new();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            sent.push(transmit.message.to_vec());
        }
        if !sent.is_empty() {
            self.flight = (now, sent.clone());
        }
        sent
    }

    fn keys(&self) -> Option<SrtpKeys> {
        let state = self.endpoint.get_connection_state(SERVER)?;
        let profile = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => SrtpProfile::AeadAes128Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => SrtpProfile::Aes128CmSha1_80,
            _ => return None,
        };
        let material =
            state.export_keying_material("EXTRACTOR-dtls_srtp", &[], profile.material_len()).ok()?;
        SrtpKeys::of_server(profile, material.as_ref()).ok().map(SrtpKeys::swapped)
    }
}

/// Records of a repeated datagram need numbers of their own, or they are taken for replays. Only plain ones can get them.
fn renumber(datagram: &mut [u8], next: &mut u16) {
    const HEADER: usize = 13;
    let mut rest = datagram;
    while rest.len() >= HEADER {
        let end = HEADER + usize::from(u16::from_be_bytes([rest[11], rest[12]]));
        if rest[3..5] == [0, 0] {
            rest[9..11].copy_from_slice(&next.to_be_bytes());
            *next += 1;
        }
        let Some(following) = rest.get_mut(end..) else { return };
        rest = following;
    }
}
