//! Offers of Chromium 156 and Firefox 153, offers made up, offers broken.

mod hostile;

use std::io::Cursor;
use std::net::SocketAddr;

use rtc_sdp::description::session::SessionDescription;

use super::*;
use crate::control::{MAX_OFFER_BYTES, MAX_SECTIONS, MediaError};
use crate::transport::{Fingerprint, LocalCredentials};

/// Camera, microphone, two slots, a data channel and, renegotiated, a third slot.
const CHROMIUM: &str = include_str!("chromium.sdp");
/// The same with two simulcast layers.
const CHROMIUM_SIMULCAST: &str = include_str!("chromium_simulcast.sdp");
/// The same call in Firefox 153, without H.264.
const FIREFOX: &str = include_str!("firefox.sdp");

fn local() -> LocalCredentials {
    LocalCredentials::random(rtc_crypto::default_provider().unwrap().random()).unwrap()
}

fn outgoing(ssrc: u32) -> SectionAnswer {
    SectionAnswer::Send(Outgoing {
        ssrc,
        rtx: Some(ssrc + 1),
        cname: "peer".to_owned(),
        stream: "stream".to_owned(),
        track: format!("track{ssrc}"),
    })
}

/// What a worker would answer: receive what is sent, fill each slot.
fn usual(offer: &Offer) -> Vec<SectionAnswer> {
    let choose = |(at, section): (usize, &Section)| {
        if section.direction.sends() { SectionAnswer::Receive } else { outgoing(1_000 + 2 * at as u32) }
    };
    offer.sections.iter().enumerate().map(choose).collect()
}

fn answer(offer: &Offer, sections: &[SectionAnswer]) -> String {
    let candidates: [SocketAddr; 2] =
        ["192.0.2.1:4000".parse().unwrap(), "[2001:db8::1]:4000".parse().unwrap()];
    let answer = Answer {
        session_id: 77,
        version: 3,
        local: &local(),
        fingerprint: Fingerprint([0xAB; 32]),
        candidates: &candidates,
        sections,
    };
    answer::write(offer, &answer)
}

/// The lines of each section, the session first.
fn by_section(sdp: &str) -> Vec<Vec<&str>> {
    let mut sections = vec![Vec::new()];
    for line in sdp.lines() {
        if line.starts_with("m=") {
            sections.push(Vec::new());
        }
        sections.last_mut().unwrap().push(line);
    }
    sections
}

/// A small offer of one video section with the given lines in it.
fn video(port: u16, formats: &str, lines: &[&str]) -> String {
    let lines = lines.join("\r\n");
    let print = Fingerprint([1; 32]);
    format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE v\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 {print}\r\na=setup:actpass\r\n\
         m=video {port} UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP4 0.0.0.0\r\na=mid:v\r\na=rtcp-mux\r\n{lines}\r\n"
    )
}

const VP8: &str = "a=rtpmap:96 VP8/90000";

fn kinds(section: &Section) -> Vec<CodecKind> {
    section.codecs.iter().map(|codec| codec.kind).collect()
}

#[test]
fn chromium_s_sections_are_reduced_to_the_profile() {
    let offer = Offer::parse(CHROMIUM).unwrap();
    assert_eq!(offer.remote.ufrag, "NMvF");
    let mids: Vec<_> = offer.sections.iter().map(|section| section.mid.as_str()).collect();
    assert_eq!(mids, ["0", "1", "2", "3", "4", "5"]);
    assert!(offer.sections.iter().all(|section| section.usable));
    let [audio, video, audio_slot, video_slot, data, _] = &offer.sections[..] else { panic!() };
    assert_eq!((audio.kind, audio.direction), (Kind::Audio, Direction::SendOnly));
    assert_eq!(kinds(audio), [CodecKind::Red, CodecKind::Opus], "RED first");
    assert_eq!(audio.codecs[0].payload_type, 63);
    assert_eq!(audio.sources, [SourceIds { ssrc: 1_247_053_332, rtx: None }]);
    assert_eq!(audio.extension_id(Extension::AudioLevel), Some(1));
    let all = [CodecKind::Vp8, CodecKind::H264, CodecKind::Av1, CodecKind::Vp9];
    assert_eq!(kinds(video), all, "the client's order");
    let h264 = &video.codecs[1];
    assert_eq!((h264.payload_type, h264.rtx), (108, Some(109)), "constrained baseline, packetization mode 1");
    assert_eq!(h264.feedback, Feedback { nack: true, pli: true, fir: true, transport_cc: true });
    assert_eq!(video.sources, [SourceIds { ssrc: 1_762_582_133, rtx: Some(1_703_391_564) }]);
    assert_eq!((audio_slot.direction, video_slot.direction), (Direction::RecvOnly, Direction::RecvOnly));
    assert_eq!(data.kind, Kind::Application);
}

#[test]
fn firefox_s_sections_are_reduced_to_the_profile() {
    let offer = Offer::parse(FIREFOX).unwrap();
    assert!(offer.sections.iter().all(|section| section.usable), "bundle-only sections have port 0");
    let [audio, video, audio_slot, video_slot, ..] = &offer.sections[..] else { panic!() };
    assert_eq!(kinds(audio), [CodecKind::Opus]);
    assert_eq!(kinds(video), [CodecKind::Vp8, CodecKind::Vp9, CodecKind::Av1]);
    assert_eq!((video.sources.len(), video.codecs[0].rtx), (1, Some(124)));
    assert!(audio_slot.sources.is_empty() && video_slot.sources.is_empty(), "those only send reports");
    assert_eq!(audio.extension_id(Extension::AudioLevel), Some(1));
    let answer = answer(&offer, &usual(&offer));
    assert!(by_section(&answer)[4][0].starts_with("m=video 9 "));
}

#[test]
fn simulcast_layers_are_read_and_answered() {
    let offer = Offer::parse(CHROMIUM_SIMULCAST).unwrap();
    let video = &offer.sections[1];
    assert_eq!(video.rids, ["q", "f"]);
    assert!(video.sources.is_empty());
    assert!(
        video.extension_id(Extension::Rid).is_some() && video.extension_id(Extension::RepairedRid).is_some()
    );
    let answer = answer(&offer, &usual(&offer));
    let lines = &by_section(&answer)[2];
    for line in ["a=rid:q recv", "a=rid:f recv", "a=simulcast:recv q;f", "a=recvonly"] {
        assert!(lines.contains(&line), "{line}");
    }
}

#[test]
fn the_answer_says_what_browsers_need() {
    let offer = Offer::parse(CHROMIUM).unwrap();
    let answer = answer(&offer, &usual(&offer));
    let sections = by_section(&answer);
    for line in ["o=- 77 3 IN IP4 127.0.0.1", "a=group:BUNDLE 0 1 2 3 4 5", "a=ice-lite"] {
        assert!(sections[0].contains(&line), "{line}");
    }
    for section in &sections[1..] {
        assert!(section.contains(&"a=setup:passive"));
        assert!(section.iter().any(|line| line.starts_with("a=ice-ufrag:")));
        assert!(section.iter().any(|line| line.starts_with("a=fingerprint:sha-256 AB:AB:")));
    }
    let candidates: Vec<_> = answer.lines().filter(|line| line.starts_with("a=candidate:")).collect();
    let both = [
        "a=candidate:0 1 udp 2130706431 192.0.2.1 4000 typ host",
        "a=candidate:1 1 udp 2130706175 2001:db8::1 4000 typ host",
    ];
    assert_eq!(candidates, both, "once, in the first section");
    let audio = &sections[1];
    assert_eq!(audio[0], "m=audio 9 UDP/TLS/RTP/SAVPF 63 111");
    for line in ["a=fmtp:63 111/111", "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtcp-fb:111 transport-cc"] {
        assert!(audio.contains(&line), "{line}");
    }
    let slot = &sections[4];
    for line in [
        "a=sendonly",
        "a=msid:stream track1006",
        "a=ssrc-group:FID 1006 1007",
        "a=ssrc:1006 cname:peer",
        "a=ssrc:1007 cname:peer",
        "a=rtpmap:97 rtx/90000",
        "a=fmtp:97 apt=96",
        "a=rtcp-fb:96 nack pli",
        "a=rtcp-fb:96 ccm fir",
        "a=rtcp-fb:96 transport-cc",
    ] {
        assert!(slot.contains(&line), "{line}");
    }
    assert!(!answer.contains("goog-remb"));
    assert!(sections[3].iter().all(|line| !line.contains("FID")), "audio has no RTX");
    assert!(sections[5].contains(&"a=max-message-size:16384"));
}

#[test]
fn the_answer_is_sdp_for_others_too() {
    for offer in [CHROMIUM, CHROMIUM_SIMULCAST, FIREFOX] {
        let offer = Offer::parse(offer).unwrap();
        let text = answer(&offer, &usual(&offer));
        let parsed = SessionDescription::unmarshal(&mut Cursor::new(&text)).unwrap();
        assert_eq!(parsed.media_descriptions.len(), offer.sections.len());
        assert!(text.len() < 12_000, "{}", text.len());
    }
}

#[test]
fn sections_are_answered_by_what_the_client_wants_of_them() {
    let offer = Offer::parse(CHROMIUM).unwrap();
    let mut choices = vec![
        outgoing(1),             // the client does not receive there
        SectionAnswer::Inactive, // a sender without a source
        SectionAnswer::Receive,  // the client does not send there
        SectionAnswer::Reject,   // given up
        SectionAnswer::Inactive, // data channels do not depend on it
    ];
    let text = answer(&offer, &choices);
    let sections = by_section(&text);
    for at in [1, 2, 3, 6] {
        assert!(sections[at].contains(&"a=inactive"), "section {at}");
        assert!(!sections[at][0].contains(" 0 "), "section {at} keeps its port");
    }
    assert_eq!(sections[4][0], "m=video 0 UDP/TLS/RTP/SAVPF 96");
    assert!(sections[4].contains(&"a=mid:3"), "order and mid are kept");
    assert!(sections[5][0].starts_with("m=application 9 "));
    assert!(sections[0].contains(&"a=group:BUNDLE 0 1 2 4 5"));
    choices.clear();
    choices.resize(6, SectionAnswer::Reject);
    assert!(!answer(&offer, &choices).contains("BUNDLE"));
}

#[test]
fn a_stopped_section_is_rejected_and_the_next_one_carries_the_transport() {
    let stopped = CHROMIUM.replacen("m=audio 39836", "m=audio 0", 1).replacen("BUNDLE 0 1", "BUNDLE 1", 1);
    let offer = Offer::parse(&stopped).unwrap();
    assert!(!offer.sections[0].usable);
    let text = answer(&offer, &usual(&offer));
    let sections = by_section(&text);
    assert_eq!(sections[1][0], "m=audio 0 UDP/TLS/RTP/SAVPF 111");
    assert!(sections[2].iter().any(|line| line.starts_with("a=candidate:")));
}

#[test]
fn sections_outside_the_profile_are_not_usable() {
    let usable = |offer: &str| Offer::parse(offer).unwrap().sections[0].usable;
    assert!(usable(&video(9, "96", &[VP8])));
    assert!(!usable(&video(0, "96", &[VP8])), "stopped");
    assert!(usable(&video(0, "96", &[VP8, "a=bundle-only"])));
    assert!(!usable(&video(9, "96", &["a=rtpmap:96 H265/90000"])), "no common codec");
    assert!(!usable(&video(9, "96", &[VP8]).replace("a=rtcp-mux\r\n", "")));
    assert!(!usable(&video(9, "96", &[VP8]).replace("SAVPF", "AVP")), "not encrypted");
    assert!(!usable(&video(9, "96", &[VP8]).replace("BUNDLE v", "BUNDLE w")), "not bundled");
    assert!(!usable(&video(9, "72", &["a=rtpmap:72 VP8/90000"])), "taken for RTCP");
}

#[test]
fn one_variant_of_each_codec_is_picked() {
    let h264 = |parameters: &str| {
        let fmtp = format!("a=fmtp:97 {parameters}");
        kinds(&Offer::parse(&video(9, "97", &["a=rtpmap:97 H264/90000", &fmtp])).unwrap().sections[0])
    };
    assert_eq!(h264("packetization-mode=1;profile-level-id=42E01F"), [CodecKind::H264]);
    assert_eq!(h264("profile-level-id=42e01f;packetization-mode=0"), []);
    assert_eq!(h264("packetization-mode=1;profile-level-id=640c1f"), []);
    let vp9 =
        video(9, "98 99", &["a=rtpmap:98 VP9/90000", "a=fmtp:98 profile-id=2", "a=rtpmap:99 vp9/90000"]);
    let codecs = Offer::parse(&vp9).unwrap().sections[0].codecs.clone();
    assert_eq!((codecs.len(), codecs[0].payload_type), (1, 99));
    let wildcard = Offer::parse(&video(9, "96", &[VP8, "a=rtcp-fb:* nack pli"])).unwrap();
    assert!(wildcard.sections[0].codecs[0].feedback.pli);
    let lone_red = CHROMIUM.replacen("a=fmtp:63 111/111", "a=fmtp:63 111/9", 1);
    assert_eq!(kinds(&Offer::parse(&lone_red).unwrap().sections[0]), [CodecKind::Opus]);
}

#[test]
fn what_cannot_be_answered_is_a_bad_offer() {
    let good = video(9, "96", &[VP8]);
    assert!(Offer::parse(&good).is_ok());
    let no_section = good.split("m=").next().unwrap().to_owned();
    let twice = format!("{good}m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:v\r\na=rtcp-mux\r\n{VP8}\r\n");
    let section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n";
    for (bad, why) in [
        (String::new(), "empty"),
        ("hello".to_owned(), "not SDP"),
        (no_section, "no section"),
        (twice, "a mid twice"),
        (format!("{good}{}", section.repeat(MAX_SECTIONS)), "too many sections"),
        (format!("{good}{}", "a=x\r\n".repeat(MAX_OFFER_BYTES / 5)), "too long"),
        (good.replace("a=setup:actpass", "a=setup:passive"), "we cannot be the DTLS client"),
        (good.replace("sha-256", "sha-1"), "weak fingerprint"),
        (good.replace("a=ice-pwd:abcdefghijklmnopqrstuv", "a=ice-pwd:short"), "short password"),
        (good.replace("a=ice-ufrag:abcd", "a=ice-ufrag:a b:d"), "not ice-chars"),
        (good.replace("m=video", "m=hologram"), "unknown medium"),
    ] {
        assert!(matches!(Offer::parse(&bad), Err(MediaError::BadOffer(_))), "{why}");
    }
}
