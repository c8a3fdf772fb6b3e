//! What an operator says about telephones. Plain data; the portal reads and checks it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::dialog::Credentials;
use super::port::Protocol;

/// All of it. Without trunks, numbers and telephones the bridge only listens.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// Where UDP and TCP are listened on; empty: the bridge is off.
    pub listen: Vec<SocketAddr>,
    /// Where TLS is listened on.
    pub listen_tls: Vec<SocketAddr>,
    /// PEM chain and key for TLS, and the CAs that trunks and telephones are checked against (empty: none is trusted).
    pub tls: Option<TlsFiles>,
    /// Our domain: host of the addresses of record, and the digest realm.
    pub domain: String,
    /// Addresses announced for signaling and media to telephones; empty: the one that the system would send from.
    pub announced: Option<IpAddr>,
    /// The PBXs, in the order in which they are tried.
    pub trunks: Vec<TrunkConfig>,
    /// Numbers.
    pub plan: PlanConfig,
    /// What becomes of a call from outside to a person of whom no device is connected.
    pub fallback: Fallback,
    /// Most telephone calls at once, and new ones per second, per person and in all.
    pub limits: LimitsConfig,
    /// Minimum of a session timer that we accept (RFC 4028), and the interval that we ask for.
    pub session_expires: Duration,
    /// Registrations of telephones: shortest and longest.
    pub register_expires: (Duration, Duration),
}

/// Files for TLS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub certificate: String,
    /// Its key, PEM.
    pub key: String,
    /// Certificates of CAs, PEM; empty: those of the system are not used either, so no TLS goes out.
    pub ca: String,
    /// Whether who connects to us must show a certificate of such a CA.
    pub require_client: bool,
}

/// One PBX.
#[derive(Clone, Debug)]
pub struct TrunkConfig {
    /// Name in logs, records and the trunk page.
    pub name: String,
    /// Host name or address of the PBX.
    pub host: String,
    /// Port; 5060, or 5061 for TLS.
    pub port: u16,
    /// Protocol.
    pub protocol: Protocol,
    /// Register there as a client. Without it the PBX knows us by our address.
    pub register: bool,
    /// User name for the PBX; also user part of our address there.
    pub user: String,
    /// For its challenges.
    pub credentials: Option<Credentials>,
    /// Addresses that calls of this PBX come from, besides where its name leads.
    pub peers: Vec<IpAddr>,
    /// Whether audio is encrypted (SDES, RFC 4568; only over TLS).
    pub srtp: Srtp,
    /// Audio codecs, best first.
    pub codecs: Vec<CodecName>,
    /// Packet time asked for, in milliseconds.
    pub ptime: u32,
    /// Whether its `P-Asserted-Identity` is believed and ours is sent.
    pub trusted_identity: bool,
    /// Digits taken off the front of a number, and put before it, on the way to this PBX; first rule that fits.
    pub outbound: Vec<PrefixRule>,
    /// The same on the way from it, for called and calling numbers.
    pub inbound: Vec<PrefixRule>,
    /// Most calls at once.
    pub max_calls: u32,
    /// Most new calls per second.
    pub max_calls_per_second: u32,
    /// How often it is asked whether it lives.
    pub options_every: Duration,
    /// How long it may be silent before the next trunk is tried.
    pub patience: Duration,
}

/// Whether audio is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never.
    #[default]
    Off,
    /// Offered, and taken when offered.
    Optional,
    /// Calls without it are refused.
    Required,
}

/// Audio codecs towards telephones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodecName {
    /// G.711 A-law.
    Pcma,
    /// G.711 µ-law.
    Pcmu,
    /// G.722.
    G722,
    /// Opus.
    Opus,
}

/// Numbers that begin with `prefix` lose the first `strip` digits and get `add` before them.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PrefixRule {
    /// What the number begins with; empty: every number.
    pub prefix: String,
    /// Characters taken off.
    #[serde(default)]
    pub strip: usize,
    /// Characters put before.
    #[serde(default)]
    pub add: String,
}

/// Which numbers may be dialled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanConfig {
    /// Allowed patterns: digits, `X` any digit, `[2-5]` one of these, `.` at the end one or more digits; `+` at the front.
    pub patterns: Vec<String>,
    /// Short codes and what they stand for: `9` for the switchboard operator.
    pub short_codes: Vec<(String, String)>,
    /// Emergency numbers: go only to trunks that are named here, never into a group call, and have no limits.
    pub emergency: Vec<String>,
    /// Names of the trunks for emergency numbers; empty: all, in order.
    pub emergency_trunks: Vec<String>,
    /// Country code without `+`, and the national prefix: `886` and `0`. Make `+886227208889` and `0227208889` one number.
    pub country: String,
    /// See `country`.
    pub national_prefix: String,
    /// What all own extensions begin with when they are called from outside (direct dialling in): `+88622720`.
    pub direct_prefix: String,
}

/// What becomes of a call to a person whom no device can reach.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Fallback {
    /// 480.
    #[default]
    Unavailable,
    /// To this number.
    Forward(String),
}

/// Bounds against mistakes and toll fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitsConfig {
    /// Telephone calls at once of one person.
    pub calls_per_person: u32,
    /// New telephone calls per minute of one person.
    pub dials_per_minute: u32,
    /// Telephone calls at once in all.
    pub calls: u32,
    /// New telephone calls per second in all, both directions.
    pub calls_per_second: u32,
}
