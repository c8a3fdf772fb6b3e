//! What stands between the room and a telephone: its codecs, and the signal processing around them.
//!
//! Nothing here reads a clock, opens a socket or, once built, allocates: samples and packets come in as slices, time as
//! arguments. Audio is mono, 16 bits, at the telephone's own rate ([`PhoneCodec::sample_rate`]): the Opus of the room is
//! decoded and encoded at that rate, so nothing is ever resampled.
//!
//! [`PhoneCodec::sample_rate`]: crate::control::PhoneCodec::sample_rate

pub mod codec;
pub mod digits;
pub mod feed;
pub mod jitter;
pub mod leg;
pub mod mixer;
pub mod mos;
pub mod music;
pub mod noise;
#[cfg(test)]
pub(crate) mod signal;
pub mod source;
