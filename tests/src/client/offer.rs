//! Offers as browsers make them, and what a client needs of the answer.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use media::control::{ClientOffer, SendSection};
use media::ids::Source;

/// Payload type of Opus in all offers.
pub const OPUS: u8 = 111;
/// Payload type of VP8.
pub const VP8: u8 = 96;
/// Payload type of VP8's retransmissions.
pub const RTX: u8 = 97;
/// Header extension ids of all offers: audio level, transport-wide sequence number, mid.
pub const LEVEL: u8 = 1;
/// See [`LEVEL`].
pub const TRANSPORT_CC: u8 = 3;
/// See [`LEVEL`].
pub const MID: u8 = 4;
/// ICE password of all clients.
pub(super) const PWD: &str = "0123456789abcdef01234567";

/// What a client offers: a microphone and a camera (mids `0` and `1`), then slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The client's ICE user.
    pub ufrag: String,
    /// SSRC of the microphone; the camera has the next one, its RTX the one after.
    pub ssrc: u32,
    /// Whether it sends video.
    pub camera: bool,
    /// Slots for audio.
    pub audio_slots: usize,
    /// Slots for video.
    pub video_slots: usize,
}

impl Offer {
    /// A voice call of two.
    pub fn voice(ssrc: u32) -> Offer {
        Offer { ufrag: format!("u{ssrc:08x}"), ssrc, camera: false, audio_slots: 1, video_slots: 0 }
    }

    /// A video call with `others`.
    pub fn video(ssrc: u32, others: usize) -> Offer {
        Offer { camera: true, audio_slots: others, video_slots: others, ..Offer::voice(ssrc) }
    }

    /// The offer with its sending sections, as signaling gives it to the media plane.
    pub fn of_client(&self, sdp: String) -> ClientOffer {
        let section = |mid: &str, source| SendSection { mid: mid.to_owned(), source };
        let mut sends = vec![section("0", Source::Mic)];
        if self.camera {
            sends.push(section("1", Source::Camera));
        }
        ClientOffer { sdp, sends }
    }

    /// The SDP.
    pub fn sdp(&self, fingerprint: &str) -> String {
        let sending = 1 + usize::from(self.camera);
        let count = sending + self.audio_slots + self.video_slots;
        let mids: Vec<String> = (0..count).map(|mid| mid.to_string()).collect();
        let mut sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=extmap-allow-mixed\r\n",
            mids.join(" ")
        );
        for (at, mid) in mids.iter().enumerate() {
            let (video, sends) = match at {
                0 => (false, Some(self.ssrc)),
                1 if self.camera => (true, Some(self.ssrc + 1)),
                _ => (at >= sending + self.audio_slots, None),
            };
            self.section(&mut sdp, fingerprint, mid, video, sends);
        }
        sdp
    }

    fn section(&self, sdp: &mut String, fingerprint: &str, mid: &str, video: bool, sends: Option<u32>) {
        let (kind, formats) = if video { ("video", "96 97") } else { ("audio", "111") };
        let direction = if sends.is_some() { "sendonly" } else { "recvonly" };
        // Writing to a String cannot fail.
        let _ = write!(
            sdp,
            "m={kind} 9 UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:{}\r\na=ice-pwd:{PWD}\r\n\
             a=fingerprint:sha-256 {fingerprint}\r\na=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\n\
             a=rtcp-mux\r\na=rtcp-rsize\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
             a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n",
            self.ufrag
        );
        sdp.push_str(match video {
            true => {
                "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 transport-cc\r\n\
                 a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
            }
            false => {
                "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\na=rtpmap:111 opus/48000/2\r\n\
                 a=fmtp:111 minptime=10;useinbandfec=1\r\na=rtcp-fb:111 transport-cc\r\n"
            }
        });
        if let Some(ssrc) = sends {
            if video {
                let _ =
                    write!(sdp, "a=ssrc-group:FID {ssrc} {}\r\na=ssrc:{} cname:c\r\n", ssrc + 1, ssrc + 1);
            }
            let _ = write!(sdp, "a=ssrc:{ssrc} cname:c\r\n");
        }
    }
}

/// SSRCs of a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotIds {
    /// Its mid.
    pub mid: String,
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of the retransmissions.
    pub rtx: Option<u32>,
}

/// What a client needs of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Where the server is.
    pub address: SocketAddr,
    /// Its ICE user.
    pub ufrag: String,
    /// Its ICE password.
    pub pwd: String,
    /// The sections in which the server sends.
    pub slots: Vec<SlotIds>,
}

impl Default for Answered {
    fn default() -> Self {
        Answered {
            address: SocketAddr::from(([127, 0, 0, 1], 9)),
            ufrag: String::new(),
            pwd: String::new(),
            slots: Vec::new(),
        }
    }
}

impl Answered {
    /// Reads an answer (or an offer of a server that sends); the candidate is the one with this address.
    pub fn parse(sdp: &str, host: IpAddr) -> Option<Answered> {
        let value = |text: &str, key: &str| {
            text.lines().find_map(|line| line.trim_end().strip_prefix(key).map(str::to_owned))
        };
        let host = format!(" {host} ");
        let candidate = sdp.lines().find(|line| line.starts_with("a=candidate") && line.contains(&host))?;
        let fields: Vec<&str> = candidate.split(' ').collect();
        let address = format!("{}:{}", fields.get(4)?, fields.get(5)?).parse().ok()?;
        let sections = sdp.split("\r\nm=").skip(1);
        let sending = sections.filter(|section| section.lines().any(|line| line == "a=sendonly"));
        let slot = |section: &str| {
            let group = value(section, "a=ssrc-group:FID ");
            let ssrcs = group.or_else(|| value(section, "a=ssrc:"))?;
            let mut ssrcs = ssrcs.split(' ').map_while(|ssrc| ssrc.parse().ok());
            Some(SlotIds { mid: value(section, "a=mid:")?, ssrc: ssrcs.next()?, rtx: ssrcs.next() })
        };
        let slots = sending.map(slot).collect::<Option<Vec<SlotIds>>>()?;
        Some(Answered { address, ufrag: value(sdp, "a=ice-ufrag:")?, pwd: value(sdp, "a=ice-pwd:")?, slots })
    }
}
