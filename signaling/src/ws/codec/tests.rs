use proptest::prelude::*;

use super::*;

/// A masked frame as a client makes it.
fn client_frame(fin: bool, opcode: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut out = vec![if fin { 0x80 } else { 0 } | opcode];
    match payload.len() {
        len @ 0..=125 => out.push(0x80 | len as u8),
        len @ 126..=65_535 => {
            out.push(0x80 | 126);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(0x80 | 127);
            out.extend((len as u64).to_be_bytes());
        }
    }
    out.extend(mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, key)| byte ^ key));
    out
}

#[derive(Debug, PartialEq, Eq, Clone)]
enum Told {
    Text(String),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

/// Feeds the stream cut into pieces of these sizes (cycled) and gives all that was told.
fn decode(decoder: &mut Decoder, stream: &[u8], cuts: &[usize]) -> (Vec<Told>, Result<(), ProtocolError>) {
    let mut told = Vec::new();
    let mut rest = stream.to_vec();
    let mut sizes = cuts.iter().cycle();
    while !rest.is_empty() {
        let take = (*sizes.next().unwrap()).clamp(1, rest.len());
        let tail = rest.split_off(take);
        let result = decoder.feed(&mut rest, &mut |incoming| {
            told.push(match incoming {
                Incoming::Text(text) => Told::Text(text.into()),
                Incoming::Ping(payload) => Told::Ping(payload.into()),
                Incoming::Pong => Told::Pong,
                Incoming::Close(code) => Told::Close(code),
            });
        });
        if result.is_err() {
            return (told, result);
        }
        rest = tail;
    }
    (told, Ok(()))
}

fn one(stream: &[u8]) -> (Vec<Told>, Result<(), ProtocolError>) {
    decode(&mut Decoder::default(), stream, &[usize::MAX])
}

const MASK: [u8; 4] = [1, 2, 3, 4];

#[test]
fn the_masked_hello_of_the_rfc() {
    let stream = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(one(&stream), (vec![Told::Text("Hello".into())], Ok(())));
}

#[test]
fn a_control_frame_may_stand_between_fragments() {
    let mut stream = client_frame(false, TEXT, MASK, "電話".as_bytes());
    stream.extend(client_frame(true, PING, MASK, b"p"));
    stream.extend(client_frame(true, CONTINUATION, MASK, b"!"));
    let mut decoder = Decoder::default();
    let (told, result) = decode(&mut decoder, &stream, &[3]);
    assert_eq!((told, result), (vec![Told::Ping(b"p".into()), Told::Text("電話!".into())], Ok(())));
    assert_eq!(decoder.held(), 0, "nothing is held between messages");
}

#[test]
fn nothing_is_told_after_a_close() {
    let mut stream = client_frame(true, CLOSE, MASK, &4001u16.to_be_bytes());
    stream.extend(client_frame(true, TEXT, MASK, b"late"));
    assert_eq!(one(&stream), (vec![Told::Close(Some(4001))], Ok(())));
    assert_eq!(one(&client_frame(true, CLOSE, MASK, b"")), (vec![Told::Close(None)], Ok(())));
}

#[test]
fn breaches_have_their_codes() {
    let unmasked = [0x81, 0x01, b'a'];
    let reserved = {
        let mut frame = client_frame(true, TEXT, MASK, b"a");
        frame[0] |= 0x40;
        frame
    };
    let long_form_of_a_short_length = [0x81, 0xfe, 0, 5, 0, 0, 0, 0, b'a', b'a', b'a', b'a', b'a'];
    let negative_length = [0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let cases: [(&[u8], u16); 13] = [
        (&unmasked, 1002),
        (&reserved, 1002),
        (&long_form_of_a_short_length, 1002),
        (&negative_length, 1002),
        (&client_frame(true, 0x3, MASK, b""), 1002),
        (&client_frame(true, CONTINUATION, MASK, b""), 1002),
        (&client_frame(false, PING, MASK, b""), 1002),
        (&client_frame(true, PING, MASK, &[0; 126]), 1002),
        (&client_frame(true, CLOSE, MASK, &[3]), 1002),
        (&client_frame(true, CLOSE, MASK, &1005u16.to_be_bytes()), 1002),
        (&client_frame(true, BINARY, MASK, b"a"), 1003),
        (&client_frame(true, TEXT, MASK, &[0xff]), 1007),
        (&client_frame(true, TEXT, MASK, &vec![b'a'; MAX_MESSAGE + 1]), 1009),
    ];
    for (stream, code) in cases {
        assert_eq!(one(stream).1.map_err(ProtocolError::code), Err(code), "{:02x?}", &stream[..2]);
    }
    let interleaved = [client_frame(false, TEXT, MASK, b"a"), client_frame(true, TEXT, MASK, b"b")].concat();
    assert_eq!(one(&interleaved).1, Err(ProtocolError::Malformed));
}

#[test]
fn a_message_is_bounded_over_its_fragments() {
    let half = vec![b'a'; MAX_MESSAGE / 2];
    let mut stream = client_frame(false, TEXT, MASK, &half);
    stream.extend(client_frame(false, CONTINUATION, MASK, &half));
    let fits = [stream.clone(), client_frame(true, CONTINUATION, MASK, b"")].concat();
    assert_eq!(one(&fits).0, [Told::Text("a".repeat(MAX_MESSAGE))]);
    stream.extend(client_frame(true, CONTINUATION, MASK, b"a"));
    assert_eq!(one(&stream).1, Err(ProtocolError::TooLong));
    let endless = [
        client_frame(false, TEXT, MASK, b""),
        client_frame(false, CONTINUATION, MASK, b"").repeat(MAX_FRAGMENTS as usize),
    ];
    assert_eq!(one(&endless.concat()).1, Err(ProtocolError::TooLong));
}

#[test]
fn a_long_length_is_refused_before_its_payload_comes() {
    let header = &client_frame(true, TEXT, MASK, &vec![b'a'; MAX_MESSAGE + 1])[..10];
    assert_eq!(one(header).1, Err(ProtocolError::TooLong));
}

proptest! {
    #[test]
    fn what_was_sent_is_told_however_it_is_cut(
        messages in prop::collection::vec((".{0,200}", any::<[u8; 4]>(), 1usize..5), 0..6),
        cuts in prop::collection::vec(1usize..90, 1..8),
    ) {
        let mut stream = Vec::new();
        for (text, mask, parts) in &messages {
            let size = text.len().div_ceil(*parts).max(1);
            let chunks: Vec<&[u8]> = if text.is_empty() { vec![b""] } else { text.as_bytes().chunks(size).collect() };
            for (place, chunk) in chunks.iter().enumerate() {
                let opcode = if place == 0 { TEXT } else { CONTINUATION };
                stream.extend(client_frame(place + 1 == chunks.len(), opcode, *mask, chunk));
            }
        }
        let mut decoder = Decoder::default();
        let (told, result) = decode(&mut decoder, &stream, &cuts);
        prop_assert_eq!(result, Ok(()));
        let sent: Vec<_> = messages.into_iter().map(|(text, ..)| Told::Text(text)).collect();
        prop_assert_eq!(told, sent);
        prop_assert_eq!(decoder.held(), 0);
    }

    #[test]
    fn any_bytes_end_in_frames_or_an_error_within_the_bound(
        stream in prop::collection::vec(any::<u8>(), 0..600),
        cuts in prop::collection::vec(1usize..40, 1..4),
    ) {
        let mut decoder = Decoder::default();
        let (whole, whole_result) = one(&stream);
        let (cut, cut_result) = decode(&mut decoder, &stream, &cuts);
        prop_assert_eq!((whole, whole_result), (cut, cut_result));
        prop_assert!(decoder.held() <= 2 * MAX_MESSAGE);
    }
}
