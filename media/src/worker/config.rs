//! How the engine is set up.

use std::net::IpAddr;

/// Settings of an [`super::Engine`]. The default serves every address of this machine on free ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Worker threads, each with a UDP port of its own; 0: one per core.
    pub workers: usize,
    /// UDP port of the first worker; the others take the ports that follow. 0: any free ports.
    pub port: u16,
    /// Serve IPv6 too. A machine without IPv6 serves IPv4 whatever this says.
    pub ipv6: bool,
    /// Addresses written into the candidates of answers, best first. Empty: all addresses of this machine, loopback
    /// included, so that a browser on the same machine and a phone on the same network both find one.
    pub announce: Vec<IpAddr>,
    /// Most rooms on one worker; more are refused as full.
    pub max_rooms: usize,
    /// Most peers on one worker; the memory of a voice peer is below 48 KB.
    pub max_peers: usize,
    /// First and last UDP port for the legs of telephones, over all workers. Each leg takes an even port and the next one.
    pub phone_ports: (u16, u16),
}

impl Default for EngineConfig {
    fn default() -> Self {
        EngineConfig {
            workers: 0,
            port: 0,
            ipv6: true,
            announce: Vec::new(),
            max_rooms: 10_000,
            max_peers: 20_000,
            phone_ports: (30_000, 39_999),
        }
    }
}
