//! Opens the listening sockets.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use thiserror::Error;
use tokio::net::TcpListener;

/// Connections that the kernel finishes for us while we are busy; the kernel's own bound (`somaxconn`) holds too. In a
/// reconnect storm a short queue costs clients seconds of SYN retransmission.
const BACKLOG: i32 = 65_535;

/// An address that cannot be listened on.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The address of the configuration.
    pub address: SocketAddr,
    /// Why.
    pub source: io::Error,
}

/// Opens all addresses. On a machine without IPv6, `[::]` becomes `0.0.0.0`, and other IPv6 addresses are left out as long
/// as another listener stays.
pub(super) fn listen(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, ListenError> {
    let mut open = Vec::new();
    let mut left_out = None;
    for &address in addresses {
        match bind(address) {
            Ok(listener) => open.push(listener),
            Err(source) if address.is_ipv6() && no_ipv6(&source) && address.ip().is_unspecified() => {
                let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                open.push(bind(any).map_err(|source| ListenError { address: any, source })?);
            }
            Err(source) if address.is_ipv6() && no_ipv6(&source) => {
                tracing::info!(%address, "no IPv6 here; this address is left out");
                left_out = Some(ListenError { address, source });
            }
            Err(source) => return Err(ListenError { address, source }),
        }
    }
    match left_out {
        Some(refusal) if open.is_empty() => Err(refusal),
        _ => Ok(open),
    }
}

fn no_ipv6(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(EAFNOSUPPORT)
}

/// "Address family not supported by protocol" on Linux.
const EAFNOSUPPORT: i32 = 97;

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the old connections' TIME_WAIT.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // [::] serves IPv4 too, whatever the system's default; [::1] cannot.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_in_use_is_named() {
        let first = listen(&[SocketAddr::from(([127, 0, 0, 1], 0))]).expect("free port");
        let taken = first[0].local_addr().expect("address");
        let refusal = listen(&[taken]).expect_err("taken");
        assert_eq!(refusal.address, taken);
        assert!(refusal.to_string().contains(&taken.to_string()));
    }

    #[tokio::test]
    async fn every_interface_takes_ipv4_too() {
        let any = listen(&["[::]:0".parse().expect("address")]).expect("listens");
        let port = any[0].local_addr().expect("address").port();
        let client = tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        let (accepted, connected) = tokio::join!(any[0].accept(), client);
        assert!(accepted.is_ok() && connected.is_ok());
    }
}
