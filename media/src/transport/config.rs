//! What all peers of a process share: certificate, DTLS and SCTP configuration.

use std::sync::Arc;

use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::cipher_suite::CipherSuiteId;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;

use super::{Fingerprint, TransportError, sctp};

/// Authenticated encryption with forward secrecy, for our kind of certificate. The first is what every WebRTC client has (RFC
/// 8827, section 6.5); the other modes that rtc-dtls would take are older.
const SUITES: [CipherSuiteId; 2] = [
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_Aes_128_Gcm_Sha256,
    CipherSuiteId::Tls_Ecdhe_Ecdsa_With_ChaCha20_Poly1305_Sha256,
];

/// Shared by all peers of a process; costs one key pair to make.
pub struct TransportConfig {
    pub(super) provider: Arc<dyn RTCCryptoProvider>,
    /// DTLS configurations, best SRTP profiles first. A handshake starts with GCM and falls back to counter mode, because
    /// rtc-dtls follows the client's order, and clients name counter mode first.
    pub(super) gcm: Arc<HandshakeConfig>,
    pub(super) counter_mode: Arc<HandshakeConfig>,
    pub(super) sctp: sctp::Config,
    fingerprint: Fingerprint,
}

impl std::fmt::Debug for TransportConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TransportConfig({})", self.fingerprint)
    }
}

impl TransportConfig {
    /// Makes a self-signed ECDSA P-256 certificate and the configurations that use it.
    ///
    /// # Errors
    /// [`TransportError`] if the crypto provider lacks an algorithm or entropy.
    pub fn new() -> Result<Arc<Self>, TransportError> {
        let provider = rtc_crypto::default_provider().map_err(crypto)?;
        let certificate =
            Certificate::generate_self_signed(vec!["switchboard".to_owned()], provider.crypto())
                .map_err(|error| TransportError::Dtls(error.to_string()))?;
        let der = certificate
            .certificate
            .first()
            .ok_or_else(|| TransportError::Dtls("empty certificate chain".to_owned()))?;
        let fingerprint = fingerprint(provider.as_ref(), der)?;
        let build = |profiles: Vec<SrtpProtectionProfile>| {
            ConfigBuilder::default()
                .with_crypto_provider(provider.clone())
                .with_certificates(vec![certificate.clone()])
                .with_cipher_suites(SUITES.to_vec())
                .with_srtp_protection_profiles(profiles)
                // Any certificate is taken here; its fingerprint is compared with the offer's before keys are given out.
                .with_client_auth(ClientAuthType::RequireAnyClientCert)
                .with_insecure_skip_verify(true)
                .with_extended_master_secret(ExtendedMasterSecretType::Require)
                .build(false, None)
                .map(Arc::new)
                .map_err(|error| TransportError::Dtls(error.to_string()))
        };
        // Not 256 bits as well: clients name them first, so they would get them, which costs more per packet, for
        // no more strength than that of the key exchange, 128 bits.
        let gcm = build(vec![SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm])?;
        let counter_mode = build(vec![SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80])?;
        Ok(Arc::new(TransportConfig { provider, gcm, counter_mode, sctp: sctp::Config::new(), fingerprint }))
    }

    /// Fingerprint of our certificate, for `a=fingerprint`.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Fingerprint of a DER certificate.
    pub(super) fn fingerprint_of(&self, der: &[u8]) -> Result<Fingerprint, TransportError> {
        fingerprint(self.provider.as_ref(), der)
    }
}

fn fingerprint(provider: &dyn RTCCryptoProvider, der: &[u8]) -> Result<Fingerprint, TransportError> {
    let hash = provider.crypto().hash(HashAlgorithm::Sha256, der).map_err(crypto)?;
    hash.try_into().map(Fingerprint).map_err(|_| TransportError::Crypto("SHA-256 length".to_owned()))
}

fn crypto(error: rtc_crypto::CryptoError) -> TransportError {
    TransportError::Crypto(error.to_string())
}
