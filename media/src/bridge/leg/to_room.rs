//! From the telephone to the room: packets in order become Opus of 20 ms, without a clock. Time is carried through, so the
//! listener's own jitter buffer does its work as if the telephone had sent Opus itself.

use std::time::{Duration, Instant};

use super::reorder::Place;
use super::wire::Voice;
use crate::bridge::codec::{CodecError, Decoder, MAX_PACKET_MS, OpusDecoder, OpusEncoder};
use crate::bridge::noise::{ComfortNoise, level_of};
use crate::control::PhoneCodec;

/// Clock of the room's audio.
const ROOM_HZ: u32 = 48_000;
/// Length of the room's packets in ticks: 20 ms.
const FRAME_TICKS: u32 = ROOM_HZ / 50;
/// Rate at which the loudness of a stream is measured that is not decoded otherwise.
const LEVEL_HZ: u32 = 8_000;
/// A timestamp that jumps by more than this, in seconds, is of a clock that was set.
const LARGEST_JUMP_S: u32 = 10;

/// Comfort noise ends this long after the last word about it: the telephone may be gone.
const NOISE: Duration = Duration::from_secs(60);

/// How the audio becomes the room's.
enum Work {
    /// It is Opus already; the decoder only measures its loudness.
    Pass(OpusDecoder),
    Transcode(Decoder, OpusEncoder),
}

/// See the module.
pub(super) struct ToRoom {
    clock_hz: u32,
    work: Work,
    /// Samples not yet sent.
    pcm: Box<[i16]>,
    filled: usize,
    rate: usize,
    /// What the next packet is if nothing is missing: sequence number and timestamp.
    expected: Option<(u64, u32)>,
    numbers: Numbers,
    marker: bool,
    noise: ComfortNoise,
    /// While the telephone is silent and says so: when it last did.
    silent: Option<Instant>,
}

/// The room's numbers.
struct Numbers {
    sequence: u64,
    timestamp: u32,
    last: Option<(u32, Instant)>,
}

impl ToRoom {
    pub(super) fn new(codec: PhoneCodec) -> Result<ToRoom, CodecError> {
        let numbers = Numbers { sequence: 1 << 16, timestamp: 0, last: None };
        ToRoom::with(codec, numbers)
    }

    /// Another codec; the room's numbers go on.
    pub(super) fn renew(self, codec: PhoneCodec) -> Result<ToRoom, CodecError> {
        ToRoom::with(codec, self.numbers)
    }

    fn with(codec: PhoneCodec, numbers: Numbers) -> Result<ToRoom, CodecError> {
        let (work, rate) = match codec {
            PhoneCodec::Opus => (Work::Pass(OpusDecoder::new(LEVEL_HZ)?), LEVEL_HZ),
            _ => {
                let rate = codec.sample_rate();
                (Work::Transcode(Decoder::new(codec)?, OpusEncoder::new(rate)?), rate)
            }
        };
        let rate = rate as usize;
        // The longest packet behind the rest of the one before.
        let pcm = vec![0; rate * (MAX_PACKET_MS + 20) / 1_000].into();
        let (clock_hz, filled, expected, marker) = (codec.clock_hz(), 0, None, true);
        let (noise, silent) = (ComfortNoise::new(1), None);
        Ok(ToRoom { clock_hz, work, pcm, filled, rate, expected, numbers, marker, noise, silent })
    }

    /// The stream pauses, or another one begins.
    pub(super) fn pause(&mut self) {
        (self.expected, self.silent) = (None, None);
    }

    /// The telephone falls silent: from now on the room hears noise, so that nobody takes the line for dead.
    pub(super) fn noise(&mut self, payload: &[u8], now: Instant) {
        if matches!(self.work, Work::Transcode(..)) {
            self.noise.receive(payload);
            if self.silent.is_none() {
                (self.expected, self.filled) = (None, 0);
                self.begin(now);
                self.marker = false;
            }
            self.silent = Some(now);
        }
    }

    /// Whether [`ToRoom::beat`] is to be called.
    pub(super) fn is_silent(&self) -> bool {
        self.silent.is_some()
    }

    /// A frame of noise.
    pub(super) fn beat(&mut self, now: Instant, voice: &mut Voice) {
        self.silent = self.silent.filter(|at| now.saturating_duration_since(*at) < NOISE);
        if self.silent.is_some() {
            self.filled = self.rate / 50;
            self.noise.fill(&mut self.pcm[..self.filled]);
            self.emit(now, voice);
        }
    }

    /// A packet of the stream that is no audio: it has a number all the same.
    pub(super) fn pass_over(&mut self, sequence: u64) {
        if let Some((next, _)) = &mut self.expected
            && *next == sequence
        {
            *next += 1;
        }
    }

    /// Takes a packet whose turn it is, and appends what is complete.
    pub(super) fn take(
        &mut self,
        place: Place,
        payload: &[u8],
        now: Instant,
        voice: &mut Voice,
    ) -> Result<(), CodecError> {
        let passes = matches!(self.work, Work::Pass(_));
        self.silent = None;
        self.align(place, passes, now);
        let start = if passes { 0 } else { self.filled };
        let samples = match &mut self.work {
            Work::Pass(decoder) => decoder.decode(payload, &mut self.pcm)?,
            Work::Transcode(decoder, _) => decoder.decode(payload, &mut self.pcm[start..])?,
        };
        let ticks = (samples as u64 * u64::from(self.clock_hz) / self.rate as u64) as u32;
        self.expected = Some((place.sequence + 1, place.timestamp.wrapping_add(ticks)));
        if passes {
            let level = level(&self.pcm[..samples]);
            self.send(ticks, level, now, voice, |out| copy(payload, out));
            return Ok(());
        }
        self.filled = start + samples;
        self.emit(now, voice);
        Ok(())
    }

    /// Encodes the frames that are complete.
    fn emit(&mut self, now: Instant, voice: &mut Voice) {
        let frame = self.rate / 50;
        let mut at = 0;
        while self.filled - at >= frame {
            let level = level(&self.pcm[at..at + frame]);
            let Work::Transcode(_, encoder) = &mut self.work else { return };
            let (position, marker) = (self.numbers.next(FRAME_TICKS, 1, now), self.marker);
            let pcm = &self.pcm[at..at + frame];
            voice.push(position.0, position.1, marker, level, |out| encoder.encode(pcm, out).ok());
            self.marker = false;
            at += frame;
        }
        self.pcm.copy_within(at..self.filled, 0);
        self.filled -= at;
    }

    fn send(
        &mut self,
        ticks: u32,
        level: u8,
        now: Instant,
        voice: &mut Voice,
        write: impl FnOnce(&mut [u8]) -> Option<usize>,
    ) {
        let (sequence, timestamp) = self.numbers.next(ticks, 1, now);
        voice.push(sequence, timestamp, self.marker, level, write);
        self.marker = false;
    }

    /// Moves the room's numbers by what is missing before this packet.
    fn align(&mut self, place: Place, passes: bool, now: Instant) {
        let Some((sequence, timestamp)) = self.expected else { return self.begin(now) };
        let lost = place.sequence.saturating_sub(sequence);
        let ahead = place.timestamp.wrapping_sub(timestamp);
        if ahead as i32 == 0 && lost == 0 {
            return;
        }
        if (ahead as i32) < 0 || ahead > self.clock_hz * LARGEST_JUMP_S {
            return self.begin(now);
        }
        let rest = (self.filled as u64 * u64::from(ROOM_HZ) / self.rate as u64) as u32;
        self.filled = 0;
        let ticks = rest + (u64::from(ahead) * u64::from(ROOM_HZ) / u64::from(self.clock_hz)) as u32;
        self.numbers.timestamp = self.numbers.timestamp.wrapping_add(ticks);
        match lost {
            0 => self.marker = true,
            _ if passes => self.numbers.sequence += lost,
            _ => self.numbers.sequence += u64::from(ticks.div_ceil(FRAME_TICKS).max(1)),
        }
    }

    /// A talk spurt begins now.
    fn begin(&mut self, now: Instant) {
        (self.filled, self.marker) = (0, true);
        let Some((timestamp, at)) = self.numbers.last else { return };
        let passed = now.saturating_duration_since(at).as_micros() * u128::from(ROOM_HZ) / 1_000_000;
        let due = timestamp.wrapping_add(passed as u32);
        if due.wrapping_sub(self.numbers.timestamp) as i32 > 0 {
            self.numbers.timestamp = due;
        }
    }
}

impl Numbers {
    fn next(&mut self, ticks: u32, packets: u64, now: Instant) -> (u64, u32) {
        let position = (self.sequence, self.timestamp);
        self.last = Some((self.timestamp, now));
        self.sequence += packets;
        self.timestamp = self.timestamp.wrapping_add(ticks);
        position
    }
}

fn copy(payload: &[u8], out: &mut [u8]) -> Option<usize> {
    out.get_mut(..payload.len())?.copy_from_slice(payload);
    Some(payload.len())
}

/// Level below overload in dB (RFC 6464), 127 for silence, with the flag that someone may speak.
pub(super) fn level(pcm: &[i16]) -> u8 {
    /// Softer is taken for the noise of the line.
    const VOICE: u8 = 50;
    let below = level_of(pcm);
    below | if below <= VOICE { 0x80 } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Sequence, timestamp and marker of what comes out for packets given as (sequence, timestamp, bytes).
    fn run(codec: PhoneCodec, packets: &[(u64, u32, usize)]) -> Vec<(u64, u32, bool)> {
        let mut room = ToRoom::new(codec).unwrap();
        let (t0, mut voice, mut out) = (Instant::now(), Voice::default(), Vec::new());
        for (n, (sequence, timestamp, len)) in packets.iter().enumerate() {
            let place = Place { sequence: *sequence, timestamp: *timestamp, ..Place::default() };
            room.take(place, &vec![0xff; *len], t0 + ms(20 * n as u64), &mut voice).unwrap();
            out.extend(voice.frames().map(|(f, _)| (f.sequence - (1 << 16), f.timestamp, f.marker)));
            voice.clear();
        }
        out
    }

    #[test]
    fn packets_of_any_length_become_frames_of_20_ms() {
        let thirty = run(PhoneCodec::Pcma, &[(5, 100, 240), (6, 340, 240), (7, 580, 240)]);
        assert_eq!(thirty, [(0, 0, true), (1, 960, false), (2, 1_920, false), (3, 2_880, false)]);
        let ten = run(PhoneCodec::Pcmu, &[(5, 100, 80), (6, 180, 80), (7, 260, 80)]);
        assert_eq!(ten, [(0, 0, true)]);
        let wide = run(PhoneCodec::G722, &[(5, 100, 160), (6, 260, 160)]);
        assert_eq!(wide, [(0, 0, true), (1, 960, false)]);
    }

    #[test]
    fn loss_stays_a_gap_and_silence_a_pause() {
        let lost = run(PhoneCodec::Pcmu, &[(5, 0, 160), (8, 480, 160), (9, 640, 160)]);
        assert_eq!(lost, [(0, 0, true), (3, 2_880, false), (4, 3_840, false)]);
        let silence = run(PhoneCodec::Pcmu, &[(5, 0, 160), (6, 8_000, 160)]);
        assert_eq!(silence, [(0, 0, true), (1, 48_000, true)]);
        let set = run(PhoneCodec::Pcmu, &[(5, 5_000, 160), (6, 0, 160), (7, 160, 160)]);
        assert_eq!(set, [(0, 0, true), (1, 960, true), (2, 1_920, false)], "by the time that passed");
    }

    #[test]
    fn levels_are_below_overload() {
        assert_eq!(level(&[i16::MIN; 160]) & 0x7f, 0);
        assert_eq!(level(&[0; 160]), 127);
        assert_eq!(level(&[320; 160]), 40 | 0x80);
        assert_eq!(level(&[10; 160]), 70);
    }
}
