//! Sets of addresses: one, or all that begin with the same bits (CIDR, RFC 4632).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    /// Bits of the address that count.
    bits: u32,
}

/// A text that is no [`Network`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is neither an address nor a network such as \"10.0.0.0/8\", whose address ends in zeros")]
pub struct NotANetwork(String);

impl Network {
    /// Whether the address is in the set. An IPv4 address counts as such in its IPv6 form, too.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(of), IpAddr::V4(address)) => {
                (of.to_bits() ^ address.to_bits()) & mask32(self.bits) == 0
            }
            (IpAddr::V6(of), IpAddr::V6(address)) => {
                (of.to_bits() ^ address.to_bits()) & mask128(self.bits) == 0
            }
            _ => false,
        }
    }
}

/// The first `bits` bits, of 32.
fn mask32(bits: u32) -> u32 {
    u32::MAX.checked_shl(32 - bits).unwrap_or(0)
}

/// The first `bits` bits, of 128.
fn mask128(bits: u32) -> u128 {
    u128::MAX.checked_shl(128 - bits).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Network, NotANetwork> {
        parse(text).ok_or_else(|| NotANetwork(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Network> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let address = address.parse::<IpAddr>().ok()?.to_canonical();
    let (most, rest) = match address {
        IpAddr::V4(address) => (32, u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    let bits = bits.map_or(most, u32::from);
    // Bits behind the network are most likely a slip, such as 10.1.0.0/8 for 10.1.0.0/16.
    (bits <= most && rest & !mask128(bits) == 0).then_some(Network { address, bits })
}

impl TryFrom<String> for Network {
    type Error = NotANetwork;

    fn try_from(text: String) -> Result<Network, NotANetwork> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().expect(network).contains(address.parse().expect(address))
    }

    #[test]
    fn a_network_contains_what_begins_with_its_bits() {
        assert!(contains("192.0.2.7", "192.0.2.7") && !contains("192.0.2.7", "192.0.2.6"));
        assert!(contains("192.0.2.0/24", "192.0.2.255") && !contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("10.128.0.0/9", "10.200.1.1") && !contains("10.128.0.0/9", "10.127.255.255"));
        assert!(contains("0.0.0.0/0", "203.0.113.9") && !contains("0.0.0.0/0", "2001:db8::1"));
        assert!(contains("2001:db8::/32", "2001:db8:ffff::1") && !contains("2001:db8::/32", "2001:db9::1"));
        assert!(contains("::1", "::1") && contains("::/0", "2001:db8::1") && !contains("::/0", "192.0.2.7"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.9"), "an IPv4 client of an IPv6 socket");
    }

    #[test]
    fn what_is_no_network_is_refused_and_what_is_survives_a_round_trip() {
        for text in [
            "",
            "proxy",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.1.0.0/8",
            "2001:db8::1/64",
            "10.0.0.0/8/8",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
        for text in ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32", "0.0.0.0/0", "::/0"] {
            assert_eq!(text.parse::<Network>().map(String::from).as_deref(), Ok(text));
        }
    }
}
