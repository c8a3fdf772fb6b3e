//! Figures of the media plane. The server is a process of its own, so its CPU and memory are not those of the clients; the
//! clients have real ICE, DTLS and SRTP and live in this process, driven by one thread. All on loopback.

mod janus;
mod limit;
pub(super) mod load;
pub(super) mod process;
mod round;
mod serve;
mod video;
mod voice;

pub use serve::serve;

use super::row::Row;

/// Argument that turns the bench program into the server under test.
pub const SERVER_ARGUMENT: &str = "--media-server";

/// Measures all figures of this part; takes about a minute.
///
/// # Panics
/// When a step fails: a figure that could not be measured must not look like one.
pub fn rows() -> Vec<Row> {
    let mut rows = vec![video::forward_video().expect("forward_video can be measured")];
    rows.extend(voice::voice_rows().expect("voice can be measured"));
    rows
}

/// The middle of some values.
pub(super) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
