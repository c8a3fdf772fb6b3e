//! `[[sip.trunks]]`: one PBX.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use signaling::sip::config::{self as bridge, CodecName, Srtp};
use signaling::sip::dialog::Credentials;
use signaling::sip::port::Protocol;

use crate::config::Secret;

/// One PBX.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrunkConfig {
    /// Name in logs, records and on the trunk page.
    pub name: String,
    /// Host name or address of the PBX.
    pub host: String,
    /// Its port; 0: 5060, or 5061 for TLS.
    pub port: u16,
    /// `udp`, `tcp` or `tls`.
    pub protocol: Protocol,
    /// Whether to register there.
    pub register: bool,
    /// User part of our address there.
    pub user: String,
    /// User name for its challenges; empty: `user`.
    pub login: String,
    /// Password for its challenges.
    pub password: Secret,
    /// Further addresses that its calls come from.
    pub peers: Vec<IpAddr>,
    /// Whether audio is encrypted.
    pub srtp: Srtp,
    /// Audio codecs, best first.
    pub codecs: Vec<CodecName>,
    /// Packet time in milliseconds.
    pub ptime: u32,
    /// Whether `P-Asserted-Identity` is believed and sent.
    pub trusted_identity: bool,
    /// Rules for numbers on the way to it.
    pub outbound: Vec<PrefixRule>,
    /// Rules for numbers on the way from it.
    pub inbound: Vec<PrefixRule>,
    /// Calls at once.
    pub max_calls: u32,
    /// New calls per second.
    pub max_calls_per_second: u32,
    /// Seconds between two questions whether it lives.
    pub options_seconds: u64,
    /// Milliseconds of silence before the next trunk is tried.
    pub patience_ms: u64,
}

/// Numbers that begin with `prefix` lose `strip` characters and get `add` before them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrefixRule {
    /// What the number begins with; empty: every number.
    pub prefix: String,
    /// Characters taken off.
    pub strip: usize,
    /// Characters put before.
    pub add: String,
}

impl Default for TrunkConfig {
    fn default() -> Self {
        TrunkConfig {
            name: String::new(),
            host: String::new(),
            port: 0,
            protocol: Protocol::Udp,
            register: false,
            user: String::new(),
            login: String::new(),
            password: Secret::default(),
            peers: Vec::new(),
            srtp: Srtp::Off,
            codecs: vec![CodecName::Pcma, CodecName::Pcmu, CodecName::G722],
            ptime: 20,
            trusted_identity: false,
            outbound: Vec::new(),
            inbound: Vec::new(),
            max_calls: 100,
            max_calls_per_second: 10,
            options_seconds: 30,
            patience_ms: 3_000,
        }
    }
}

impl TrunkConfig {
    /// The trunk in the terms of the bridge.
    pub(super) fn bridge(&self) -> bridge::TrunkConfig {
        let rules = |rules: &[PrefixRule]| rules.iter().cloned().map(bridge::PrefixRule::from).collect();
        bridge::TrunkConfig {
            name: self.name.clone(),
            host: self.host.clone(),
            port: self.port(),
            protocol: self.protocol,
            register: self.register,
            user: self.user.clone(),
            credentials: self.credentials(),
            peers: self.peers.clone(),
            srtp: self.srtp,
            codecs: self.codecs.clone(),
            ptime: self.ptime,
            trusted_identity: self.trusted_identity,
            outbound: rules(&self.outbound),
            inbound: rules(&self.inbound),
            max_calls: self.max_calls,
            max_calls_per_second: self.max_calls_per_second,
            options_every: Duration::from_secs(self.options_seconds),
            patience: Duration::from_millis(self.patience_ms),
        }
    }

    fn port(&self) -> u16 {
        match (self.port, self.protocol) {
            (0, Protocol::Tls) => 5_061,
            (0, _) => 5_060,
            (port, _) => port,
        }
    }

    fn credentials(&self) -> Option<Credentials> {
        let user = if self.login.is_empty() { &self.user } else { &self.login };
        (!self.password.0.is_empty())
            .then(|| Credentials { user: user.clone(), password: self.password.0.clone() })
    }
}

impl From<PrefixRule> for bridge::PrefixRule {
    fn from(PrefixRule { prefix, strip, add }: PrefixRule) -> Self {
        bridge::PrefixRule { prefix, strip, add }
    }
}
