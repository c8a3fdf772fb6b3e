//! One direction of a leg: what comes from the telephone, from its header to its place.

use std::time::{Duration, Instant};

use super::reorder::{Place, Reorder};
use super::to_room::ToRoom;
use super::wire::Voice;
use crate::bridge::digits::DigitReceiver;
use crate::control::{PhoneEvent, PhoneRemote};
use crate::rtp::Header;
use crate::rtp::reception::Reception;

/// Late packets of the stream before are not taken for another change of stream within this time.
const STRAGGLERS: Duration = Duration::from_millis(200);

/// What the room and signaling get.
#[derive(Debug, Default)]
pub struct Heard {
    /// Audio for the room.
    pub voice: Voice,
    /// What happened.
    pub events: Vec<PhoneEvent>,
}

/// What a payload type means on this leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Audio,
    Digit,
    Noise,
}

/// See the module.
pub(super) struct Receiver {
    payload_type: u8,
    events: Option<u8>,
    noise: Option<u8>,
    clock_hz: u32,
    ssrc: Option<u32>,
    /// The stream before, and when it ended.
    previous: Option<(u32, Instant)>,
    pub(super) reception: Option<Reception>,
    reorder: Reorder,
    digits: DigitReceiver,
    pub(super) received: u64,
    /// Lost of streams that ended.
    lost: u64,
}

impl Receiver {
    pub(super) fn new(remote: &PhoneRemote) -> Receiver {
        let clock_hz = remote.codec.clock_hz();
        Receiver {
            payload_type: remote.payload_type_in,
            events: remote.events.map(|(_, received)| received),
            noise: noise(remote),
            clock_hz,
            ssrc: None,
            previous: None,
            reception: None,
            reorder: Reorder::new(),
            digits: DigitReceiver::new(clock_hz),
            received: 0,
            lost: 0,
        }
    }

    /// Takes what was negotiated later.
    pub(super) fn renew(&mut self, remote: &PhoneRemote) {
        let clock_hz = remote.codec.clock_hz();
        self.payload_type = remote.payload_type_in;
        self.events = remote.events.map(|(_, received)| received);
        self.noise = noise(remote);
        if clock_hz != self.clock_hz {
            self.clock_hz = clock_hz;
            self.digits = DigitReceiver::new(clock_hz);
            self.forget_stream();
        }
    }

    /// Whether a payload type was negotiated.
    pub(super) fn knows(&self, payload_type: u8) -> bool {
        self.meaning(payload_type).is_some()
    }

    /// Packets missing so far.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.reception.as_ref().map_or(0, Reception::lost)
    }

    /// The stream that comes.
    pub(super) fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    fn meaning(&self, payload_type: u8) -> Option<Meaning> {
        match Some(payload_type) {
            pt if pt == self.events => Some(Meaning::Digit),
            pt if pt == Some(self.payload_type) => Some(Meaning::Audio),
            pt if pt == self.noise => Some(Meaning::Noise),
            _ => None,
        }
    }

    /// Takes a packet. `false`: it is of a stream that ended, a duplicate, or too late.
    pub(super) fn take(
        &mut self,
        header: &Header,
        packet: &[u8],
        now: Instant,
        room: Option<&mut ToRoom>,
        heard: &mut Heard,
    ) -> bool {
        if self.ssrc != Some(header.ssrc) && !self.change_stream(header.ssrc, now) {
            return false;
        }
        self.received += 1;
        let clock_hz = self.clock_hz;
        let reception = self.reception.get_or_insert_with(|| Reception::new(clock_hz, now));
        let sequence = match Some(header.payload_type) == self.events {
            true => reception.counted(header.sequence),
            false => reception.received(header.sequence, header.timestamp, now),
        };
        let (timestamp, marker, payload_type) = (header.timestamp, header.marker, header.payload_type);
        let place = Place { sequence, timestamp, marker, payload_type };
        let mut turn = Turn { room, digits: &mut self.digits, heard, now };
        let (events, noise) = (self.events, self.noise);
        self.reorder.take(place, header.payload(packet), now, |place, payload| {
            turn.deliver(meaning_of(place.payload_type, events, noise), place, payload);
        })
    }

    /// When packets that wait for one before them have waited enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.reorder.deadline()
    }

    /// Gives up missing packets, if it is time.
    pub(super) fn expire(&mut self, now: Instant, room: Option<&mut ToRoom>, heard: &mut Heard) {
        let mut turn = Turn { room, digits: &mut self.digits, heard, now };
        let (events, noise) = (self.events, self.noise);
        self.reorder.expire(now, |place, payload| {
            turn.deliver(meaning_of(place.payload_type, events, noise), place, payload);
        });
    }

    fn change_stream(&mut self, ssrc: u32, now: Instant) -> bool {
        let straggles =
            |(old, at): (u32, Instant)| old == ssrc && now.saturating_duration_since(at) < STRAGGLERS;
        if self.previous.is_some_and(straggles) {
            return false;
        }
        self.previous = self.ssrc.map(|old| (old, now));
        self.forget_stream();
        self.ssrc = Some(ssrc);
        true
    }

    fn forget_stream(&mut self) {
        self.lost += self.reception.take().map_or(0, |reception| reception.lost());
        self.ssrc = None;
        self.reorder.reset();
        self.digits.reset();
    }
}

/// Payload type of comfort noise. Some telephones send the static one without a word about it.
fn noise(remote: &PhoneRemote) -> Option<u8> {
    const STATIC: u8 = 13;
    remote.comfort_noise.or((remote.payload_type_in != STATIC).then_some(STATIC))
}

/// The meaning of a payload type that is known.
fn meaning_of(payload_type: u8, events: Option<u8>, noise: Option<u8>) -> Meaning {
    match Some(payload_type) {
        pt if pt == events => Meaning::Digit,
        pt if pt == noise => Meaning::Noise,
        _ => Meaning::Audio,
    }
}

/// What a packet meets whose turn it is.
struct Turn<'a> {
    /// `None`: nobody listens.
    room: Option<&'a mut ToRoom>,
    digits: &'a mut DigitReceiver,
    heard: &'a mut Heard,
    now: Instant,
}

impl Turn<'_> {
    fn deliver(&mut self, meaning: Meaning, place: Place, payload: &[u8]) {
        match (meaning, &mut self.room) {
            // A payload that the codec cannot read is a packet lost.
            (Meaning::Audio, Some(room)) => {
                let _ = room.take(place, payload, self.now, &mut self.heard.voice);
            }
            (Meaning::Digit, room) => {
                let digit = self.digits.receive(place.timestamp, place.marker, payload);
                self.heard.events.extend(digit.map(PhoneEvent::Digit));
                if let Some(room) = room {
                    room.pass_over(place.sequence);
                }
            }
            (Meaning::Noise, Some(room)) => room.noise(payload, self.now),
            (Meaning::Audio | Meaning::Noise, None) => {}
        }
    }
}
