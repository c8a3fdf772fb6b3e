//! Decisions about log-ins. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::model::Login;
use crate::clock::Millis;

/// Longest account name, in bytes.
pub const MAX_ACCOUNT_BYTES: usize = 64;
/// Longest password, in bytes: hashing a longer one would only cost memory. NIST SP 800-63B-4 asks for at least 64 characters.
pub const MAX_PASSWORD_BYTES: usize = 512;
/// Most open log-ins of a person: with one more the one seen longest ago ends. Their list shows all of them.
pub const MAX_LOGINS: i64 = 50;

/// How long a log-in lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// Without a request for this long it ends. Shorter protects an unlocked PC better; longer asks for passwords less often.
    pub idle: Duration,
    /// However much it is used, it ends after this long.
    pub absolute: Duration,
}

impl Default for Lifetime {
    fn default() -> Self {
        Lifetime { idle: Duration::from_secs(30 * 60), absolute: Duration::from_secs(12 * 60 * 60) }
    }
}

/// Whether a log-in may still be used. `seen` is the newest sign of life, which may be newer than the row.
pub fn alive(login: &Login, seen: Millis, now: Millis, lifetime: Lifetime) -> bool {
    let seen = seen.max(login.last_seen_at);
    now.since(seen) < lifetime.idle && now.since(login.created_at) < lifetime.absolute
}

/// The one spelling of an account name: ASCII letters in lower case, blanks around it dropped. `None` when it cannot be one.
pub fn account_name(typed: &str) -> Option<String> {
    let name = typed.trim().to_ascii_lowercase();
    let fits = !name.is_empty()
        && name.len() <= MAX_ACCOUNT_BYTES
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'@'));
    fits.then_some(name)
}

/// The network of an address: /24 of IPv4, /48 of IPv6. Coarse enough for the audit trail, fine enough to slow an attack.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => format!("{}/24", Ipv4Addr::from_bits(v4.to_bits() & !0xff)),
        IpAddr::V6(v6) => format!("{}/48", Ipv6Addr::from_bits(v6.to_bits() >> 80 << 80)),
    }
}

/// The address that limits count: an IPv6 client can take any address of its /64, so all of that is one.
pub fn host(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("{}/64", Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// Browsers by the words of their `User-Agent`, those first whose words others also use.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// A short name of the device for its owner, such as `Chrome · Windows`; empty when the header says nothing known.
pub fn device_name(user_agent: &str) -> String {
    let first = |table: &[(&str, &'static str)]| {
        table.iter().find(|(word, _)| user_agent.contains(word)).map(|(_, name)| *name)
    };
    let parts: Vec<&str> = [first(BROWSERS), first(SYSTEMS)].into_iter().flatten().collect();
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use signaling::ids::{LoginId, PersonId};
    use uuid::Uuid;

    use super::*;

    fn login(created_at: i64, last_seen_at: i64) -> Login {
        Login {
            id: LoginId(Uuid::nil()),
            person: PersonId(Uuid::nil()),
            proofs: Vec::new(),
            device: String::new(),
            address: String::new(),
            created_at: Millis(created_at),
            last_seen_at: Millis(last_seen_at),
        }
    }

    #[test]
    fn a_log_in_ends_when_idle_or_old() {
        let lifetime = Lifetime { idle: Duration::from_millis(10), absolute: Duration::from_millis(100) };
        let at = |seen, now| alive(&login(0, 5), Millis(seen), Millis(now), lifetime);
        assert!(at(0, 14));
        assert!(!at(0, 15), "idle for 10 ms");
        assert!(at(20, 29), "seen since, though the row does not say so yet");
        assert!(!at(99, 100), "absolute end, however busy");
    }

    #[test]
    fn account_names_have_one_spelling() {
        assert_eq!(account_name(" Lin.YaTing ").as_deref(), Some("lin.yating"));
        for bad in ["", "  ", "a b", "林雅婷", "a\0b", &"x".repeat(65)] {
            assert_eq!(account_name(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_counted_by_host_and_network() {
        let v4: IpAddr = "203.0.113.77".parse().unwrap();
        let mapped: IpAddr = "::ffff:203.0.113.77".parse().unwrap();
        let v6: IpAddr = "2001:db8:1:2:3:4:5:6".parse().unwrap();
        assert_eq!((network(v4), host(v4)), ("203.0.113.0/24".into(), "203.0.113.77".into()));
        assert_eq!((network(mapped), host(mapped)), (network(v4), host(v4)));
        assert_eq!((network(v6), host(v6)), ("2001:db8:1::/48".into(), "2001:db8:1:2::/64".into()));
    }

    #[test]
    fn devices_are_named_by_browser_and_system() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0";
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Mobile Safari/604.1";
        assert_eq!(device_name(edge), "Edge · Windows");
        assert_eq!(device_name(iphone), "Safari · iPhone");
        assert_eq!(device_name("curl/8"), "");
    }
}
