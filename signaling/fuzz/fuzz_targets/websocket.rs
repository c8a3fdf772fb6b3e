//! Any stream as WebSocket frames: however it is cut, the same is told, and memory stays bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use signaling::ws::{Decoder, MAX_MESSAGE};

fuzz_target!(|data: &[u8]| {
    let Some((cut, stream)) = data.split_first() else { return };
    let whole = decode(stream, usize::MAX);
    let pieces = decode(stream, usize::from(*cut).max(1));
    assert_eq!(whole, pieces);
});

/// All that is told, and the error at the end, of a stream that comes in pieces of this size.
fn decode(stream: &[u8], piece: usize) -> (Vec<String>, bool) {
    let mut decoder = Decoder::default();
    let mut told = Vec::new();
    for piece in stream.chunks(piece.min(stream.len().max(1))) {
        let fed = decoder.feed(&mut piece.to_vec(), &mut |incoming| told.push(format!("{incoming:?}")));
        assert!(decoder.held() <= 2 * (MAX_MESSAGE + stream.len()));
        if fed.is_err() {
            return (told, true);
        }
    }
    (told, false)
}
