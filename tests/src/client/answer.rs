//! Answering a server that offers.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use super::Client;
use super::offer::PWD;

/// Lines of an offer that speak of the one who offers.
const OF_OFFERER: [&str; 9] = [
    "o=",
    "c=",
    "a=ice-",
    "a=candidate",
    "a=end-of-candidates",
    "a=fingerprint",
    "a=setup",
    "a=ssrc",
    "a=msid",
];

impl Client {
    /// An answer that takes all that is offered: all codecs, feedback and header extensions; DTLS as the client.
    /// [`Client::connect`] with the same offer follows.
    ///
    /// # Errors
    /// The socket's.
    pub fn answer_to(&self, offer: &str) -> io::Result<String> {
        Ok(answer(offer, &self.offer.ufrag, self.identity.fingerprint(), self.socket.local_addr()?))
    }
}

fn answer(offer: &str, ufrag: &str, fingerprint: &str, address: SocketAddr) -> String {
    let (host, port) = (address.ip(), address.port());
    let mut sdp = String::new();
    for line in offer.lines() {
        if OF_OFFERER.iter().any(|start| line.starts_with(start)) {
            continue;
        }
        let line = if line == "a=sendonly" { "a=recvonly" } else { line };
        // Writing to a String cannot fail.
        let _ = write!(sdp, "{line}\r\n");
        if line.starts_with("v=") {
            let _ = write!(sdp, "o=- 1 1 IN IP4 {host}\r\n");
        }
        if line.starts_with("m=") {
            let _ = write!(
                sdp,
                "c=IN IP4 {host}\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{PWD}\r\na=fingerprint:sha-256 {fingerprint}\r\n\
                 a=setup:active\r\na=candidate:1 1 udp 2130706431 {host} {port} typ host\r\n"
            );
        }
    }
    sdp
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_is_the_offers_and_the_transport_our_own() {
        let offer = "v=0\r\no=- 7 1 IN IP4 10.0.0.1\r\ns=x\r\nt=0 0\r\na=fingerprint:sha-256 AA\r\na=ice-lite\r\n\
                     m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 10.0.0.1\r\na=sendonly\r\na=mid:v\r\na=ice-ufrag:s\r\n\
                     a=ice-pwd:secret\r\na=setup:actpass\r\na=rtpmap:96 VP8/90000\r\na=ssrc:5 cname:j\r\n\
                     a=candidate:1 1 udp 1 10.0.0.1 40 typ host\r\n";
        let sdp = answer(offer, "me", "BB", SocketAddr::from(([10, 0, 0, 2], 99)));
        let expected = "v=0\r\no=- 1 1 IN IP4 10.0.0.2\r\ns=x\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\n\
                        c=IN IP4 10.0.0.2\r\na=ice-ufrag:me\r\na=ice-pwd:0123456789abcdef01234567\r\n\
                        a=fingerprint:sha-256 BB\r\na=setup:active\r\n\
                        a=candidate:1 1 udp 2130706431 10.0.0.2 99 typ host\r\na=recvonly\r\na=mid:v\r\n\
                        a=rtpmap:96 VP8/90000\r\n";
        assert_eq!(sdp, expected);
    }
}
