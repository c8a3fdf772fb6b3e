//! One socket of a shard.

use std::cell::RefCell;
use std::io::{self, ErrorKind};

use bytes::{Buf, Bytes};

use super::codec::Decoder;
use super::outbox::{Outbox, Overflow};
use super::stream::Stream;
use super::topics::Subscription;
use super::{Lane, encode};
use crate::session::SocketId;
use crate::topic::Topic;

/// A socket with what the shard keeps of it. Idle, it holds no buffer.
pub(super) struct Conn {
    pub(super) id: SocketId,
    pub(super) slot: u32,
    pub(super) stream: Stream,
    pub(super) decoder: RefCell<Decoder>,
    pub(super) state: RefCell<State>,
}

#[derive(Default)]
pub(super) struct State {
    /// Exists only while the socket would block.
    pub(super) outbox: Option<Box<Outbox>>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Pings since anything was heard.
    pub(super) unanswered: u8,
    /// A close frame is on its way: nothing else is sent or taken any more.
    pub(super) closing: bool,
    /// The node knows that the socket is gone.
    pub(super) reported: bool,
}

/// What became of frames to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// Written or queued.
    Done,
    /// Queued, and nobody writes the queue yet.
    Blocked,
    /// The client is too slow.
    Overflow,
    /// The connection is broken.
    Broken,
}

impl Conn {
    pub(super) fn new(id: SocketId, slot: u32, stream: Stream) -> Self {
        Conn { id, slot, stream, decoder: RefCell::default(), state: RefCell::default() }
    }

    /// Writes whole frames, or queues what the kernel does not take.
    pub(super) fn send(&self, lane: Lane, frames: Bytes) -> Sent {
        let mut state = self.state.borrow_mut();
        if state.closing {
            return Sent::Done;
        }
        match &mut state.outbox {
            Some(outbox) => match outbox.push(lane, frames) {
                Ok(()) => Sent::Done,
                Err(Overflow) => Sent::Overflow,
            },
            None => self.write(&mut state, frames),
        }
    }

    /// Queues the close frame, or writes it; `discard` drops what waits before it.
    pub(super) fn send_close(&self, code: u16, discard: bool) -> Sent {
        let mut state = self.state.borrow_mut();
        if state.closing {
            return Sent::Done;
        }
        state.closing = true;
        state.subscriptions.shrink_to_fit();
        let close = encode::close(code);
        match &mut state.outbox {
            Some(outbox) => {
                outbox.end(close, discard);
                Sent::Done
            }
            None => self.write(&mut state, close),
        }
    }

    fn write(&self, state: &mut State, mut frames: Bytes) -> Sent {
        match write_all(&self.stream, &mut frames) {
            Ok(true) => Sent::Done,
            Ok(false) => {
                state.outbox = Some(Box::new(Outbox::begun(frames)));
                Sent::Blocked
            }
            Err(_) => Sent::Broken,
        }
    }

    /// Writes what waits; `Ok(true)` when the queue is empty, and then it is gone.
    pub(super) fn flush(&self) -> io::Result<bool> {
        let mut state = self.state.borrow_mut();
        if let Some(outbox) = &mut state.outbox {
            while !outbox.front().is_empty() {
                match self.stream.try_write(outbox.front()) {
                    Ok(written) => outbox.advance(written),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
        }
        if !self.stream.flush()? {
            return Ok(false);
        }
        state.outbox = None;
        Ok(true)
    }

    /// Whether frames wait for the kernel.
    pub(super) fn blocked(&self) -> bool {
        self.state.borrow().outbox.is_some()
    }

    /// Changes the subscription of the topic, if there is one.
    pub(super) fn subscription<T>(
        &self,
        topic: Topic,
        change: impl FnOnce(&mut Subscription) -> T,
    ) -> Option<T> {
        self.state.borrow_mut().subscriptions.iter_mut().find(|s| s.topic == topic).map(change)
    }
}

/// Writes until all is with the kernel (true) or it would block (false); what is left stays in `frames`.
fn write_all(stream: &Stream, frames: &mut Bytes) -> io::Result<bool> {
    while !frames.is_empty() {
        match stream.try_write(frames) {
            Ok(written) => frames.advance(written),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
    }
    stream.flush()
}
