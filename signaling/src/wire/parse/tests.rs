use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn parse(text: &str) -> Result<ClientFrame, (u32, ErrorCode)> {
    ClientFrame::parse(text.as_bytes())
}

fn uuid(n: u128) -> String {
    Uuid::from_u128(n).as_hyphenated().to_string()
}

fn people(n: usize) -> String {
    let ids: Vec<_> = (0..n).map(|n| format!("\"{}\"", uuid(n as u128))).collect();
    ids.join(",")
}

fn hello(device: &str, topics: &str) -> String {
    format!(r#"{{"id":1,"type":"hello","data":{{"device":"{device}","topics":[{topics}]}}}}"#)
}

fn offer(sdp: &str, sends: &str) -> String {
    let call = uuid(1);
    format!(r#"{{"id":2,"type":"media.offer","data":{{"call":"{call}","sdp":"{sdp}","sends":[{sends}]}}}}"#)
}

#[test]
fn defaults_may_be_left_out_and_unknown_fields_are_ignored() {
    let frame = parse(r#"{"id":1,"type":"hello","data":{"device":"Chrome · Windows","new":1},"more":[]}"#);
    let request = Request::Hello { resume: None, device: "Chrome · Windows".into(), topics: vec![] };
    assert_eq!(frame, Ok(ClientFrame { id: 1, request }));
}

#[test]
fn a_frame_that_cannot_be_told_apart_is_refused_without_an_id() {
    for text in ["", "null", "[]", "{", r#"{"id":1}"#, r#"{"type":"ping","data":{}}"#] {
        assert_eq!(parse(text), Err((0, ErrorCode::BadFrame)), "{text}");
    }
    for id in ["0", "-1", "1.5", "4294967296", "\"1\"", "null"] {
        let text = format!(r#"{{"id":{id},"type":"ping","data":{{}}}}"#);
        assert_eq!(parse(&text), Err((0, ErrorCode::BadFrame)), "{text}");
    }
    assert_eq!(ClientFrame::parse(b"\xff\xfe"), Err((0, ErrorCode::BadFrame)));
}

#[test]
fn a_frame_of_the_wrong_shape_is_refused_with_its_id() {
    let wrong = [
        r#"{"id":7,"type":"nothing","data":{}}"#,
        r#"{"id":7,"type":"call.leave","data":{}}"#,
        r#"{"id":7,"type":"call.leave","data":{"call":"x"}}"#,
        r#"{"id":7,"type":"call.leave"}"#,
        r#"{"id":7,"type":"presence.idle","data":{"idle":1}}"#,
        r#"{"id":7,"id":8,"type":"ping","data":{}}"#,
    ];
    for text in &wrong[..5] {
        assert_eq!(parse(text), Err((7, ErrorCode::BadFrame)), "{text}");
    }
    assert!(parse(wrong[5]).is_err(), "two ids");
}

#[test]
fn only_an_offer_may_be_long() {
    let line = "a=candidate\\r\\n".repeat(5_000);
    assert!(parse(&offer(&line, "")).is_ok());
    let long = format!(r#"{{"id":9,"type":"ping","data":{{}},"x":"{}"}}"#, "y".repeat(MAX_FRAME));
    assert_eq!(parse(&long), Err((9, ErrorCode::FrameTooLarge)));
    assert_eq!(parse(&offer(&"x".repeat(MAX_OFFER_FRAME), "")), Err((0, ErrorCode::FrameTooLarge)));
    assert_eq!(parse(&offer(&"x".repeat(MAX_SDP + 1), "")), Err((2, ErrorCode::BadOffer)));
}

#[test]
fn lists_have_limits_that_fit_into_a_frame() {
    let watch = |n| format!(r#"{{"id":3,"type":"presence.watch","data":{{"people":[{}]}}}}"#, people(n));
    assert!(parse(&watch(MAX_WATCHED)).is_ok());
    assert_eq!(parse(&watch(MAX_WATCHED + 1)), Err((3, ErrorCode::TooManySubscriptions)));

    let add = |n| {
        let (call, people) = (uuid(1), people(n));
        format!(r#"{{"id":4,"type":"call.add","data":{{"call":"{call}","people":[{people}]}}}}"#)
    };
    assert!(parse(&add(MAX_CALLEES)).is_ok());
    assert_eq!(parse(&add(MAX_CALLEES + 1)), Err((4, ErrorCode::CallFull)));
    assert_eq!(parse(&add(0)), Err((4, ErrorCode::BadFrame)));

    let topic = r#"{"topic":"city","epoch":1,"seq":2}"#;
    assert!(parse(&hello("d", &[topic; MAX_TOPICS].join(","))).is_ok());
    let many = parse(&hello("d", &[topic; MAX_TOPICS + 1].join(",")));
    assert_eq!(many, Err((1, ErrorCode::TooManySubscriptions)));
}

fn start(to: usize, numbers: &[String]) -> String {
    let (to, numbers) = (people(to), serde_json::to_string(numbers).unwrap());
    let sources = r#"{"mic":true,"camera":false,"screen":false}"#;
    format!(
        r#"{{"id":5,"type":"call.start","data":{{"to":[{to}],"numbers":{numbers},"sources":{sources}}}}}"#
    )
}

fn transfer(to: &str) -> String {
    format!(r#"{{"id":6,"type":"call.transfer","data":{{"call":"{}","to":{to}}}}}"#, uuid(1))
}

#[test]
fn people_and_numbers_are_called_together_up_to_a_limit() {
    let numbers = |n| vec!["7210".to_owned(); n];
    assert!(parse(&start(0, &numbers(1))).is_ok() && parse(&start(MAX_CALLEES - 1, &numbers(1))).is_ok());
    assert_eq!(parse(&start(MAX_CALLEES, &numbers(1))), Err((5, ErrorCode::CallFull)));
    assert_eq!(parse(&start(0, &numbers(MAX_CALLEES + 1))), Err((5, ErrorCode::CallFull)));
    assert_eq!(parse(&start(0, &[])), Err((5, ErrorCode::BadFrame)));
}

#[test]
fn a_number_is_what_people_dial() {
    let good =
        ["7210", "+886 2 2720-8889", "(02)27208889", "*21#", "０２－２７２０", "＊２１＃", &"1".repeat(32)];
    for number in good {
        assert!(parse(&start(0, &[number.to_owned()])).is_ok(), "{number}");
        assert!(parse(&transfer(&format!(r#"{{"number":"{number}"}}"#))).is_ok(), "{number}");
    }
    let bad = ["", " ", "+", "總機", "72a0", "72\r\n10", "sip:7210@x", "７２10;x", &"1".repeat(33)];
    for number in bad {
        assert_eq!(parse(&start(1, &[number.to_owned()])), Err((5, ErrorCode::BadNumber)), "{number}");
    }
    assert_eq!(parse(&transfer(r#"{"number":"x"}"#)), Err((6, ErrorCode::BadNumber)));
    assert_eq!(parse(&transfer(r#"{"somewhere":"1"}"#)), Err((6, ErrorCode::BadFrame)));
}

#[test]
fn digits_are_those_of_a_key_pad() {
    let digits = |digits: &str| {
        parse(&format!(
            r#"{{"id":7,"type":"call.digits","data":{{"call":"{}","digits":"{digits}"}}}}"#,
            uuid(1)
        ))
    };
    assert!(digits("0123456789*#ABCD").is_ok() && digits(&"1".repeat(MAX_DIGITS)).is_ok());
    for bad in ["", "a", "1 2", "１", "E", &"1".repeat(MAX_DIGITS + 1)] {
        assert_eq!(digits(bad), Err((7, ErrorCode::BadFrame)), "{bad}");
    }
}

#[test]
fn strings_are_short_and_clean() {
    assert!(parse(&hello(&"裝".repeat(MAX_DEVICE), "")).is_ok());
    for device in ["", &"x".repeat(MAX_DEVICE + 1), r"a\u0000b", r"a\nb"] {
        assert_eq!(parse(&hello(device, "")), Err((1, ErrorCode::BadFrame)), "{device}");
    }
    for topic in ["", "two words", r"city\u0000", "總機", &"x".repeat(MAX_TOPIC + 1)] {
        let topic = format!(r#"{{"topic":"{topic}","epoch":0,"seq":0}}"#);
        assert_eq!(parse(&hello("d", &topic)), Err((1, ErrorCode::BadFrame)), "{topic}");
    }
}

#[test]
fn an_offer_names_each_section_and_each_source_once() {
    let send = |mid: &str, source| format!(r#"{{"mid":"{mid}","source":"{source}"}}"#);
    let all = [send("0", "mic"), send("1", "camera"), send("2", "screen")].join(",");
    assert!(parse(&offer("v=0", &all)).is_ok());
    let bad = [
        [send("0", "mic"), send("0", "camera")].join(","),
        [send("0", "mic"), send("1", "mic")].join(","),
        [all, send("3", "mic")].join(","),
        send("", "mic"),
        send("a b", "mic"),
        send(&"1".repeat(MAX_MID + 1), "mic"),
    ];
    for sends in bad {
        assert_eq!(parse(&offer("v=0", &sends)), Err((2, ErrorCode::BadOffer)), "{sends}");
    }
    assert_eq!(parse(&offer("", "")), Err((2, ErrorCode::BadOffer)));
    assert_eq!(parse(&offer(r"v=0\u0000", "")), Err((2, ErrorCode::BadOffer)));
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = ClientFrame::parse(&bytes);
    }

    /// Frames that were cut or had a byte changed on the way never panic, and what is accepted is written back the same.
    #[test]
    fn damaged_frames_are_parsed_or_refused(at in 0..140usize, byte in any::<u8>(), cut in 0..140usize) {
        let mut bytes = hello("Chrome", r#"{"topic":"city","epoch":1,"seq":2}"#).into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % 4);
        if let Ok(frame) = ClientFrame::parse(&bytes) {
            let again = serde_json::to_vec(&frame).unwrap();
            prop_assert_eq!(ClientFrame::parse(&again), Ok(frame));
        }
    }
}
