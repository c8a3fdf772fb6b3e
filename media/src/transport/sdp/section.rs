//! One media section of an offer.

use rtc_sdp::description::media::MediaDescription;

use super::codecs::{self, Codec};
use super::{is_plain, is_token, values};

/// Longest `a=mid` that is kept; browsers use one or two digits.
const MAX_MID: usize = 32;
/// Most sources of one section: three simulcast layers with RTX are six.
const MAX_SOURCES: usize = 16;
/// Most simulcast layers; more are not offered by any browser.
const MAX_RIDS: usize = 4;
/// Longest RTP stream id (RFC 8851 has no bound; browsers use the application's, ours have one letter).
const MAX_RID: usize = 16;

/// What a section carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels.
    Application,
}

/// Direction as the client offers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client sends and receives.
    SendRecv,
    /// The client only sends.
    SendOnly,
    /// The client only receives: a slot.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether the client would send.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the client would receive.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// RTP header extensions of the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Extension {
    /// Transport-wide sequence number.
    TransportCc,
    /// Absolute send time.
    AbsSendTime,
    /// Client-to-mixer audio level (RFC 6464).
    AudioLevel,
    /// Media identification (RFC 9143).
    Mid,
    /// RTP stream id (RFC 8852).
    Rid,
    /// Repaired RTP stream id (RFC 8852).
    RepairedRid,
}

impl Extension {
    /// All of them.
    pub const ALL: [Extension; 6] = [
        Extension::TransportCc,
        Extension::AbsSendTime,
        Extension::AudioLevel,
        Extension::Mid,
        Extension::Rid,
        Extension::RepairedRid,
    ];

    /// The URI in `a=extmap`.
    pub fn uri(self) -> &'static str {
        match self {
            Extension::TransportCc => {
                "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
            }
            Extension::AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Extension::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Extension::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Extension::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Extension::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        }
    }
}

/// A header extension and the id the client gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extmap {
    /// 1 to 14: the ids of one-byte headers (RFC 8285).
    pub id: u8,
    /// Which one.
    pub extension: Extension,
}

/// A synchronization source of the client and the one of its retransmissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceIds {
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of its RTX stream (`a=ssrc-group:FID`).
    pub rtx: Option<u32>,
}

/// One media section, reduced to what the profile has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `a=mid`; empty only if [`Self::usable`] is false.
    pub mid: String,
    /// What it carries.
    pub kind: Kind,
    /// The client's direction.
    pub direction: Direction,
    /// Common codecs, best first.
    pub codecs: Vec<Codec>,
    /// Common header extensions.
    pub extmaps: Vec<Extmap>,
    /// Sources that the client announces to send by `a=ssrc`; none with simulcast by RID.
    pub sources: Vec<SourceIds>,
    /// Simulcast layers the client offers to send, in its order.
    pub rids: Vec<String>,
    /// Whether it can be answered with a port: not stopped by the client, in the bundle, of a protocol and with a codec that
    /// we have. Others are rejected with port 0.
    pub usable: bool,
    /// Protocol and formats of the `m=` line, to reject it with.
    pub(super) protocol: String,
    pub(super) formats: Vec<String>,
}

impl Section {
    /// Reads a section; `bundle` has the mids of the BUNDLE group. `None` for a medium that browsers do not have.
    pub(super) fn read(media: &MediaDescription, bundle: &[&str]) -> Option<Self> {
        let kind = match media.media_name.media.as_str() {
            "audio" => Kind::Audio,
            "video" => Kind::Video,
            "application" => Kind::Application,
            _ => return None,
        };
        let mid = values(media, "mid").next().filter(|mid| is_token(mid, MAX_MID)).unwrap_or_default();
        let protocol = media.media_name.protos.join("/");
        let wanted = if kind == Kind::Application { "UDP/DTLS/SCTP" } else { "UDP/TLS/RTP/SAVPF" };
        let codecs = if kind == Kind::Application { Vec::new() } else { codecs::pick(media) };
        let has_format = match kind {
            Kind::Application => media.media_name.formats.iter().any(|f| f == "webrtc-datachannel"),
            Kind::Audio | Kind::Video => !codecs.is_empty() && media.has_attribute("rtcp-mux"),
        };
        let stopped = media.media_name.port.value == 0 && !media.has_attribute("bundle-only");
        let rids = read_rids(media);
        let direction = read_direction(media);
        // Firefox names sources for its receiver reports in receiving sections too.
        let announces = direction.sends() && rids.is_empty();
        Some(Section {
            usable: !stopped && protocol == wanted && has_format && bundle.contains(&mid),
            direction,
            extmaps: read_extmaps(media),
            sources: if announces { read_sources(media) } else { Vec::new() },
            formats: plain_formats(media),
            protocol: if is_plain(&protocol, 64) { protocol } else { wanted.to_owned() },
            mid: mid.to_owned(),
            kind,
            codecs,
            rids,
        })
    }

    /// Id of an extension, if the client offered it.
    pub fn extension_id(&self, extension: Extension) -> Option<u8> {
        self.extmaps.iter().find(|map| map.extension == extension).map(|map| map.id)
    }
}

/// Without a direction attribute a section is sendrecv (RFC 8866, section 6.7).
fn read_direction(media: &MediaDescription) -> Direction {
    let mut directions = media.attributes.iter().filter_map(|attribute| match attribute.key.as_str() {
        "sendonly" => Some(Direction::SendOnly),
        "recvonly" => Some(Direction::RecvOnly),
        "inactive" => Some(Direction::Inactive),
        "sendrecv" => Some(Direction::SendRecv),
        _ => None,
    });
    directions.next_back().unwrap_or(Direction::SendRecv)
}

/// Ids with a direction of their own are not taken; no browser offers them.
fn read_extmaps(media: &MediaDescription) -> Vec<Extmap> {
    let mut maps: Vec<Extmap> = Vec::new();
    for value in values(media, "extmap") {
        let mut fields = value.split(' ');
        let id = fields.next().and_then(|id| id.parse().ok()).filter(|id| (1..=14).contains(id));
        let extension = fields.next().and_then(|uri| Extension::ALL.into_iter().find(|e| e.uri() == uri));
        if let (Some(id), Some(extension)) = (id, extension)
            && !maps.iter().any(|map| map.id == id || map.extension == extension)
        {
            maps.push(Extmap { id, extension });
        }
    }
    maps
}

fn read_sources(media: &MediaDescription) -> Vec<SourceIds> {
    let pairs: Vec<(u32, u32)> = values(media, "ssrc-group")
        .filter_map(|value| value.strip_prefix("FID "))
        .filter_map(|pair| pair.split_once(' '))
        .filter_map(|(media, rtx)| Some((media.parse().ok()?, rtx.parse().ok()?)))
        .take(MAX_SOURCES)
        .collect();
    let mut sources: Vec<SourceIds> = Vec::new();
    for ssrc in values(media, "ssrc").filter_map(|value| value.split(' ').next()?.parse().ok()) {
        let known = sources.iter().any(|source| source.ssrc == ssrc);
        if known || sources.len() == MAX_SOURCES || pairs.iter().any(|&(_, rtx)| rtx == ssrc) {
            continue;
        }
        let rtx = pairs.iter().find(|&&(media, _)| media == ssrc).map(|&(_, rtx)| rtx);
        sources.push(SourceIds { ssrc, rtx });
    }
    sources
}

/// The layers of `a=simulcast:send`, each declared by `a=rid`.
fn read_rids(media: &MediaDescription) -> Vec<String> {
    let declared = |rid: &str| {
        values(media, "rid").any(|value| {
            let mut fields = value.split(' ');
            fields.next() == Some(rid) && fields.next() == Some("send")
        })
    };
    let Some(list) = values(media, "simulcast").find_map(|value| value.strip_prefix("send ")) else {
        return Vec::new();
    };
    list.split(' ')
        .next()
        .unwrap_or_default()
        .split(';')
        .take(MAX_RIDS)
        .filter_map(|layer| layer.split(',').next())
        .map(|rid| rid.trim_start_matches('~'))
        .filter(|rid| is_token(rid, MAX_RID) && declared(rid))
        .map(str::to_owned)
        .collect()
}

/// Formats to reject a section with; the first is enough.
fn plain_formats(media: &MediaDescription) -> Vec<String> {
    media.media_name.formats.iter().filter(|format| is_token(format, 32)).take(1).cloned().collect()
}
