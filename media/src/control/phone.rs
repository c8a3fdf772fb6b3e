//! Commands for the plain-RTP leg of a telephone: a peer of a room like any other, whose sockets and codecs are the bridge's.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::MediaError;
use crate::ids::{PeerId, RoomId};

/// Audio codec towards a telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneCodec {
    /// G.711 µ-law, payload type 0.
    Pcmu,
    /// G.711 A-law, payload type 8.
    Pcma,
    /// G.722, payload type 9; its RTP clock is 8,000 Hz though it samples at 16,000.
    G722,
    /// Opus, a dynamic payload type; clock 48,000 Hz. Passed through where nothing has to be mixed.
    Opus,
}

/// What is sent where, as negotiated; replaces what was before. The RTP stream towards the telephone goes on: its SSRC,
/// sequence numbers and timestamps have no break across hold, re-negotiation and transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneRemote {
    /// Where the description says that the telephone receives RTP. With [`PhoneRemote::latch`] an address that media really
    /// comes from takes its place, if it is in the same /24 (IPv6 /64) or its packets are authentic SRTP.
    pub rtp: SocketAddr,
    /// Where it receives RTCP.
    pub rtcp: SocketAddr,
    /// RTP and RTCP share a port (RFC 5761).
    pub mux: bool,
    /// Follow the source of the media (symmetric RTP, RFC 4961).
    pub latch: bool,
    /// Codec, both ways.
    pub codec: PhoneCodec,
    /// Payload type of the codec that we send; what we receive has [`PhoneRemote::payload_type_in`].
    pub payload_type: u8,
    /// Payload type of the codec that we receive.
    pub payload_type_in: u8,
    /// Milliseconds of audio per packet that we send: 10, 20, 30, 40 or 60. What comes may have any.
    pub ptime: u32,
    /// Payload types of `telephone-event` (RFC 4733) with the codec's clock: that we send, that we receive.
    pub events: Option<(u8, u8)>,
    /// Payload type of comfort noise (RFC 3389), usually 13.
    pub comfort_noise: Option<u8>,
    /// We send audio.
    pub send: bool,
    /// We take audio.
    pub receive: bool,
    /// Instead of the room's audio the telephone hears hold music (whatever `send` lets through).
    pub music: bool,
    /// Keys of SDES-SRTP: ours for what we send, theirs for what we receive. `None`: plain RTP.
    pub srtp: Option<PhoneSrtp>,
}

/// Keys of a telephone leg (RFC 4568).
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneSrtp {
    /// The suite.
    pub suite: PhoneSuite,
    /// Master key and salt (`inline:`, decoded) of what we send.
    pub local: Vec<u8>,
    /// Master key and salt of what we receive.
    pub remote: Vec<u8>,
}

impl fmt::Debug for PhoneSrtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneSrtp").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// Crypto suites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneSuite {
    /// `AES_CM_128_HMAC_SHA1_80` (30 bytes of key and salt).
    AesCm128HmacSha1_80,
    /// `AES_CM_128_HMAC_SHA1_32` (30 bytes).
    AesCm128HmacSha1_32,
    /// `AEAD_AES_128_GCM` (RFC 7714; 28 bytes).
    AeadAes128Gcm,
}

/// A command about the telephone leg of a peer.
pub enum PhoneCommand {
    /// Makes the leg and binds its sockets, RTP on an even port and RTCP on the next. Until [`PhoneCommand::Set`] it is deaf
    /// and dumb. The gate and the sources are those of [`super::RoomCommand`].
    Open {
        /// The address to bind: that which the telephone is told. Unspecified: all.
        bind: IpAddr,
        /// Receives the RTP port.
        opened: OpenedFn,
    },
    /// Takes what was negotiated. The first one makes the peer [`super::MediaEvent::Connected`].
    Set(Box<PhoneRemote>),
    /// Sends digits (`0`-`9`, `*`, `#`, `A`-`D`) as telephone events, one after the other; audio rests meanwhile.
    Digits(String),
    /// Takes the leg out of this room into another, where it is another peer; sockets, keys and numbers go on.
    Move {
        /// The other room; must be open.
        to: RoomId,
        /// Its peer there.
        peer: PeerId,
    },
}

/// Called once with the bound RTP port, on the worker's thread; must not block.
pub type OpenedFn = Box<dyn FnOnce(Result<u16, MediaError>) + Send>;

impl fmt::Debug for PhoneCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PhoneCommand::Open { bind, .. } => write!(f, "Open({bind})"),
            PhoneCommand::Set(remote) => write!(f, "Set({:?}, {})", remote.codec, remote.rtp),
            // Digits may be a PIN.
            PhoneCommand::Digits(digits) => write!(f, "Digits({} of them)", digits.len()),
            PhoneCommand::Move { to, peer } => write!(f, "Move({to}, {peer})"),
        }
    }
}

/// What the telephone leg tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PhoneEvent {
    /// A digit of RFC 4733, once per key press.
    Digit(char),
    /// Nothing has come for 30 s though something should (not on hold, not early): the telephone may be gone.
    Silent,
    /// The leg is gone: what it was like. Comes once, also after `Leave` and `Close`.
    Report(PhoneReport),
}

/// A telephone leg over its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PhoneReport {
    /// Packets that came.
    pub received: u64,
    /// Packets missing in what came.
    pub lost: u64,
    /// Packets sent.
    pub sent: u64,
    /// Packets missing at the telephone, by its last receiver report.
    pub lost_there: u64,
    /// Interarrival jitter of what came, mean, in milliseconds (RFC 3550).
    pub jitter_ms: f32,
    /// Round trip in milliseconds; 0 while unknown.
    pub rtt_ms: u32,
    /// Estimated listening quality of what came, 1 to 4.5 (E-model, ITU-T G.107); 0 when nothing came.
    pub mos: f32,
}
