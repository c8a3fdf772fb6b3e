//! What is wrong with `[sip]`. Much of it is written into headers of SIP messages, so nothing may stand in it that ends a header
//! or a quoted string.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use signaling::sip::config::Srtp;
use signaling::sip::plan::{Number, Pattern};
use signaling::sip::port::Protocol;

use super::{PrefixRule, SipConfig, TrunkConfig};
use crate::config::Problems;

/// Most trunks; each is asked in turn when a call finds no way out.
const MAX_TRUNKS: usize = 16;
/// Most entries of any other list.
const MAX_LIST: usize = 200;
/// Longest name, user or password in bytes.
const MAX_TEXT: usize = 128;
/// Shortest interval of a session timer (RFC 4028 section 5).
const MIN_SESSION: u64 = 90;

impl SipConfig {
    pub(in crate::config) fn check(&self, problems: &mut Problems) {
        self.check_listeners(problems);
        self.check_tls(problems);
        self.check_numbers(problems);
        self.check_bounds(problems);
        if self.trunks.len() > MAX_TRUNKS {
            problems.add("sip.trunks", format!("has more than {MAX_TRUNKS} trunks"));
        }
        let mut names = BTreeSet::new();
        for (n, trunk) in self.trunks.iter().enumerate().take(MAX_TRUNKS) {
            let at = Place { problems, n };
            check_trunk(trunk, at);
            if !names.insert(trunk.name.to_lowercase()) {
                Place { problems, n }.add("name", format!("\"{}\" is the name of two trunks", trunk.name));
            }
            if trunk.protocol == Protocol::Tls && self.ca.as_os_str().is_empty() {
                Place { problems, n }.add("protocol", "tls needs sip.ca, to know the PBX by its certificate");
            }
        }
        for name in self.emergency_trunks.iter().filter(|name| !names.contains(&name.to_lowercase())) {
            problems.add("sip.emergency_trunks", format!("\"{name}\" is not the name of a trunk"));
        }
    }

    fn check_listeners(&self, problems: &mut Problems) {
        let mut seen = BTreeSet::new();
        for (key, list) in [("sip.listen", &self.listen), ("sip.listen_tls", &self.listen_tls)] {
            for address in list {
                if address.ip().is_multicast() {
                    problems.add(key, format!("{address} is not an address of this machine"));
                }
                if address.port() != 0 && !seen.insert(*address) {
                    problems.add(key, format!("{address} is there twice"));
                }
            }
        }
        if !is_host(&self.domain) {
            problems.add("sip.domain", format!("\"{}\" is not a host name", self.domain.escape_debug()));
        }
        let announced = self.announced.parse::<IpAddr>();
        let wrong =
            announced.map_or(!self.announced.is_empty(), |ip| ip.is_unspecified() || ip.is_multicast());
        if wrong {
            problems.add("sip.announced", "must be empty or the address of this machine");
        }
    }

    fn check_tls(&self, problems: &mut Problems) {
        let set = |path: &Path| !path.as_os_str().is_empty();
        if set(&self.certificate) != set(&self.key) {
            problems.add("sip.key", "certificate and key must be set together");
        }
        let files = [("sip.certificate", &self.certificate), ("sip.key", &self.key), ("sip.ca", &self.ca)];
        for (key, path) in files.into_iter().filter(|(_, path)| set(path) && !path.is_file()) {
            problems.add(key, format!("{} is not a file", path.display()));
        }
        if !self.listen_tls.is_empty() && !set(&self.certificate) {
            problems.add("sip.listen_tls", "needs sip.certificate");
        }
        if self.require_client_certificate && !set(&self.ca) {
            problems.add("sip.require_client_certificate", "needs sip.ca");
        }
    }

    fn check_numbers(&self, problems: &mut Problems) {
        let lists = [("sip.patterns", self.patterns.len()), ("sip.short_codes", self.short_codes.len())];
        for (key, _) in lists.into_iter().filter(|(_, length)| *length > MAX_LIST) {
            problems.add(key, format!("has more than {MAX_LIST} entries"));
        }
        for pattern in self.patterns.iter().filter(|pattern| Pattern::parse(pattern).is_err()) {
            let text =
                format!("\"{}\" is not a pattern such as \"[2-9]XXX\" or \"+886.\"", pattern.escape_debug());
            problems.add("sip.patterns", text);
        }
        let codes = self.short_codes.iter().flat_map(|(code, number)| [code, number]);
        let codes = codes.map(|text| ("sip.short_codes", text));
        let emergency = self.emergency.iter().map(|text| ("sip.emergency", text));
        let single = [
            ("sip.country", &self.country),
            ("sip.national_prefix", &self.national_prefix),
            ("sip.direct_prefix", &self.direct_prefix),
            ("sip.fallback", &self.fallback),
        ];
        let single = single.into_iter().filter(|(_, text)| !text.is_empty());
        for (key, text) in
            codes.chain(emergency).chain(single).filter(|(_, text)| Number::parse(text).is_err())
        {
            problems.add(key, format!("\"{}\" is not a number", text.escape_debug()));
        }
        if self.country.starts_with('+') {
            problems.add("sip.country", "is written without +");
        }
    }

    fn check_bounds(&self, problems: &mut Problems) {
        problems.within("sip.calls_per_person", self.calls_per_person.into(), 1, 1_000);
        problems.within("sip.dials_per_minute", self.dials_per_minute.into(), 1, 10_000);
        problems.within("sip.calls", self.calls.into(), 1, 100_000);
        problems.within("sip.calls_per_second", self.calls_per_second.into(), 1, 10_000);
        problems.within("sip.session_seconds", self.session_seconds, MIN_SESSION, 86_400);
        problems.within("sip.register_min_seconds", self.register_min_seconds, 10, 86_400);
        problems.within(
            "sip.register_max_seconds",
            self.register_max_seconds,
            self.register_min_seconds,
            7 * 86_400,
        );
    }
}

/// Where in the file a trunk's problem is.
struct Place<'a> {
    problems: &'a mut Problems,
    n: usize,
}

impl Place<'_> {
    fn add(&mut self, key: &str, text: impl Into<String>) {
        self.problems.add(format!("sip.trunks[{}].{key}", self.n), text);
    }

    fn within(&mut self, key: &str, value: u64, least: u64, most: u64) {
        self.problems.within(&format!("sip.trunks[{}].{key}", self.n), value, least, most);
    }
}

fn check_trunk(trunk: &TrunkConfig, mut at: Place<'_>) {
    if trunk.name.trim().is_empty() || !is_plain(&trunk.name) {
        at.add("name", "must have 1 to 128 characters, none of them a quote or a control character");
    }
    if !is_host(&trunk.host) {
        at.add("host", format!("\"{}\" is not a host name or an address", trunk.host.escape_debug()));
    }
    if !is_user(&trunk.user) {
        at.add("user", "has characters that the user part of an address cannot have");
    }
    if trunk.register && trunk.user.is_empty() {
        at.add("user", "is needed to register");
    }
    if !is_plain(&trunk.login) {
        at.add("login", "must have no quotes or control characters");
    }
    let password = &trunk.password.0;
    if password.len() > MAX_TEXT || password.chars().any(char::is_control) {
        at.add("password", "is too long or has control characters");
    }
    if !password.is_empty() && trunk.user.is_empty() && trunk.login.is_empty() {
        at.add("login", "is needed with a password");
    }
    if trunk.srtp != Srtp::Off && trunk.protocol != Protocol::Tls {
        at.add("srtp", "needs protocol = \"tls\": its keys would go in clear otherwise");
    }
    if trunk.codecs.is_empty()
        || trunk.codecs.iter().collect::<std::collections::HashSet<_>>().len() < trunk.codecs.len()
    {
        at.add("codecs", "must name at least one codec, each once");
    }
    if !matches!(trunk.ptime, 10 | 20 | 30 | 40 | 60) {
        at.add("ptime", format!("{} is not 10, 20, 30, 40 or 60", trunk.ptime));
    }
    let peers = trunk.peers.iter().filter(|ip| ip.is_unspecified() || ip.is_multicast());
    let strange: Vec<String> = peers.map(|ip| format!("{ip} is not the address of one machine")).collect();
    strange.into_iter().for_each(|text| at.add("peers", text));
    at.within("max_calls", trunk.max_calls.into(), 1, 100_000);
    at.within("max_calls_per_second", trunk.max_calls_per_second.into(), 1, 10_000);
    at.within("options_seconds", trunk.options_seconds, 5, 3_600);
    at.within("patience_ms", trunk.patience_ms, 500, 30_000);
    for (key, rules) in [("outbound", &trunk.outbound), ("inbound", &trunk.inbound)] {
        if rules.len() > MAX_LIST || rules.iter().any(|rule| !is_rule(rule)) {
            at.add(key, "a rule has digits for prefix and add, and takes off at most 32");
        }
    }
}

fn is_rule(rule: &PrefixRule) -> bool {
    let digits = |text: &str| {
        let rest = text.strip_prefix('+').unwrap_or(text);
        text.len() <= 33 && rest.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'*' | b'#'))
    };
    digits(&rule.prefix) && digits(&rule.add) && rule.strip <= 32
}

/// A host name (RFC 1123), an IPv4 address, or an IPv6 address with or without brackets.
fn is_host(text: &str) -> bool {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if bare.parse::<Ipv6Addr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

/// What may stand in a quoted string without being escaped.
fn is_plain(text: &str) -> bool {
    text.len() <= MAX_TEXT && !text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'))
}

/// What may stand before the `@` of an address without being escaped, the signs that separate its parts left out.
fn is_user(text: &str) -> bool {
    let fits =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+' | b'*' | b'~' | b'!');
    text.len() <= MAX_TEXT && text.bytes().all(fits)
}
