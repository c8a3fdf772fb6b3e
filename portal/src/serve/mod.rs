//! The HTTP server: listeners, connections, the layers around every request, and a graceful stop.
//!
//! The accept loop is our own, so that the type of an upgraded connection is known and the socket can move on to signaling's
//! shards without hyper's buffers. HTTP/1.1 without TLS; HTTP/1.1 or HTTP/2 by ALPN with it. Who is slow is cut off: a deadline
//! for the handshake, for the header, for the request, and for silence.

mod connection;
pub(crate) mod layers;
mod limit;
mod listen;
mod proxies;
mod stream;
#[cfg(test)]
mod tests;
mod upgrade;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::config::{LimitsConfig, Network};
use connection::Shared;
use limit::Connections;
use limit::Rate;
pub use listen::ListenError;
use proxies::Proxies;
pub(crate) use upgrade::upgrade;

/// Pause after a failed `accept`, which mostly means that the process has no file descriptor left: at once it would only
/// fail again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sockets that count against the limit of connections although they left the HTTP server.
pub type Elsewhere = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A running server.
pub struct Server {
    stop: watch::Sender<bool>,
    connections: Connections,
    limits: LimitsConfig,
    proxies: Proxies,
    elsewhere: Elsewhere,
}

impl Server {
    /// A server without listeners.
    pub fn new(limits: &LimitsConfig, elsewhere: Elsewhere) -> Server {
        Server {
            stop: watch::Sender::new(false),
            connections: Connections::new(limits),
            limits: limits.clone(),
            proxies: Proxies::default(),
            elsewhere,
        }
    }

    /// Believes these proxies what they say about their clients.
    #[must_use]
    pub fn behind(mut self, proxies: &[Network]) -> Server {
        self.proxies = Proxies::new(proxies);
        self
    }

    /// Serves the router on these addresses and gives the addresses that were really opened.
    ///
    /// # Errors
    /// The first address that cannot be opened.
    pub fn listen(
        &mut self,
        addresses: &[SocketAddr],
        tls: Option<Arc<rustls::ServerConfig>>,
        router: Router,
    ) -> Result<Vec<SocketAddr>, ListenError> {
        let tls = tls.map(TlsAcceptor::from);
        let shared =
            Arc::new(Shared { router, tls, limits: self.limits.clone(), proxies: self.proxies.clone() });
        let mut open = Vec::new();
        for listener in listen::listen(addresses)? {
            open.extend(listener.local_addr());
            let accept = Accept {
                listener,
                shared: shared.clone(),
                connections: self.connections.clone(),
                elsewhere: self.elsewhere.clone(),
                stop: self.stop.subscribe(),
            };
            tokio::spawn(accept.run());
        }
        Ok(open)
    }

    /// Open HTTP connections.
    pub fn connections(&self) -> impl Fn() -> u32 + Send + Sync + 'static {
        let connections = self.connections.clone();
        move || connections.open()
    }

    /// Stops accepting, lets running requests end, and closes idle connections; what is left after the deadline is cut.
    pub async fn stop(self, deadline: Duration) {
        self.stop.send_replace(true);
        // Every accept loop and connection holds a receiver.
        if tokio::time::timeout(deadline, self.stop.closed()).await.is_err() {
            tracing::warn!(open = self.connections.open(), "requests were cut off by the stop");
        }
    }
}

/// The loop of one listener.
struct Accept {
    listener: TcpListener,
    shared: Arc<Shared>,
    connections: Connections,
    elsewhere: Elsewhere,
    stop: watch::Receiver<bool>,
}

impl Accept {
    #[expect(clippy::disallowed_methods, reason = "nothing tells that a file descriptor has become free")]
    async fn run(self) {
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                () = connection::stopped(&mut stop) => return,
                accepted = self.listener.accept() => match accepted {
                    Ok((tcp, from)) => self.open(tcp, from),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    /// Past the limits a connection is closed without a word: answering would cost what the limit protects.
    fn open(&self, tcp: TcpStream, from: SocketAddr) {
        let address = from.ip().to_canonical();
        match self.connections.admit(address, self.shared.proxies.trust(address), (self.elsewhere)()) {
            Some(slot) => {
                let run = connection::run(self.shared.clone(), tcp, address, self.stop.clone());
                tokio::spawn(async move {
                    run.await;
                    drop(slot);
                });
            }
            None => tracing::debug!(%address, "too many connections"),
        }
    }
}
