//! Codecs, payload types, digits, several sections.

use super::*;

#[test]
fn static_payload_types_need_no_map() {
    let (answer, remote) = plain().answer(&theirs("m=audio 4000 RTP/AVP 18 8 0")).unwrap();
    assert_eq!(remote.codec, PhoneCodec::Pcma);
    assert_eq!((remote.payload_type, remote.payload_type_in), (8, 8));
    assert_eq!(remote.rtp.to_string(), "192.0.2.1:4000");
    assert_eq!(remote.rtcp.to_string(), "192.0.2.1:4001");
    assert!(remote.send && remote.receive && !remote.music && remote.latch);
    assert_eq!(remote.events, None);
    assert!(has(&answer, "m=audio 30000 RTP/AVP 8"), "{answer}");
    assert!(has(&answer, "a=sendrecv") && has(&answer, "a=rtpmap:8 PCMA/8000"));
}

#[test]
fn digits_have_the_clock_of_the_codec_and_are_no_codec() {
    let opus = "m=audio 4000 RTP/AVP 101 107 102\na=rtpmap:101 telephone-event/8000\n\
        a=rtpmap:107 opus/48000/2\na=rtpmap:102 telephone-event/48000";
    let (answer, remote) = plain().answer(&theirs(opus)).unwrap();
    assert_eq!((remote.codec, remote.payload_type), (PhoneCodec::Opus, 107));
    assert_eq!(remote.events, Some((102, 102)));
    assert!(has(&answer, "m=audio 30000 RTP/AVP 107 102"), "{answer}");
    let only_8000 = "m=audio 4000 RTP/AVP 107 101\na=rtpmap:107 opus/48000/2\n\
        a=rtpmap:101 telephone-event/8000";
    assert_eq!(plain().answer(&theirs(only_8000)).unwrap().1.events, None);
    let g722 = "m=audio 4000 RTP/AVP 9 96\na=rtpmap:9 G722/8000\na=rtpmap:96 telephone-event/8000\n\
        a=fmtp:96 0-16";
    assert_eq!(plain().answer(&theirs(g722)).unwrap().1.events, Some((96, 96)));
    let fax_tones = "m=audio 4000 RTP/AVP 8 96\na=rtpmap:96 telephone-event/8000\na=fmtp:96 32-36";
    assert_eq!(plain().answer(&theirs(fax_tones)).unwrap().1.events, None);
    let digits_only = "m=audio 4000 RTP/AVP 101\na=rtpmap:101 telephone-event/8000";
    assert_eq!(plain().answer(&theirs(digits_only)), Err(SdpError::NoCodec));
}

#[test]
fn a_map_beats_the_static_meaning() {
    let odd = "m=audio 4000 RTP/AVP 0 8\na=rtpmap:0 G729/8000\na=rtpmap:8 pcma/8000";
    assert_eq!(plain().answer(&theirs(odd)).unwrap().1.codec, PhoneCodec::Pcma);
}

#[test]
fn our_offer_and_an_answer_with_other_numbers() {
    let mut ours = plain();
    let offer = ours.offer(false);
    assert!(has(&offer, "m=audio 30000 RTP/AVP 111 9 8 0 110 101 13"), "{offer}");
    assert!(has(&offer, "c=IN IP4 192.0.2.9") && has(&offer, "a=rtcp:30001"));
    let answer =
        theirs("m=audio 4000 RTP/AVP 96 97\na=rtpmap:96 opus/48000/2\na=rtpmap:97 telephone-event/48000");
    let remote = ours.answered(&answer).unwrap();
    assert_eq!((remote.payload_type, remote.payload_type_in), (96, 111));
    assert_eq!(remote.events, Some((97, 110)));
    assert_eq!(ours.agreed(), Some(&remote));
}

#[test]
fn packet_times() {
    let ptime =
        |lines: &str| plain().answer(&theirs(&format!("m=audio 4000 RTP/AVP 0\n{lines}"))).unwrap().1.ptime;
    assert_eq!(ptime(""), 20);
    assert_eq!(ptime("a=ptime:30"), 30);
    assert_eq!(ptime("a=ptime:25"), 20);
    assert_eq!(ptime("a=ptime:40\na=maxptime:30"), 30);
    assert_eq!(ptime("a=maxptime:10"), 10);
    assert_eq!(ptime("a=ptime:99999999999"), 20);
    assert_eq!(ptime("a=ptime:20\na=maxptime:0"), 20);
}

#[test]
fn other_sections_are_refused_in_their_places_for_good() {
    let mut ours = plain();
    let offer = theirs(
        "m=video 5000 RTP/AVP 96\na=rtpmap:96 H264/90000\nm=audio 4000 RTP/AVP 0\na=ptime:30\n\
         m=application 9 UDP/BFCP *\nm=audio 4002 RTP/AVP 8",
    );
    let (answer, remote) = ours.answer(&offer).unwrap();
    assert_eq!((remote.codec, remote.ptime), (PhoneCodec::Pcmu, 30));
    let media = |sdp: &str| -> Vec<String> {
        sdp.lines().filter(|line| line.starts_with("m=")).map(str::to_owned).collect()
    };
    let expected = [
        "m=video 0 RTP/AVP 96",
        "m=audio 30000 RTP/AVP 0",
        "m=application 0 UDP/BFCP *",
        "m=audio 0 RTP/AVP 8",
    ];
    assert_eq!(media(&answer), expected);
    let lines = media(&ours.offer(true));
    assert_eq!(lines.len(), 4);
    assert_eq!([&lines[0], &lines[2], &lines[3]], [expected[0], expected[2], expected[3]]);
}

#[test]
fn fax_video_and_strange_codecs_are_refused() {
    let refused = |media: &str| plain().answer(&theirs(media)).map(|_| ());
    assert_eq!(refused("m=image 4000 udptl t38"), Err(SdpError::NoAudio));
    assert_eq!(refused("m=audio 0 RTP/AVP 0\nm=image 4000 udptl t38"), Err(SdpError::NoAudio));
    assert_eq!(refused("m=audio 4000 UDP/TLS/RTP/SAVPF 0"), Err(SdpError::NoAudio));
    assert_eq!(refused("m=audio 4000 RTP/AVP 18 3"), Err(SdpError::NoCodec));
    assert_eq!(
        refused("c=IN IP4 224.2.1.1/127\nm=audio 4000 RTP/AVP 0\nc=IN IP4 224.2.1.1"),
        Err(SdpError::Address)
    );
    assert_eq!(refused("m=audio 4000 RTP/AVP 0\nc=IN IP4 phone.example"), Err(SdpError::Address));
}

#[test]
fn control_packets_where_they_are_said_to_go() {
    let remote = |lines: &str| plain().answer(&theirs(&format!("m=audio 4000 RTP/AVP 0\n{lines}"))).unwrap();
    let rtcp = |lines: &str| remote(lines).1.rtcp.to_string();
    assert_eq!(rtcp("a=rtcp:4500"), "192.0.2.1:4500");
    assert_eq!(rtcp("a=rtcp:4500 IN IP4 192.0.2.7"), "192.0.2.7:4500");
    assert_eq!(rtcp("a=rtcp:0"), "192.0.2.1:4001");
    let (answer, muxed) = remote("a=rtcp:4500\na=rtcp-mux");
    assert!(muxed.mux && has(&answer, "a=rtcp-mux"));
    assert_eq!(muxed.rtcp, muxed.rtp);
}

#[test]
fn ipv6_and_comfort_noise() {
    let offer =
        "v=0\no=- 1 1 IN IP6 2001:db8::1\ns=-\nc=IN IP6 2001:db8::1\nt=0 0\nm=audio 4000 RTP/AVP 0 13\n";
    let (answer, remote) = plain().answer(offer).unwrap();
    assert_eq!(remote.rtp.to_string(), "[2001:db8::1]:4000");
    assert_eq!(remote.comfort_noise, Some(13));
    assert!(has(&answer, "m=audio 30000 RTP/AVP 0 13"), "{answer}");
}
