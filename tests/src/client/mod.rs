//! A WebRTC client for the media tests and benches: STUN and DTLS by the rtc crates, media packets by hand, so that a test says
//! exactly which packet is sent, lost or asked for again.

mod answer;
mod dtls;
mod offer;
mod phone;
mod room;
mod stun;

pub use offer::{Answered, LEVEL, MID, OPUS, Offer, RTX, SlotIds, TRANSPORT_CC, VP8};
pub use phone::{Phone, tone, tone_level};
pub use room::{Server, peer};

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use media::rtp::header::Outgoing;
use media::rtp::rtcp::Writer;
use media::rtp::{Header, ParseError};
use media::transport::srtp::{SrtpReceiver, SrtpSender};
use media::transport::{Protocol, classify};

use dtls::{Dtls, Identity};

/// A connection that is not up after this long never will be.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Time between checks until the connection is up.
const CHECK: Duration = Duration::from_millis(50);

/// A decrypted packet from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// Media: header and the whole packet.
    Rtp(Header, Vec<u8>),
    /// A compound.
    Rtcp(Vec<u8>),
}

/// Keys of a connection that is up.
struct Keys {
    sender: SrtpSender,
    receiver: SrtpReceiver,
}

/// One client with its own socket.
pub struct Client {
    /// Its socket, non-blocking.
    pub socket: UdpSocket,
    /// What it offered.
    pub offer: Offer,
    /// What the server answered.
    pub answer: Answered,
    identity: &'static Identity,
    dtls: Dtls,
    keys: Option<Keys>,
    next_check: Instant,
}

impl Client {
    /// A client that offers `offer`, bound to 127.0.0.1.
    ///
    /// # Errors
    /// No socket, no certificate.
    pub fn new(offer: Offer) -> io::Result<Client> {
        Client::with(Identity::shared(false), Ipv4Addr::LOCALHOST.into(), offer)
    }

    /// The same with another certificate, as a page has that was opened again.
    ///
    /// # Errors
    /// No socket, no certificate.
    pub fn opened_again(offer: Offer) -> io::Result<Client> {
        Client::with(Identity::shared(true), Ipv4Addr::LOCALHOST.into(), offer)
    }

    /// The same at another address of this machine.
    ///
    /// # Errors
    /// No socket, no certificate.
    pub fn at(host: IpAddr, offer: Offer) -> io::Result<Client> {
        Client::with(Identity::shared(false), host, offer)
    }

    fn with(identity: &'static Identity, host: IpAddr, offer: Offer) -> io::Result<Client> {
        let socket = UdpSocket::bind((host, 0))?;
        socket.set_nonblocking(true)?;
        let (dtls, next_check) = (Dtls::new(identity)?, now());
        Ok(Client { identity, socket, offer, answer: Answered::default(), dtls, keys: None, next_check })
    }

    /// The offer as SDP.
    pub fn sdp(&self) -> String {
        self.offer.sdp(self.identity.fingerprint())
    }

    /// Takes the answer and connects.
    ///
    /// # Errors
    /// An answer without what is needed; no connection in time.
    pub fn connect(&mut self, answer: &str) -> io::Result<()> {
        self.answered(answer)?;
        let until = now() + CONNECT_LIMIT;
        while self.keys.is_none() {
            self.drive(now())?;
            wait(&self.socket, Duration::from_millis(5))?;
            while self.poll()?.is_some() {}
            if now() > until {
                return Err(io::Error::other("no connection"));
            }
        }
        Ok(())
    }

    /// Takes an answer; checks begin with the next [`Client::drive`].
    ///
    /// # Errors
    /// An answer without what is needed.
    pub fn answered(&mut self, answer: &str) -> io::Result<()> {
        self.answer = Answered::parse(answer, self.socket.local_addr()?.ip())
            .ok_or_else(|| io::Error::other(format!("no answer: {answer}")))?;
        self.socket.connect(self.answer.address)
    }

    /// Whether the connection is up.
    pub fn is_connected(&self) -> bool {
        self.keys.is_some()
    }

    /// Sends checks, and what DTLS repeats, when they are due.
    ///
    /// # Errors
    /// The socket's.
    pub fn drive(&mut self, now: Instant) -> io::Result<()> {
        if now >= self.next_check {
            self.next_check = now + if self.keys.is_some() { Duration::from_millis(2500) } else { CHECK };
            self.send_check()?;
        }
        for datagram in self.dtls.repeat(now) {
            self.socket.send(&datagram)?;
        }
        Ok(())
    }

    /// Sends a connectivity check that nominates.
    ///
    /// # Errors
    /// The socket's.
    pub fn send_check(&self) -> io::Result<()> {
        let user = format!("{}:{}", self.answer.ufrag, self.offer.ufrag);
        self.socket.send(&stun::request(&user, &self.answer.pwd)).map(drop)
    }

    /// Takes one datagram, if there is one. STUN and DTLS are dealt with; media that is not authentic is an error.
    ///
    /// # Errors
    /// The socket's, or a packet that cannot be opened.
    pub fn poll(&mut self) -> io::Result<Option<Option<Received>>> {
        let mut bytes = [0; 2048];
        let len = match self.socket.recv(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            other => other?,
        };
        self.take(&mut bytes[..len]).map(Some)
    }

    fn take(&mut self, bytes: &mut [u8]) -> io::Result<Option<Received>> {
        match (classify(bytes), &mut self.keys) {
            (Some(Protocol::Stun), _) => {
                if let Some(response) = stun::response(bytes, self.answer.address, offer::PWD) {
                    self.socket.send(&response)?;
                }
                for datagram in self.dtls.start(now()) {
                    self.socket.send(&datagram)?;
                }
                Ok(None)
            }
            (Some(Protocol::Dtls), _) => {
                let (datagrams, keys) = self.dtls.handle(now(), bytes);
                for datagram in datagrams {
                    self.socket.send(&datagram)?;
                }
                if let Some(keys) = keys {
                    let sender = SrtpSender::new(keys.profile, &keys.local).map_err(io::Error::other)?;
                    let receiver = SrtpReceiver::new(keys.profile, &keys.remote).map_err(io::Error::other)?;
                    self.keys = Some(Keys { sender, receiver });
                }
                Ok(None)
            }
            (Some(Protocol::Rtp), Some(keys)) => {
                let len = keys.receiver.open_rtp(bytes).map_err(io::Error::other)?;
                let packet = bytes[..len].to_vec();
                let header = Header::parse(&packet).map_err(io::Error::other)?;
                Ok(Some(Received::Rtp(header, packet)))
            }
            (Some(Protocol::Rtcp), Some(keys)) => {
                let len = keys.receiver.open_rtcp(bytes).map_err(io::Error::other)?;
                Ok(Some(Received::Rtcp(bytes[..len].to_vec())))
            }
            _ => Ok(None),
        }
    }

    /// Waits for the next media or RTCP packet.
    ///
    /// # Errors
    /// Nothing in time, or what [`Client::poll`] says.
    pub fn next(&mut self, limit: Duration) -> io::Result<Received> {
        let until = now() + limit;
        loop {
            self.drive(now())?;
            while let Some(taken) = self.poll()? {
                if let Some(received) = taken {
                    return Ok(received);
                }
            }
            let left = until.saturating_duration_since(now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            wait(&self.socket, left.min(Duration::from_millis(50)))?;
        }
    }

    /// Seals a media packet; the datagram to send.
    ///
    /// # Errors
    /// Not connected, or not sealable.
    pub fn seal(
        &mut self,
        header: &Outgoing,
        extensions: &[(u8, &[u8])],
        payload: &[u8],
    ) -> io::Result<Vec<u8>> {
        let keys = self.keys.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut bytes = vec![0; 1600];
        let head = header.write(&mut bytes, extensions).map_err(io::Error::other)?;
        let len = head + payload.len();
        bytes[head..len].copy_from_slice(payload);
        let sealed = keys.sender.seal_rtp(&mut bytes, head, len).map_err(io::Error::other)?;
        bytes.truncate(sealed);
        Ok(bytes)
    }

    /// Sends a media packet.
    ///
    /// # Errors
    /// See [`Client::seal`]; the socket's.
    pub fn send(&mut self, header: &Outgoing, extensions: &[(u8, &[u8])], payload: &[u8]) -> io::Result<()> {
        let datagram = self.seal(header, extensions, payload)?;
        self.socket.send(&datagram).map(drop)
    }

    /// Sends the compound that `write` makes.
    ///
    /// # Errors
    /// Not connected, not sealable, the socket's.
    pub fn send_rtcp(
        &mut self,
        write: impl FnOnce(&mut Writer<'_>) -> Result<(), ParseError>,
    ) -> io::Result<()> {
        let keys = self.keys.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut bytes = [0; 1500];
        let mut writer = Writer::new(&mut bytes);
        write(&mut writer).map_err(io::Error::other)?;
        let len = writer.len();
        let sealed = keys.sender.seal_rtcp(&mut bytes, len).map_err(io::Error::other)?;
        self.socket.send(&bytes[..sealed]).map(drop)
    }

    /// Moves to another socket, as a device does that changes networks.
    ///
    /// # Errors
    /// The socket's.
    pub fn move_to_new_address(&mut self) -> io::Result<SocketAddr> {
        self.socket = UdpSocket::bind("127.0.0.1:0")?;
        self.socket.set_nonblocking(true)?;
        self.socket.connect(self.answer.address)?;
        self.send_check()?;
        self.socket.local_addr()
    }
}

/// Waits until the socket has something to read, at most `limit`.
///
/// # Errors
/// That of `poll(2)`.
pub fn wait(socket: &UdpSocket, limit: Duration) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let millis = i32::try_from(limit.as_millis().max(1)).unwrap_or(i32::MAX);
    // SAFETY: one live entry.
    match unsafe { libc::poll(&mut entry, 1, millis) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "a client is a shell: it reads the clock")]
fn now() -> Instant {
    Instant::now()
}
