//! Which addresses the answers announce.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use super::config::EngineConfig;
use super::sys;

/// Most addresses in an answer: a host with many container bridges would make every client check them all.
const MAX_ANNOUNCED: usize = 16;

/// The addresses of the configuration, or all of this machine: those of the network before loopback, IPv6 before IPv4.
pub(super) fn announced(config: &EngineConfig, ipv6: bool) -> io::Result<Vec<IpAddr>> {
    let mut addresses = config.announce.clone();
    if addresses.is_empty() {
        addresses = sys::interface_addresses()?;
        addresses.sort_by_key(|address| (address.is_loopback(), address.is_ipv4()));
    }
    addresses.retain(|address| usable(*address) && (ipv6 || address.is_ipv4()));
    addresses.dedup();
    addresses.truncate(MAX_ANNOUNCED);
    if addresses.is_empty() {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "no address to announce"));
    }
    Ok(addresses)
}

/// Link-local addresses need a zone, which a candidate cannot name.
fn usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_unspecified() && !v4.is_multicast() && !v4.is_link_local(),
        IpAddr::V6(v6) => v6 != Ipv6Addr::UNSPECIFIED && !v6.is_multicast() && !v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_configured_is_announced_as_far_as_it_can_be_reached() {
        let announce: Vec<IpAddr> = ["10.1.2.3", "fd00::1", "fe80::1"].map(|a| a.parse().unwrap()).into();
        let config = EngineConfig { announce: announce.clone(), ..EngineConfig::default() };
        assert_eq!(announced(&config, true).unwrap(), announce[..2]);
        assert_eq!(announced(&config, false).unwrap(), announce[..1]);
    }

    #[test]
    fn by_default_loopback_comes_last() {
        let addresses = announced(&EngineConfig::default(), false).unwrap();
        assert!(addresses.last().unwrap().is_loopback());
    }

    #[test]
    fn nothing_to_announce_is_an_error() {
        let config = EngineConfig { announce: vec!["fe80::1".parse().unwrap()], ..EngineConfig::default() };
        assert!(announced(&config, true).is_err());
    }
}
