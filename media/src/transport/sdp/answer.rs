//! Writing the answer.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use super::Offer;
use super::codecs::{Codec, CodecKind};
use super::section::{Kind, Section};
use crate::transport::sctp::MAX_MESSAGE;
use crate::transport::{Fingerprint, LocalCredentials};

/// A stream that we send in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// SSRC of the media.
    pub ssrc: u32,
    /// SSRC of its retransmissions; left out where the client has no RTX.
    pub rtx: Option<u32>,
    /// Canonical name: the same for streams that are played in sync. A token.
    pub cname: String,
    /// Id of the `MediaStream` the client gets. A token.
    pub stream: String,
    /// Id of the track. A token.
    pub track: String,
}

/// What we do with one section. Data channel sections are always accepted; what does not fit the section (sending where the
/// client does not receive) is answered inactive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SectionAnswer {
    /// Nothing flows for now.
    Inactive,
    /// We receive what the client sends, with its simulcast layers.
    Receive,
    /// A slot: we send.
    Send(Outgoing),
    /// The section is given up; the client may use it for something else later.
    Reject,
}

/// All that an answer needs besides the offer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// `o=` session id, the same in all answers to one client.
    pub session_id: u64,
    /// `o=` version, one more in each answer.
    pub version: u64,
    /// Our ICE credentials.
    pub local: &'a LocalCredentials,
    /// Fingerprint of our certificate.
    pub fingerprint: Fingerprint,
    /// Addresses of the worker's socket, best first.
    pub candidates: &'a [SocketAddr],
    /// One per section of the offer, in its order; missing ones are inactive.
    pub sections: &'a [SectionAnswer],
}

/// Writes the answer to an offer.
pub fn write(offer: &Offer, answer: &Answer<'_>) -> String {
    let mut out = Lines(String::with_capacity(1024 + 1024 * offer.sections.len()));
    out.line(format_args!("v=0"));
    out.line(format_args!("o=- {} {} IN IP4 127.0.0.1", answer.session_id, answer.version));
    out.line(format_args!("s=-"));
    out.line(format_args!("t=0 0"));
    let choices: Vec<Choice<'_>> = (0..offer.sections.len()).map(|at| choose(offer, answer, at)).collect();
    let kept = || offer.sections.iter().zip(&choices).filter(|(_, choice)| !matches!(choice, Choice::Reject));
    let mids: Vec<&str> = kept().map(|(section, _)| section.mid.as_str()).collect();
    if !mids.is_empty() {
        out.line(format_args!("a=group:BUNDLE {}", mids.join(" ")));
    }
    out.line(format_args!("a=ice-lite"));
    let mut candidates = answer.candidates;
    for (section, choice) in offer.sections.iter().zip(&choices) {
        match choice {
            Choice::Reject => out.rejected(section),
            Choice::Data => out.data(section, answer, candidates),
            Choice::Media(flow) => out.media(section, answer, candidates, flow),
        }
        if !matches!(choice, Choice::Reject) {
            // Bundled sections share the transport of the first one.
            candidates = &[];
        }
    }
    out.0
}

enum Flow<'a> {
    Inactive,
    Receive,
    Send(&'a Outgoing),
}

enum Choice<'a> {
    Reject,
    Data,
    Media(Flow<'a>),
}

fn choose<'a>(offer: &Offer, answer: &Answer<'a>, at: usize) -> Choice<'a> {
    let section = &offer.sections[at];
    match (section.kind, answer.sections.get(at)) {
        _ if !section.usable => Choice::Reject,
        (_, Some(SectionAnswer::Reject)) => Choice::Reject,
        (Kind::Application, _) => Choice::Data,
        (_, Some(SectionAnswer::Receive)) if section.direction.sends() => Choice::Media(Flow::Receive),
        (_, Some(SectionAnswer::Send(stream))) if section.direction.receives() => {
            Choice::Media(Flow::Send(stream))
        }
        _ => Choice::Media(Flow::Inactive),
    }
}

/// SDP text that grows line by line.
struct Lines(String);

impl Lines {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "{line}\r\n");
    }

    fn rejected(&mut self, section: &Section) {
        let format = section.formats.first().map_or("0", String::as_str);
        self.line(format_args!("m={} 0 {} {format}", name(section.kind), section.protocol));
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        if !section.mid.is_empty() {
            self.line(format_args!("a=mid:{}", section.mid));
        }
        self.line(format_args!("a=inactive"));
    }

    fn data(&mut self, section: &Section, answer: &Answer<'_>, candidates: &[SocketAddr]) {
        self.line(format_args!("m=application 9 UDP/DTLS/SCTP webrtc-datachannel"));
        self.transport(section, answer, candidates);
        self.line(format_args!("a=sctp-port:5000"));
        self.line(format_args!("a=max-message-size:{MAX_MESSAGE}"));
    }

    fn media(&mut self, section: &Section, answer: &Answer<'_>, candidates: &[SocketAddr], flow: &Flow<'_>) {
        let mut formats = String::new();
        for codec in &section.codecs {
            let _ = write!(formats, " {}", codec.payload_type);
            if let Some(rtx) = codec.rtx {
                let _ = write!(formats, " {rtx}");
            }
        }
        self.line(format_args!("m={} 9 UDP/TLS/RTP/SAVPF{formats}", name(section.kind)));
        self.transport(section, answer, candidates);
        self.line(format_args!("a=rtcp-mux"));
        self.line(format_args!("a=rtcp-rsize"));
        for map in &section.extmaps {
            self.line(format_args!("a=extmap:{} {}", map.id, map.extension.uri()));
        }
        match flow {
            Flow::Inactive => self.line(format_args!("a=inactive")),
            Flow::Receive => self.receive(section),
            Flow::Send(stream) => self.send(section, stream),
        }
        for codec in &section.codecs {
            self.codec(codec);
        }
    }

    /// Transport attributes; browsers want credentials and fingerprint in every bundled section, the candidates in one.
    fn transport(&mut self, section: &Section, answer: &Answer<'_>, candidates: &[SocketAddr]) {
        self.line(format_args!("c=IN IP4 0.0.0.0"));
        self.line(format_args!("a=mid:{}", section.mid));
        self.line(format_args!("a=ice-ufrag:{}", answer.local.ufrag.as_str()));
        self.line(format_args!("a=ice-pwd:{}", answer.local.pwd()));
        self.line(format_args!("a=fingerprint:sha-256 {}", answer.fingerprint));
        self.line(format_args!("a=setup:passive"));
        for (at, candidate) in candidates.iter().enumerate() {
            // RFC 8445, section 5.1.2.1: type preference 126 for host candidates, the first address preferred, component 1.
            let local_preference = 65_535_u32.saturating_sub(at as u32);
            let priority = (126 << 24) + (local_preference << 8) + 255;
            let (ip, port): (IpAddr, u16) = (candidate.ip(), candidate.port());
            self.line(format_args!("a=candidate:{at} 1 udp {priority} {ip} {port} typ host"));
        }
        if !candidates.is_empty() {
            self.line(format_args!("a=end-of-candidates"));
        }
    }

    fn receive(&mut self, section: &Section) {
        self.line(format_args!("a=recvonly"));
        for rid in &section.rids {
            self.line(format_args!("a=rid:{rid} recv"));
        }
        if !section.rids.is_empty() {
            self.line(format_args!("a=simulcast:recv {}", section.rids.join(";")));
        }
    }

    fn send(&mut self, section: &Section, stream: &Outgoing) {
        let Outgoing { ssrc, cname, .. } = stream;
        self.line(format_args!("a=sendonly"));
        self.line(format_args!("a=msid:{} {}", stream.stream, stream.track));
        let rtx = stream.rtx.filter(|_| section.codecs.iter().any(|codec| codec.rtx.is_some()));
        if let Some(rtx) = rtx {
            self.line(format_args!("a=ssrc-group:FID {ssrc} {rtx}"));
        }
        for ssrc in std::iter::once(*ssrc).chain(rtx) {
            self.line(format_args!("a=ssrc:{ssrc} cname:{cname}"));
        }
    }

    fn codec(&mut self, codec: &Codec) {
        let Codec { kind, payload_type, fmtp, .. } = codec;
        self.line(format_args!("a=rtpmap:{payload_type} {}", kind.rtpmap()));
        for feedback in codec.feedback.names() {
            self.line(format_args!("a=rtcp-fb:{payload_type} {feedback}"));
        }
        match kind {
            CodecKind::Opus => self.line(format_args!("a=fmtp:{payload_type} minptime=10;useinbandfec=1")),
            _ if fmtp.is_empty() => {}
            _ => self.line(format_args!("a=fmtp:{payload_type} {fmtp}")),
        }
        if let Some(rtx) = codec.rtx {
            self.line(format_args!("a=rtpmap:{rtx} rtx/90000"));
            self.line(format_args!("a=fmtp:{rtx} apt={payload_type}"));
        }
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
        Kind::Application => "application",
    }
}
