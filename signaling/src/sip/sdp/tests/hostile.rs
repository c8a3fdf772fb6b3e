//! Whatever comes, nothing breaks, and nothing of it comes back.

use super::*;

#[test]
fn bounds() {
    let broken = |text: &str| plain().answer(text).map(|_| ());
    assert_eq!(broken(""), Err(SdpError::Broken));
    assert_eq!(broken("v=1\r\n"), Err(SdpError::Broken));
    assert_eq!(broken("v=0\r\nnonsense\r\n"), Err(SdpError::Broken));
    assert_eq!(broken("v=0\r\ns=-\r\n"), Err(SdpError::NoAudio));
    assert_eq!(broken("v=0\r\nm=audio 4000 RTP/AVP 0\r\n"), Err(SdpError::Broken), "no address");
    assert_eq!(broken("v=0\r\nm=audio 70000 RTP/AVP 0\r\n"), Err(SdpError::Broken));
    assert_eq!(broken("v=0\r\nm=audio 4000 RTP/AVP\r\n"), Err(SdpError::Broken));
    assert_eq!(broken(&theirs(&"m=audio 1 RTP/AVP 0\n".repeat(17))), Err(SdpError::Broken));
    assert_eq!(
        broken(&theirs(&format!("m=audio 1 RTP/AVP 0\na={}", "x".repeat(9_000)))),
        Err(SdpError::Broken)
    );
}

#[test]
fn nothing_is_repeated() {
    let offer = theirs(
        "m=audio 4000 RTP/AVP 0\na=x-secret:marker\na=mid:marker\ni=marker\nb=AS:1\n\
         m=video 1 RTP/AVP 96\na=rtpmap:96 marker/90000",
    );
    let answer = plain().answer(&offer.replace("s=call", "s=marker").replace("o=tel", "o=marker")).unwrap().0;
    assert!(!answer.contains("marker"), "{answer}");
    let tokens = theirs("m=au\"dio 1 RTP/AVP 0");
    assert_eq!(plain().answer(&tokens).map(|_| ()), Err(SdpError::Broken));
}

#[test]
fn base64() {
    for bytes in [&b""[..], b"a", b"ab", b"abc", b"\xff\x00\xfe\x01"] {
        assert_eq!(
            crate::sip::sdp::base64::decode(&crate::sip::sdp::base64::encode(bytes)).as_deref(),
            Some(bytes)
        );
    }
    assert_eq!(crate::sip::sdp::base64::encode(b"abcd"), "YWJjZA==");
    for broken in ["A", "A===", "A*==", "YW=J"] {
        assert_eq!(crate::sip::sdp::base64::decode(broken), None, "{broken}");
    }
}

/// A usable offer with one piece replaced by anything.
fn mangled() -> impl Strategy<Value = String> {
    let offer = theirs(
        "m=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\n\
         a=rtcp:4001 IN IP4 192.0.2.1\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA|2^20|1:4 X",
    );
    let end = offer.len();
    (0..end, 0..12usize, "\\PC{0,12}|[\\r\\n=:/ 0-9]{0,6}").prop_map(move |(at, gone, piece)| {
        let mut text = offer.clone();
        text.replace_range(at..(at + gone).min(end), &piece);
        text
    })
}

proptest! {
    #[test]
    fn an_answer_is_always_one_we_could_read(text in mangled()) {
        let mut ours = ours(Srtp::Optional);
        if let Ok((answer, remote)) = ours.answer(&text) {
            prop_assert!(plain().answer(&answer).is_ok() || remote.srtp.is_some() || !remote.send && !remote.receive);
            prop_assert!(answer.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
        }
        let _ = ours.answered(&text);
        let _ = ours.offer(true);
    }

    #[test]
    fn anything_at_all(text in "(v=0\n)?(([a-z]=|m=audio 1 RTP/AVP |a=rtpmap:|c=IN IP4 )[ -~]{0,20}\n){0,12}") {
        let _ = plain().answer(&text);
    }
}
