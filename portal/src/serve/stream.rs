//! One accepted connection, with or without TLS, that gives up on a silent other end.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_rustls::server::TlsStream;

/// How long the other end may neither send nor take a byte. It bounds what the header deadline does not see: an HTTP/2
/// preface that never comes, a body that stops, a response that nobody reads. HTTP/2 pings keep a living connection open.
const SILENCE: Duration = Duration::from_secs(75);

/// The bytes of a connection.
pub(super) enum Transport {
    /// Without TLS.
    Plain(TcpStream),
    /// With TLS; the handshake is done.
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection as hyper gets it.
pub(super) struct Stream {
    transport: Transport,
    silence: Pin<Box<Sleep>>,
}

#[expect(clippy::disallowed_methods, reason = "the deadline of a connection is a timer of the shell")]
impl Stream {
    pub(super) fn new(transport: Transport) -> Stream {
        Stream { transport, silence: Box::pin(tokio::time::sleep(SILENCE)) }
    }

    /// The connection itself, for a protocol that is not HTTP.
    pub(super) fn into_transport(self) -> Transport {
        self.transport
    }

    /// Passes on what the transport says; a byte that moved starts the silence anew, and its end is an error.
    fn watch<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.silence.as_mut().reset(Instant::now() + SILENCE);
            return outcome;
        }
        ready!(self.silence.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Transport {
    fn get(&mut self) -> Pin<&mut (dyn Duplex + '_)> {
        match self {
            Transport::Plain(stream) => Pin::new(stream),
            Transport::Tls(stream) => Pin::new(&mut **stream),
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = self.transport.get().poll_read(cx, buf);
        self.watch(cx, outcome)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = self.transport.get().poll_write(cx, buf);
        self.watch(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = self.transport.get().poll_write_vectored(cx, bufs);
        self.watch(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.transport.get().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = self.transport.get().poll_shutdown(cx);
        self.watch(cx, outcome)
    }
}
