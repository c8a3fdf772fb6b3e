//! How long, how many, how often.

use std::time::Duration;

pub use crate::wire::limits::{MAX_TOPICS, MAX_WATCHED};

/// How long an upgraded socket may take to say `hello`. Longer lets strangers with a ticket hold sockets for nothing.
pub const HELLO_TIME: Duration = Duration::from_secs(10);

/// The server says something at least this often. Shorter costs the radio of phones; longer finds dead sockets and gaps later.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a session outlives its socket. Shorter throws people out of calls in a lift; longer holds memory for devices that
/// are gone.
pub const RESUME_WINDOW: Duration = Duration::from_secs(60);

/// How long a person without a socket still counts as connected, so that a change of network does not flicker on the
/// screens of all colleagues. Longer shows people as reachable who are not.
pub const PRESENCE_GRACE: Duration = Duration::from_secs(10);

/// Most sessions of one person; a new one beyond ends the one that was used least recently.
pub const MAX_SESSIONS: usize = 16;

/// Requests at once: opening the app and a nervous thumb. More lets one device take more of the node's time.
pub const REQUEST_BURST: u32 = 60;

/// Requests per second in the long run; a person at a screen makes one or two.
pub const REQUEST_RATE: u32 = 20;

/// People whom one person may call at once, by all devices: four full groups. More lets one client keep the journal of all
/// calls busy and the phones of colleagues ringing.
pub const RING_BURST: u32 = 60;

/// In how long one person may call one more.
pub const RING_EVERY: Duration = Duration::from_secs(1);

/// Digits that one person may send to telephones at once, by all devices: a voice menu with card number and PIN, typed ahead.
/// More lets one client occupy a trunk with tones that nobody presses.
pub const DIGIT_BURST: u32 = 320;

/// In how long one person may send one more: telephone events take about as long on the line.
pub const DIGIT_EVERY: Duration = Duration::from_millis(100);

/// Offers of one person at once, by all devices: a call with several devices that changes its sections as people come. More
/// lets one client hold up the packets of other calls on its worker.
pub const OFFER_BURST: u32 = 80;

/// In how long one person may make one more offer.
pub const OFFER_EVERY: Duration = Duration::from_millis(250);

/// People whose presence one person may ask for at once, by all devices: twenty full lists. More lets one client take much of
/// the node's time, which all calls need.
pub const WATCH_BURST: u32 = 10_000;

/// In how long one person may ask for one more: two full lists per second.
pub const WATCH_EVERY: Duration = Duration::from_millis(1);

/// Refused frames (too many, malformed) until the socket is closed: a broken client is told a while before it is cut off.
pub const REFUSAL_BURST: u32 = 100;

/// Refused frames per second that are forgiven.
pub const REFUSAL_RATE: u32 = 1;

/// Replies kept for requests that are repeated after a resume. Fewer risks doing a request twice; more holds memory.
pub const KEPT_REPLIES: usize = 64;

/// Requests of one session that may be under way at once.
pub const MAX_RUNNING: usize = 64;
