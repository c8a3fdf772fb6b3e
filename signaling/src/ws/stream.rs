//! One socket, plain or TLS, read and written without waiting.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use rustls::ServerConnection;
use socket2::SockRef;
use tokio::net::TcpStream;

use super::Socket;

/// Kernel send buffer of one socket. Larger: a stalled client holds more kernel memory and is noticed later. Smaller: an
/// answer of 60 KB needs a queue even on a fast link.
const SEND_BUFFER: usize = 48 * 1024;
/// Unacknowledged data of this age closes the connection (RFC 5482). Smaller: short losses of the network cost a reconnect.
const USER_TIMEOUT: Duration = Duration::from_secs(30);
/// Plaintext that is sealed at once, one TLS record. What the kernel does not take of it waits in the TLS session.
const TLS_RECORD: usize = 16 * 1024;

/// A socket registered with the runtime of its shard.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(TcpStream, Box<RefCell<ServerConnection>>),
}

impl Stream {
    /// Takes the socket from the runtime that accepted it to the current one and sets its options.
    pub(super) fn adopt(socket: Socket) -> io::Result<Stream> {
        let stream = match socket {
            Socket::Plain(tcp) => Stream::Plain(TcpStream::from_std(tcp.into_std()?)?),
            Socket::Tls(tls) => {
                let (tcp, session) = tls.into_inner();
                Stream::Tls(TcpStream::from_std(tcp.into_std()?)?, Box::new(RefCell::new(session)))
            }
        };
        let options = SockRef::from(stream.tcp());
        options.set_tcp_nodelay(true)?;
        options.set_send_buffer_size(SEND_BUFFER)?;
        options.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
        Ok(stream)
    }

    fn tcp(&self) -> &TcpStream {
        match self {
            Stream::Plain(tcp) | Stream::Tls(tcp, _) => tcp,
        }
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.tcp().readable().await
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        self.tcp().writable().await
    }

    /// Reads what is there; `Ok(0)` is the end of the stream, `WouldBlock` means: wait for [`Stream::readable`].
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (tcp, session) = match self {
            Stream::Plain(tcp) => return tcp.try_read(buffer),
            Stream::Tls(tcp, session) => (tcp, &mut *session.borrow_mut()),
        };
        loop {
            match session.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                // A peer that closes without close_notify: text frames have their own end, so nothing can be cut unseen.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                read => return read,
            }
            if session.read_tls(&mut Raw(tcp))? == 0 {
                return Ok(0);
            }
            session.process_new_packets().map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            flush(tcp, session)?;
        }
    }

    /// Writes what the kernel takes now; `WouldBlock` means: wait for [`Stream::writable`].
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let (tcp, session) = match self {
            Stream::Plain(tcp) => return tcp.try_write(bytes),
            Stream::Tls(tcp, session) => (tcp, &mut *session.borrow_mut()),
        };
        if !flush(tcp, session)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        let record = &bytes[..bytes.len().min(TLS_RECORD)];
        let written = session.writer().write(record)?;
        flush(tcp, session)?;
        Ok(written)
    }

    /// Writes what the TLS session still holds; true when nothing is left.
    pub(super) fn flush(&self) -> io::Result<bool> {
        match self {
            Stream::Plain(_) => Ok(true),
            Stream::Tls(tcp, session) => flush(tcp, &mut session.borrow_mut()),
        }
    }

    /// Ends the connection at once; whoever waits for it wakes up. Errors mean that it has ended already.
    pub(super) fn kill(&self) {
        let _ = SockRef::from(self.tcp()).shutdown(Shutdown::Both);
    }
}

fn flush(tcp: &TcpStream, session: &mut ServerConnection) -> io::Result<bool> {
    while session.wants_write() {
        match session.write_tls(&mut Raw(tcp)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// The socket under TLS as rustls wants it.
struct Raw<'a>(&'a TcpStream);

impl Read for Raw<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Raw<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
