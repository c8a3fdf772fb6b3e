//! Replays every example of PROTOCOL.md, and holds its tables against the code.

use std::collections::BTreeSet;

use serde_json::Value;
use signaling::call::limits as call_limits;
use signaling::session::limits as session_limits;
use signaling::wire::client::ClientFrame;
use signaling::wire::server::{CloseCode, EventFrame, ReplyFrame};
use signaling::wire::{declarations, limits};

const PROTOCOL: &str = include_str!("../PROTOCOL.md");

/// The examples of a kind: the text of each block that is fenced as "json" and this kind.
fn examples(kind: &str) -> Vec<&'static str> {
    let fence = format!("```json {kind}\n");
    let blocks = PROTOCOL.split(fence.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().expect("a text before the end").trim()).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The names of frames in the union of this name, as the types have them.
fn declared(union: &str) -> BTreeSet<String> {
    let text = declarations().text();
    let start = format!("export type {union} =");
    let body = text.split(start.as_str()).nth(1).expect("the union is declared");
    let body = body.split("export type").next().expect("a text before the next type");
    body.split("\"type\": \"")
        .skip(1)
        .map(|rest| rest.split('"').next().expect("a name").to_owned())
        .collect()
}

fn shown(kind: &str) -> BTreeSet<String> {
    examples(kind).into_iter().map(|text| json(text)["type"].as_str().expect("a type").to_owned()).collect()
}

#[test]
fn requests_are_parsed_and_written_back_the_same() {
    for text in examples("client") {
        let frame =
            ClientFrame::parse(text.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal:?} for {text}"));
        assert_eq!(json(text), serde_json::to_value(&frame).unwrap(), "{text}");
        assert_eq!(ClientFrame::parse(&frame.encode()), Ok(frame));
    }
}

#[test]
fn replies_and_events_are_read_and_written_back_the_same() {
    for text in examples("reply") {
        let frame: ReplyFrame =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        assert_eq!(json(text), serde_json::from_slice::<Value>(&frame.encode()).unwrap(), "{text}");
    }
    for text in examples("event") {
        let frame: EventFrame =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
        assert_eq!(json(text), serde_json::from_slice::<Value>(&frame.encode()).unwrap(), "{text}");
        assert!(frame.seq.is_none() && ["hub", "call", "presence"].contains(&frame.topic.as_str()), "{text}");
    }
    for text in examples("durable") {
        let frame = json(text);
        let keys = frame.as_object().expect("an object").keys().map(String::as_str);
        assert_eq!(keys.collect::<BTreeSet<_>>(), BTreeSet::from(["topic", "seq", "type", "data"]), "{text}");
    }
}

#[test]
fn every_frame_has_an_example() {
    for (kind, union) in [("client", "Request"), ("reply", "Reply"), ("event", "Event")] {
        let declared = declared(union);
        assert!(declared.len() >= 8, "{union}: {declared:?}");
        assert_eq!(declared, shown(kind), "{union}");
    }
}

#[test]
fn every_block_is_replayed() {
    let kinds = ["client", "reply", "event", "durable"];
    let replayed: usize = kinds.iter().map(|kind| examples(kind).len()).sum();
    assert_eq!(PROTOCOL.matches("```").count(), replayed * 2);
}

#[test]
fn every_code_is_in_its_table() {
    let text = declarations().text();
    let codes = text.split("export type ErrorCode =").nth(1).expect("declared");
    let codes = codes.split(';').next().expect("a union").split('"').skip(1).step_by(2);
    let rows = PROTOCOL.split("## 9. Errors").nth(1).expect("the section");
    for code in codes {
        assert!(rows.contains(&format!("\n| `{code}` |")), "{code}");
    }
    let rows = PROTOCOL.split("## 10. Close codes").nth(1).expect("the section");
    for code in CloseCode::ALL {
        assert!(rows.contains(&format!("\n| {} |", code as u16)), "{code:?}");
    }
}

#[test]
fn the_limits_are_those_of_the_code() {
    use session_limits as session;
    let rows = [
        format!("| a frame but `media.offer` | {} bytes |", limits::MAX_FRAME),
        format!("| a `media.offer` | {} bytes, its SDP {} |", limits::MAX_OFFER_FRAME, limits::MAX_SDP),
        format!("| sending sections of an offer | {}, each source once |", limits::MAX_SENDS),
        format!("| requests | {} at once, {} per second |", session::REQUEST_BURST, session::REQUEST_RATE),
        format!(
            "| refused frames | {} at once, {} per second |",
            session::REFUSAL_BURST,
            session::REFUSAL_RATE
        ),
        format!("| requests under way | {} |", session::MAX_RUNNING),
        format!("| topics of a session | {} |", session::MAX_TOPICS),
        format!("| people in `presence.watch` | {} |", session::MAX_WATCHED),
        format!("| people and numbers in `call.start`, `call.add` | {}, at least 1 |", limits::MAX_CALLEES),
        format!("| a telephone number | {} characters", limits::MAX_NUMBER),
        format!("| digits in `call.digits` | 1 to {} of", limits::MAX_DIGITS),
        format!("| digits of one person, all devices | {} at once", session::DIGIT_BURST),
        format!("| sessions of a person | {} |", session::MAX_SESSIONS),
        format!("| name of a device | {} characters", limits::MAX_DEVICE),
    ];
    for row in rows {
        assert!(PROTOCOL.contains(&row), "{row}");
    }
    assert_eq!(limits::MAX_CALLEES + 1, call_limits::MAX_PARTIES);
}

#[test]
fn the_times_are_those_of_the_code() {
    let sentences = [
        ("outlives its socket by {} seconds", session_limits::RESUME_WINDOW),
        ("a `heartbeat` every {} seconds", session_limits::HEARTBEAT),
        ("within {} seconds. Anything else", session_limits::HELLO_TIME),
        ("(for {} seconds: a change of network", session_limits::PRESENCE_GRACE),
        ("is lost; {} seconds to come back", call_limits::RESUME_TIME),
        ("alerted for {}\nseconds", call_limits::RING_TIME),
        ("connected within {} seconds", call_limits::REACH_GRACE),
        ("new one is up,\n{} seconds at most", call_limits::TAKE_TIME),
    ];
    for (sentence, time) in sentences {
        let sentence = sentence.replace("{}", &time.as_secs().to_string());
        assert!(PROTOCOL.contains(&sentence), "{sentence}");
    }
    assert!(PROTOCOL.contains(&format!("the last {} are kept", session_limits::KEPT_REPLIES)));
}
