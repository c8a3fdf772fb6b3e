//! Sending to one socket: direct frames, catching up by cursor, and closing.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::time::timeout;

use super::conn::{Conn, Sent};
use super::counters::add;
use super::outbox::presence_frame;
use super::shard::Worker;
use super::topics::Subscription;
use super::{FromShard, Lane, ToShard, ToSocket, encode};
use crate::bus::{Bus, REPLAY_CHUNK, Since};
use crate::clock;
use crate::session::SocketId;
use crate::topic::Topic;
use crate::wire::server::{CloseCode, Event, EventFrame, PresenceView, TopicHead};

/// Events that one read of the log asks for.
const LOG_PAGE: u32 = 64;
/// A read of the log that takes longer has failed, and so many failures end in `resync`.
const LOG_DEADLINE: Duration = Duration::from_secs(3);
const LOG_TRIES: u32 = 3;
/// Pause between tries.
const LOG_PAUSE: Duration = Duration::from_millis(250);

impl Worker {
    /// Carries out what the node wants of one socket; nothing when it is gone.
    pub(super) fn tell(self: &Rc<Self>, socket: SocketId, what: ToSocket) {
        let Some(conn) = self.table.borrow().get(socket).cloned() else { return };
        match what {
            ToSocket::Text(lane, json) => self.send(&conn, lane, encode::text(&json)),
            ToSocket::Presence(people) => self.send_presence(&conn, people),
            ToSocket::Subscribe(topic, cursor) => self.subscribe(&conn, topic, cursor),
            ToSocket::Unsubscribe(topic) => self.unsubscribe(&conn, topic),
            ToSocket::Close(code) => self.close(&conn, code as u16, false),
        }
    }

    /// Sends whole frames in the lane.
    pub(super) fn send(self: &Rc<Self>, conn: &Rc<Conn>, lane: Lane, frames: Bytes) {
        add(&self.counters.frames_out, 1);
        let sent = conn.send(lane, frames);
        self.sent(conn, sent);
    }

    fn send_presence(self: &Rc<Self>, conn: &Rc<Conn>, people: Vec<PresenceView>) {
        let waits = match &mut conn.state.borrow_mut().outbox {
            Some(outbox) => {
                outbox.note(people);
                return;
            }
            None => people,
        };
        self.send(conn, Lane::Bulk, presence_frame(waits));
    }

    fn sent(self: &Rc<Self>, conn: &Rc<Conn>, sent: Sent) {
        match sent {
            Sent::Done => {}
            Sent::Blocked => {
                add(&self.counters.backlogs, 1);
                tokio::task::spawn_local(self.clone().flush(conn.clone()));
            }
            Sent::Overflow => self.close_slow(conn),
            Sent::Broken => conn.stream.kill(),
        }
    }

    /// Writes the queue of one socket until it is empty; exists only while there is one.
    async fn flush(self: Rc<Self>, conn: Rc<Conn>) {
        loop {
            match timeout(self.config.stall, conn.stream.writable()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return conn.stream.kill(),
                Err(_) if conn.state.borrow().closing => return conn.stream.kill(),
                Err(_) => self.close_slow(&conn),
            }
            match conn.flush() {
                Ok(false) => continue,
                Ok(true) => {}
                Err(_) => return conn.stream.kill(),
            }
            // Empty: what was published meanwhile for topics that were behind comes from the bus. If that blocks again,
            // another task of this kind goes on.
            let topics: Vec<Topic> = conn.state.borrow().subscriptions.iter().map(|s| s.topic).collect();
            return topics.into_iter().for_each(|topic| self.catch_up(&conn, topic));
        }
    }

    /// Delivers the topic to the socket from after `cursor` on.
    fn subscribe(self: &Rc<Self>, conn: &Rc<Conn>, topic: Topic, cursor: u64) {
        if conn.subscription(topic, |s| s.cursor = cursor).is_none() {
            let (place, first) = self.topics.borrow_mut().add(topic, conn.slot);
            let subscription = Subscription { topic, cursor, place, reading: false };
            conn.state.borrow_mut().subscriptions.push(subscription);
            if first {
                self.config.bus.subscribe(&self.feed, topic);
            }
        }
        self.catch_up(conn, topic);
    }

    pub(super) fn unsubscribe(&self, conn: &Conn, topic: Topic) {
        let place = {
            let subscriptions = &mut conn.state.borrow_mut().subscriptions;
            let Some(index) = subscriptions.iter().position(|s| s.topic == topic) else { return };
            subscriptions.swap_remove(index).place
        };
        let removed = self.topics.borrow_mut().remove(topic, place);
        if let Some(moved) = removed.moved.and_then(|slot| self.table.borrow().at(slot).cloned()) {
            moved.subscription(topic, |s| s.place = place);
        }
        if removed.last {
            self.config.bus.unsubscribe(&self.feed, topic);
        }
    }

    /// Sends what the socket lacks of the topic up to its present head, as long as it does not block; a queue that becomes
    /// empty calls again, and what is published from now on comes by a fan-out.
    pub(super) fn catch_up(self: &Rc<Self>, conn: &Rc<Conn>, topic: Topic) {
        let head = self.config.bus.head(topic).unwrap_or(u64::MAX);
        while !conn.blocked() && !conn.state.borrow().closing {
            let Some((cursor, reading)) = conn.subscription(topic, |s| (s.cursor, s.reading)) else { return };
            if reading || cursor >= head {
                return;
            }
            match self.config.bus.since(topic, cursor) {
                Since::Frames(frames) if frames.is_empty() => return,
                Since::Frames(frames) => {
                    add(&self.counters.replays_ring, 1);
                    self.replay(conn, topic, &frames);
                }
                Since::TooOld => return self.read_log(conn, topic, cursor),
            }
        }
    }

    /// Sends these events, the next ones of the topic, up to [`REPLAY_CHUNK`] bytes.
    fn replay(self: &Rc<Self>, conn: &Rc<Conn>, topic: Topic, events: &[(u64, Bytes)]) {
        let mut joined = BytesMut::new();
        let mut last = None;
        for (seq, json) in events {
            if last.is_some() && joined.len() + json.len() > REPLAY_CHUNK {
                break;
            }
            encode::put_text(&mut joined, json);
            last = Some(*seq);
        }
        if let Some(last) = last {
            conn.subscription(topic, |s| s.cursor = last);
            self.send(conn, Lane::Bulk, joined.freeze());
        }
    }

    /// Has the log read on the node's runtime; [`ToShard::Missed`] brings the result.
    fn read_log(&self, conn: &Conn, topic: Topic, cursor: u64) {
        conn.subscription(topic, |s| s.reading = true);
        let (bus, inbox, socket) = (self.config.bus.clone(), self.inbox.clone(), conn.id);
        self.config.runtime.spawn(async move {
            let events = read_log(&bus, topic, cursor).await;
            // At most one per subscription is on its way.
            inbox.force(Lane::Bulk, ToShard::Missed { socket, topic, events });
        });
    }

    /// Events from the log have come, or (`None`) could not be read.
    pub(super) fn missed(self: &Rc<Self>, socket: SocketId, topic: Topic, events: Option<Vec<(u64, Bytes)>>) {
        let Some(conn) = self.table.borrow().get(socket).cloned() else { return };
        let Some(cursor) = conn.subscription(topic, |s| {
            s.reading = false;
            s.cursor
        }) else {
            return;
        };
        let mut events = events.unwrap_or_default();
        events.retain(|(seq, _)| *seq > cursor);
        if events.first().is_some_and(|(seq, _)| *seq == cursor + 1) {
            add(&self.counters.replays_log, 1);
            self.replay(&conn, topic, &events);
        } else if self.config.bus.since(topic, cursor) == Since::TooOld {
            return self.resync(&conn, topic);
        }
        self.catch_up(&conn, topic);
    }

    /// Tells the client to read the topic anew, and goes on from the head.
    fn resync(self: &Rc<Self>, conn: &Rc<Conn>, topic: Topic) {
        let bus = &self.config.bus;
        let Some(seq) = bus.head(topic) else { return };
        conn.subscription(topic, |s| s.cursor = seq);
        add(&self.counters.resyncs, 1);
        let head = TopicHead { topic: topic.to_string(), epoch: bus.epoch(), seq, reset: true };
        let frame = EventFrame { topic: "hub".into(), seq: None, event: Event::Resync { head } };
        // Serializing names and numbers into memory cannot fail.
        self.send(conn, Lane::Bulk, encode::text(&serde_json::to_vec(&frame).unwrap_or_default()));
    }

    pub(super) fn close_slow(self: &Rc<Self>, conn: &Rc<Conn>) {
        add(&self.counters.closed_slow, 1);
        tracing::info!(socket = %conn.id, "closing a socket that reads too slowly");
        self.close(conn, CloseCode::SlowConsumer as u16, true);
    }

    /// Sends a close frame, gives the client some seconds to answer it, and tells the node at once.
    pub(super) fn close(self: &Rc<Self>, conn: &Rc<Conn>, code: u16, discard: bool) {
        if conn.state.borrow().closing {
            return;
        }
        let sent = conn.send_close(code, discard);
        self.closings.borrow_mut().push_back((clock::now() + self.config.stall, conn.id));
        self.sent(conn, sent);
        self.report(conn);
    }

    /// Tells the node that the socket is gone, once.
    pub(super) fn report(&self, conn: &Conn) {
        let reported = std::mem::replace(&mut conn.state.borrow_mut().reported, true);
        if !reported {
            (self.config.to_node)(FromShard::Closed { socket: conn.id });
        }
    }
}

async fn read_log(bus: &Bus, topic: Topic, cursor: u64) -> Option<Vec<(u64, Bytes)>> {
    for _ in 0..LOG_TRIES {
        match timeout(LOG_DEADLINE, bus.read_log(topic, cursor, LOG_PAGE)).await {
            Ok(Ok(events)) => {
                return Some(events.into_iter().map(|event| (event.seq, event.frame)).collect());
            }
            Ok(Err(error)) => tracing::warn!(%topic, cursor, %error, "reading missed events failed"),
            Err(_) => tracing::warn!(%topic, cursor, "reading missed events took too long"),
        }
        clock::pause(LOG_PAUSE).await;
    }
    None
}
