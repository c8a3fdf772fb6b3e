//! The task of one socket: reads, decodes, hands frames to the node, and cleans up at the end.

use std::io::ErrorKind;
use std::ops::ControlFlow::{self, Break, Continue};
use std::rc::Rc;

use bytes::Bytes;

use super::codec::{Incoming, ProtocolError};
use super::conn::Conn;
use super::counters::{add, decrement};
use super::shard::Worker;
use super::{FromShard, Lane, encode};
use crate::topic::Topic;
use crate::wire::client::ClientFrame;
use crate::wire::error::{ErrorCode, WireError};
use crate::wire::server::{Reply, ReplyFrame};

/// What a client is told to wait when the node is overloaded.
const OVERLOAD_RETRY_MS: u32 = 1_000;
/// Close code of a client that only closes (RFC 6455 section 7.4.1).
const NORMAL: u16 = 1000;

impl Worker {
    /// Serves one socket to its end.
    pub(super) async fn serve(self: Rc<Self>, conn: Rc<Conn>, prefix: Bytes) {
        let mut first = prefix.to_vec();
        drop(prefix);
        let mut flow = if first.is_empty() { Continue(()) } else { self.feed(&conn, &mut first) };
        drop(first);
        while flow.is_continue() {
            // Yields now and then, so that a client that sends without pause does not hold up the others.
            tokio::task::consume_budget().await;
            flow = match self.read(&conn) {
                Ok(flow) => flow,
                Err(error) if error.kind() == ErrorKind::WouldBlock => match conn.stream.readable().await {
                    Ok(()) => Continue(()),
                    Err(_) => Break(()),
                },
                Err(_) => Break(()),
            };
        }
        self.remove(&conn);
    }

    /// Reads once into the buffer that all sockets of the shard share.
    fn read(self: &Rc<Self>, conn: &Rc<Conn>) -> std::io::Result<ControlFlow<()>> {
        let mut scratch = self.scratch.borrow_mut();
        let read = conn.stream.try_read(&mut scratch)?;
        if read == 0 {
            return Ok(Break(()));
        }
        Ok(self.feed(conn, &mut scratch[..read]))
    }

    fn feed(self: &Rc<Self>, conn: &Rc<Conn>, bytes: &mut [u8]) -> ControlFlow<()> {
        conn.state.borrow_mut().unanswered = 0;
        let mut closed = false;
        let mut decoder = conn.decoder.borrow_mut();
        let fed = decoder.feed(bytes, &mut |incoming| match incoming {
            Incoming::Text(text) => self.text(conn, text),
            Incoming::Ping(payload) => self.send(conn, Lane::Urgent, encode::pong(payload)),
            Incoming::Pong => {}
            Incoming::Close(code) => {
                closed = true;
                self.close(conn, code.unwrap_or(NORMAL), false);
            }
        });
        if let Err(error) = fed {
            // What else comes is read and dropped: closing with unread data would reset the connection and lose our code.
            self.breach(conn, error);
        }
        // The peer's close frame, be it the first or the answer to ours, ends the conversation once ours is written.
        if closed && !conn.blocked() { Break(()) } else { Continue(()) }
    }

    fn text(self: &Rc<Self>, conn: &Rc<Conn>, text: &str) {
        if conn.state.borrow().closing {
            return;
        }
        add(&self.counters.messages_in, 1);
        let frame = ClientFrame::parse(text.as_bytes());
        let id = match &frame {
            Ok(frame) => frame.id,
            Err((id, _)) => *id,
        };
        if !(self.config.to_node)(FromShard::Frame { socket: conn.id, frame }) {
            add(&self.counters.refused_overload, 1);
            let mut error = WireError::from(ErrorCode::RateLimited);
            error.retry_after_ms = Some(OVERLOAD_RETRY_MS);
            self.send(conn, Lane::Urgent, error_frame(id, error));
        }
    }

    fn breach(self: &Rc<Self>, conn: &Rc<Conn>, error: ProtocolError) {
        add(&self.counters.closed_protocol, 1);
        tracing::debug!(socket = %conn.id, %error, "breach of the WebSocket protocol");
        if error == ProtocolError::TooLong {
            self.send(conn, Lane::Urgent, error_frame(0, ErrorCode::FrameTooLarge.into()));
        }
        self.close(conn, error.code(), false);
    }

    /// The socket is at its end: nothing of it is left in the shard.
    fn remove(&self, conn: &Rc<Conn>) {
        conn.state.borrow_mut().closing = true;
        let topics: Vec<Topic> = conn.state.borrow().subscriptions.iter().map(|s| s.topic).collect();
        topics.into_iter().for_each(|topic| self.unsubscribe(conn, topic));
        self.table.borrow_mut().remove(conn.id);
        conn.stream.kill();
        self.report(conn);
        decrement(&self.counters.sockets_open);
    }
}

fn error_frame(id: u32, error: WireError) -> Bytes {
    let frame = ReplyFrame { id, reply: Reply::Error(error) };
    // Serializing texts and numbers into memory cannot fail.
    encode::text(&serde_json::to_vec(&frame).unwrap_or_default())
}
