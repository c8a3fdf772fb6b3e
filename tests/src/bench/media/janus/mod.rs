//! Janus (Debian's package `janus`) as the peer: its streaming plugin with one RTP mountpoint, its viewers our clients.
//!
//! Like ours it runs as ICE-lite and keeps packets for retransmission. It refuses candidates on 127.0.0.1, so the viewers use
//! another address of this machine; packets between own addresses stay on the loopback device.

mod api;
mod process;

use std::io;
use std::net::{IpAddr, UdpSocket};
use std::time::Duration;

use serde_json::json;

use super::load;
use super::round::{Contender, PAYLOAD, SUBSCRIBERS, Stream};
use super::video::keep_alive;
use crate::client::{Client, Offer, VP8};
use api::Api;
use process::JanusProcess;

/// Bytes of a plain RTP header.
const HEADER: usize = 12;
const SSRC: u32 = 7;
/// Viewers that are not connected after this long never will be.
const CONNECT_LIMIT: Duration = Duration::from_secs(20);
/// Pause between two looks at all viewers that connect.
const STEP: Duration = Duration::from_millis(5);

/// A Janus whose viewers are connected.
pub(super) struct Janus {
    process: JanusProcess,
    api: Api,
    publisher: UdpSocket,
    viewers: Vec<Client>,
    stream: Stream,
}

impl Janus {
    /// Starts it and connects the viewers.
    pub(super) fn start() -> io::Result<Janus> {
        let host = own_address()?;
        let (process, mut api) = Api::start(host)?;
        let port = create_mountpoint(&mut api)?;
        let publisher = UdpSocket::bind("127.0.0.1:0")?;
        publisher.connect(("127.0.0.1", port))?;
        load::send_in_segments(&publisher, HEADER + PAYLOAD)?;
        let mut viewers: Vec<Client> =
            (0..SUBSCRIBERS).map(|n| view(&mut api, host, n)).collect::<io::Result<_>>()?;
        connect(&mut viewers)?;
        Ok(Janus { process, api, publisher, viewers, stream: Stream::default() })
    }
}

impl Contender for Janus {
    fn prepare(&mut self) -> io::Result<()> {
        self.api.skip_events()?;
        self.viewers.iter_mut().try_for_each(keep_alive)
    }

    fn frame(&mut self) -> io::Result<()> {
        let (headers, payload) = self.stream.next_frame(SSRC);
        let mut train = Vec::with_capacity(headers.len() * (HEADER + PAYLOAD));
        for header in &headers {
            let mut bytes = [0; HEADER];
            header.write(&mut bytes, &[]).map_err(io::Error::other)?;
            train.extend(bytes);
            train.extend(payload);
        }
        self.publisher.send(&train).map(drop)
    }

    fn arrived(&mut self) -> usize {
        self.viewers.iter().map(|viewer| load::drain(&viewer.socket).reads).sum()
    }

    fn cpu(&self) -> io::Result<u64> {
        self.process.cpu()
    }
}

/// An address of this machine that is not 127.0.0.1: the one it would use to reach others. Nothing is sent.
fn own_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // TEST-NET-1 (RFC 5737).
    let host = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr()).map(|own| own.ip());
    host.ok().filter(|host| !host.is_loopback()).ok_or_else(|| {
        io::Error::other("this machine has no address except 127.0.0.1, on which Janus takes no candidates")
    })
}

/// One mountpoint; the port on which it takes RTP.
fn create_mountpoint(api: &mut Api) -> io::Result<u16> {
    let handle = api.attach()?;
    let video =
        json!({"type": "video", "mid": "v", "port": 0, "iface": "127.0.0.1", "pt": VP8, "codec": "vp8"});
    let body = json!({"request": "create", "type": "rtp", "id": 1, "media": [video]});
    let created = api.message(handle, &body, None)?;
    let port = created.pointer("/plugindata/data/stream/ports/0/port").and_then(serde_json::Value::as_u64);
    port.and_then(|port| port.try_into().ok()).ok_or_else(|| io::Error::other(format!("no port: {created}")))
}

/// A viewer that is about to connect: Janus offers, the client answers.
fn view(api: &mut Api, host: IpAddr, n: usize) -> io::Result<Client> {
    let handle = api.attach()?;
    let preparing = api.message(handle, &json!({"request": "watch", "id": 1}), None)?;
    let offer = preparing.pointer("/jsep/sdp").and_then(serde_json::Value::as_str);
    let offer = offer.ok_or_else(|| io::Error::other(format!("no offer: {preparing}")))?;
    let mut client = Client::at(host, Offer::voice(5_000 + n as u32))?;
    api.message(handle, &json!({"request": "start"}), Some(&client.answer_to(offer)?))?;
    client.answered(offer)?;
    Ok(client)
}

/// Connects all viewers at the same time: Janus drops what comes before its own check is answered, and the repetition of a
/// hundred first flights, one after the other, would take most of the bench's time.
fn connect(viewers: &mut [Client]) -> io::Result<()> {
    let until = load::now() + CONNECT_LIMIT;
    loop {
        for viewer in viewers.iter_mut().filter(|viewer| !viewer.is_connected()) {
            viewer.drive(load::now())?;
            while viewer.poll()?.is_some() {}
        }
        match viewers.iter().filter(|viewer| !viewer.is_connected()).count() {
            0 => return Ok(()),
            missing if load::now() > until => {
                return Err(io::Error::other(format!("{missing} viewers did not connect")));
            }
            _ => load::pause(STEP),
        }
    }
}

#[cfg(test)]
mod tests;
