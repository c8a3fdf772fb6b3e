//! What happens when: the one queue of a run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use media::ids::{PeerId, RoomId};
use signaling::ids::CallId;
use signaling::session::SocketId;
use signaling::topic::Topic;

use super::network::Told;
use super::node::{Asked, Purpose, Writing};

/// One thing that happens. `boot` names the life of the node that waits for it; after a crash it has no effect.
#[derive(Clone, Debug)]
pub enum Event {
    /// The upgrade of a socket reaches the node.
    Opened { socket: SocketId },
    /// Bytes of a client reach the node.
    ToServer { socket: SocketId, text: Vec<u8> },
    /// A frame reaches its client.
    ToClient { socket: SocketId, told: Told },
    /// The node finds that a socket is gone.
    ServerLost { socket: SocketId },
    /// The client finds that its socket is gone.
    ClientLost { socket: SocketId },
    /// A socket that took no more bytes takes them again.
    Unblocked { socket: SocketId },
    /// The directory has answered.
    Cards { boot: u32, asked: Box<Asked> },
    /// The log has answered where topics start.
    Starts { boot: u32, socket: SocketId, purpose: Purpose },
    /// The log is read for a socket that is too far behind.
    ReadLog { boot: u32, socket: SocketId, topic: Topic, tries: u32 },
    /// A journal entry is tried.
    Try { boot: u32, writing: Box<Writing> },
    /// A try of a journal entry commits; `heard`: the node still waits for it.
    Commit { boot: u32, writing: Box<Writing>, heard: bool },
    /// A journal entry is given up.
    GiveUp { boot: u32, writing: Box<Writing> },
    /// ICE and DTLS of a connection are through.
    Reached { boot: u32, room: RoomId, peer: PeerId, number: u64, link: u64 },
    /// The media plane looks whether a peer is still there.
    Consent { boot: u32, room: RoomId, peer: PeerId },
    /// A media packet reaches the media plane.
    Uplink { boot: u32, room: RoomId, peer: PeerId, link: u64, bytes: Vec<u8> },
    /// A media packet reaches a client.
    Downlink { client: usize, call: CallId, link: u64, bytes: Vec<u8> },
    /// The media plane asks a publisher for what it misses.
    PlaneDue { boot: u32, room: RoomId, peer: PeerId },
    /// A client asks for what it misses.
    ClientDue { client: usize, call: CallId, number: u64 },
    /// A client speaks.
    Talk { client: usize, call: CallId, number: u64 },
    /// A client connects.
    Connect { client: usize, attempt: u32 },
    /// A person does something.
    Act { client: usize },
    /// A device lets its person know of a call.
    Alert { client: usize, call: CallId },
    /// Something breaks.
    Break,
    /// The database goes away.
    Outage,
    /// The database is back.
    OutageOver,
    /// The node crashes.
    Crash,
    /// The node starts.
    Boot,
    /// A notice to everybody.
    Notice,
}

struct Entry {
    at: Instant,
    order: u64,
    event: Event,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

/// Events in the order of time; those of one instant in the order in which they were put.
#[derive(Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<Entry>>,
    next: u64,
}

impl Queue {
    /// Puts an event.
    pub fn put(&mut self, at: Instant, event: Event) {
        self.next += 1;
        self.heap.push(Reverse(Entry { at, order: self.next, event }));
    }

    /// When the next event happens.
    pub fn next_at(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes the next event.
    pub fn take(&mut self) -> Option<(Instant, Event)> {
        self.heap.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }

    /// Takes all events that fit, in order.
    pub fn take_all(&mut self, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
        let (mut taken, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.heap).into_iter().partition(|Reverse(entry)| fits(&entry.event));
        self.heap = kept.into();
        taken.sort_by_key(|Reverse(entry)| (entry.at, entry.order));
        taken.into_iter().map(|Reverse(entry)| entry.event).collect()
    }
}
