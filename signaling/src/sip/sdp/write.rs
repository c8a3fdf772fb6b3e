//! Our own descriptions as text.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::payloads::Format;

/// A section that is not ours: refused in the answer, and kept as refused for good (RFC 3264 section 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Checked tokens.
    pub kind: String,
    pub protocol: String,
    pub format: String,
}

/// Our audio section.
#[derive(Clone, Debug)]
pub(super) struct Ours {
    pub local: SocketAddr,
    pub secure: bool,
    pub formats: Vec<(Format, u8)>,
    pub ptime: u32,
    pub sends: bool,
    pub takes: bool,
    pub mux: bool,
    /// Lines of keys, complete.
    pub cryptos: String,
}

/// Everything behind the `o=` line; `before` and `after` are the refused sections around ours.
pub(super) fn body(ours: &Ours, before: &[Refused], after: &[Refused]) -> String {
    let mut text = format!("s=-\r\nc={}\r\nt=0 0\r\n", connection(ours.local.ip()));
    before.iter().for_each(|refused| refused.write(&mut text));
    ours.write(&mut text);
    after.iter().for_each(|refused| refused.write(&mut text));
    text
}

/// `v=` and `o=`.
pub(super) fn head(local: IpAddr, id: u64, version: u64) -> String {
    format!("v=0\r\no=- {id} {version} {}\r\n", connection(local))
}

fn connection(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("IN IP4 {ip}"),
        IpAddr::V6(ip) => format!("IN IP6 {ip}"),
    }
}

impl Refused {
    fn write(&self, text: &mut String) {
        text.push_str(&format!("m={} 0 {} {}\r\n", self.kind, self.protocol, self.format));
    }
}

impl Ours {
    fn write(&self, text: &mut String) {
        let protocol = if self.secure { "RTP/SAVP" } else { "RTP/AVP" };
        // Writing to a string cannot fail.
        let _ = write!(text, "m=audio {} {protocol}", self.local.port());
        for (_, number) in &self.formats {
            let _ = write!(text, " {number}");
        }
        text.push_str("\r\n");
        for (format, number) in &self.formats {
            let _ = write!(text, "a=rtpmap:{number} {}\r\n", format.encoding());
            if let Some(parameters) = format.parameters() {
                let _ = write!(text, "a=fmtp:{number} {parameters}\r\n");
            }
        }
        let _ = write!(text, "a=ptime:{}\r\n", self.ptime);
        text.push_str(match (self.sends, self.takes) {
            (true, true) => "a=sendrecv\r\n",
            (true, false) => "a=sendonly\r\n",
            (false, true) => "a=recvonly\r\n",
            (false, false) => "a=inactive\r\n",
        });
        let _ = write!(text, "a=rtcp:{}\r\n", self.local.port().saturating_add(1));
        if self.mux {
            text.push_str("a=rtcp-mux\r\n");
        }
        text.push_str(&self.cryptos);
    }
}
