//! What goes out in one wake-up: per peer a train of datagrams that leave in one message (UDP GSO).
//!
//! A train has one destination and datagrams of one size, of which only the last may be shorter; what does not fit starts a
//! new one. A wake-up that brings eight packets of a video frame sends one message to each subscriber instead of eight.

use std::net::{IpAddr, SocketAddr};

use crate::bridge::leg::Wire;

/// Bytes of a train. Larger: fewer messages for the largest frames, more memory touched.
pub(super) const TRAIN_BYTES: usize = 16 * 1024;
/// Most datagrams of a train: the kernel's bound.
const TRAIN_DATAGRAMS: u16 = 64;
/// Trains after which the shell should flush before it goes on. Larger: trains of a peer from several messages are joined more
/// often, but the kernel copies bytes that have left the cache.
const HIGH_WATER: usize = 128;

/// Where a peer is: its address, and the address of ours that it talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) remote: SocketAddr,
    pub(super) local: Option<IpAddr>,
}

/// A peer's open train; stale once the trains were flushed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpenTrain {
    index: u32,
    /// 0: none yet.
    flush: u64,
}

/// Datagrams for one peer.
#[derive(Debug)]
pub(super) struct Train {
    pub(super) path: Path,
    /// Size of all datagrams but the last.
    pub(super) segment: usize,
    pub(super) datagrams: u16,
    closed: bool,
    len: usize,
    buffer: Box<[u8]>,
}

impl Train {
    fn new(path: Path) -> Train {
        let buffer = vec![0; TRAIN_BYTES].into_boxed_slice();
        Train { path, segment: 0, datagrams: 0, closed: false, len: 0, buffer }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    fn takes(&self, path: &Path, len: usize) -> bool {
        let fits = len <= self.segment && self.len + len <= TRAIN_BYTES;
        fits && !self.closed && self.datagrams < TRAIN_DATAGRAMS && self.path == *path
    }
}

/// The trains of one wake-up, in the order they were begun. Their buffers are kept for the next one.
#[derive(Debug)]
pub(super) struct Egress {
    trains: Vec<Train>,
    used: usize,
    flush: u64,
    /// Datagrams of telephones, each for a socket of its own.
    pub(super) phones: Wire,
}

impl Default for Egress {
    fn default() -> Self {
        Egress { trains: Vec::new(), used: 0, flush: 1, phones: Wire::default() }
    }
}

impl Egress {
    /// Appends a datagram of `len` bytes, written by `fill`, to the peer's open train or a new one. When `fill` fails nothing
    /// is appended. Says whether it was.
    pub(super) fn push(
        &mut self,
        open: &mut OpenTrain,
        path: &Path,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> bool,
    ) -> bool {
        if len == 0 || len > TRAIN_BYTES {
            return false;
        }
        let current = if open.flush == self.flush { self.trains.get(open.index as usize) } else { None };
        if !current.is_some_and(|train| train.takes(path, len)) {
            self.begin(open, path, len);
        }
        let train = &mut self.trains[open.index as usize];
        if !fill(&mut train.buffer[train.len..train.len + len]) {
            if train.len == 0 {
                // It was just begun, so it is the last.
                self.used -= 1;
                *open = OpenTrain::default();
            }
            return false;
        }
        train.len += len;
        train.datagrams += 1;
        train.closed = len < train.segment;
        true
    }

    /// Appends a copy of a datagram.
    pub(super) fn push_copy(&mut self, open: &mut OpenTrain, path: &Path, datagram: &[u8]) -> bool {
        self.push(open, path, datagram.len(), |bytes| {
            bytes.copy_from_slice(datagram);
            true
        })
    }

    fn begin(&mut self, open: &mut OpenTrain, path: &Path, segment: usize) {
        if self.used == self.trains.len() {
            self.trains.push(Train::new(*path));
        }
        let train = &mut self.trains[self.used];
        (train.path, train.segment, train.datagrams, train.closed, train.len) = (*path, segment, 0, false, 0);
        *open = OpenTrain { index: self.used as u32, flush: self.flush };
        self.used += 1;
    }

    /// The trains to send.
    pub(super) fn trains(&self) -> &[Train] {
        &self.trains[..self.used]
    }

    /// Whether the trains should be sent before more is taken in.
    pub(super) fn is_high(&self) -> bool {
        self.used >= HIGH_WATER
    }

    /// The trains were sent.
    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.flush += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(port: u16) -> Path {
        Path { remote: SocketAddr::from(([127, 0, 0, 1], port)), local: None }
    }

    fn trains(egress: &Egress) -> Vec<(u16, usize, usize)> {
        egress.trains().iter().map(|t| (t.path.remote.port(), t.segment, t.bytes().len())).collect()
    }

    #[test]
    fn equal_datagrams_share_a_train_and_a_shorter_one_ends_it() {
        let (mut egress, mut a, mut b) = (Egress::default(), OpenTrain::default(), OpenTrain::default());
        for len in [100, 100, 60, 60, 80] {
            egress.push_copy(&mut a, &path(1), &vec![0; len]);
            egress.push_copy(&mut b, &path(2), &[0; 10]);
        }
        assert_eq!(trains(&egress), [(1, 100, 260), (2, 10, 50), (1, 60, 60), (1, 80, 80)]);
        egress.clear();
        egress.push_copy(&mut a, &path(1), &[0; 10]);
        assert_eq!(trains(&egress), [(1, 10, 10)], "a flushed train is not joined");
    }

    #[test]
    fn a_peer_that_moved_gets_a_new_train() {
        let (mut egress, mut open) = (Egress::default(), OpenTrain::default());
        egress.push_copy(&mut open, &path(1), &[0; 10]);
        egress.push_copy(&mut open, &path(2), &[0; 10]);
        assert_eq!(trains(&egress), [(1, 10, 10), (2, 10, 10)]);
    }

    #[test]
    fn trains_are_bounded_in_bytes_and_datagrams() {
        let (mut egress, mut open) = (Egress::default(), OpenTrain::default());
        for _ in 0..100 {
            egress.push_copy(&mut open, &path(1), &[0; 10]);
        }
        assert_eq!(trains(&egress), [(1, 10, 640), (1, 10, 360)]);
        egress.clear();
        for _ in 0..3 {
            egress.push_copy(&mut open, &path(1), &[0; TRAIN_BYTES / 2]);
        }
        assert_eq!(trains(&egress).len(), 2);
        assert!(!egress.push_copy(&mut open, &path(1), &[0; TRAIN_BYTES + 1]));
    }

    #[test]
    fn what_cannot_be_sealed_is_not_sent() {
        let (mut egress, mut open) = (Egress::default(), OpenTrain::default());
        assert!(!egress.push(&mut open, &path(1), 10, |_| false));
        assert!(trains(&egress).is_empty());
        assert!(egress.push_copy(&mut open, &path(1), &[0; 10]));
        assert_eq!(trains(&egress), [(1, 10, 10)]);
    }
}
