//! Sends digits one after the other, in steps of 20 ms.

use std::collections::VecDeque;

use thiserror::Error;

use super::{EVENT_LEN, TelephoneEvent, code};

/// Time between two updates of an event, and so between two calls of [`DigitSender::tick`], in milliseconds.
pub const INTERVAL_MS: u32 = 20;
/// Updates per key press. 100 ms: voice menus want 40 (ITU-T Q.24); fewer may be lost altogether, more slows dialling down.
const UPDATES: u16 = 5;
/// Times that the end is sent (RFC 4733 section 2.5.1.4), so that two of them may be lost.
const ENDS: u16 = 3;
/// Steps of silence after the last end packet before the next digit: 60 ms, over 100 ms from the end of the tone.
const GAP: u16 = 3;
/// Tone level in dBm0 without its sign.
const VOLUME: u8 = 10;
/// Digits that wait at most: no menu asks for more at once.
const QUEUE: usize = 64;

/// Why digits were not taken; then none of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DigitsError {
    /// One of them is no key of a telephone.
    #[error("not a digit of a telephone")]
    Unknown,
    /// Too many wait already.
    #[error("too many digits wait")]
    Full,
}

/// A packet to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPacket {
    /// Its payload.
    pub payload: [u8; EVENT_LEN],
    /// Timestamp: that of the start of the key press, in all its packets.
    pub timestamp: u32,
    /// Marker bit: the first packet of a key press.
    pub marker: bool,
}

/// What to do in this step of 20 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// No digit waits: send audio.
    Audio,
    /// Send this and no audio.
    Event(EventPacket),
    /// Send nothing: the gap behind a digit.
    Rest,
}

/// The state of one stream.
pub struct DigitSender {
    waiting: VecDeque<u8>,
    /// Ticks of the RTP clock in a step.
    step: u32,
    press: Option<Press>,
}

struct Press {
    code: u8,
    /// Timestamp of its start.
    start: u32,
    /// Steps that are done.
    steps: u16,
}

impl DigitSender {
    /// For a codec whose RTP clock has `clock_hz`.
    pub fn new(clock_hz: u32) -> Self {
        let step = clock_hz / 1_000 * INTERVAL_MS;
        Self { waiting: VecDeque::with_capacity(QUEUE), step, press: None }
    }

    /// Queues digits behind those that wait.
    pub fn push(&mut self, digits: &str) -> Result<(), DigitsError> {
        if digits.chars().any(|digit| code(digit).is_none()) {
            return Err(DigitsError::Unknown);
        }
        if digits.len() > QUEUE - self.waiting.len() {
            return Err(DigitsError::Full);
        }
        self.waiting.extend(digits.chars().filter_map(code));
        Ok(())
    }

    /// Whether audio rests: a digit is being sent or waits.
    pub fn is_busy(&self) -> bool {
        self.press.is_some() || !self.waiting.is_empty()
    }

    /// Drops what waits and what is being sent.
    pub fn clear(&mut self) {
        self.waiting.clear();
        self.press = None;
    }

    /// The next step of 20 ms; `timestamp` is the one that audio would have now, and goes on while digits are sent.
    pub fn tick(&mut self, timestamp: u32) -> Tick {
        if self.press.as_ref().is_some_and(|press| press.steps >= UPDATES + ENDS - 1 + GAP) {
            self.press = None;
        }
        let press = match &mut self.press {
            Some(press) => press,
            None => {
                let Some(code) = self.waiting.pop_front() else { return Tick::Audio };
                self.press.insert(Press { code, start: timestamp, steps: 0 })
            }
        };
        press.steps += 1;
        // The last update is the first end: the duration is final with it.
        if press.steps > UPDATES + ENDS - 1 {
            return Tick::Rest;
        }
        let duration = u32::from(press.steps.min(UPDATES)) * self.step;
        let event = TelephoneEvent {
            code: press.code,
            end: press.steps >= UPDATES,
            volume: VOLUME,
            duration: duration.min(u16::MAX.into()) as u16,
        };
        Tick::Event(EventPacket { payload: event.write(), timestamp: press.start, marker: press.steps == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(sender: &mut DigitSender, from: u32, step: u32) -> Vec<Tick> {
        let mut ticks = Vec::new();
        for n in 0..200 {
            match sender.tick(from.wrapping_add(n * step)) {
                Tick::Audio => break,
                tick => ticks.push(tick),
            }
        }
        ticks
    }

    #[test]
    fn a_digit_grows_ends_three_times_and_is_followed_by_a_gap() {
        for (clock_hz, step) in [(8_000, 160), (48_000, 960)] {
            let mut sender = DigitSender::new(clock_hz);
            sender.push("#").expect("a key");
            assert!(sender.is_busy());
            let ticks = run(&mut sender, 5_000, step);
            let packet = |tick: &Tick| match tick {
                Tick::Event(packet) => {
                    let event = TelephoneEvent::parse(&packet.payload).expect("an event");
                    assert_eq!((packet.timestamp, event.key(), event.volume), (5_000, Some('#'), 10));
                    Some((packet.marker, event.end, u32::from(event.duration) / step))
                }
                _ => None,
            };
            let packets: Vec<_> = ticks.iter().filter_map(packet).collect();
            let updates = [(true, false, 1), (false, false, 2), (false, false, 3), (false, false, 4)];
            assert_eq!(packets, [&updates[..], &[(false, true, 5); 3]].concat());
            assert_eq!(ticks[7..], [Tick::Rest; 3]);
            assert!(!sender.is_busy());
        }
    }

    #[test]
    fn digits_follow_each_other_with_timestamps_of_their_own() {
        let mut sender = DigitSender::new(8_000);
        sender.push("12").expect("keys");
        sender.push("a").expect("a key");
        let ticks = run(&mut sender, u32::MAX - 100, 160);
        let starts: Vec<_> = ticks
            .iter()
            .filter_map(|tick| match tick {
                Tick::Event(packet) if packet.marker => {
                    Some((packet.payload[0], packet.timestamp.wrapping_sub(u32::MAX - 100)))
                }
                _ => None,
            })
            .collect();
        assert_eq!(starts, [(1, 0), (2, 1_600), (12, 3_200)]);
    }

    #[test]
    fn only_keys_and_not_too_many_are_taken() {
        let mut sender = DigitSender::new(8_000);
        assert_eq!(sender.push("12x"), Err(DigitsError::Unknown));
        assert!(!sender.is_busy());
        assert_eq!(sender.push(&"7".repeat(64)), Ok(()));
        assert_eq!(sender.push("8"), Err(DigitsError::Full));
        sender.clear();
        assert_eq!(sender.tick(0), Tick::Audio);
    }
}
