//! Media connections: offered where the server gives a peer, used, repaired, and made anew.

use media::ids::Source;
use signaling::ids::CallId;
use signaling::wire::client::Request;

use super::Client;
use super::frames::rings;
use crate::sim::ctx::Ctx;
use crate::sim::media::{Conn, Got};
use crate::sim::queue::Event;

/// A connection that is not up after so long is given up for a new one.
const PATIENCE_MS: u128 = 8_000;

impl Client {
    /// The picture of a call has changed: the connection follows.
    pub(super) fn changed(&mut self, ctx: &mut Ctx, call: CallId) {
        let view = self.screens.get(&call).filter(|view| view.ended.is_none());
        let warm = view.is_some_and(|view| view.me.here || (rings(view) && self.id.is_multiple_of(2)));
        let Some(peer) = view.and_then(|view| view.me.peer).filter(|_| warm) else {
            self.conns.remove(&call);
            return;
        };
        if self.conns.get(&call).is_none_or(|conn| conn.peer != peer) {
            self.conns.insert(call, Conn::new(peer, ctx.now, &mut ctx.rng));
            self.offer(ctx, call);
        }
    }

    fn offer(&mut self, ctx: &mut Ctx, call: CallId) {
        let Some(conn) = self.conns.get(&call) else { return };
        let (sdp, sends) = conn.offer(self.id);
        self.request(ctx, Request::MediaOffer { call, sdp, sends });
    }

    pub(super) fn media_answered(&mut self, ctx: &mut Ctx, request: &Request) {
        let Request::MediaOffer { call, sdp, .. } = request else { return };
        let Some(conn) = self.conns.get(call).filter(|conn| conn.offer(self.id).0 == *sdp) else { return };
        let (room, peer, number, link) = (call.room(), conn.peer, conn.number, conn.link);
        let boot = ctx.boot;
        ctx.within(40, 500, Event::Reached { boot, room, peer, number, link });
    }

    /// The connection is up, on this path.
    pub fn reached(&mut self, ctx: &mut Ctx, call: CallId, number: u64, link: u64) -> bool {
        let client = self.id;
        let Some(conn) = self.conns.get_mut(&call) else { return false };
        if conn.number != number || conn.link != link || conn.broken {
            return false;
        }
        if conn.waits_since.take().is_some() {
            ctx.after(20, Event::Talk { client, call, number });
        }
        true
    }

    /// The path of a connection breaks: the network has changed.
    pub fn break_media(&mut self, ctx: &mut Ctx) {
        let calls: Vec<CallId> = self.conns.keys().copied().collect();
        let Some(call) = ctx.rng.pick(&calls) else { return };
        if let Some(conn) = self.conns.get_mut(&call) {
            ctx.note(|| format!("media of client {} in {call} breaks", self.id));
            conn.broken = true;
            conn.waits_since.get_or_insert(ctx.now);
        }
    }

    /// Repairs connections that carry nothing: a new path first, then a new connection.
    pub(super) fn mend_media(&mut self, ctx: &mut Ctx) {
        let calls: Vec<CallId> = self.screens.keys().copied().collect();
        for call in calls {
            let Some(conn) = self.conns.get_mut(&call) else {
                self.changed(ctx, call);
                continue;
            };
            let Some(since) = conn.waits_since else { continue };
            if conn.broken {
                (conn.broken, conn.link) = (false, ctx.rng.bits());
                conn.waits_since = Some(ctx.now);
                self.offer(ctx, call);
            } else if (ctx.now - since).as_millis() > PATIENCE_MS {
                self.conns.remove(&call);
                self.changed(ctx, call);
            }
        }
    }

    /// Sends some packets.
    pub fn talk(&mut self, ctx: &mut Ctx, call: CallId, number: u64) {
        let client = self.id;
        let camera = self.screens.get(&call).is_some_and(|view| {
            view.parties.iter().any(|party| party.peer == view.me.peer && party.sources.camera)
        });
        let Some(conn) = self.conns.get_mut(&call).filter(|conn| conn.number == number) else { return };
        let burst = if ctx.calm() { 1 } else { ctx.rng.between(1, 6) };
        let now_ms = ctx.wall_ms() as u64;
        for _ in 0..burst {
            // Also while on hold, ringing or muted: it is the server that closes the gate.
            let sources: &[Source] = if camera { &[Source::Mic, Source::Camera] } else { &[Source::Mic] };
            for source in sources {
                let bytes = conn.send(*source, now_ms);
                uplink(ctx, call, conn, bytes);
            }
        }
        let (low, high) = ctx.talk_pause();
        ctx.within(low, high, Event::Talk { client, call, number });
    }

    /// A media packet has come.
    pub fn packet(&mut self, ctx: &mut Ctx, call: CallId, link: u64, bytes: &[u8]) {
        let (client, now) = (self.id, ctx.now);
        let Some(conn) = self.conns.get_mut(&call).filter(|conn| conn.link == link && !conn.broken) else {
            return;
        };
        match conn.receive(bytes, now) {
            Some(Got::Media { ssrc, sequence, payload }) => {
                ctx.oracle.got(conn.number, conn.peer, ssrc, sequence, payload);
            }
            Some(Got::Send(again)) => again.into_iter().for_each(|bytes| uplink(ctx, call, conn, bytes)),
            None => {}
        }
        if let Some(at) = conn.newly_due() {
            let number = conn.number;
            ctx.queue.put(at.max(now), Event::ClientDue { client, call, number });
        }
    }

    /// Asks for what is missing.
    pub fn media_due(&mut self, ctx: &mut Ctx, call: CallId, number: u64) {
        let (client, now) = (self.id, ctx.now);
        let Some(conn) = self.conns.get_mut(&call).filter(|conn| conn.number == number) else { return };
        if let Some(bytes) = conn.asks(now) {
            uplink(ctx, call, conn, bytes);
        }
        if let Some(at) = conn.newly_due() {
            ctx.queue.put(at.max(now), Event::ClientDue { client, call, number });
        }
    }
}

fn uplink(ctx: &mut Ctx, call: CallId, conn: &Conn, bytes: Vec<u8>) {
    if !conn.broken {
        let (boot, room, peer, link) = (ctx.boot, call.room(), conn.peer, conn.link);
        ctx.send_media(Event::Uplink { boot, room, peer, link, bytes }, false);
    }
}
