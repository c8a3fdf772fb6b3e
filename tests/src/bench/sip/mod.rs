//! Figures of the telephone bridge.

mod bridge;
mod bridged;
mod end;
mod rtpengine;

use super::row::Row;

/// Measures all figures of this part; takes about a minute.
///
/// # Panics
/// When a step fails: a figure that could not be measured must not look like one.
pub fn rows() -> Vec<Row> {
    vec![bridged::bridged_calls().expect("bridged calls can be measured")]
}
