//! Master keys of one peer, as DTLS-SRTP exports them (RFC 5764).

use rtc_crypto::SecretVec;

use super::SrtpError;

/// Length of the master key of every profile in bytes.
pub const KEY_LEN: usize = 16;

/// The protection profiles we speak, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpProfile {
    /// AEAD_AES_128_GCM (RFC 7714).
    AeadAes128Gcm,
    /// AES_CM_128_HMAC_SHA1_80 (RFC 3711), which every WebRTC client has.
    Aes128CmSha1_80,
    /// AES_CM_128_HMAC_SHA1_32 (RFC 4568): short tags on RTP alone. Never offered by DTLS; some telephones have only it.
    Aes128CmSha1_32,
}

impl SrtpProfile {
    /// Length of the master salt in bytes.
    pub const fn salt_len(self) -> usize {
        match self {
            SrtpProfile::AeadAes128Gcm => 12,
            SrtpProfile::Aes128CmSha1_80 | SrtpProfile::Aes128CmSha1_32 => 14,
        }
    }

    /// Length of the authentication tag in bytes: what sealing adds to an RTP packet.
    pub const fn tag_len(self) -> usize {
        match self {
            SrtpProfile::AeadAes128Gcm => 16,
            SrtpProfile::Aes128CmSha1_80 => 10,
            SrtpProfile::Aes128CmSha1_32 => 4,
        }
    }

    /// Length of the tag of an SRTCP packet, which has an index word of 4 bytes beside. RFC 3711, section 5.2: control
    /// packets have long tags in every profile.
    pub const fn rtcp_tag_len(self) -> usize {
        match self {
            SrtpProfile::AeadAes128Gcm => 16,
            SrtpProfile::Aes128CmSha1_80 | SrtpProfile::Aes128CmSha1_32 => 10,
        }
    }

    /// Bytes to export from DTLS: two keys and two salts.
    pub const fn material_len(self) -> usize {
        2 * (KEY_LEN + self.salt_len())
    }
}

/// Master key and salt of one direction. Zeroed when dropped; `Debug` shows neither.
#[derive(Clone, Debug)]
pub struct MasterKey {
    key: SecretVec,
    salt: SecretVec,
}

impl MasterKey {
    /// Takes the key and salt; lengths are checked against the profile where they are used.
    pub fn new(key: &[u8], salt: &[u8]) -> Self {
        MasterKey { key: SecretVec::new(key.to_vec()), salt: SecretVec::new(salt.to_vec()) }
    }

    /// The master key.
    pub fn key(&self) -> &[u8] {
        self.key.as_ref()
    }

    /// The master salt.
    pub fn salt(&self) -> &[u8] {
        self.salt.as_ref()
    }
}

/// What a completed DTLS handshake gives: the profile and the keys of both directions.
#[derive(Clone, Debug)]
pub struct SrtpKeys {
    /// Negotiated profile.
    pub profile: SrtpProfile,
    /// For packets we send.
    pub local: MasterKey,
    /// For packets of the peer.
    pub remote: MasterKey,
}

impl SrtpKeys {
    /// Splits exported keying material (RFC 5764, section 4.2); we are the DTLS server.
    ///
    /// # Errors
    /// [`SrtpError::Key`] if the length is not [`SrtpProfile::material_len`].
    pub fn of_server(profile: SrtpProfile, material: &[u8]) -> Result<Self, SrtpError> {
        if material.len() != profile.material_len() {
            return Err(SrtpError::Key);
        }
        let (keys, salts) = material.split_at(2 * KEY_LEN);
        let (client_key, server_key) = keys.split_at(KEY_LEN);
        let (client_salt, server_salt) = salts.split_at(profile.salt_len());
        Ok(SrtpKeys {
            profile,
            local: MasterKey::new(server_key, server_salt),
            remote: MasterKey::new(client_key, client_salt),
        })
    }

    /// The keys as the other side holds them.
    pub fn swapped(self) -> Self {
        SrtpKeys { profile: self.profile, local: self.remote, remote: self.local }
    }
}
