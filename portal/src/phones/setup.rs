//! What a person types into a telephone so that it registers here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};

use serde::Serialize;

use crate::config::Config;

/// Where a telephone registers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct PhoneServer {
    /// `udp` (which goes for TCP as well) or `tls`.
    pub transport: String,
    /// Address and port.
    pub address: String,
}

/// Where telephones register, as this configuration has it; empty while there is no telephony.
pub fn servers(config: &Config) -> Vec<PhoneServer> {
    let sip = &config.sip;
    let announced = sip.announced.parse().ok().or_else(|| config.media.addresses.first().copied());
    let server = |transport: &str, listen: &SocketAddr| PhoneServer {
        transport: transport.into(),
        address: SocketAddr::new(announced.unwrap_or_else(|| reachable(listen.ip())), listen.port())
            .to_string(),
    };
    let plain = sip.listen.iter().map(|listen| server("udp", listen));
    let mut servers: Vec<_> =
        plain.chain(sip.listen_tls.iter().map(|listen| server("tls", listen))).collect();
    servers.dedup();
    servers
}

/// An address that others reach a listener by: of a wildcard, the address that the system would send from.
fn reachable(listen: IpAddr) -> IpAddr {
    if !listen.is_unspecified() {
        return listen;
    }
    // Connecting a UDP socket sends nothing; it only chooses the way (192.0.2.0/24 is nobody's, RFC 5737).
    let outward = || {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    outward().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<(String, String)> {
        let config = Config::load(text, []).expect("fine");
        servers(&config).into_iter().map(|server| (server.transport, server.address)).collect()
    }

    #[test]
    fn the_address_is_one_that_a_telephone_can_reach() {
        let pair = |transport: &str, address: &str| (transport.to_owned(), address.to_owned());
        assert_eq!(addresses(""), []);
        let text = "[sip]\nlisten = [\"192.0.2.7:5060\"]";
        assert_eq!(addresses(text), [pair("udp", "192.0.2.7:5060")]);
        let text = "[sip]\nlisten = [\"0.0.0.0:5070\", \"[::]:5070\"]\nannounced = \"198.51.100.9\"";
        assert_eq!(addresses(text), [pair("udp", "198.51.100.9:5070")], "once");
        let text = "[sip]\nlisten = [\"0.0.0.0:5060\"]\n[media]\naddresses = [\"198.51.100.8\"]";
        assert_eq!(addresses(text), [pair("udp", "198.51.100.8:5060")]);
        let guessed = addresses("[sip]\nlisten = [\"0.0.0.0:5060\"]");
        assert!(guessed.len() == 1 && !guessed[0].1.starts_with("0.0.0.0"), "{guessed:?}");
    }
}
