//! Receives digits: each key press once, whatever is lost, repeated or out of order.

use super::TelephoneEvent;

/// Shortest time between the starts of two key presses, in milliseconds. Hands and dialers need more (ITU-T Q.24: 40 of
/// tone, 40 of silence); a flood of events is thinned to this.
const LEAST_MS: u32 = 40;
/// Packets of a telephone that moves the timestamp in every packet, against the RFC, are this far apart at most.
const SLACK_MS: u32 = 50;
/// An event this much older than the last one is no late packet: the telephone has started a new count.
const RESTART_MS: u32 = 5_000;
/// Segments of a long press of which all packets may be lost.
const MAX_SEGMENTS: u32 = 8;

/// The state of one stream.
pub struct DigitReceiver {
    /// Ticks of the RTP clock in a millisecond.
    per_ms: u32,
    press: Option<Press>,
}

/// The last key press.
#[derive(Clone, Copy)]
struct Press {
    code: u8,
    /// Timestamp of its first packet.
    start: u32,
    /// The newest timestamp that it had; another one only of long presses and of telephones that break the rule.
    timestamp: u32,
    ended: bool,
}

impl DigitReceiver {
    /// For a codec whose RTP clock has `clock_hz`.
    pub fn new(clock_hz: u32) -> Self {
        Self { per_ms: (clock_hz / 1_000).max(1), press: None }
    }

    /// Forgets the last key press: another source (SSRC) has its own timestamps.
    pub fn reset(&mut self) {
        self.press = None;
    }

    /// Takes the payload of a packet and says which key was pressed, if that is news: with the first packet that comes of a
    /// press. Malformed payloads and events that are no keys are ignored.
    pub fn receive(&mut self, timestamp: u32, marker: bool, payload: &[u8]) -> Option<char> {
        let event = TelephoneEvent::parse(payload).ok()?;
        let key = event.key()?;
        if let Some(press) = &mut self.press {
            if press.has(timestamp, marker, event, self.per_ms) {
                press.take(timestamp, event);
                return None;
            }
            let ahead = timestamp.wrapping_sub(press.start) as i32;
            let (least, restart) = ((LEAST_MS * self.per_ms) as i32, -((RESTART_MS * self.per_ms) as i32));
            if (restart..least).contains(&ahead) {
                return None;
            }
        }
        self.press = Some(Press { code: event.code, start: timestamp, timestamp, ended: event.end });
        Some(key)
    }
}

impl Press {
    /// Whether a packet belongs to this press.
    fn has(&self, timestamp: u32, marker: bool, event: TelephoneEvent, per_ms: u32) -> bool {
        if timestamp == self.timestamp {
            return true;
        }
        if marker || event.code != self.code {
            return false;
        }
        let (slack, ahead) = (SLACK_MS * per_ms, timestamp.wrapping_sub(self.timestamp));
        // A press longer than a duration can say goes on as another segment (RFC 4733 section 2.5.1.3); some may be lost.
        let segment = !self.ended
            && ahead.is_multiple_of(u16::MAX.into())
            && (1..=MAX_SEGMENTS).contains(&(ahead / u32::from(u16::MAX)));
        // The timestamp runs along with the duration, and with the copies of the end.
        let start = timestamp.wrapping_sub(event.duration.into());
        let running = !self.ended && start.wrapping_sub(self.start).wrapping_add(slack) <= 2 * slack;
        let repeated = self.ended && event.end && ahead <= slack;
        segment || running || repeated
    }

    fn take(&mut self, timestamp: u32, event: TelephoneEvent) {
        if (timestamp.wrapping_sub(self.timestamp) as i32) > 0 {
            self.timestamp = timestamp;
        }
        self.ended |= event.end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{DigitSender, Tick, code};
    use super::*;

    type Packet = (u32, bool, Vec<u8>);

    fn event(key: char, end: bool, duration: u16) -> Vec<u8> {
        TelephoneEvent { code: code(key).expect("a key"), end, volume: 10, duration }.write().to_vec()
    }

    fn receive(clock_hz: u32, packets: &[Packet]) -> String {
        let mut receiver = DigitReceiver::new(clock_hz);
        packets.iter().filter_map(|(at, marker, payload)| receiver.receive(*at, *marker, payload)).collect()
    }

    /// What our sender makes of digits: a list of packets per press.
    fn presses(digits: &str, clock_hz: u32, start: u32) -> Vec<Vec<Packet>> {
        let mut sender = DigitSender::new(clock_hz);
        sender.push(digits).expect("keys");
        let (mut at, mut presses) = (start, Vec::<Vec<Packet>>::new());
        loop {
            match sender.tick(at) {
                Tick::Audio => return presses,
                Tick::Rest => {}
                Tick::Event(packet) => {
                    if packet.marker {
                        presses.push(Vec::new());
                    }
                    let packet = (packet.timestamp, packet.marker, packet.payload.to_vec());
                    presses.last_mut().expect("the first has a marker").push(packet);
                }
            }
            at = at.wrapping_add(clock_hz / 50);
        }
    }

    #[test]
    fn the_same_key_twice_is_two_digits() {
        assert_eq!(receive(8_000, &presses("1155*", 8_000, 0).concat()), "1155*");
    }

    #[test]
    fn a_telephone_that_moves_the_timestamp_presses_once() {
        let mut packets: Vec<Packet> =
            (0..10).map(|n| (5_000 + n * 160, n == 0, event('7', false, n as u16 * 160))).collect();
        packets.extend((10..13).map(|n| (5_000 + n * 160, false, event('7', true, 1_600))));
        packets.extend((0..3).map(|n| (9_000 + n * 160, n == 0, event('7', false, n as u16 * 160))));
        assert_eq!(receive(8_000, &packets), "77");
    }

    #[test]
    fn a_long_press_is_one_digit() {
        // Four seconds at 48 kHz are three segments.
        let packets: Vec<Packet> = (1..200u32)
            .map(|n| {
                let (total, most) = (n * 960, u32::from(u16::MAX));
                let segment = (total - 1) / most;
                (100 + segment * most, n == 1, event('0', false, (total - segment * most) as u16))
            })
            .collect();
        assert_eq!(receive(48_000, &packets), "0");
        let thinned: Vec<Packet> =
            packets.into_iter().enumerate().filter(|(n, _)| n % 70 == 3).map(|(_, p)| p).collect();
        assert_eq!(receive(48_000, &thinned), "0");
    }

    #[test]
    fn a_new_count_of_timestamps_is_followed() {
        let mut packets = presses("12", 8_000, 3_000_000).concat();
        packets.extend(presses("3", 8_000, 1_000).concat());
        assert_eq!(receive(8_000, &packets), "123");
        let mut receiver = DigitReceiver::new(8_000);
        assert_eq!(receiver.receive(1_000, true, &event('1', true, 800)), Some('1'));
        assert_eq!(receiver.receive(900, true, &event('2', true, 800)), None);
        receiver.reset();
        assert_eq!(receiver.receive(900, true, &event('2', true, 800)), Some('2'));
    }

    #[test]
    fn what_is_no_digit_is_ignored() {
        assert_eq!(receive(8_000, &[(0, true, vec![1, 2]), (0, true, vec![16, 0x8a, 0, 9])]), "");
        // A flood: thinned to one in 40 ms.
        let flood: Vec<Packet> = (0..1_000).map(|n| (n * 8, true, event('1', false, 8))).collect();
        assert_eq!(receive(8_000, &flood).len(), 25);
    }

    proptest! {
        #[test]
        fn each_press_is_one_digit_on_a_bad_line(
            digits in "[0-9*#A-D]{1,12}",
            start in any::<u32>(),
            clock_hz in prop::sample::select(vec![8_000, 48_000]),
            fates in prop::collection::vec((any::<bool>(), any::<bool>(), 0usize..3), 84),
            survivors in prop::collection::vec(0usize..7, 12),
        ) {
            // Each packet may be lost, doubled, or come up to two places later; one of each press survives.
            let mut line: Vec<(usize, Packet)> = Vec::new();
            for (n, packets) in presses(&digits, clock_hz, start).into_iter().enumerate() {
                for (k, packet) in packets.into_iter().enumerate() {
                    let at = n * 7 + k;
                    let (lost, doubled, late) = fates[at];
                    if !lost || survivors[n] == k {
                        line.push((at * 2, packet.clone()));
                    }
                    // Late ones only within the silence that follows a press.
                    if doubled && k + late < 7 {
                        line.push(((at + late) * 2 + 1, packet));
                    }
                }
            }
            line.sort_by_key(|(at, _)| *at);
            let line: Vec<Packet> = line.into_iter().map(|(_, packet)| packet).collect();
            prop_assert_eq!(receive(clock_hz, &line), digits);
        }

        #[test]
        fn any_packets_are_read_without_panic(packets in prop::collection::vec((any::<u32>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..8)), 0..60)) {
            prop_assert!(receive(8_000, &packets).len() <= packets.len());
        }
    }
}
