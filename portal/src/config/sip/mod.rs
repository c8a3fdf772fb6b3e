//! `[sip]`: telephones, and the PBXs behind trunks.

mod check;
#[cfg(test)]
mod tests;
mod trunk;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use signaling::sip::config as bridge;

pub use trunk::{PrefixRule, TrunkConfig};

/// `[sip]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipConfig {
    /// Addresses for UDP and TCP; without any address there is no telephony.
    pub listen: Vec<SocketAddr>,
    /// Addresses for TLS.
    pub listen_tls: Vec<SocketAddr>,
    /// PEM file of the certificate chain for TLS.
    pub certificate: PathBuf,
    /// PEM file of the key.
    pub key: PathBuf,
    /// PEM file of the CAs that trunks and telephones are checked against.
    pub ca: PathBuf,
    /// Whether who connects by TLS must show a certificate of such a CA.
    pub require_client_certificate: bool,
    /// Host of our addresses, and the realm of passwords.
    pub domain: String,
    /// Address announced to telephones; empty: the one that the system sends from.
    pub announced: String,
    /// Patterns of numbers that may be dialled.
    pub patterns: Vec<String>,
    /// Short codes and the numbers that they stand for.
    pub short_codes: BTreeMap<String, String>,
    /// Emergency numbers.
    pub emergency: Vec<String>,
    /// Names of the trunks for emergency numbers; empty: all.
    pub emergency_trunks: Vec<String>,
    /// Country code without `+`.
    pub country: String,
    /// What national numbers begin with.
    pub national_prefix: String,
    /// What own extensions begin with when called from outside.
    pub direct_prefix: String,
    /// Where calls go to whose person no device can reach; empty: nowhere.
    pub fallback: String,
    /// Telephone calls at once of one person.
    pub calls_per_person: u32,
    /// New telephone calls per minute of one person.
    pub dials_per_minute: u32,
    /// Telephone calls at once in all.
    pub calls: u32,
    /// New telephone calls per second in all.
    pub calls_per_second: u32,
    /// Seconds between the refreshes of a session.
    pub session_seconds: u64,
    /// Shortest registration of a telephone in seconds.
    pub register_min_seconds: u64,
    /// Longest registration of a telephone in seconds.
    pub register_max_seconds: u64,
    /// The PBXs, in the order in which they are tried.
    pub trunks: Vec<TrunkConfig>,
}

impl Default for SipConfig {
    fn default() -> Self {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        SipConfig {
            listen: Vec::new(),
            listen_tls: Vec::new(),
            certificate: PathBuf::new(),
            key: PathBuf::new(),
            ca: PathBuf::new(),
            require_client_certificate: false,
            domain: "switchboard".into(),
            announced: String::new(),
            patterns: list(&["[2-9]XX", "[2-9]XXX", "[2-9]XXXX", "[2-9]XXXXX"]),
            short_codes: BTreeMap::new(),
            emergency: list(&["110", "112", "119"]),
            emergency_trunks: Vec::new(),
            country: "886".into(),
            national_prefix: "0".into(),
            direct_prefix: String::new(),
            fallback: String::new(),
            calls_per_person: 4,
            dials_per_minute: 30,
            calls: 500,
            calls_per_second: 50,
            session_seconds: 1_800,
            register_min_seconds: 60,
            register_max_seconds: 3_600,
            trunks: Vec::new(),
        }
    }
}

impl SipConfig {
    /// Whether there is telephony.
    pub fn enabled(&self) -> bool {
        !(self.listen.is_empty() && self.listen_tls.is_empty())
    }

    /// The settings in the terms of the bridge; `None` when telephony is off.
    pub fn bridge(&self) -> Option<bridge::SipConfig> {
        self.enabled().then(|| bridge::SipConfig {
            listen: self.listen.clone(),
            listen_tls: self.listen_tls.clone(),
            tls: self.tls(),
            domain: self.domain.clone(),
            announced: self.announced(),
            trunks: self.trunks.iter().map(TrunkConfig::bridge).collect(),
            plan: self.plan(),
            fallback: match self.fallback.as_str() {
                "" => bridge::Fallback::Unavailable,
                number => bridge::Fallback::Forward(number.to_owned()),
            },
            limits: bridge::LimitsConfig {
                calls_per_person: self.calls_per_person,
                dials_per_minute: self.dials_per_minute,
                calls: self.calls,
                calls_per_second: self.calls_per_second,
            },
            session_expires: Duration::from_secs(self.session_seconds),
            register_expires: (
                Duration::from_secs(self.register_min_seconds),
                Duration::from_secs(self.register_max_seconds),
            ),
        })
    }

    fn announced(&self) -> Option<IpAddr> {
        self.announced.parse().ok()
    }

    fn tls(&self) -> Option<bridge::TlsFiles> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let any = [&self.certificate, &self.ca].iter().any(|path| !path.as_os_str().is_empty());
        any.then(|| bridge::TlsFiles {
            certificate: text(&self.certificate),
            key: text(&self.key),
            ca: text(&self.ca),
            require_client: self.require_client_certificate,
        })
    }

    fn plan(&self) -> bridge::PlanConfig {
        bridge::PlanConfig {
            patterns: self.patterns.clone(),
            short_codes: self.short_codes.clone().into_iter().collect(),
            emergency: self.emergency.clone(),
            emergency_trunks: self.emergency_trunks.clone(),
            country: self.country.clone(),
            national_prefix: self.national_prefix.clone(),
            direct_prefix: self.direct_prefix.clone(),
        }
    }
}
