//! rtpengine (Debian's package `rtpengine-daemon`) as the peer: user space, controlled by its `ng` protocol, a bencoded
//! dictionary behind a cookie in a datagram.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use super::bridge::{Bridge, Call};
use super::end::{App, Sdes, Telephone};
use crate::bench::media::process::cpu_of_process;
use crate::client::wait;
use crate::peers::rtpengine::Rtpengine as Daemon;

/// Half of what it carries on a core of the machine where it was first tried; more, and it begins to lose packets.
const CALLS: usize = 16;
/// An answer that does not come in this time never will.
const LIMIT: Duration = Duration::from_secs(5);
/// Key and salt that the apps offer; a bench keeps no secrets.
const KEY: [u8; 30] = [0x2a; 30];

/// An rtpengine with its calls.
pub(super) struct Rtpengine {
    process: Daemon,
    calls: Vec<Call>,
}

impl Rtpengine {
    pub(super) fn start() -> io::Result<Rtpengine> {
        let process = Daemon::start()?;
        let mut ng = Ng::connect(SocketAddr::from(([127, 0, 0, 1], process.port)))?;
        let calls = (0..CALLS).map(|n| call(&mut ng, n)).collect::<io::Result<_>>()?;
        Ok(Rtpengine { process, calls })
    }
}

impl Bridge for Rtpengine {
    fn calls(&mut self) -> &mut Vec<Call> {
        &mut self.calls
    }

    fn keep_alive(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn cpu(&self) -> io::Result<u64> {
        cpu_of_process(self.process.process())
    }
}

/// Sets one call up: Opus over SRTP on one side, PCMU over RTP on the other.
fn call(ng: &mut Ng, n: usize) -> io::Result<Call> {
    let ssrc = 50_000 + 10 * n as u32;
    let (socket, telephone) = (UdpSocket::bind("127.0.0.1:0")?, Telephone::new(ssrc + 5)?);
    socket.set_nonblocking(true)?;
    let key = base64(&KEY);
    let offer = description(
        socket.local_addr()?,
        "RTP/SAVP 111",
        &format!(
            "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\r\n"
        ),
    );
    let id = format!("call-{n}");
    let codecs = dict(&[("mask", list(&["opus"])), ("transcode", list(&["PCMU"]))]);
    let towards_telephone = ng.ask(&[
        ("command", text("offer")),
        ("call-id", text(&id)),
        ("from-tag", text("app")),
        ("sdp", text(&offer)),
        ("transport-protocol", text("RTP/AVP")),
        ("ICE", text("remove")),
        ("rtcp-mux", list(&["demux"])),
        ("codec", codecs),
    ])?;
    telephone.connect(media_address(&towards_telephone)?)?;
    let answer = description(telephone.socket.local_addr()?, "RTP/AVP 0", "a=rtpmap:0 PCMU/8000\r\n");
    let towards_app = ng.ask(&[
        ("command", text("answer")),
        ("call-id", text(&id)),
        ("from-tag", text("app")),
        ("to-tag", text("telephone")),
        ("sdp", text(&answer)),
    ])?;
    socket.connect(media_address(&towards_app)?)?;
    let theirs = towards_app.split("inline:").nth(1).and_then(|rest| from_base64(rest.trim_end()));
    let theirs = theirs.ok_or_else(|| io::Error::other(format!("no key in {towards_app}")))?;
    Ok(Call { app: App::Sdes(Box::new(Sdes::new(socket, ssrc, &KEY, &theirs)?)), telephone })
}

fn description(at: SocketAddr, media: &str, attributes: &str) -> String {
    let (protocol, codecs) = media.split_once(' ').unwrap_or((media, "0"));
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} {protocol} {codecs}\r\n\
         a=ptime:20\r\n{attributes}",
        at.port()
    )
}

fn media_address(reply: &str) -> io::Result<SocketAddr> {
    let port = reply.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<u16>().ok());
    let port = port.ok_or_else(|| io::Error::other(format!("rtpengine says {reply}")))?;
    Ok(SocketAddr::from(([127, 0, 0, 1], port)))
}

/// The control socket.
struct Ng {
    socket: UdpSocket,
    cookie: u32,
}

impl Ng {
    fn connect(to: SocketAddr) -> io::Result<Ng> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        Ok(Ng { socket, cookie: 0 })
    }

    fn ask(&mut self, entries: &[(&str, Vec<u8>)]) -> io::Result<String> {
        self.cookie += 1;
        let cookie = format!("{} ", self.cookie);
        self.socket.send(&[cookie.as_bytes(), &dict(entries)].concat())?;
        let mut bytes = [0; 16_384];
        loop {
            wait(&self.socket, LIMIT)?;
            let len = self.socket.recv(&mut bytes)?;
            if let Some(reply) = bytes[..len].strip_prefix(cookie.as_bytes()) {
                return Ok(String::from_utf8_lossy(reply).into_owned());
            }
        }
    }
}

/// Bencoding of a string.
fn text(value: &str) -> Vec<u8> {
    format!("{}:{value}", value.len()).into_bytes()
}

fn list(values: &[&str]) -> Vec<u8> {
    [&b"l"[..], &values.iter().flat_map(|value| text(value)).collect::<Vec<_>>(), b"e"].concat()
}

fn dict(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        entries.iter().flat_map(|(key, value)| [text(key), value.clone()].concat()).collect();
    [&b"d"[..], &entries, b"e"].concat()
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Of bytes whose number is a multiple of three, as keys are.
fn base64(bytes: &[u8]) -> String {
    let group = |three: &[u8]| {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(bits >> shift & 63) as usize]))
    };
    bytes.chunks(3).flat_map(group).collect()
}

/// The bytes of 40 letters.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.as_bytes().get(..40)?;
    let group = |four: &[u8]| {
        let place = |letter: &u8| ALPHABET.iter().position(|known| known == letter);
        let bits = four.iter().try_fold(0u32, |bits, letter| Some(bits << 6 | place(letter)? as u32))?;
        Some(bits.to_be_bytes()[1..].to_vec())
    };
    letters.chunks(4).map(group).collect::<Option<Vec<_>>>().map(|groups| groups.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_bencoded() {
        let request = dict(&[("command", text("ping")), ("flags", list(&["a", "bc"]))]);
        assert_eq!(request, b"d7:command4:ping5:flagsl1:a2:bcee");
    }

    #[test]
    fn keys_are_written_and_read() {
        let key: Vec<u8> = (200..230).collect();
        assert_eq!(base64(b"Man"), "TWFu");
        assert_eq!(from_base64(&base64(&key)), Some(key));
        assert_eq!(from_base64("short"), None);
    }

    #[test]
    fn replies_say_where_media_goes() {
        let reply = "d3:sdp20:v=0\r\nm=audio 41018 RTP/SAVP 111\r\n6:result2:oke";
        assert_eq!(media_address(reply).expect("a port").port(), 41_018);
        assert!(media_address("d6:result5:error12:error-reason3:abce").is_err());
    }
}
